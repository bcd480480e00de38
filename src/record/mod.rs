//! What was observed of one run: plain, serialisable data.
//!
//! Every duration is in seconds when serialised, and counts from the start of the run on one monotonic clock.

mod bytes;
mod lives;
pub(crate) mod moment;
pub(crate) mod seconds;
mod signal;
mod waits;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

pub use bytes::Bytes;
pub use lives::{Began, Ended, Ends, Lives, TaskEnd};
pub use signal::{Signal, UnknownSignal};
pub use waits::{Descriptor, Peer, WaitsFor};

/// All that was observed of one run of a subject.
///
/// A record is made by [`Subject::run`](crate::Subject::run) or by hand ([`Record::new`]), and judged by
/// [`judge`](crate::judge::judge).
/// It can be saved as JSON and judged again later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The version of this shape: [`RECORD_SCHEMA`]. A record of another one is refused when it is read.
    #[serde(deserialize_with = "known_schema")]
    pub schema: u32,
    /// The clock by which everything in the record is stamped.
    pub clock: Clock,
    /// Which case of a suite this is a run of, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The program and its arguments; bytes that are not UTF-8 are replaced.
    pub command: Vec<String>,
    /// The environment that was given to the subject.
    pub environment: BTreeMap<String, String>,
    /// The directory in which the subject started.
    pub directory: PathBuf,
    /// Whether the two output streams shared one pipe.
    pub streams: Streams,
    /// The wall clock at the start of the run, to the microsecond. Serialised as seconds since 1970 UTC.
    #[serde(with = "moment")]
    pub started: SystemTime,
    /// The distance of local time from UTC at the start, in seconds.
    pub utc_offset: i32,
    /// The subject's process id.
    pub pid: u32,
    /// What happened, in the order of time.
    pub events: Vec<Event>,
    /// How long the subject was given, in seconds when serialised. `None`: as long as it wanted.
    #[serde(
        default,
        with = "seconds::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<Duration>,
    /// Why the run ended.
    pub termination: Termination,
    /// Descendants that outlived the subject.
    pub survivors: Vec<Process>,
    /// Processes that were still there when the run was ended from outside (timeout, interruption).
    pub ended_by_harness: Vec<Process>,
    /// How late the machine was during the run.
    pub lag: Lag,
    /// What the subject used of the machine.
    pub usage: Usage,
    /// Which of the lines are log.
    #[serde(default)]
    pub log: LogLines,
    /// What the harness noticed unasked.
    pub findings: Vec<Finding>,
    /// How the subject's threads and processes began and ended. `None` if it was not traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lives: Option<Lives>,
    /// How far a virtual clock was moved by what is no deadline, in seconds when serialised: by the subject's work, and by 50 µs
    /// beyond each deadline. `None` on another clock.
    #[serde(
        default,
        with = "seconds::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub flow: Option<Duration>,
}

/// The version of the shape of a [`Record`] that this crate writes and reads.
pub const RECORD_SCHEMA: u32 = 1;

fn known_schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        RECORD_SCHEMA => Ok(RECORD_SCHEMA),
        other => Err(D::Error::custom(format!(
            "a record of schema {other}, and this version of exeunt reads schema {RECORD_SCHEMA} only: \
             read it with the version that wrote it, or record the run again"
        ))),
    }
}

/// The clock by which a run was stamped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Clock {
    /// The monotonic clock of the machine.
    #[default]
    Monotonic,
    /// A clock of the run's own: it moves by the time that the subject works, and jumps to the next deadline when all wait.
    Virtual,
}

/// Which case it is: a scenario with an implementation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseId {
    /// The scenario's name.
    pub scenario: String,
    /// The implementation's name.
    pub implementation: String,
}

/// `scenario/implementation`
impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scenario, self.implementation)
    }
}

/// Which case of a suite a record is a run of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Origin {
    /// The scenario's name.
    pub scenario: String,
    /// The implementation's name.
    pub implementation: String,
    /// The implementation whose expectations apply to it: itself, if no other was named.
    pub like: String,
    /// The implementation's version, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Origin {
    /// A case of an implementation whose version is unknown.
    #[must_use]
    pub fn new(scenario: impl Into<String>, implementation: impl Into<String>) -> Self {
        let implementation = implementation.into();
        Self {
            scenario: scenario.into(),
            like: implementation.clone(),
            implementation,
            version: None,
        }
    }
}

/// How the subject's output streams were connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Streams {
    /// stdout and stderr share one pipe: the order of all lines is exact, their origin unknown.
    #[default]
    Merged,
    /// Each stream has its own pipe: the origin is known, the order across the streams is only as good as the arrival times.
    Split,
    /// As `Merged`, with a terminal in the place of the pipe: the subject sees one, and may write colours and progress. What it
    /// writes comes as it is: a newline stays one.
    Terminal,
}

impl Streams {
    /// Whether lines of this stream can be told from those of others.
    #[must_use]
    pub fn has(self, stream: Stream) -> bool {
        (self != Self::Split) == (stream == Stream::Merged)
    }
}

/// The stream on which a line came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// The one pipe that stands for both.
    Merged,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Merged => "output",
        })
    }
}

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
    /// A thread or process began. Seen by a tracer only, as the next.
    Began(Began),
    /// A thread ended; if it is a main thread, for its process.
    Ended(Ended),
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

/// Which lines of a record are log. The format says so by which the record was read, never what the subject printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LogLines {
    /// Every line.
    #[default]
    Every,
    /// Those that match the format.
    Matching,
}

/// One line of output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Where it came.
    pub stream: Stream,
    /// The bytes as they came, without the newline.
    pub bytes: Bytes,
    /// False for a last line that no newline ended: a torn line, or a program that does not write one.
    pub newline: bool,
    /// The length in bytes, where the line was too long to keep whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_from: Option<u64>,
    /// The time that the line itself carries, if it parses as a line of log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Stamp>,
    /// The speaker that the message names, if the log format has a group for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The line without its stamp, if it parses as a line of log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Line {
    /// The message if the line is one of log, else the whole line; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match &self.message {
            Some(message) => Cow::Borrowed(message),
            None => self.bytes.to_text(),
        }
    }

    /// Whether the line parsed as a line of log.
    #[must_use]
    pub fn is_log(&self) -> bool {
        self.message.is_some()
    }
}

/// A time as a log line carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The time.
    #[serde(flatten)]
    pub time: StampTime,
    /// The fineness of the stamp, in seconds when serialised: one second for `HH:MM:SS`.
    #[serde(with = "seconds")]
    pub grain: Duration,
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time {
            StampTime::TimeOfDay(time) => {
                let s = time.as_secs();
                write!(f, "{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
            }
            StampTime::Local(time) | StampTime::Unix(time) => {
                write!(f, "{:.3} s since 1970", time.as_secs_f64())
            }
            StampTime::SinceStart(time) => write!(f, "{:.3} s", time.as_secs_f64()),
        }
    }
}

/// A time in one of the ways in which logs write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StampTime {
    /// The time since midnight of the subject's clock, in seconds when serialised.
    TimeOfDay(#[serde(with = "seconds")] Duration),
    /// A date and time without an offset from UTC: the time since 1970 began on the subject's clock.
    Local(Duration),
    /// The time since 1970 began in UTC.
    Unix(Duration),
    /// The time since some instant of the subject's own.
    SinceStart(Duration),
}

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

/// Output beyond the limit: read, counted and not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dropped {
    /// How many lines.
    pub lines: u64,
    /// How many bytes they had, newlines not counted.
    pub bytes: u64,
}

/// How late the machine was: what may have moved an observed time, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Lag {
    /// The worst oversleep, during the run, of a thread that only sleeps.
    #[serde(with = "seconds")]
    pub canary: Duration,
    /// How long the subject's main thread was ready to run and had no processor, over the whole run.
    #[serde(with = "seconds")]
    pub subject_waited: Duration,
    /// How long, during the run, some process of the machine was ready to run and had no processor, or waited for a disk
    /// (`/proc/pressure`); zero where the kernel does not tell. It may have been a descendant of the subject, or none of ours.
    #[serde(default, with = "seconds")]
    pub pressure: Duration,
    /// By how much the harness itself was late during the run, at the worst: to look at the subject, or to send a signal.
    #[serde(default, with = "seconds")]
    pub harness: Duration,
}

impl Lag {
    /// By how much the machine may have moved a time of this run.
    ///
    /// All that was measured of the subject and of ourselves counts in full. Of the pressure, which may have been on others,
    /// at most half a second counts: on a machine that is always busy, a program that waits seconds too long is still broken.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.measured()
            .saturating_add(self.pressure.min(Duration::from_millis(500)))
    }

    /// What was measured of the subject and of ourselves.
    #[must_use]
    pub fn measured(&self) -> Duration {
        self.canary
            .max(self.harness)
            .saturating_add(self.subject_waited)
    }
}

/// What the subject used, its waited-for children included.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time in user space.
    #[serde(with = "seconds")]
    pub user: Duration,
    /// Processor time in the kernel.
    #[serde(with = "seconds")]
    pub system: Duration,
    /// The largest resident set, in bytes. The kernel counts what was there before the exec too, so this is never less than
    /// what the reaper has resident: two or three MiB, whatever the size of the harness.
    pub peak_memory: u64,
}

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
            Self::NotTraced { why } => f.write_str(why),
            Self::HangsForEver => f.write_str(
                "nothing was left that could ever have happened: each thread waited for another or for input, and none for a time",
            ),
            Self::LivesCut { events } => write!(
                f,
                "more threads and processes than are told one by one: {events} beginnings and ends were only counted"
            ),
            Self::Unkillable { pids } => {
                write!(f, "could not be ended, even by SIGKILL: pids {pids:?}")
            }
        }
    }
}

/// # By hand
///
/// A record needs no process, so what is made of records can be tried without one.
///
/// ```
/// use exeunt::record::{Exit, Line, Stream};
/// use exeunt::{LogFormat, Record, Streams, millis, secs};
///
/// let mut record = Record::new(["worker", "--once"])
///     .with(millis(10), "00:00:00: Main : all done")
///     .with(millis(10), Line::new(Stream::Stderr, "warning: late"))
///     .with(secs(2), Exit::Code(0));
/// record.streams = Streams::Split;
/// LogFormat::default().read(&mut record);
///
/// record.assert().success().exits_after("Main : all done", secs(2));
/// ```
impl Record {
    /// A run of this command in which nothing has happened yet: no output, no exit.
    ///
    /// It began at midnight UTC, by a clock that shows UTC, on a machine without lag, and its streams are merged. All of
    /// that are public fields; [`with`](Self::with) adds what happened.
    #[must_use]
    pub fn new(command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            schema: RECORD_SCHEMA,
            clock: Clock::Monotonic,
            origin: None,
            command: command.into_iter().map(Into::into).collect(),
            environment: BTreeMap::new(),
            directory: PathBuf::from("."),
            streams: Streams::Merged,
            started: UNIX_EPOCH,
            utc_offset: 0,
            pid: 1,
            events: Vec::new(),
            timeout: None,
            termination: Termination::OnItsOwn,
            survivors: Vec::new(),
            ended_by_harness: Vec::new(),
            lag: Lag::default(),
            usage: Usage::default(),
            log: LogLines::Every,
            findings: Vec::new(),
            lives: None,
            flow: None,
        }
    }

    /// Adds an event: a [`Line`] or its text, an [`Exit`], any [`EventKind`]. Events stand in the order of time, whatever the
    /// order in which they are added; of those at one instant, the first that was added stands first.
    ///
    /// Text is a line on [`Stream::Merged`]. That it may be a line of log is not seen here, but by
    /// [`LogFormat::read`](crate::LogFormat::read).
    #[must_use]
    pub fn with(mut self, at: Duration, kind: impl Into<EventKind>) -> Self {
        let place = self.events.partition_point(|event| event.at <= at);
        let kind = kind.into();
        self.events.insert(place, Event { at, kind });
        self
    }
}

impl Line {
    /// A whole line, not yet read as one of log.
    #[must_use]
    pub fn new(stream: Stream, bytes: impl Into<Bytes>) -> Self {
        Self {
            stream,
            bytes: bytes.into(),
            newline: true,
            cut_from: None,
            stamp: None,
            who: None,
            message: None,
        }
    }
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

/// # What is in it
impl Record {
    /// The lines in the order of arrival.
    pub fn lines(&self) -> impl Iterator<Item = Seen<'_>> {
        self.events
            .iter()
            .enumerate()
            .filter_map(|(event, e)| match &e.kind {
                EventKind::Line(line) => Some(Seen {
                    event,
                    at: e.at,
                    line,
                }),
                _ => None,
            })
    }

    /// When and how the subject ended. `None` if it could not be ended.
    #[must_use]
    pub fn exit_event(&self) -> Option<ExitSeen> {
        self.events
            .iter()
            .enumerate()
            .find_map(|(event, e)| match e.kind {
                EventKind::Exit(exit) => Some(ExitSeen {
                    event,
                    at: e.at,
                    exit,
                }),
                _ => None,
            })
    }

    /// How the subject ended. `None` if it could not be ended.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.exit_event().map(|seen| seen.exit)
    }

    /// Whether a line is one of log: then it is one too many if an expectation of the whole log does not name it.
    #[must_use]
    pub fn is_log(&self, line: &Line) -> bool {
        self.log == LogLines::Every || line.is_log()
    }

    /// Whether the subject buffers its output, so that arrival times say nothing of delays.
    #[must_use]
    pub fn buffers_output(&self) -> bool {
        self.findings
            .iter()
            .any(|f| matches!(f, Finding::BuffersOutput { .. }))
    }

    /// Whether output was left out, so that nothing can be said of what is not in the record.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.events.iter().any(|e| match &e.kind {
            EventKind::Cut(_) => true,
            EventKind::Line(line) => line.cut_from.is_some(),
            _ => false,
        })
    }

    /// The output of one stream as text, lines as they came; bytes that are not UTF-8 are replaced.
    ///
    /// `None` if the stream was not recorded by itself: [`Streams::Merged`] has [`Stream::Merged`] alone,
    /// [`Streams::Split`] the two others.
    #[must_use]
    pub fn output(&self, stream: Stream) -> Option<String> {
        self.streams.has(stream).then(|| self.text_of(stream))
    }

    fn text_of(&self, stream: Stream) -> String {
        let mut text = String::new();
        let lines = self.lines().map(|seen| seen.line);
        for line in lines.filter(|line| line.stream == stream) {
            text.push_str(&String::from_utf8_lossy(line.bytes.as_slice()));
            if line.newline {
                text.push('\n');
            }
        }
        text
    }
}
