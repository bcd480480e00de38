//! Assertions on a record.

mod end;
mod error;
mod output;
mod request;
mod time;

use std::time::Duration;

use crate::expect::{DEFAULT_SLACK, Expectation, LogExpectation, OtherLines, Pattern, Step, Times};
use crate::judge::{Judgement, Verdict, judge};
use crate::record::Record;

pub use end::CodePredicate;
pub use error::AssertError;
pub use output::OutputPredicate;

/// Assertions on a [`Record`], one after the other.
///
/// Each panics if it is broken, and if it is inconclusive: the panic then says so, with the reason. Each has a twin that
/// begins with `try_` and returns an [`AssertError`] instead. The message shows the timeline with the broken spot marked.
///
/// ```
/// use exeunt::{Subject, secs};
///
/// let record = Subject::new("sh").args(["-c", "echo bye; exit 3"]).timeout(secs(10)).run()?;
/// record.assert().code(3).output("bye\n").leaves_nothing_behind();
/// # Ok::<(), exeunt::RunError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Assert<'r> {
    record: &'r Record,
    slack: Duration,
}

impl Record {
    /// Begins to assert. Delays have a slack of [`DEFAULT_SLACK`], see [`Assert::slack`].
    #[must_use = "a record is judged by the methods of this"]
    pub fn assert(&self) -> Assert<'_> {
        Assert {
            record: self,
            slack: DEFAULT_SLACK,
        }
    }
}

/// Generates an assertion that panics, and its twin that returns an error, from one body.
macro_rules! assertions {
    ($(
        $(#[$doc:meta])*
        $name:ident, $twin:ident $(<$generic:ident>)? ($this:ident $(, $arg:ident: $type:ty)*) $body:block
    )*) => {
        $(
            $(#[$doc])*
            ///
            /// # Panics
            /// If the assertion is broken or inconclusive.
            #[track_caller]
            pub fn $name $(<$generic>)? (self, $($arg: $type),*) -> Self {
                match self.$twin($($arg),*) {
                    Ok(assert) => assert,
                    Err(error) => panic!("{error}"),
                }
            }

            #[doc = concat!("As [`", stringify!($name), "`](Self::", stringify!($name), "), without a panic.")]
            ///
            /// # Errors
            /// If the assertion is broken or inconclusive.
            pub fn $twin $(<$generic>)? (self, $($arg: $type),*) -> Result<Self, AssertError> {
                let $this = self;
                $body
            }
        )*
    };
}
use assertions;

/// # What it wrote, line by line
impl<'r> Assert<'r> {
    assertions! {
        /// These lines came in this order; others may stand between them.
        ///
        /// ```
        /// use exeunt::expect::Step;
        /// # use exeunt::{Record, millis};
        /// # let record = Record::new(["worker"]).with(millis(1), "starting").with(millis(2), "x").with(millis(3), "ready");
        /// record.assert().log(["starting", "ready"]);
        /// let directly = Step::Next("ready".into());
        /// assert!(record.assert().try_log([Step::from("starting"), directly]).is_err());
        /// ```
        log, try_log(assert, steps: impl IntoIterator<Item = impl Into<Step>>) {
            assert.order(LogExpectation::new(steps, OtherLines::Allowed))
        }

        /// These lines came in this order, and no other line of log. Which lines are log is said by the
        /// [`LogFormat`](crate::LogFormat): by default, every one.
        ///
        /// ```
        /// # use exeunt::{Record, millis};
        /// # let record = Record::new(["worker"]).with(millis(1), "starting").with(millis(3), "ready");
        /// record.assert().whole_log(["starting", "ready"]);
        /// assert!(record.assert().try_whole_log(["starting"]).is_err());
        /// ```
        whole_log, try_whole_log(assert, steps: impl IntoIterator<Item = impl Into<Step>>) {
            assert.order(LogExpectation::new(steps, OtherLines::Forbidden))
        }

        /// This line came, wherever.
        ///
        /// ```
        /// use exeunt::expect::Pattern;
        /// # use exeunt::{Record, millis};
        /// # let record = Record::new(["worker"]).with(millis(1), "listening on port 8000");
        /// record.assert().line(Pattern::contains("port 8000"));
        /// assert!(record.assert().try_line("port 8000").is_err(), "not the whole line");
        /// ```
        line, try_line(assert, pattern: impl Into<Pattern>) {
            assert.only(Expectation::nothing().line(pattern))
        }

        /// This line did not come.
        ///
        /// ```
        /// use exeunt::expect::Pattern;
        /// # use exeunt::{Record, millis};
        /// # let record = Record::new(["worker"]).with(millis(1), "ready");
        /// record.assert().no_line(Pattern::contains("panicked"));
        /// assert!(record.assert().try_no_line("ready").is_err());
        /// ```
        no_line, try_no_line(assert, pattern: impl Into<Pattern>) {
            assert.only(Expectation::nothing().no_line(pattern))
        }

        /// This line came so often.
        ///
        /// ```
        /// # use exeunt::{Record, millis};
        /// # let record = Record::new(["worker"]).with(millis(1), "tick").with(millis(2), "tick");
        /// record.assert().count("tick", 2).count("tick", 1..).count("tock", 0);
        /// assert!(record.assert().try_count("tick", 3..=5).is_err());
        /// ```
        count, try_count(assert, pattern: impl Into<Pattern>, times: impl Into<Times>) {
            assert.only(Expectation::nothing().count(pattern, times))
        }
    }

    fn order(self, log: LogExpectation) -> Result<Self, AssertError> {
        self.only(Expectation::nothing().order(log))
    }
}

/// # All at once
impl<'r> Assert<'r> {
    assertions! {
        /// The record satisfies an expectation.
        ///
        /// ```
        /// use exeunt::expect::{Expectation, ExpectedEnd};
        /// # use exeunt::{Record, millis, record::Exit};
        /// # let record = Record::new(["worker"]).with(millis(1), "ready").with(millis(2), Exit::Code(0));
        /// let expectation = Expectation::new().log(["ready"]).end(ExpectedEnd::code(0));
        /// record.assert().satisfies(&expectation);
        /// assert!(record.assert().try_satisfies(&expectation.no_line("ready")).is_err());
        /// ```
        satisfies, try_satisfies(assert, expectation: &Expectation) {
            assert.only(expectation.clone())
        }
    }

    /// The record that is asserted on, for assertions of one's own.
    ///
    /// ```
    /// # use exeunt::{Record, millis, record::Exit};
    /// # let record = Record::new(["worker"]).with(millis(1), "ready").with(millis(2), Exit::Code(0));
    /// let record = record.assert().success().record();
    /// assert_eq!(record.lines().count(), 1);
    /// ```
    #[must_use]
    pub fn record(self) -> &'r Record {
        self.record
    }

    /// Only what is said, nothing by default.
    fn only(self, expectation: Expectation) -> Result<Self, AssertError> {
        let judgement = judge(self.record, &expectation);
        match judgement.verdict() {
            Verdict::Held => Ok(self),
            verdict => Err(self.broken(verdict, &judgement)),
        }
    }

    fn broken(self, verdict: Verdict, judgement: &Judgement) -> AssertError {
        let sentences = judgement
            .failures()
            .map(|check| (check.expected.to_string(), check.observation()));
        AssertError::new(self.record, verdict, sentences, Some(judgement))
    }

    /// An assertion that did not hold, in words of its own.
    fn error(self, verdict: Verdict, expected: String, observed: String) -> AssertError {
        AssertError::new(
            self.record,
            verdict,
            [(expected, observed)].into_iter(),
            None,
        )
    }
}
