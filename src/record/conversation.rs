//! What harness and subject do to one another: requests and answers, ports, files.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Bytes, seconds};

/// Something that happened to a request of the harness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestSeen {
    /// The name of the request.
    pub name: String,
    /// What happened.
    #[serde(flatten)]
    pub exchange: Exchange,
    /// By how much it was sent later than planned, for the first event of a request; in seconds when serialised.
    #[serde(default, with = "seconds", skip_serializing_if = "Duration::is_zero")]
    pub late: Duration,
}

/// What can happen to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Exchange {
    /// The connection was made and the request written.
    Sent {
        /// To where, such as `127.0.0.1:8080`.
        to: String,
        /// What was asked for, such as `GET /slow`.
        what: String,
    },
    /// The whole answer came.
    Answered(Answer),
    /// The connection ended before the whole answer had come.
    CutOff {
        /// How many bytes of the answer had come.
        received: u64,
        /// Why, in the words of the system.
        why: String,
    },
    /// There was no connection.
    Refused {
        /// Why, in the words of the system.
        why: String,
    },
    /// The subject closed a connection that was held open after its answer.
    Closed,
}

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body: at most 64 KiB of its beginning.
    pub body: Bytes,
}

impl Answer {
    /// An answer with this status and body.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { status, body }
    }
}

impl RequestSeen {
    /// Something that happened to a request of this name.
    #[must_use]
    pub fn new(name: impl Into<String>, exchange: Exchange) -> Self {
        Self {
            name: name.into(),
            exchange,
            late: Duration::ZERO,
        }
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { to, what } => write!(f, "sent {what} to {to}"),
            Self::Answered(answer) => write!(f, "answered with status {}", answer.status),
            Self::CutOff { received: 0, why } => write!(f, "cut off without an answer: {why}"),
            Self::CutOff { received, why } => {
                write!(f, "cut off after {received} bytes of the answer: {why}")
            }
            Self::Refused { why } => write!(f, "refused: {why}"),
            Self::Closed => f.write_str("its connection was closed by the subject"),
        }
    }
}

/// A socket of the tree that listens, as it was seen at a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Listening {
    /// Where: `127.0.0.1:8080`, `[::]:8080`, or the path of a Unix socket.
    pub address: String,
    /// The last instant at which it was seen to be otherwise, in seconds when serialised: the change was then or later. The
    /// time between that and the event is the grain of its time.
    #[serde(with = "seconds")]
    pub since: Duration,
}

impl Listening {
    /// A change that came after `since`.
    #[must_use]
    pub fn new(address: impl Into<String>, since: Duration) -> Self {
        let address = address.into();
        Self { address, since }
    }

    /// Whether it is a TCP port.
    pub(crate) fn is_tcp(&self) -> bool {
        self.address.parse::<SocketAddr>().is_ok()
    }
}

/// A file that appeared, as it was seen at a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileSeen {
    /// Its path, as the plan names it.
    pub path: String,
    /// The last instant at which it was not there, in seconds when serialised.
    #[serde(with = "seconds")]
    pub since: Duration,
}

impl FileSeen {
    /// A file that came after `since`.
    #[must_use]
    pub fn new(path: impl Into<String>, since: Duration) -> Self {
        let path = path.into();
        Self { path, since }
    }
}

/// A file when the run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileState {
    /// It is not there.
    Absent,
    /// It is there, as it was before the run.
    Unchanged,
    /// It is there, and is new or was changed.
    Written,
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "it is not there",
            Self::Unchanged => "it is there, as it was before the run",
            Self::Written => "it is there, written during the run",
        })
    }
}
