//! How processes and runs end.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Signal, seconds};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// It exited with this code, 0 to 255.
    Code(i32),
    /// This signal killed it. Not the same as the code 128 + n by which a shell tells of it.
    Signal(Signal),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "killed by {signal}"),
        }
    }
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Termination {
    /// The subject ended by itself.
    OnItsOwn,
    /// The subject was ended because it reached its time limit.
    TimedOut {
        /// The limit, in seconds when serialised.
        #[serde(with = "seconds")]
        limit: Duration,
    },
    /// The subject was ended because the harness was interrupted.
    Interrupted,
}
