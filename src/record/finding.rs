//! What the harness noticed unasked.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Dropped, EventName, Signal, Stream, seconds};

/// Something that the harness noticed unasked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Finding {
    /// A line came later than it was logged: arrival times, and every delay that rests on them, say nothing.
    BuffersOutput {
        /// The index of the first such line among the events.
        event: usize,
        /// By how much it came late, in seconds when serialised.
        #[serde(with = "seconds")]
        late: Duration,
    },
    /// The subject's log is in another time zone than ours, or its clock is set differently.
    OtherClock {
        /// By how much the stamps are ahead, in seconds.
        ahead: i64,
    },
    /// Descendants outlived the subject.
    Survivors {
        /// How many.
        count: usize,
    },
    /// The subject had ended, and yet a stream stayed open.
    StreamHeld {
        /// Which stream.
        stream: Stream,
    },
    /// A line of log without its newline: it was torn.
    TornLine {
        /// The index of the line among the events.
        event: usize,
    },
    /// A line was too long to keep whole.
    LineCut {
        /// The index of the line among the events.
        event: usize,
    },
    /// There was more output than is kept.
    OutputCut(Dropped),
    /// The `time` of the log format matched, and what it matched was never a time that can be read.
    UnreadTimes {
        /// The index of the first such line among the events.
        event: usize,
        /// What stood where the time should be.
        text: String,
    },
    /// Lines came all at once after a silence, right before the exit: perhaps they were written earlier and buffered.
    ///
    /// A hint only: a program that prints its results at the end looks the same.
    MayBufferOutput {
        /// The index of the first of these lines among the events.
        event: usize,
        /// How many lines there are.
        lines: u64,
        /// How long nothing had come before them, in seconds when serialised.
        #[serde(with = "seconds")]
        silence: Duration,
    },
    /// A line is not valid UTF-8.
    InvalidUtf8 {
        /// The index of the first such line among the events.
        event: usize,
    },
    /// A signal that was planned was not sent: its line never came, the main thread never came to rest, or the subject had
    /// ended.
    SignalNotSent {
        /// Which signal.
        signal: Signal,
    },
    /// An action that was planned was not done: the event that it waits for never came, or the subject had ended.
    NotDone {
        /// The event that the action would have made.
        what: EventName,
    },
    /// The subject ended, or was ended, before it was ready.
    NeverReady {
        /// Where readiness is looked for: how far apart two looks were at the most, in seconds when serialised. What was ready for
        /// less may not have been seen. Zero where readiness is told.
        #[serde(default, with = "seconds", skip_serializing_if = "Duration::is_zero")]
        grain: Duration,
    },
    /// A line went on, after its beginning had been taken for the line that readiness, or an action, waited for: no newline had come for
    /// 50 ms, and nothing was written to the subject meanwhile.
    WentOn {
        /// What was waited for, in words.
        wanted: String,
        /// The whole line.
        line: String,
        /// Whether that was readiness.
        ready: bool,
    },
    /// The run was to be traced or on a virtual clock, and is not.
    NotTraced {
        /// Why, and what follows.
        why: String,
    },
    /// On a virtual clock: at the timeout nothing was left that could ever have happened. Each thread waited for another or for
    /// input, and none for a time. So it hangs for ever, however long it is given.
    HangsForEver,
    /// More threads and processes began and ended than are told one by one; they are counted all the same.
    LivesCut {
        /// How many beginnings and ends were left out.
        events: u64,
    },
    /// A file was to be tailed, and its lines were not read.
    LogUnread {
        /// Which file.
        file: String,
        /// Why.
        why: String,
    },
    /// Stacks of threads were to be read, and not all could be. Nothing is judged by them.
    NoStacks {
        /// Why.
        why: String,
    },
    /// A process could not be ended, even by SIGKILL.
    Unkillable {
        /// Which processes.
        pids: Vec<u32>,
    },
}

impl Finding {
    /// Whether it is only a hint, which a sound subject may give too.
    #[must_use]
    pub fn is_hint(&self) -> bool {
        matches!(self, Self::MayBufferOutput { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuffersOutput { late, .. } => write!(
                f,
                "the subject buffers its output: a line came {:.1} s after it was logged, so arrival times say nothing of delays \
                 (flush each line, or log to stderr)",
                late.as_secs_f64()
            ),
            Self::UnreadTimes { text, .. } => write!(
                f,
                "the log format's `time` matched `{text}`, which is no time that can be read, so no line was taken as log \
                 (times are `HH:MM:SS`, `YYYY-MM-DD HH:MM:SS` or RFC 3339, with or without a fraction, or seconds)"
            ),
            Self::MayBufferOutput { lines, silence, .. } => write!(
                f,
                "{lines} lines came at once after {:.1} s of silence, right before the exit: the subject may buffer its \
                 output (flush each line, or log to stderr)",
                silence.as_secs_f64()
            ),
            Self::OtherClock { ahead } => {
                write!(
                    f,
                    "the log's clock is {ahead:+} s from ours (another time zone?)"
                )
            }
            Self::Survivors { count: 1 } => write!(f, "a process outlived the subject"),
            Self::Survivors { count } => write!(f, "{count} processes outlived the subject"),
            Self::StreamHeld { stream } => {
                write!(f, "{stream} was still open after the subject had ended")
            }
            Self::TornLine { .. } => write!(f, "a line of log has no newline: it was torn"),
            Self::LineCut { .. } => write!(f, "a line was too long to keep whole"),
            Self::OutputCut(Dropped { lines, bytes }) => write!(
                f,
                "more output than is kept: {lines} lines, {bytes} bytes were counted and dropped"
            ),
            Self::InvalidUtf8 { .. } => write!(f, "the output is not all UTF-8"),
            Self::SignalNotSent { signal } => write!(
                f,
                "{signal} was to be sent, and the moment for it never came"
            ),
            Self::NotDone { what } => write!(
                f,
                "`{what}` was planned and not done: the moment for it never came"
            ),
            Self::NeverReady { .. } => f.write_str("the subject was never ready"),
            Self::WentOn { wanted, line, ready } => {
                let what = if *ready { "readiness" } else { "an action" };
                write!(
                    f,
                    "{what} waited for a line {wanted}, which came without its newline and then went on: `{}`",
                    line.escape_debug()
                )
            }
            Self::NotTraced { why } => f.write_str(why),
            Self::HangsForEver => f.write_str(
                "nothing was left that could ever have happened: each thread waited for another or for input, and none for a time",
            ),
            Self::LivesCut { events } => write!(
                f,
                "more threads and processes than are told one by one: {events} beginnings and ends were only counted"
            ),
            Self::LogUnread { file, why } => write!(f, "{file} was not read: {why}"),
            Self::NoStacks { why } => write!(f, "stacks of threads are missing: {why}"),
            Self::Unkillable { pids } => {
                write!(f, "could not be ended, even by SIGKILL: pids {pids:?}")
            }
        }
    }
}
