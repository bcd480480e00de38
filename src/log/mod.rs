//! From lines to log: which lines carry a time of day and a message, and whether they came when they were logged.

mod pattern;
mod serde;

use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

pub(crate) use self::serde::{KeyOf, PatternParts};
pub(crate) use pattern::fold;
pub use pattern::{InvalidRegex, Matcher, Occurrence, Pattern, Regex};

use crate::record::{EventKind, Finding, Line, Record, Stamp};

/// How the subject writes its log.
///
/// The default reads `HH:MM:SS: message`. A pattern is a regular expression with a group `message` and, for timed logs, a
/// group `time` that matches `HH:MM:SS`, with or without a fraction (`.123`, `,123`).
///
/// ```
/// use exeunt::LogFormat;
/// let format = LogFormat::new(r"^\[(?<time>\S+) \w+\] (?<message>.*)$").unwrap();
/// assert!(LogFormat::new("no groups").is_err());
/// ```
#[derive(Debug, Clone)]
pub struct LogFormat(Kind);

#[derive(Debug, Clone)]
enum Kind {
    /// [`DEFAULT`], read without a regular expression: to compile one would be most of what a short run costs.
    Default,
    Pattern(regex::Regex),
}

/// The default format, as a pattern.
const DEFAULT: &str = r"^(?<time>\d\d:\d\d:\d\d): (?<message>.*)$";

/// A pattern that cannot serve as a log format.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LogFormatError {
    /// It is not a regular expression.
    #[error("not a regular expression: {}", .0)]
    Regex(String),
    /// The group that gives the message is missing.
    #[error("the pattern has no group `message`: write `(?<message>.*)` where the message stands")]
    NoMessage,
}

impl Default for LogFormat {
    fn default() -> Self {
        Self(Kind::Default)
    }
}

impl PartialEq for LogFormat {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl FromStr for LogFormat {
    type Err = LogFormatError;

    fn from_str(pattern: &str) -> Result<Self, LogFormatError> {
        Self::new(pattern)
    }
}

impl LogFormat {
    /// A format by its pattern.
    ///
    /// # Errors
    /// If the pattern is not a regular expression, or has no group `message`.
    pub fn new(pattern: &str) -> Result<Self, LogFormatError> {
        if pattern == DEFAULT {
            return Ok(Self::default());
        }
        let regex = regex::Regex::new(pattern)
            .map_err(|error| LogFormatError::Regex(pattern::problem(&error)))?;
        match regex
            .capture_names()
            .flatten()
            .any(|name| name == "message")
        {
            true => Ok(Self(Kind::Pattern(regex))),
            false => Err(LogFormatError::NoMessage),
        }
    }

    /// Fills in the stamp and message of every line that parses, and notes what the log itself shows: torn lines, lines
    /// that came later than they were logged.
    pub fn read(&self, record: &mut Record) {
        for event in &mut record.events {
            if let EventKind::Line(line) = &mut event.kind {
                self.read_line(line);
            }
        }
        // The record may have been read before, by another format.
        record.findings.retain(|finding| !is_noticed(finding));
        let noticed = notice(record);
        // A finding about arrival stands ahead of everything that rests on arrival.
        record.findings.splice(0..0, noticed);
    }

    fn read_line(&self, line: &mut Line) {
        let text = line.bytes.to_text();
        (line.stamp, line.message) = match self.parse(&text) {
            Some((stamp, message)) => (stamp, Some(message.to_owned())),
            None => (None, None),
        };
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Kind::Default => DEFAULT,
            Kind::Pattern(regex) => regex.as_str(),
        }
    }

    /// The message of a line, if it is one of log.
    pub(crate) fn message<'l>(&self, line: &'l str) -> Option<&'l str> {
        self.parse(line).map(|(_, message)| message)
    }

    fn parse<'l>(&self, line: &'l str) -> Option<(Option<Stamp>, &'l str)> {
        match &self.0 {
            Kind::Default => default_parts(line),
            Kind::Pattern(regex) => parts(regex, line),
        }
    }
}

/// What [`DEFAULT`] says.
fn default_parts(line: &str) -> Option<(Option<Stamp>, &str)> {
    let (time, message) = line.split_at_checked("HH:MM:SS".len())?;
    let message = message.strip_prefix(": ").filter(|m| !m.contains('\n'))?;
    Some((Some(stamp(time)?), message))
}

fn parts<'l>(regex: &regex::Regex, line: &'l str) -> Option<(Option<Stamp>, &'l str)> {
    let found = regex.captures(line)?;
    let stamp = match found.name("time") {
        // What stands where the time should be and is none makes it a line of something else.
        Some(time) => Some(stamp(time.as_str())?),
        None => None,
    };
    Some((stamp, found.name("message")?.as_str()))
}

/// `HH:MM:SS`, with or without a fraction of up to nine digits.
fn stamp(text: &str) -> Option<Stamp> {
    let number = |digits: &str| match digits.bytes().all(|b| b.is_ascii_digit()) {
        true => digits.parse::<u64>().ok(),
        false => None,
    };
    let (clock, fraction) = match text.split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let mut parts = clock.split(':').map(|part| match part.len() {
        2 => number(part),
        _ => None,
    });
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    // 60 is a leap second.
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let (nanos, grain) = match fraction {
        None => (0, 1_000_000_000),
        Some(fraction) => {
            let digits = u32::try_from(fraction.len()).ok()?;
            let grain = 10_u64.pow(9_u32.checked_sub(digits)?);
            (number(fraction)? * grain, grain)
        }
    };
    let clock = Duration::from_secs(hours * 3600 + minutes * 60 + seconds);
    Some(Stamp {
        time_of_day: clock + Duration::from_nanos(nanos),
        grain: Duration::from_nanos(grain),
    })
}

/// By how much a line may come late before it counts as buffered: more than the machine's own lateness is added.
///
/// A first line can take long from its stamp to its write: a Java formatter that is yet to be loaded took 0.1 s.
const LATE: Duration = Duration::from_millis(300);
/// Time zones, daylight saving included, are whole quarters of an hour apart.
const QUARTER: f64 = 900.0;

/// Whether a finding is one of those that [`notice`] makes.
fn is_noticed(finding: &Finding) -> bool {
    matches!(
        finding,
        Finding::BuffersOutput { .. }
            | Finding::OtherClock { .. }
            | Finding::TornLine { .. }
            | Finding::LineCut { .. }
            | Finding::OutputCut(_)
            | Finding::InvalidUtf8 { .. }
    )
}

fn notice(record: &Record) -> Vec<Finding> {
    let mut findings = Vec::new();
    let drifts: Vec<_> = record
        .lines()
        .filter_map(|seen| {
            let stamp = seen.line.stamp?;
            Some((seen.event, drift(record, seen.at, stamp), stamp))
        })
        .collect();
    if let Some((_, drift, _)) = drifts.first() {
        let ahead = -(drift / QUARTER).round() * QUARTER;
        if ahead != 0.0 {
            #[expect(clippy::cast_possible_truncation, reason = "at most a day")]
            findings.push(Finding::OtherClock {
                ahead: ahead as i64,
            });
        }
    }
    let allowed = LATE + record.lag.measured();
    let late = drifts.iter().find_map(|(event, drift, stamp)| {
        let drift = drift - (drift / QUARTER).round() * QUARTER;
        // A stamp is rounded down: a line of grain 1 s that was logged just now may seem up to 1 s late.
        let late = drift - stamp.grain.as_secs_f64();
        (late > allowed.as_secs_f64()).then_some((*event, drift))
    });
    if let Some((event, drift)) = late {
        findings.insert(
            0,
            Finding::BuffersOutput {
                event,
                late: Duration::from_secs_f64(drift),
            },
        );
    }
    let mut lines = record.lines();
    if let Some(seen) = lines.find(|seen| seen.line.is_log() && !seen.line.newline) {
        findings.push(Finding::TornLine { event: seen.event });
    }
    if let Some(seen) = record.lines().find(|seen| seen.line.cut_from.is_some()) {
        findings.push(Finding::LineCut { event: seen.event });
    }
    if let Some(cut) = record.events.iter().find_map(|e| {
        if let EventKind::Cut(cut) = e.kind {
            Some(cut)
        } else {
            None
        }
    }) {
        findings.push(Finding::OutputCut(cut));
    }
    if let Some(seen) = record.lines().find(|seen| {
        seen.line.cut_from.is_none() && str::from_utf8(seen.line.bytes.as_slice()).is_err()
    }) {
        findings.push(Finding::InvalidUtf8 { event: seen.event });
    }
    findings
}

/// How long after its stamp a line came, in seconds, taken as the nearest distance round the clock (so midnight does not
/// matter).
fn drift(record: &Record, at: Duration, stamp: Stamp) -> f64 {
    const DAY: f64 = 86_400.0;
    let local = |since: f64| (since + f64::from(record.utc_offset)).rem_euclid(DAY);
    let began = match record.started.duration_since(UNIX_EPOCH) {
        Ok(after) => local(after.as_secs_f64()),
        Err(before) => local(-before.duration().as_secs_f64()),
    };
    let arrived = began + at.as_secs_f64();
    let drift = arrived - stamp.time_of_day.as_secs_f64();
    drift - (drift / DAY).round() * DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_format_reads_what_its_pattern_says() {
        let by_hand = LogFormat::default();
        let pattern = regex::Regex::new(DEFAULT).unwrap();
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
            "12:34:56: a\nb",
            "12:34:56: é: 12:34:56: ",
            "",
            "\u{20ac}\u{20ac}\u{20ac}",
        ] {
            assert_eq!(by_hand.parse(line), parts(&pattern, line), "{line:?}");
        }
        assert_eq!(LogFormat::new(DEFAULT).unwrap(), by_hand);
        assert_ne!(LogFormat::new("(?<message>.*)").unwrap(), by_hand);
    }
}
