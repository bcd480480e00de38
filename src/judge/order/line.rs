//! A line, as the order of a log is judged by it.

use std::time::Duration;

use super::super::check::{Doubt, kept};
use super::super::expect::Pattern;
use crate::record::{Record, Seen, Stream, Streams};

/// Lines of different pipes closer than this may have been written the other way round.
const UNSURE: Duration = Duration::from_millis(100);

/// A stall shorter than this cannot have swapped two lines whose order rests on sleeps: these are further apart.
const STALL: Duration = Duration::from_millis(150);

/// A line with its text at hand.
pub(super) struct LogLine<'a> {
    pub(super) event: usize,
    pub(super) at: Duration,
    pub(super) stream: Stream,
    /// Whether it is a line of log, so that it must not come unasked.
    pub(super) log: bool,
    pub(super) text: String,
    record: &'a Record,
}

impl<'a> LogLine<'a> {
    pub(super) fn new(record: &'a Record, seen: Seen<'_>) -> Self {
        Self {
            event: seen.event,
            at: seen.at,
            stream: seen.line.stream,
            log: record.is_log(seen.line),
            text: seen.line.text().into_owned(),
            record,
        }
    }

    pub(super) fn matches(&self, pattern: &Pattern) -> bool {
        pattern.is_of(self.stream) && pattern.matches(&self.text)
    }

    /// Whether the order of the two is unknown.
    pub(super) fn unsure_before(&self, other: &Self) -> bool {
        let lag = self.record.lag.total();
        let has_file = [self.stream, other.stream].contains(&Stream::File);
        (self.record.streams == Streams::Split || has_file)
            && self.stream != other.stream
            && self.at.abs_diff(other.at) <= UNSURE.saturating_add(lag)
    }
}

/// Whether the machine may have held up the line that should have come first.
pub(super) fn stalled(record: &Record, early: &LogLine<'_>, late: &LogLine<'_>) -> bool {
    let lag = record.lag.likely();
    lag >= STALL && late.at.saturating_sub(early.at) <= lag
}

/// The doubt about the order of a line and another one.
pub(super) fn too_close(line: &LogLine<'_>, other: &LogLine<'_>) -> Doubt {
    let gap = line.at.abs_diff(other.at).as_secs_f64();
    Doubt::TooClose {
        other: kept(&other.text),
        gap: if line.event < other.event { -gap } else { gap },
    }
}
