use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::{Exit, Signal};

/// How a subject ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ExpectedEnd {
    /// By itself, in this way.
    Exit(Exit),
    /// By itself, in one of these ways.
    OneOf(Vec<Exit>),
    /// By itself, with any exit code but 0, or killed by a signal.
    Failure,
    /// Not at all: it is still there at its timeout.
    Hang,
}

impl ExpectedEnd {
    /// With this exit code.
    #[must_use]
    pub fn code(code: i32) -> Self {
        Self::Exit(Exit::Code(code))
    }

    /// Killed by this signal.
    #[must_use]
    pub fn signal(signal: Signal) -> Self {
        Self::Exit(Exit::Signal(signal))
    }

    /// Whether this exit is as expected. No exit is as expected of a subject that hangs.
    #[must_use]
    pub fn allows(&self, exit: Exit) -> bool {
        match self {
            Self::Exit(wanted) => *wanted == exit,
            Self::OneOf(wanted) => wanted.contains(&exit),
            Self::Failure => exit != Exit::Code(0),
            Self::Hang => false,
        }
    }
}

impl From<Exit> for ExpectedEnd {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

impl fmt::Display for ExpectedEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(exit) => exit.fmt(f),
            Self::OneOf(exits) => {
                for (i, exit) in exits.iter().enumerate() {
                    let or = if i == 0 { "" } else { " or " };
                    write!(f, "{or}{exit}")?;
                }
                Ok(())
            }
            Self::Failure => f.write_str("a failure"),
            Self::Hang => f.write_str("a hang"),
        }
    }
}
