//! EventKind is expected of a run: plain data, judged by [`judge`](crate::judge::judge).

use std::fmt;
use std::time::Duration;

pub use crate::log::Pattern;
use crate::record::{Exit, Signal};

/// Everything that is expected of one run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expectation {
    /// The lines of the log, in order.
    pub log: Option<LogExpectation>,
    /// Lines that must be there, wherever.
    pub present: Vec<Pattern>,
    /// Lines that must be nowhere.
    pub absent: Vec<Pattern>,
    /// How the subject ends.
    pub end: Option<ExpectedEnd>,
    /// How long things take.
    pub delays: Vec<Delay>,
    /// Whether processes may outlive the subject.
    pub survivors: Survivors,
}

/// The order of a log, in the words of LLVM's FileCheck.
#[derive(Debug, Clone, PartialEq)]
pub struct LogExpectation {
    /// What comes one after the other.
    pub steps: Vec<Step>,
    /// What of log lines that no step names.
    pub others: OtherLines,
}

/// One step in the order of a log.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// This line comes later than the step before; others may stand between.
    Then(Pattern),
    /// This line comes directly after the line of the step before.
    Next(Pattern),
    /// This line does not come between the step before and the step after.
    Not(Pattern),
    /// All of these sequences come, each in its own order, in any order among each other.
    AnyOrder(Vec<Vec<Pattern>>),
}

impl Step {
    /// The lines that must be there for this step.
    pub fn wanted(&self) -> impl Iterator<Item = &Pattern> {
        let (one, groups) = match self {
            Self::Then(pattern) | Self::Next(pattern) => (Some(pattern), [].as_slice()),
            Self::Not(_) => (None, [].as_slice()),
            Self::AnyOrder(groups) => (None, groups.as_slice()),
        };
        one.into_iter().chain(groups.iter().flatten())
    }
}

impl<P: Into<Pattern>> From<P> for Step {
    fn from(pattern: P) -> Self {
        Self::Then(pattern.into())
    }
}

/// What of log lines that no step names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtherLines {
    /// They break the expectation: a line too many is found, and a line that comes twice.
    #[default]
    Forbidden,
    /// They may stand anywhere.
    Allowed,
}

/// Whether processes may outlive the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Survivors {
    /// None may.
    #[default]
    Forbidden,
    /// They may; they are ended all the same.
    Allowed,
}

/// How a subject ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedEnd {
    /// By itself, in this way.
    Exit(Exit),
    /// Not at all: it is still there at its time limit.
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
}

impl fmt::Display for ExpectedEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(exit) => exit.fmt(f),
            Self::Hang => f.write_str("a hang"),
        }
    }
}

/// An instant of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// The start of the subject.
    Start,
    /// The first line that matches.
    Line(Pattern),
    /// The subject's exit.
    Exit,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("the start"),
            Self::Line(pattern) => pattern.fmt(f),
            Self::Exit => f.write_str("the exit"),
        }
    }
}

/// How long it takes from one instant to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Delay {
    /// From here,
    pub from: Mark,
    /// to here,
    pub to: Mark,
    /// about this long.
    pub about: Duration,
    /// How far the observed time may be from that, on a machine without lag.
    pub slack: Duration,
}

/// The slack of a delay, unless the expectation says otherwise: 0.2 s. `docs/timing.md` tells how it was measured.
pub const DEFAULT_SLACK: Duration = Duration::from_millis(200);
