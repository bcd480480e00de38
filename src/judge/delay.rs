//! How long things took.
//!
//! An arrival is later than the event that it tells of, and the lag that was measured during the run says by how much at
//! the most. So there are three zones: within the slack of what is expected, *held*; further away, but not further than
//! the lag accounts for, *inconclusive*; beyond that, *broken*.

use std::time::Duration;

use super::expect::{Bound, Delay, Mark};
use super::{Check, end, unseen};
use crate::record::{EventKind, Record, Signal, SignalReason, Termination};

/// Whether the delay is one to or from an exit that was not the subject's own.
pub(super) fn is_cut_short(record: &Record, delay: &Delay) -> bool {
    record.termination != Termination::OnItsOwn && [&delay.from, &delay.to].contains(&&Mark::Exit)
}

/// The time that was observed, where both ends of it were.
pub(crate) fn took(record: &Record, delay: &Delay) -> Option<String> {
    if is_cut_short(record, delay) {
        return None;
    }
    let (start, stop) = (find(record, &delay.from)?, find(record, &delay.to)?);
    Some(show(start.1, stop.1))
}

pub(super) fn delay(record: &Record, delay: &Delay) -> Check {
    let Delay {
        from,
        to,
        bound,
        slack,
    } = delay;
    let expected = delay.to_string();
    if is_cut_short(record, delay)
        && let Some(check) = end::cut_short(record, &expected)
    {
        return check;
    }
    let (start, stop) = match (find(record, from), find(record, to)) {
        (Some(start), Some(stop)) => (start, stop),
        (start, _) => {
            let missing = if start.is_none() { from } else { to };
            return match unseen(record, &expected) {
                Some(check) => Check {
                    observed: format!("{missing} is {}", check.observed),
                    ..check
                },
                None => Check::broken(expected, format!("{missing} never came")),
            };
        }
    };
    let rests_on_arrival = [from, to].iter().any(|mark| matches!(mark, Mark::Line(..)));
    if rests_on_arrival && record.buffers_output() {
        let observed = format!(
            "arrived {} apart, but the subject buffers its output",
            show(start.1, stop.1)
        );
        return Check::inconclusive(expected, observed).at(stop.0);
    }
    // A signed time: the second instant may have come first.
    let elapsed = stop.1.as_secs_f64() - start.1.as_secs_f64();
    let off = match bound {
        Bound::About(time) => (elapsed - time.as_secs_f64()).abs(),
        Bound::Within(time) => elapsed - time.as_secs_f64(),
        Bound::AtLeast(time) => time.as_secs_f64() - elapsed,
    };
    let off = Duration::try_from_secs_f64(off.max(0.0)).unwrap_or(Duration::MAX);
    let observed = show(start.1, stop.1);
    let lag = record.lag.total();
    if off <= *slack {
        Check::held(expected, observed).at(stop.0)
    } else if off <= *slack + lag {
        let observed = format!(
            "{observed}, on a machine that was up to {:.2} s late",
            lag.as_secs_f64()
        );
        Check::inconclusive(expected, observed)
            .at(stop.0)
            .retryable()
    } else {
        Check::broken(expected, observed).at(stop.0)
    }
}

fn distance(a: Duration, b: Duration) -> Duration {
    a.max(b) - a.min(b)
}

fn show(start: Duration, end: Duration) -> String {
    let sign = if end < start { "-" } else { "" };
    format!("{sign}{:.3} s", distance(start, end).as_secs_f64())
}

fn find(record: &Record, mark: &Mark) -> Option<(Option<usize>, Duration)> {
    match mark {
        Mark::Start => Some((None, Duration::ZERO)),
        Mark::Line(pattern, occurrence) => record
            .find(pattern, *occurrence)
            .map(|seen| (Some(seen.event), seen.at)),
        Mark::Signal(signal, occurrence) => {
            let sent = record
                .events
                .iter()
                .enumerate()
                .filter(|(_, e)| is_planned(&e.kind, *signal));
            occurrence.of(sent).map(|(event, e)| (Some(event), e.at))
        }
        Mark::Exit => record.exit_event().map(|seen| (Some(seen.event), seen.at)),
    }
}

fn is_planned(kind: &EventKind, signal: Signal) -> bool {
    matches!(kind, EventKind::Signal(sent)
        if sent.signal == signal && sent.reason == SignalReason::Planned)
}
