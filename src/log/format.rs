//! How a subject writes its log.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use super::notice::{is_noticed, notice};
use super::pattern;
use super::stamp::{stamp, time_of_day};
use crate::record::{EventKind, Finding, Line, LogLines, Record, Stamp};

/// How the subject writes its log.
///
/// A format says two things: what of a line is its message, its time and its speaker, and which lines are log at all. Lines
/// that are log must be expected where an expectation is about the whole log; others are ignored there. That never depends
/// on what a subject printed:
///
/// | format | reads | which lines are log |
/// |---|---|---|
/// | [`default`](Self::default) | `HH:MM:SS: message` where a line has that shape | every line |
/// | [`plain`](Self::plain) | whole lines | every line |
/// | [`clock`](Self::clock) | `HH:MM:SS: message` | those that match |
/// | [`python`](Self::python) | `2026-01-31 12:00:00,123 - message` | those that match |
/// | [`rfc3339`](Self::rfc3339) | `2026-01-31T12:00:00.123Z message` | those that match |
/// | [`env_logger`](Self::env_logger) | `[2026-01-31T12:00:00Z INFO target] message` | those that match |
/// | [`new`](Self::new) | what its pattern says | those that match |
///
/// Where a line of log has a time, it is compared with the line's arrival: a subject that buffers its output is found out.
#[derive(Debug, Clone)]
pub struct LogFormat {
    /// The name of a preset, or the pattern.
    source: Cow<'static, str>,
    reader: Reader,
    lines: LogLines,
}

#[derive(Debug, Clone)]
enum Reader {
    Plain,
    /// By hand: to compile an expression would be most of what a short run costs.
    Clock,
    Regex(regex::Regex),
}

/// A pattern that cannot serve as a log format.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogFormatError {
    /// It is not a regular expression.
    Regex(String),
    /// The group that gives the message is missing.
    NoMessage,
}

impl fmt::Display for LogFormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regex(problem) => write!(f, "not a regular expression: {problem}"),
            Self::NoMessage => write!(
                f,
                "the pattern has no group `message`: write `(?<message>.*)` where the message stands, or name a format: {}",
                NAMES.join(", ")
            ),
        }
    }
}

impl std::error::Error for LogFormatError {}

/// The names of the formats that need no pattern.
const NAMES: [&str; 6] = [
    "default",
    "plain",
    "clock",
    "python",
    "rfc3339",
    "env_logger",
];

/// A preset is compiled once in a process.
macro_rules! preset {
    ($name:literal, $lines:ident, $pattern:literal) => {{
        // The pattern is a constant, and the tests parse every one.
        static REGEX: LazyLock<regex::Regex> =
            LazyLock::new(|| regex::Regex::new($pattern).unwrap());
        LogFormat {
            source: Cow::Borrowed($name),
            reader: Reader::Regex(REGEX.clone()),
            lines: LogLines::$lines,
        }
    }};
}

impl Default for LogFormat {
    /// Reads `HH:MM:SS: message`, and `HH:MM:SS: who : message`, where a line has that shape. Every line is log.
    fn default() -> Self {
        Self {
            source: Cow::Borrowed("default"),
            lines: LogLines::Every,
            ..Self::clock()
        }
    }
}

impl PartialEq for LogFormat {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// # Presets
impl LogFormat {
    /// No times: every line is log, and all of it is the message.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            source: Cow::Borrowed("plain"),
            reader: Reader::Plain,
            lines: LogLines::Every,
        }
    }

    /// `HH:MM:SS: message`. What stands before a spaced colon in the message is its speaker: `Main : all done`.
    #[must_use]
    pub fn clock() -> Self {
        Self {
            source: Cow::Borrowed("clock"),
            reader: Reader::Clock,
            lines: LogLines::Matching,
        }
    }

    /// What Python's `logging` writes with `%(asctime)s` first: `2026-01-31 12:00:00,123 - root - INFO - message`. What
    /// follows the time is the message.
    #[must_use]
    pub fn python() -> Self {
        preset!(
            "python",
            Matching,
            r"^(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:[,.]\d{1,9})?)(?: -)?:?\s+(?<message>.*)$"
        )
    }

    /// A time as RFC 3339 writes it, then the message: `2026-01-31T12:00:00.123+01:00 message`.
    #[must_use]
    pub fn rfc3339() -> Self {
        preset!(
            "rfc3339",
            Matching,
            r"^(?<time>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d)?)\s+(?<message>.*)$"
        )
    }

    /// What the crate `env_logger` writes: `[2026-01-31T12:00:00Z INFO target] message`.
    #[must_use]
    pub fn env_logger() -> Self {
        preset!(
            "env_logger",
            Matching,
            r"^\[(?<time>\d{4}-\d\d-\d\dT\S+)\s+[A-Z]+(?:\s+[^\]]*)?\] (?<message>.*)$"
        )
    }
}

impl FromStr for LogFormat {
    type Err = LogFormatError;

    /// A preset by its name, else a pattern.
    ///
    /// # Errors
    /// As [`LogFormat::new`].
    fn from_str(text: &str) -> Result<Self, LogFormatError> {
        Ok(match text {
            "default" => Self::default(),
            "plain" => Self::plain(),
            "clock" => Self::clock(),
            "python" => Self::python(),
            "rfc3339" => Self::rfc3339(),
            "env_logger" => Self::env_logger(),
            pattern => return Self::new(pattern),
        })
    }
}

/// What a format makes of a line.
enum Read<'l> {
    Log {
        stamp: Option<Stamp>,
        who: Option<&'l str>,
        message: &'l str,
    },
    /// The format matches, but for this text in place of a time.
    UnreadTime(&'l str),
    Other,
}

impl LogFormat {
    /// A format by a regular expression with a group `message`. Optional groups are `time` and, within the message, `who`:
    /// the speaker, as a timeline shows it.
    ///
    /// A time is `HH:MM:SS`, `YYYY-MM-DD HH:MM:SS` (with a space or a `T`, and the offset of RFC 3339 or none), seconds since
    /// 1970, or seconds since some start of the subject's own; each with or without a fraction (`.123`, `,123`).
    ///
    /// ```
    /// use exeunt::LogFormat;
    /// let format = LogFormat::new(r"^\[(?<time>\S+) \w+\] (?<message>.*)$").unwrap();
    /// assert!(LogFormat::new("no groups").is_err());
    /// ```
    ///
    /// # Errors
    /// If the pattern is not a regular expression, or has no group `message`.
    pub fn new(pattern: &str) -> Result<Self, LogFormatError> {
        let regex = regex::Regex::new(pattern)
            .map_err(|error| LogFormatError::Regex(pattern::problem(&error)))?;
        if !regex.capture_names().flatten().any(|n| n == "message") {
            return Err(LogFormatError::NoMessage);
        }
        Ok(Self {
            source: Cow::Owned(pattern.to_owned()),
            reader: Reader::Regex(regex),
            lines: LogLines::Matching,
        })
    }

    /// The name of the preset, or the pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Fills in the stamp, the speaker and the message of every line that matches, and notes what the log itself shows:
    /// torn lines, lines that came later than they were logged.
    pub fn read(&self, record: &mut Record) {
        let (mut unread, mut stamped) = (None, false);
        for (event, kind) in record.events.iter_mut().map(|e| &mut e.kind).enumerate() {
            if let EventKind::Line(line) = kind {
                let text = self.read_line(line);
                stamped |= line.stamp.is_some();
                unread = unread.or(text.map(|text| Finding::UnreadTimes { event, text }));
            }
        }
        record.log = self.lines;
        // The record may have been read before, by another format.
        record.findings.retain(|finding| !is_noticed(finding));
        let unread = unread.filter(|_| !stamped);
        // A finding about arrival stands ahead of everything that rests on arrival.
        let noticed = notice(record);
        record
            .findings
            .splice(0..0, noticed.into_iter().chain(unread));
    }

    /// Fills in what the format says of a line. Returns what stood in place of a time, if it is none.
    pub(crate) fn read_line(&self, line: &mut Line) -> Option<String> {
        let text = line.bytes.to_text();
        let owned = str::to_owned;
        let ((stamp, who, message), unread) = match self.parse(&text) {
            Read::Log {
                stamp,
                who,
                message,
            } => ((stamp, who.map(owned), Some(owned(message))), None),
            Read::UnreadTime(time) => ((None, None, None), Some(owned(time))),
            Read::Other => ((None, None, None), None),
        };
        (line.stamp, line.who, line.message) = (stamp, who, message);
        unread
    }

    /// The message of a line, if it is one of log.
    pub(crate) fn message<'l>(&self, line: &'l str) -> Option<&'l str> {
        match self.parse(line) {
            Read::Log { message, .. } => Some(message),
            _ => None,
        }
    }

    fn parse<'l>(&self, line: &'l str) -> Read<'l> {
        match &self.reader {
            Reader::Plain => Read::Other,
            Reader::Clock => Read::clock(line).unwrap_or(Read::Other),
            Reader::Regex(regex) => Read::regex(regex, line),
        }
    }
}

impl<'l> Read<'l> {
    /// `HH:MM:SS: message`
    fn clock(line: &'l str) -> Option<Self> {
        let (time, message) = line.split_at_checked("HH:MM:SS".len())?;
        let message = message.strip_prefix(": ")?;
        Some(Self::Log {
            stamp: Some(time_of_day(time)?),
            who: speaker(message),
            message,
        })
    }

    fn regex(regex: &regex::Regex, line: &'l str) -> Self {
        let Some(found) = regex.captures(line) else {
            return Read::Other;
        };
        let group = |name| found.name(name).map(|group| group.as_str());
        let Some(message) = group("message") else {
            return Read::Other;
        };
        let stamp = match group("time") {
            None => None,
            Some(time) => match stamp(time) {
                None => return Read::UnreadTime(time),
                stamp => stamp,
            },
        };
        Read::Log {
            stamp,
            who: group("who"),
            message,
        }
    }
}

/// `Main : all done` is said by Main: a name before a colon that has white space on both sides.
fn speaker(message: &str) -> Option<&str> {
    let (before, after) = message.split_once(':')?;
    let who = before.trim();
    let plausible = !who.is_empty()
        && before.len() <= 24
        && before.ends_with(char::is_whitespace)
        && after.starts_with(char::is_whitespace);
    plausible.then_some(who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_its_name() {
        for name in NAMES {
            let format: LogFormat = name.parse().unwrap();
            assert_eq!(format.as_str(), name);
            assert!(matches!(format.parse("x"), Read::Other), "{name}");
        }
    }

    #[test]
    fn the_clock_is_read_as_its_pattern_says() {
        let pattern = LogFormat::new(r"^(?<time>\d\d:\d\d:\d\d): (?<message>.*)$").unwrap();
        let messages = |format: &LogFormat, line| format.message(line).map(str::to_owned);
        for line in [
            "12:34:56: all done",
            "12:34:56: ",
            "12:34:56:",
            "12:34:56 : x",
            "12:34:56:  two spaces ",
            "1:34:56: x",
            " 12:34:56: x",
            "12:34:56.5: x",
            "12-34-56: x",
            "24:00:00: x",
            "23:59:60: leap",
            "23:59:61: x",
            "ab:cd:ef: x",
            "12:34:5é: x",
            "1\u{661}:34:56: x",
            "12:34:56: é: 12:34:56: ",
            "",
            "\u{20ac}\u{20ac}\u{20ac}",
        ] {
            assert_eq!(
                messages(&LogFormat::clock(), line),
                messages(&pattern, line),
                "{line:?}"
            );
        }
    }
}
