//! When something is expected, as a band in time.

use std::time::Duration;

use crate::expect::{Bound, Delay};
use crate::judge::{Check, Expected, Verdict, instant};
use crate::record::Record;

/// The time in which the end of a delay is expected: the slack is the band, the run's lag its lighter edge.
pub(super) struct Band {
    pub(super) delay: Delay,
    pub(super) verdict: Verdict,
    /// The event that is to fall into it.
    pub(super) event: Option<usize>,
    /// The earliest and the latest instant that holds; without end if `None`.
    earliest: Duration,
    latest: Option<Duration>,
    /// The instant itself, of a delay that takes about so long.
    about: Option<Duration>,
    /// What the machine was late by.
    pub(super) lag: Duration,
}

/// Where an instant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    Held,
    /// Off by no more than the lag.
    Lag,
    Outside,
}

/// A lag that is too short to be seen.
const SEEN: Duration = Duration::from_millis(2);

impl Band {
    /// The band of a delay whose beginning came. Where the subject did not come to its end, there may be no check of it.
    pub(super) fn of(record: &Record, delay: &Delay, checks: &[Check]) -> Option<Self> {
        let check = checks.iter().find(|check| is_of(check, delay));
        let from = instant(record, &delay.from)?;
        let slack = delay.slack;
        let at = |time: Duration| from.saturating_add(time);
        let (earliest, latest, about) = match delay.bound {
            Bound::About(time) => (
                at(time).saturating_sub(slack),
                Some(at(time).saturating_add(slack)),
                Some(at(time)),
            ),
            Bound::Within(time) => (from, Some(at(time).saturating_add(slack)), None),
            Bound::AtLeast(time) => (at(time).saturating_sub(slack), None, None),
        };
        Some(Self {
            delay: delay.clone(),
            verdict: check.map_or(Verdict::Broken, |check| check.verdict),
            event: check.and_then(|check| check.event),
            earliest,
            latest,
            about,
            lag: record.lag.total(),
        })
    }

    /// The instants at which something changes, and what.
    pub(super) fn edges(&self) -> Vec<(Duration, &'static str)> {
        let lag = (self.lag >= SEEN).then_some(self.lag);
        let mut edges = Vec::new();
        // Before the beginning there is nothing to be seen.
        if !matches!(self.delay.bound, Bound::Within(_)) && self.earliest > Duration::ZERO {
            let early = lag.and_then(|lag| self.earliest.checked_sub(lag));
            edges.extend(early.map(|at| (at, "earliest, less lag")));
            edges.push((self.earliest, "earliest"));
        }
        edges.extend(self.about.map(|at| (at, "expected")));
        if let Some(latest) = self.latest {
            edges.push((latest, "latest"));
            edges.extend(lag.map(|lag| (latest.saturating_add(lag), "latest, plus lag")));
        }
        edges
    }

    /// Where a span of time is. Edges are rows of their own, so that none lies within a span.
    pub(super) fn zone(&self, from: Duration, to: Duration) -> Zone {
        let within = |by: Duration| {
            let early = self.earliest.saturating_sub(by);
            let late = self.latest.map(|latest| latest.saturating_add(by));
            from >= early && late.is_none_or(|late| to <= late)
        };
        match (within(Duration::ZERO), within(self.lag)) {
            (true, _) => Zone::Held,
            (false, true) => Zone::Lag,
            (false, false) => Zone::Outside,
        }
    }
}

fn is_of(check: &Check, delay: &Delay) -> bool {
    matches!(&check.expected, Expected::Delay(its) if its == delay)
}
