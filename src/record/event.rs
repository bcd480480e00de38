//! What happened in a run, and when.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Began, Bytes, Ended, Exit, FileSeen, Line, Listening, RequestSeen, Signal, Stream, seconds,
};

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The time since the start of the run, in seconds when serialised.
    #[serde(with = "seconds")]
    pub at: Duration,
    /// What it was.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Event {
    /// An event at this time since the start of the run.
    #[must_use]
    pub fn new(at: Duration, kind: impl Into<EventKind>) -> Self {
        Self {
            at,
            kind: kind.into(),
        }
    }
}

/// The kinds of event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// A line arrived. It was written then or earlier, never later.
    Line(Line),
    /// Bytes came that no newline had ended for 50 ms: a prompt, a progress bar. When the line is complete, a
    /// [`Line`](Self::Line) has all of it.
    Partial(Partial),
    /// The harness sent a signal.
    Signal(SignalSent),
    /// The subject ended. It did so then or earlier, never later.
    Exit(Exit),
    /// A stream was closed by its last holder.
    Closed {
        /// Which one.
        stream: Stream,
    },
    /// Here came output that was read, counted and not kept, because there was more than the limit.
    Cut(Dropped),
    /// The subject is ready, as the plan's readiness says.
    Ready {
        /// The last instant at which it was not, where that is looked for; else the same instant. In seconds when serialised.
        #[serde(with = "seconds")]
        since: Duration,
    },
    /// The subject has said that it is about to end.
    Stopping,
    /// The subject asks for more time, as services of systemd do: the time limit that counts now, that of the run or of its end, does
    /// not come within this time.
    ExtendsTimeout {
        /// How long, from this instant on; in seconds when serialised.
        #[serde(with = "seconds")]
        by: Duration,
    },
    /// All bytes of an action were taken by the subject's standard input.
    StdinWritten {
        /// How many.
        bytes: u64,
    },
    /// The subject had closed its standard input, so bytes of an action were not taken.
    StdinRefused {
        /// How many were to be written.
        bytes: u64,
    },
    /// The harness closed the subject's standard input.
    StdinClosed,
    /// The harness closed its end of an output stream: a write of the subject fails from here on.
    OutputClosed {
        /// Which one. [`Stream::Stdout`] of a run with merged streams is the one pipe for both.
        stream: Stream,
    },
    /// A process of the tree began to listen.
    Listens(Listening),
    /// Nothing of the tree listens there any more.
    StopsListening(Listening),
    /// Something happened to a request of the harness.
    Request(RequestSeen),
    /// A file appeared.
    File(FileSeen),
    /// A client was started.
    ClientStarts {
        /// Its name.
        name: String,
    },
    /// A client was seen to have ended.
    ClientEnds {
        /// Its name.
        name: String,
        /// How; `None` if it could not be run.
        exit: Option<Exit>,
    },
    /// The subject's direct parent was ended as the plan says, so the subject became an orphan.
    ParentEnds {
        /// The process id that the parent had.
        pid: u32,
    },
    /// A thread or process began. Seen by a tracer only, as the next.
    Began(Began),
    /// A thread ended; if it is a main thread, for its process.
    Ended(Ended),
}

impl EventKind {
    /// For what is seen by looking again and again: the last look at which it had not happened yet.
    #[must_use]
    pub fn since(&self) -> Option<Duration> {
        match self {
            Self::Listens(change) | Self::StopsListening(change) => Some(change.since),
            Self::File(file) => Some(file.since),
            Self::Ready { since } => Some(*since),
            Self::Line(line) => Some(line.file.as_ref()?.since),
            _ => None,
        }
    }
}

/// The beginning of a line whose end has not come yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Partial {
    /// Where it came.
    pub stream: Stream,
    /// The bytes that came since the beginning of the line, or since the partial line before this one.
    pub bytes: Bytes,
}

impl Partial {
    /// The bytes of a line so far.
    #[must_use]
    pub fn new(stream: Stream, bytes: impl Into<Bytes>) -> Self {
        Self {
            stream,
            bytes: bytes.into(),
        }
    }
}

/// A line, and when it came.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Seen<'r> {
    /// Its index among the events.
    pub event: usize,
    /// The time since the start of the run.
    pub at: Duration,
    /// The line.
    pub line: &'r Line,
}

/// The subject's exit, and when it was.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ExitSeen {
    /// Its index among the events.
    pub event: usize,
    /// The time since the start of the run.
    pub at: Duration,
    /// How the subject ended.
    pub exit: Exit,
}

/// A signal that the harness sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalSent {
    /// Which signal.
    pub signal: Signal,
    /// To which processes.
    pub to: Vec<u32>,
    /// Why.
    pub reason: SignalReason,
}

/// Why the harness sent a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SignalReason {
    /// The time limit was reached.
    Timeout,
    /// The harness was interrupted.
    Interrupted,
    /// The subject had ended, these had not.
    Survived,
    /// The request to terminate was not heeded within the grace period.
    GraceOver,
    /// The time limit was reached, and the subject was to show where it stood.
    AtTimeout,
    /// The plan said so.
    Planned,
}

impl fmt::Display for SignalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "the time limit was reached",
            Self::Interrupted => "interrupted",
            Self::Survived => "left behind by the subject",
            Self::GraceOver => "still there after the grace period",
            Self::AtTimeout => "the time limit was reached: show where you stand",
            Self::Planned => "as planned",
        })
    }
}

/// Output beyond the limit: read, counted and not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dropped {
    /// How many lines.
    pub lines: u64,
    /// How many bytes they had, newlines not counted.
    pub bytes: u64,
}

impl From<&str> for EventKind {
    fn from(text: &str) -> Self {
        Self::Line(Line::new(Stream::Merged, text))
    }
}

impl From<Line> for EventKind {
    fn from(line: Line) -> Self {
        Self::Line(line)
    }
}

impl From<Exit> for EventKind {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

impl From<SignalSent> for EventKind {
    fn from(sent: SignalSent) -> Self {
        Self::Signal(sent)
    }
}

impl From<Dropped> for EventKind {
    fn from(dropped: Dropped) -> Self {
        Self::Cut(dropped)
    }
}

impl From<RequestSeen> for EventKind {
    fn from(seen: RequestSeen) -> Self {
        Self::Request(seen)
    }
}
