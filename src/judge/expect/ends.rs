use std::fmt;

use serde::{Deserialize, Serialize};

use super::Times;
use crate::record::Ends;

/// How the threads of a run end: those of the subject and of all its descendants, main threads not counted.
///
/// ```
/// use exeunt::expect::{Expectation, ThreadEnds};
/// // One daemon is killed by the end of the process, and two workers return.
/// let expectation = Expectation::new().threads(ThreadEnds::new().killed(1).returned(2));
/// # let _ = expectation;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ThreadEnds {
    /// How many return.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<Times>,
    /// How many end their process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exited: Option<Times>,
    /// How many are killed by the end of their process: it ends, and they have not finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub killed: Option<Times>,
    /// How many are ended by a signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signalled: Option<Times>,
}

impl ThreadEnds {
    /// However many there are, and however they end.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many return.
    #[must_use]
    pub fn returned(self, times: impl Into<Times>) -> Self {
        Self {
            returned: Some(times.into()),
            ..self
        }
    }

    /// So many end their process.
    #[must_use]
    pub fn exited(self, times: impl Into<Times>) -> Self {
        Self {
            exited: Some(times.into()),
            ..self
        }
    }

    /// So many are killed by the end of their process.
    #[must_use]
    pub fn killed(self, times: impl Into<Times>) -> Self {
        Self {
            killed: Some(times.into()),
            ..self
        }
    }

    /// So many are ended by a signal.
    #[must_use]
    pub fn signalled(self, times: impl Into<Times>) -> Self {
        Self {
            signalled: Some(times.into()),
            ..self
        }
    }

    /// Whether these are such ends.
    #[must_use]
    pub fn allows(&self, ends: &Ends) -> bool {
        let parts = [
            (self.returned, ends.returned),
            (self.exited, ends.exited),
            (self.killed, ends.killed),
            (self.signalled, ends.signalled),
        ];
        parts
            .iter()
            .all(|(times, n)| times.is_none_or(|times| times.contains(*n)))
    }
}

/// `threads: 1 killed by the end of the process, at least 2 returned`
impl fmt::Display for ThreadEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.returned, "returned"),
            (self.exited, "ended their process"),
            (self.killed, "killed by the end of their process"),
            (self.signalled, "ended by a signal"),
        ];
        let parts = parts.iter().filter_map(|(times, how)| {
            let number = match (times.as_ref()?.least, times.as_ref()?.most) {
                (least, Some(most)) if least == most => least.to_string(),
                (0, Some(most)) => format!("at most {most}"),
                (least, Some(most)) => format!("{least} to {most}"),
                (least, None) => format!("at least {least}"),
            };
            Some(format!("{number} {how}"))
        });
        let parts: Vec<_> = parts.collect();
        write!(f, "threads: {}", parts.join(", "))
    }
}
