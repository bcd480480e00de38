//! How long things took.
//!
//! An arrival is later than the event that it tells of, and the lag that was measured during the run says by how much at
//! the most. So there are three zones: within the slack of what is expected, *held*; further away, but not further than
//! the lag accounts for, *inconclusive*; beyond that, *broken*.

use std::time::Duration;

use super::check::{Check, Doubt, Expected, Observed};
use super::end::{self, End};
use super::expect::{Bound, DEFAULT_SLACK, Delay, Mark};
use super::moment::{Moment, seconds_between};
use super::{Absence, doubt_about_absence};
use crate::record::{Clock, Record};

/// Whether the delay is one to or from an exit that was not the subject's own.
pub(super) fn is_cut_short(record: &Record, delay: &Delay) -> bool {
    let own = matches!(
        End::of(record),
        End::Own(_) | End::Late { .. } | End::Unknown
    );
    !own && [&delay.from, &delay.to].contains(&&Mark::Exit)
}

pub(super) fn delay(record: &Record, delay: &Delay, due: Option<Duration>) -> Check {
    let expected = Expected::Delay(delay.clone());
    if is_cut_short(record, delay)
        && let Some((observed, doubt)) = end::cut_short(record, due)
    {
        return Check::broken_unless(doubt, expected, observed);
    }
    let (from, to) = (
        Moment::of(record, &delay.from),
        Moment::of(record, &delay.to),
    );
    match (from, to) {
        (Some(from), Some(to)) => between(record, delay, from, to),
        (None, _) => never_came(record, expected, &delay.from),
        (_, None) => never_came(record, expected, &delay.to),
    }
}

pub(super) fn never_came(record: &Record, expected: Expected, mark: &Mark) -> Check {
    let absence = match mark {
        Mark::Line(pattern, _) => Absence::Line(pattern),
        _ => Absence::Event,
    };
    let doubt = doubt_about_absence(record, absence);
    Check::broken_unless(doubt, expected, Observed::NoMark(mark.clone()))
}

fn between(record: &Record, delay: &Delay, from: Moment, to: Moment) -> Check {
    let expected = Expected::Delay(delay.clone());
    let elapsed = seconds_between(from, to);
    let observed = Observed::Elapsed(elapsed);
    let marks = [&delay.from, &delay.to];
    let rests_on_arrival = marks.iter().any(|mark| matches!(mark, Mark::Line(..)));
    // What was looked for happened between two looks: by so much its time may be off, too.
    let grain = from.grain().saturating_add(to.grain());
    let lag = record.lag.total().saturating_add(grain);
    let off = off(delay.bound, elapsed);
    let check = if rests_on_arrival && record.buffers_output() {
        Check::inconclusive(expected, observed, Doubt::Buffered)
    } else if off <= slack(record, delay) {
        Check::held(expected, observed)
    } else if off <= slack(record, delay).saturating_add(lag) {
        Check::inconclusive(expected, observed, Doubt::Lag(lag))
    } else {
        Check::broken(expected, observed)
    };
    check.at(to.event)
}

/// How far a time may be off without any lag.
///
/// A virtual clock goes beyond its deadlines only by what the subject works. So the usual slack shrinks to that; one that the
/// expectation names for itself is taken as it is, since a program may well be that inexact by its own doing.
fn slack(record: &Record, delay: &Delay) -> Duration {
    match (record.clock, record.flow) {
        (Clock::Virtual, Some(flow)) if delay.slack == DEFAULT_SLACK => delay.slack.min(flow),
        _ => delay.slack,
    }
}

/// How far a time is outside of a bound. What came before that from which it is counted did not come within a time after it.
fn off(bound: Bound, elapsed: f64) -> Duration {
    let off = match bound {
        Bound::About(time) => (elapsed - time.as_secs_f64()).abs(),
        Bound::Within(time) => (elapsed - time.as_secs_f64()).max(-elapsed),
        Bound::AtLeast(time) => time.as_secs_f64() - elapsed,
    };
    Duration::try_from_secs_f64(off.max(0.0)).unwrap_or(Duration::MAX)
}
