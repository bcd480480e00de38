//! What the harness does while a subject runs, and when: plain data.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::log::Pattern;
use crate::record::{Signal, seconds};

/// Something that the harness does to the subject at a moment of the run.
///
/// ```
/// use exeunt::{Signal, Subject, millis, secs, stage::Action};
///
/// let script = "trap 'echo stopping; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
/// let record = Subject::new("sh")
///     .args(["-c", script])
///     .timeout(secs(10))
///     .action(Action::signal(Signal::TERM).on("ready").after(millis(100)))
///     .run()?;
/// record.assert().success().log(["ready", "stopping"]);
/// # Ok::<(), exeunt::RunError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use = "an action does nothing until a plan has it"]
pub struct Action {
    act: Act,
    when: When,
}

/// The deed of an [`Action`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Act {
    /// Sends a signal.
    Signal {
        /// The signal to send.
        signal: Signal,
        /// True: to the subject's whole process group, as a terminal sends Ctrl-C. False: to the subject alone.
        group: bool,
    },
}

/// The moment of an [`Action`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct When {
    /// The event to wait for.
    pub on: Trigger,
    /// How long to wait after that event, in seconds when serialised.
    #[serde(with = "seconds")]
    pub after: Duration,
    /// True: then wait until the subject's main thread has been blocked in one system call for 50 ms.
    pub blocked: bool,
}

/// An event that an action waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Trigger {
    /// The subject's exec.
    Start,
    /// The n-th line that matches. Bytes that no newline ends, such as a prompt, count once they have stood for 50 ms.
    Line(Pattern, NonZeroU32),
}

impl Action {
    /// Sends a signal to the subject as soon as it has started. The methods below set a later moment.
    pub fn signal(signal: Signal) -> Self {
        Self {
            act: Act::Signal {
                signal,
                group: false,
            },
            when: When {
                on: Trigger::Start,
                after: Duration::ZERO,
                blocked: false,
            },
        }
    }

    /// Waits for the first line that matches.
    pub fn on(self, line: impl Into<Pattern>) -> Self {
        self.on_nth(NonZeroU32::MIN, line)
    }

    /// Waits for the n-th line that matches.
    pub fn on_nth(mut self, n: NonZeroU32, line: impl Into<Pattern>) -> Self {
        self.when.on = Trigger::Line(line.into(), n);
        self
    }

    /// Waits this long after the start, or after the line.
    pub fn after(mut self, time: Duration) -> Self {
        self.when.after = time;
        self
    }

    /// Waits until the subject's main thread has been blocked in one system call for 50 ms: in a join, for example.
    pub fn when_blocked(mut self) -> Self {
        self.when.blocked = true;
        self
    }

    /// Sends the signal to the subject's whole process group, as a terminal sends Ctrl-C.
    pub fn to_group(mut self) -> Self {
        let Act::Signal { group, .. } = &mut self.act;
        *group = true;
        self
    }

    /// The deed.
    #[must_use]
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// The moment.
    #[must_use]
    pub fn when(&self) -> &When {
        &self.when
    }
}
