//! What was observed of one run: plain, serialisable data.
//!
//! Every duration is in seconds when serialised, and counts from the start of the run on one monotonic clock.

mod bytes;
mod client;
mod conversation;
mod event;
mod exit;
mod finding;
mod lag;
mod line;
mod lives;
pub(crate) mod moment;
mod name;
mod process;
pub(crate) mod seconds;
mod signal;
mod stack;
mod waits;
pub(crate) mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

pub use bytes::Bytes;
pub use client::ClientSeen;
pub use conversation::{Answer, Exchange, FileSeen, FileState, Listening, RequestSeen};
pub use event::{Dropped, Event, EventKind, ExitSeen, Partial, Seen, SignalReason, SignalSent};
pub use exit::{Exit, Termination};
pub use finding::Finding;
pub use lag::{Lag, Usage};
pub use line::{Line, LogFile, LogLines, Stamp, StampTime, Stream, Streams};
pub use lives::{Began, Ended, Ends, Lives, TaskEnd};
pub use name::{EventName, UnknownEvent};
pub use process::{Process, ThreadSeen, ThreadState};
pub use signal::{Signal, UnknownSignal};
pub use stack::Frame;
pub use waits::{Descriptor, Handle, Peer, WaitsFor};

/// All that was observed of one run of a subject.
///
/// A record is made by [`Subject::run`](crate::Subject::run) or by hand ([`Record::new`]), and judged by
/// [`judge`](crate::judge::judge).
/// It can be saved as JSON and judged again later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The version of this shape: [`RECORD_SCHEMA`]. Older ones that have the same meaning are read too; a record of any other
    /// version is refused when it is read.
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
    /// The files that were looked at when the run was over, by their paths from the subject's directory.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FileState>,
    /// Programs that ran beside the subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientSeen>,
}

/// The version of the shape of a [`Record`] that this crate writes. It reads version 1 too, which has fewer kinds of event.
pub const RECORD_SCHEMA: u32 = 2;

/// The oldest version that is read.
const OLDEST_SCHEMA: u32 = 1;

fn known_schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        known @ OLDEST_SCHEMA..=RECORD_SCHEMA => Ok(known),
        other => Err(D::Error::custom(format!(
            "a record of schema {other}, and this version of exeunt reads schemas {OLDEST_SCHEMA} to {RECORD_SCHEMA}: \
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
            files: BTreeMap::new(),
            clients: Vec::new(),
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
            // From the end, where it is: reports ask again and again.
            .rev()
            .find_map(|(event, e)| match e.kind {
                EventKind::Exit(exit) => Some(ExitSeen {
                    event,
                    at: e.at,
                    exit,
                }),
                _ => None,
            })
    }

    /// The events of a name, each with its index, in the order of time.
    pub fn named(&self, name: &EventName) -> impl Iterator<Item = (usize, &Event)> {
        let events = self.events.iter().enumerate();
        events.filter(move |(_, event)| EventName::of(&event.kind).as_ref() == Some(name))
    }

    /// All that happened to the requests of a name, and the index of each event.
    pub(crate) fn exchanges(
        &self,
        name: &str,
    ) -> impl DoubleEndedIterator<Item = (usize, &Exchange)> {
        let events = self.events.iter().enumerate();
        events.filter_map(move |(i, event)| match &event.kind {
            EventKind::Request(request) if request.name == name => Some((i, &request.exchange)),
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
