//! When something happened: the one place where a mark is looked for.

use std::time::Duration;

use super::expect::{Bound, Delay, Expectation, Mark};
use crate::record::{EventKind, Record, Signal, SignalReason};

/// When a mark came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// The index of its event. The start has none.
    pub(super) event: Option<usize>,
    pub(super) at: Duration,
    /// The earliest instant at which it can have been, for what is seen by looking again and again; else the same instant.
    pub(super) since: Duration,
}

impl Moment {
    pub(super) const START: Self = Self {
        event: None,
        at: Duration::ZERO,
        since: Duration::ZERO,
    };

    /// How coarse its time is.
    pub(super) fn grain(self) -> Duration {
        self.at.saturating_sub(self.since)
    }

    /// The moment of a mark, if it came.
    pub(super) fn of(record: &Record, mark: &Mark) -> Option<Self> {
        let (event, at) = match mark {
            Mark::Start => return Some(Self::START),
            Mark::Line(pattern, occurrence) => {
                let seen = record.find(pattern, *occurrence)?;
                (seen.event, seen.at)
            }
            Mark::Signal(signal, occurrence) => occurrence.of(sent(record, *signal))?,
            Mark::Event(name, occurrence) => {
                occurrence.of(record.named(name).map(|(i, event)| (i, event.at)))?
            }
            Mark::Exit => {
                let seen = record.exit_event()?;
                (seen.event, seen.at)
            }
        };
        Some(Self {
            event: Some(event),
            at,
            since: record.events[event].kind.since().unwrap_or(at).min(at),
        })
    }
}

/// When the harness sent a signal because the plan said so.
fn sent(record: &Record, signal: Signal) -> impl Iterator<Item = (usize, Duration)> {
    let events = record.events.iter().enumerate();
    events.filter_map(move |(i, event)| match &event.kind {
        EventKind::Signal(sent)
            if sent.signal == signal && sent.reason == SignalReason::Planned =>
        {
            Some((i, event.at))
        }
        _ => None,
    })
}

/// The time between two marks, in seconds; less than zero if the second came first. `None` if one never came.
pub(super) fn elapsed(record: &Record, delay: &Delay) -> Option<f64> {
    let (from, to) = (
        Moment::of(record, &delay.from)?,
        Moment::of(record, &delay.to)?,
    );
    Some(seconds_between(from, to))
}

pub(super) fn seconds_between(from: Moment, to: Moment) -> f64 {
    let distance = from.at.abs_diff(to.at).as_secs_f64();
    if to.at < from.at { -distance } else { distance }
}

/// When the exit is expected at the latest, on a machine without lag.
pub(super) fn exit_due(record: &Record, expectation: &Expectation) -> Option<Duration> {
    let delay = expectation.exit_delay()?;
    let most = match delay.bound {
        Bound::About(time) | Bound::Within(time) => time.checked_add(delay.slack)?,
        Bound::AtLeast(_) => return None,
    };
    Moment::of(record, &delay.from)?.at.checked_add(most)
}
