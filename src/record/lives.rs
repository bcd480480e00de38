//! Births and deaths of threads and processes, as a tracer sees them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EventKind, Signal};

/// How the threads and processes of a run began and ended, counted over the subject and all its descendants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Lives {
    /// Threads that are not the main thread of their process.
    pub threads: Ends,
    /// Processes, each counted by its main thread. One whose main thread has ended before the others ends with these.
    pub processes: Ends,
}

/// How many began, and how many ended in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Ends {
    /// How many began.
    pub began: u64,
    /// How many [returned](TaskEnd::Returned).
    pub returned: u64,
    /// How many [exited](TaskEnd::Exited), and ended their process so.
    pub exited: u64,
    /// How many were [killed by the end of their process](TaskEnd::Killed).
    pub killed: u64,
    /// How many were ended by a [signal](TaskEnd::Signal).
    pub signalled: u64,
}

impl Ends {
    /// One more has ended in this way.
    #[cfg(all(feature = "trace", target_os = "linux", target_arch = "x86_64"))]
    pub(crate) fn add(&mut self, end: TaskEnd) {
        let count = match end {
            TaskEnd::Returned => &mut self.returned,
            TaskEnd::Exited => &mut self.exited,
            TaskEnd::Killed => &mut self.killed,
            TaskEnd::Signal(_) => &mut self.signalled,
        };
        *count += 1;
    }
}

/// `2 returned, 1 was killed by the end of its process`
impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let mut say = |n: u64, one: &str, more: &str| match n {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            n => parts.push(format!("{n} {more}")),
        };
        say(self.returned, "returned", "returned");
        say(self.exited, "ended its process", "ended their process");
        say(
            self.killed,
            "was killed by the end of its process",
            "were killed by the end of their process",
        );
        say(
            self.signalled,
            "was ended by a signal",
            "were ended by a signal",
        );
        match parts.is_empty() {
            true => f.write_str("none ended"),
            false => f.write_str(&parts.join(", ")),
        }
    }
}

/// A thread or a process has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Began {
    /// The process that it is, or is of.
    pub pid: u32,
    /// Its own id: `pid` if it is a process.
    pub tid: u32,
    /// The thread that made it.
    pub by: u32,
}

/// A thread has ended; if it is the main thread, for its process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ended {
    /// Its process.
    pub pid: u32,
    /// Its own id: `pid` if it is the main thread.
    pub tid: u32,
    /// Its name, of which the system keeps 15 bytes; empty where it was gone before it could be read.
    pub name: String,
    /// How it ended.
    pub end: TaskEnd,
}

/// How a thread ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TaskEnd {
    /// By itself and alone: its function returned, or it called `pthread_exit`.
    Returned,
    /// It ended its whole process: it returned from `main` or called `exit`.
    Exited,
    /// Another thread ended the process, or executed another program in its place, and this one had not finished.
    Killed,
    /// A signal ended its process.
    Signal(Signal),
}

impl fmt::Display for TaskEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned => f.write_str("returned"),
            Self::Exited => f.write_str("ended the process"),
            Self::Killed => f.write_str("killed by the end of the process"),
            Self::Signal(signal) => write!(f, "killed by {signal}"),
        }
    }
}

impl fmt::Display for Began {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid == self.tid {
            true => write!(f, "process {} began", self.pid),
            false => write!(f, "thread {} of process {} began", self.tid, self.pid),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid == self.tid {
            true => write!(
                f,
                "main thread of process {} `{}`: {}",
                self.pid, self.name, self.end
            ),
            false => write!(
                f,
                "thread {} `{}` of process {}: {}",
                self.tid, self.name, self.pid, self.end
            ),
        }
    }
}

/// # By hand
impl Began {
    /// A thread of this process, or the process itself, made by this thread.
    #[must_use]
    pub fn new(pid: u32, tid: u32, by: u32) -> Self {
        Self { pid, tid, by }
    }
}

/// # By hand
impl Ended {
    /// A thread of this process that has ended so.
    #[must_use]
    pub fn new(pid: u32, tid: u32, name: impl Into<String>, end: TaskEnd) -> Self {
        Self {
            pid,
            tid,
            name: name.into(),
            end,
        }
    }
}

impl From<Began> for EventKind {
    fn from(began: Began) -> Self {
        Self::Began(began)
    }
}

impl From<Ended> for EventKind {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}
