//! Lines of output, and the streams on which they come.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Bytes, seconds};

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
        stream == Stream::File || (self != Self::Split) == (stream == Stream::Merged)
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
    /// A file that is tailed: see [`Line::file`].
    File,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Merged => "output",
            Self::File => "file",
        })
    }
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
    /// The file that it stands in, if it came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<LogFile>,
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

/// A file that is tailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogFile {
    /// Its path when it was found, from the subject's directory. A file that is renamed keeps it.
    pub path: String,
    /// The last look at which the line was not there, in seconds when serialised.
    #[serde(with = "seconds")]
    pub since: Duration,
}

impl LogFile {
    /// A file, and the last look at which a line of it was not there.
    #[must_use]
    pub fn new(path: impl Into<String>, since: Duration) -> Self {
        let path = path.into();
        Self { path, since }
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

impl Line {
    /// A whole line, not yet read as one of log.
    #[must_use]
    pub fn new(stream: Stream, bytes: impl Into<Bytes>) -> Self {
        Self {
            stream,
            bytes: bytes.into(),
            newline: true,
            cut_from: None,
            file: None,
            stamp: None,
            who: None,
            message: None,
        }
    }
}
