//! Why a case has no run that it could be judged by, as data.

use serde::{Deserialize, Serialize};

/// Why a case has no run that it could be judged by. [`Outcome::why`](super::Outcome::why) says it in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// The implementation is not on this machine.
    Missing,
    /// The scenario does not have the implementation in the version that is here.
    NotInVersion {
        /// The version that is here.
        version: String,
    },
    /// There is no such program.
    NotFound {
        /// The program, as the case names it.
        program: String,
    },
    /// The program is there and could not be executed.
    NotExecutable {
        /// The path that was tried.
        program: String,
        /// The number of the system's error, where it has one.
        errno: Option<i32>,
    },
    /// The machine did not give what a run needs.
    NotSetUp {
        /// The number of the system's error, where it has one.
        errno: Option<i32>,
        /// Whether it was short of processes, descriptors or memory, which may pass.
        shortage: bool,
    },
    /// The process that guards the subject was killed.
    ReaperLost {
        /// Its process id.
        reaper: u32,
    },
}
