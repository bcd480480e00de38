//! How long it took.

use std::time::Duration;

use super::{Assert, AssertError, assertions};
use crate::expect::{Delay, Expectation, Mark};

/// # How long it took
impl Assert<'_> {
    /// How far the times asserted from here on may be off on a machine without lag; by default
    /// [`DEFAULT_SLACK`](crate::expect::DEFAULT_SLACK). What the machine was late by, as measured during the run, makes an
    /// assertion inconclusive, not broken.
    ///
    /// ```
    /// # use exeunt::{Record, millis, record::Exit, secs};
    /// # let record = Record::new(["worker"]).with(millis(1030), Exit::Code(0));
    /// record.assert().takes(secs(1));
    /// assert!(record.assert().slack(millis(10)).try_takes(secs(1)).is_err());
    /// ```
    #[must_use = "it holds for what is asserted from here on"]
    pub fn slack(self, slack: Duration) -> Self {
        Self { slack, ..self }
    }

    assertions! {
        /// It ended about this long after a line came, or after another [`Mark`].
        ///
        /// ```
        /// # use exeunt::{Record, record::Exit, secs};
        /// # let record = Record::new(["worker"]).with(secs(1), "all done").with(secs(3), Exit::Code(0));
        /// record.assert().exits_after("all done", secs(2));
        /// assert!(record.assert().try_exits_after("all done", secs(0)).is_err());
        /// ```
        exits_after, try_exits_after(assert, from: impl Into<Mark>, about: Duration) {
            assert.delay(Delay::about(from, Mark::Exit, about))
        }

        /// It ended this long after a line came, or after another [`Mark`], or sooner.
        ///
        /// ```
        /// use exeunt::{Signal, expect::{Mark, Occurrence}, millis, secs};
        /// # use exeunt::{Record, record::{Exit, SignalReason, SignalSent}};
        /// # let sent = SignalSent { signal: Signal::TERM, to: vec![1], reason: SignalReason::Planned };
        /// # let record = Record::new(["server"]).with(secs(1), sent).with(millis(1400), Exit::Code(0));
        /// let term = Mark::Signal(Signal::TERM, Occurrence::First);
        /// record.assert().exits_within(term.clone(), secs(1));
        /// assert!(record.assert().try_exits_within(term, millis(100)).is_err());
        /// ```
        exits_within, try_exits_within(assert, from: impl Into<Mark>, most: Duration) {
            assert.delay(Delay::within(from, Mark::Exit, most))
        }

        /// The second line, or other [`Mark`], came about this long after the first.
        ///
        /// ```
        /// # use exeunt::{Record, record::Exit, secs};
        /// # let record = Record::new(["worker"]).with(secs(1), "asking").with(secs(3), "answered");
        /// record.assert().follows_after("asking", "answered", secs(2));
        /// assert!(record.assert().try_follows_after("asking", "answered", secs(1)).is_err());
        /// ```
        follows_after, try_follows_after(assert, first: impl Into<Mark>, second: impl Into<Mark>, about: Duration) {
            assert.delay(Delay::about(first, second, about))
        }

        /// It ended about this long after its start.
        ///
        /// ```
        /// use exeunt::{Subject, millis};
        ///
        /// let record = Subject::new("sleep").arg("0.3").run()?;
        /// record.assert().takes(millis(300));
        /// # Ok::<(), exeunt::RunError>(())
        /// ```
        takes, try_takes(assert, about: Duration) {
            assert.delay(Delay::about(Mark::Start, Mark::Exit, about))
        }
    }

    assertions! {
        /// These events came in this order, whatever they are: lines, signals, what the harness wrote or closed, the exit. Others
        /// may stand between them. Where two came too close together to tell their order, it is inconclusive.
        ///
        /// ```
        /// use exeunt::{Signal, expect::Mark, record::EventName};
        /// # use exeunt::{Record, millis, secs, record::{Exit, SignalReason, SignalSent}};
        /// # let sent = SignalSent { signal: Signal::TERM, to: vec![1], reason: SignalReason::Planned };
        /// # let record = Record::new(["server"]).with(secs(1), sent).with(millis(1200), "bye").with(millis(1400), Exit::Code(0));
        /// let term = Mark::from(EventName::Signal(Signal::TERM));
        /// record.assert().in_order([term.clone(), "bye".into(), Mark::Exit]);
        /// assert!(record.assert().try_in_order([Mark::from("bye"), term]).is_err());
        /// ```
        in_order, try_in_order(assert, marks: impl IntoIterator<Item = impl Into<Mark>>) {
            assert.only(Expectation::nothing().in_order(marks))
        }
    }

    fn delay(self, delay: Delay) -> Result<Self, AssertError> {
        let slack = self.slack;
        self.only(Expectation::nothing().delay(delay.slack(slack)))
    }
}
