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

/// What is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Act {
    /// A signal is sent.
    Signal {
        /// The signal.
        signal: Signal,
        /// To the subject's whole process group, as a terminal does it; else to the subject alone.
        group: bool,
    },
}

/// The moment at which it is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct When {
    /// What must have happened.
    pub on: Trigger,
    /// How long after that, in seconds when serialised.
    #[serde(with = "seconds")]
    pub after: Duration,
    /// Whether to wait, after all that, until the subject's main thread has been blocked in one system call for 50 ms.
    pub blocked: bool,
}

/// What an action waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Trigger {
    /// The start of the subject.
    Start,
    /// The n-th line that matches. Bytes that no newline ends, such as a prompt, count once they have stood for 50 ms.
    Line(Pattern, NonZeroU32),
}

impl Action {
    /// Sends a signal to the subject, as soon as it has started. The methods below put it off.
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

    /// Not before the first line that matches.
    pub fn on(self, line: impl Into<Pattern>) -> Self {
        self.on_nth(NonZeroU32::MIN, line)
    }

    /// Not before the n-th line that matches.
    pub fn on_nth(mut self, n: NonZeroU32, line: impl Into<Pattern>) -> Self {
        self.when.on = Trigger::Line(line.into(), n);
        self
    }

    /// This long after the start, or after the line.
    pub fn after(mut self, time: Duration) -> Self {
        self.when.after = time;
        self
    }

    /// Not before the subject's main thread has been blocked in one system call for 50 ms: in the join that a test is about,
    /// say.
    pub fn when_blocked(mut self) -> Self {
        self.when.blocked = true;
        self
    }

    /// To the subject's whole process group, as a terminal sends Ctrl-C.
    pub fn to_group(mut self) -> Self {
        let Act::Signal { group, .. } = &mut self.act;
        *group = true;
        self
    }

    /// What is done.
    #[must_use]
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// The moment at which it is done.
    #[must_use]
    pub fn when(&self) -> &When {
        &self.when
    }
}
