//! From lines to log: which lines carry a time of day and a message, and whether they came when they were logged.

use std::time::Duration;

use jiff::{Timestamp, tz::Offset};
use regex::Regex;

use crate::record::{Finding, Line, Record, Stamp, What};

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
pub struct LogFormat(Regex);

/// A pattern that cannot serve as a log format.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LogFormatError {
    /// It is not a regular expression.
    #[error("not a regular expression: {0}")]
    Regex(#[from] regex::Error),
    /// The group that gives the message is missing.
    #[error("the pattern has no group `message`: write `(?<message>.*)` where the message stands")]
    NoMessage,
}

impl Default for LogFormat {
    fn default() -> Self {
        // A constant that the tests parse.
        #[expect(clippy::unwrap_used, reason = "the pattern is a constant")]
        Self(Regex::new(r"^(?<time>\d\d:\d\d:\d\d): (?<message>.*)$").unwrap())
    }
}

impl PartialEq for LogFormat {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl LogFormat {
    /// A format by its pattern.
    ///
    /// # Errors
    /// If the pattern is not a regular expression, or has no group `message`.
    pub fn new(pattern: &str) -> Result<Self, LogFormatError> {
        let regex = Regex::new(pattern)?;
        match regex
            .capture_names()
            .flatten()
            .any(|name| name == "message")
        {
            true => Ok(Self(regex)),
            false => Err(LogFormatError::NoMessage),
        }
    }

    /// Fills in the stamp and message of every line that parses, and notes what the log itself shows: torn lines, lines
    /// that came later than they were logged.
    pub fn read(&self, record: &mut Record) {
        for event in &mut record.events {
            if let What::Line(line) = &mut event.what {
                self.read_line(line);
            }
        }
        let noticed = notice(record);
        // A finding about arrival stands ahead of everything that rests on arrival.
        record.findings.splice(0..0, noticed);
    }

    fn read_line(&self, line: &mut Line) {
        let text = line.bytes.to_text();
        (line.stamp, line.message) = (None, None);
        let Some(found) = self.0.captures(&text) else {
            return;
        };
        let stamp = found.name("time").map(|time| stamp(time.as_str()));
        // What stands where the time should be and is none makes it a line of something else.
        if stamp != Some(None) {
            line.stamp = stamp.flatten();
            line.message = found.name("message").map(|m| m.as_str().to_owned());
        }
    }
}

/// `HH:MM:SS`, with or without a fraction of up to nine digits.
fn stamp(text: &str) -> Option<Stamp> {
    let (clock, fraction) = match text.find(['.', ',']) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let mut parts = clock.split(':').map(|part| match part.len() {
        2 => part.parse::<u64>().ok(),
        _ => None,
    });
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    // 60 is a leap second.
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let digits = u32::try_from(fraction.len()).ok().filter(|n| *n <= 9)?;
    let nanos = if digits == 0 {
        0
    } else {
        fraction.parse::<u32>().ok()? * 10_u32.pow(9 - digits)
    };
    Some(Stamp {
        time_of_day: Duration::new(hours * 3600 + minutes * 60 + seconds, nanos),
        grain: Duration::from_nanos(u64::from(10_u32.pow(9 - digits))),
    })
}

/// By how much a line may come late before it counts as buffered: more than the machine's own lateness is added.
const LATE: Duration = Duration::from_millis(100);
/// Time zones, daylight saving included, are whole quarters of an hour apart.
const QUARTER: f64 = 900.0;

fn notice(record: &Record) -> Vec<Finding> {
    let mut findings = Vec::new();
    let drifts: Vec<_> = record
        .lines()
        .filter_map(|(i, at, line)| Some((i, drift(record, at, line.stamp?), line.stamp?)))
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
    let allowed = LATE + record.lag.total();
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
    if let Some((event, ..)) = lines.find(|(.., line)| line.is_log() && !line.newline) {
        findings.push(Finding::TornLine { event });
    }
    if let Some((event, ..)) = record.lines().find(|(.., line)| line.cut_from.is_some()) {
        findings.push(Finding::LineCut { event });
    }
    if let Some(cut) = record.events.iter().find_map(|e| {
        if let What::Cut(cut) = e.what {
            Some(cut)
        } else {
            None
        }
    }) {
        findings.push(Finding::OutputCut(cut));
    }
    if let Some((event, ..)) = record.lines().find(|(.., line)| {
        line.cut_from.is_none() && str::from_utf8(line.bytes.as_slice()).is_err()
    }) {
        findings.push(Finding::InvalidUtf8 { event });
    }
    findings
}

/// How long after its stamp a line came, in seconds, taken as the nearest distance round the clock (so midnight does not
/// matter).
fn drift(record: &Record, at: Duration, stamp: Stamp) -> f64 {
    const DAY: f64 = 86_400.0;
    let offset = Offset::from_seconds(record.utc_offset).unwrap_or(Offset::UTC);
    let arrived: Timestamp = record.started + at;
    let clock = offset.to_datetime(arrived).time();
    let seconds = f64::from(
        i32::from(clock.hour()) * 3600 + i32::from(clock.minute()) * 60 + i32::from(clock.second()),
    );
    let arrived = seconds + f64::from(clock.subsec_nanosecond()) / 1e9;
    let drift = arrived - stamp.time_of_day.as_secs_f64();
    drift - (drift / DAY).round() * DAY
}
