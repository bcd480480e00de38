//! The names of what can happen in a run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{EventKind, Exchange, Signal, SignalReason, Stream};

/// The name of something that can happen during a run, besides a line and the exit. Actions wait for it, and orders and
/// delays are judged by it.
///
/// It is written as its text:
///
/// ```
/// use exeunt::record::EventName;
///
/// let name: EventName = "stdin closed".parse()?;
/// assert_eq!(name, EventName::StdinClosed);
/// assert_eq!(EventName::Answered("slow".into()).to_string(), "slow answered");
/// assert!("something else".parse::<EventName>().is_err());
/// # Ok::<(), exeunt::record::UnknownEvent>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EventName {
    /// `ready`: the subject is ready, as the plan's readiness says.
    Ready,
    /// `stopping`: the subject has said that it is about to end (`STOPPING=1` to `NOTIFY_SOCKET`).
    Stopping,
    /// `extends timeout`: the subject has asked for more time (`EXTEND_TIMEOUT_USEC=…` to `NOTIFY_SOCKET`).
    ExtendsTimeout,
    /// `SIGTERM`: the harness sent this signal because the plan says so.
    Signal(Signal),
    /// `stdin written`: all bytes of an action were taken by the pipe.
    StdinWritten,
    /// `stdin closed`: the subject's standard input is at its end.
    StdinClosed,
    /// `stdout closed`: the harness closed its end, so that a write of the subject fails with EPIPE.
    OutputClosed(Stream),
    /// `listens`: a process of the tree begins to listen.
    Listens,
    /// `stops listening`: nothing of the tree listens there any more.
    StopsListening,
    /// `NAME sent`: a request was sent.
    Sent(String),
    /// `NAME answered`: the whole answer to a request came.
    Answered(String),
    /// `NAME cut off`: the connection ended before the whole answer had come.
    CutOff(String),
    /// `NAME refused`: there was no connection.
    Refused(String),
    /// `NAME closed`: a connection that was held open was closed by the subject.
    ConnectionClosed(String),
    /// `file PATH`: a file appears.
    File(String),
    /// `parent ends`: the subject's direct parent was ended.
    ParentEnds,
    /// `client NAME starts`: a program that runs beside the subject was started.
    ClientStarts(String),
    /// `client NAME ends`: that program was seen to have ended.
    ClientEnds(String),
}

/// A text that names no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEvent(String);

impl fmt::Display for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` names no event: there are `ready`, `stopping`, `extends timeout`, `stdin written`, `stdin closed`, `stdout closed`, \
             `listens`, `stops listening`, `parent ends`, `file PATH`, the name of a signal, and `NAME sent`, \
             `NAME answered`, `NAME cut off`, `NAME refused` and `NAME closed` for a request, `client NAME starts` and \
             `client NAME ends` for a client",
            self.0
        )
    }
}

impl std::error::Error for UnknownEvent {}

/// The events that have no more to them than their name.
const PLAIN: [(&str, EventName); 11] = [
    ("ready", EventName::Ready),
    ("stopping", EventName::Stopping),
    ("extends timeout", EventName::ExtendsTimeout),
    ("stdin written", EventName::StdinWritten),
    ("stdin closed", EventName::StdinClosed),
    ("stdout closed", EventName::OutputClosed(Stream::Stdout)),
    ("stderr closed", EventName::OutputClosed(Stream::Stderr)),
    ("output closed", EventName::OutputClosed(Stream::Merged)),
    ("listens", EventName::Listens),
    ("stops listening", EventName::StopsListening),
    ("parent ends", EventName::ParentEnds),
];

/// Makes the name of what happens to a request.
type Make = fn(String) -> EventName;

impl EventName {
    /// The name of an event, where it has one. Lines have patterns instead, and the exit is a mark of its own.
    #[must_use]
    pub fn of(kind: &EventKind) -> Option<Self> {
        Some(match kind {
            EventKind::Ready { .. } => Self::Ready,
            EventKind::Stopping => Self::Stopping,
            EventKind::ExtendsTimeout { .. } => Self::ExtendsTimeout,
            EventKind::Signal(sent) if sent.reason == SignalReason::Planned => {
                Self::Signal(sent.signal)
            }
            EventKind::StdinWritten { .. } => Self::StdinWritten,
            EventKind::StdinClosed => Self::StdinClosed,
            EventKind::OutputClosed { stream } => Self::OutputClosed(*stream),
            EventKind::Listens(_) => Self::Listens,
            EventKind::StopsListening(_) => Self::StopsListening,
            EventKind::Request(request) => {
                let name = request.name.clone();
                match request.exchange {
                    Exchange::Sent { .. } => Self::Sent(name),
                    Exchange::Answered(_) => Self::Answered(name),
                    Exchange::CutOff { .. } => Self::CutOff(name),
                    Exchange::Refused { .. } => Self::Refused(name),
                    Exchange::Closed => Self::ConnectionClosed(name),
                }
            }
            EventKind::File(file) => Self::File(file.path.clone()),
            EventKind::ParentEnds { .. } => Self::ParentEnds,
            EventKind::ClientStarts { name } => Self::ClientStarts(name.clone()),
            EventKind::ClientEnds { name, .. } => Self::ClientEnds(name.clone()),
            _ => return None,
        })
    }

    /// Whether the harness does it itself, so that its time is exact.
    #[must_use]
    pub fn is_of_the_harness(&self) -> bool {
        matches!(
            self,
            Self::Signal(_)
                | Self::StdinWritten
                | Self::StdinClosed
                | Self::OutputClosed(_)
                | Self::Sent(_)
                | Self::ParentEnds
                | Self::ClientStarts(_)
        )
    }

    /// The name of the request that it is of.
    #[must_use]
    pub fn request(&self) -> Option<&str> {
        match self {
            Self::Sent(name)
            | Self::Answered(name)
            | Self::CutOff(name)
            | Self::Refused(name)
            | Self::ConnectionClosed(name) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((text, _)) = PLAIN.iter().find(|(_, name)| name == self) {
            return f.write_str(text);
        }
        match self {
            Self::Signal(signal) => signal.fmt(f),
            Self::Sent(name) => write!(f, "{name} sent"),
            Self::Answered(name) => write!(f, "{name} answered"),
            Self::CutOff(name) => write!(f, "{name} cut off"),
            Self::Refused(name) => write!(f, "{name} refused"),
            Self::ConnectionClosed(name) => write!(f, "{name} closed"),
            Self::File(path) => write!(f, "file {path}"),
            Self::ClientStarts(name) => write!(f, "client {name} starts"),
            Self::ClientEnds(name) => write!(f, "client {name} ends"),
            _ => f.write_str("?"),
        }
    }
}

impl FromStr for EventName {
    type Err = UnknownEvent;

    fn from_str(text: &str) -> Result<Self, UnknownEvent> {
        if let Some((_, name)) = PLAIN.iter().find(|(known, _)| *known == text) {
            return Ok(name.clone());
        }
        if text.starts_with("SIG")
            && let Ok(signal) = text.parse()
        {
            return Ok(Self::Signal(signal));
        }
        if let Some(path) = text.strip_prefix("file ") {
            return Ok(Self::File(path.into()));
        }
        if let Some(client) = text.strip_prefix("client ") {
            let is_name = |name: &&str| !name.is_empty() && !name.contains(char::is_whitespace);
            let named = |ending| client.strip_suffix(ending).filter(is_name);
            if let Some(name) = named(" starts") {
                return Ok(Self::ClientStarts(name.into()));
            }
            if let Some(name) = named(" ends") {
                return Ok(Self::ClientEnds(name.into()));
            }
        }
        let of_request = |(ending, make): &(&str, Make)| {
            let name = text.strip_suffix(ending)?;
            let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
            is_name.then(|| make(name.into()))
        };
        let endings: [(&str, Make); 5] = [
            (" sent", Self::Sent),
            (" answered", Self::Answered),
            (" cut off", Self::CutOff),
            (" refused", Self::Refused),
            (" closed", Self::ConnectionClosed),
        ];
        let found = endings.iter().find_map(of_request);
        found.ok_or_else(|| UnknownEvent(text.into()))
    }
}

impl Serialize for EventName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_it_is_written() {
        let slow = || "slow".to_owned();
        let others = [
            EventName::Signal(Signal::TERM),
            EventName::Sent(slow()),
            EventName::Answered(slow()),
            EventName::CutOff(slow()),
            EventName::Refused(slow()),
            EventName::ConnectionClosed(slow()),
            EventName::File("run/app.pid".into()),
            EventName::ClientStarts(slow()),
            EventName::ClientEnds(slow()),
        ];
        let plain = PLAIN.into_iter().map(|(_, name)| name);
        for name in plain.chain(others) {
            assert_eq!(name.to_string().parse(), Ok(name.clone()));
        }
    }

    #[test]
    fn a_sentence_is_no_name() {
        for text in [
            "",
            " sent",
            "the mail was sent",
            "Main : closed",
            "start",
            "exit",
        ] {
            assert!(text.parse::<EventName>().is_err(), "{text}");
        }
    }
}
