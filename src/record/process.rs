//! Processes and threads, as they were seen alive.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Frame, Handle, Stream, WaitsFor};

/// A process, as it was seen alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its command line, or its name in brackets where it has none.
    pub command: String,
    /// The subject's streams that it still held open.
    pub open_streams: Vec<Stream>,
    /// Its threads, the main thread first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<ThreadSeen>,
    /// What keeps its event loop alive, where its runtime has told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handles: Vec<Handle>,
}

/// A thread, as it was seen alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadSeen {
    /// Its id.
    pub tid: u32,
    /// Its name, of which the system keeps 15 bytes.
    pub name: String,
    /// Whether it ran, or what it was blocked in.
    pub state: ThreadState,
    /// What it waited for, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<WaitsFor>,
    /// Its stack in native code, the innermost call first. Empty where it was not read: see
    /// [`Bounds::stacks`](crate::stage::Bounds::stacks).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Frame>,
}

/// The state of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ThreadState {
    /// It ran, or was ready to run.
    Running,
    /// It was stopped by a signal or a debugger.
    Stopped,
    /// It slept in the kernel.
    Blocked {
        /// The name of the system call, such as `futex`, or its number; `None` where the kernel does not tell.
        call: Option<String>,
    },
}

impl fmt::Display for ThreadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("running"),
            Self::Stopped => f.write_str("stopped"),
            Self::Blocked { call: None } => f.write_str("blocked"),
            Self::Blocked { call: Some(call) } => match usual_reason(call) {
                Some(reason) => write!(f, "blocked in {call}: {reason}"),
                None => write!(f, "blocked in {call}"),
            },
        }
    }
}

/// What a thread in this system call usually waits for, where the name does not say it.
fn usual_reason(call: &str) -> Option<&'static str> {
    Some(match call {
        "futex" => "a lock, a join or a condition",
        "clock_nanosleep" | "nanosleep" => "a sleep",
        "restart_syscall" => "a wait that was interrupted",
        "wait4" | "waitid" => "a child",
        "rt_sigsuspend" | "rt_sigtimedwait" | "pause" => "a signal",
        _ => return None,
    })
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} `{}`", self.pid, self.command)?;
        if let Some((first, rest)) = self.open_streams.split_first() {
            write!(f, ", holds {first}")?;
            rest.iter().try_for_each(|s| write!(f, " and {s}"))?;
        }
        Ok(())
    }
}
