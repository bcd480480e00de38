//! The order of events of any kind: lines, signals, requests, ports, the exit.
//!
//! What the harness does has an exact time, and whatever it heard by then happened before it. What is heard happened then or
//! earlier, by as much as the harness may have been late. What is looked for happened between two looks. So an order is told
//! only where the two intervals do not overlap.

use std::time::Duration;

use super::check::{Check, Doubt, Expected, Observed};
use super::delay::never_came;
use super::end::{self, End};
use super::expect::Mark;
use super::moment::Moment;
use super::ready::doubt_about_looks;
use crate::record::{EventKind, EventName, Exchange, Record, Stream};

/// By how much what comes by two ways may be heard in the wrong order on a machine without lag.
const UNSURE: Duration = Duration::from_millis(20);
/// The same of two output streams.
const UNSURE_STREAMS: Duration = Duration::from_millis(100);

/// The way by which an event was heard.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// The harness did it, or the kernel told of it when it happened.
    Exact,
    /// One of the subject's streams.
    Stream(Stream),
    /// The connections of requests, and the programs beside the subject.
    Connection,
    /// A look at the system.
    Look,
}

impl Way {
    fn of(record: &Record, moment: Moment) -> Self {
        let kind = moment.event.map(|event| &record.events[event].kind);
        match kind {
            Some(EventKind::Line(line)) => Self::Stream(line.stream),
            // The harness sends it, once it has heard and seen what there was.
            Some(EventKind::Request(request))
                if matches!(request.exchange, Exchange::Sent { .. }) =>
            {
                Self::Exact
            }
            // The kernel tells of the end of a client, and it is heard once its own record is whole.
            Some(EventKind::Request(_) | EventKind::ClientEnds { .. }) => Self::Connection,
            // That it is ready is said by the harness, once it has heard or seen why.
            Some(EventKind::Ready { .. }) => Self::Exact,
            Some(kind) if kind.since().is_some() => Self::Look,
            _ => Self::Exact,
        }
    }
}

pub(super) fn order(record: &Record, marks: &[Mark], end_is_told: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut before = (Mark::Start, Moment::START);
    for mark in marks {
        let expected = Expected::InOrder {
            mark: mark.clone(),
            after: before.0.clone(),
        };
        let own = matches!(
            End::of(record),
            End::Own(_) | End::Late { .. } | End::Unknown
        );
        if *mark == Mark::Exit && !own {
            let cut_short = end::cut_short(record, None).filter(|_| !end_is_told);
            checks.extend(cut_short.map(|(seen, why)| Check::broken_unless(why, expected, seen)));
            continue;
        }
        let Some(moment) = Moment::of(record, mark) else {
            checks.push(missing(record, expected, mark, before.1));
            continue;
        };
        checks.push(pair(record, expected, &before, moment));
        before = (mark.clone(), moment);
    }
    checks
}

/// An event that never came. One of the harness's own may be missing only because it was late: the subject ended sooner after
/// the event before than the machine was late.
fn missing(record: &Record, expected: Expected, mark: &Mark, before: Moment) -> Check {
    let own = match mark {
        Mark::Signal(..) => true,
        Mark::Event(name, _) => name.is_of_the_harness(),
        _ => false,
    };
    let lag = record.lag.measured();
    let left = record
        .exit_event()
        .map(|exit| exit.at.saturating_sub(before.at));
    match left {
        Some(left) if own && left < lag => {
            Check::inconclusive(expected, Observed::NoMark(mark.clone()), Doubt::Lag(lag))
        }
        _ => match doubt_about_looks(record).filter(|_| is_readiness(mark)) {
            Some(doubt) => Check::inconclusive(expected, Observed::NoMark(mark.clone()), doubt),
            None => never_came(record, expected, mark),
        },
    }
}

fn is_readiness(mark: &Mark) -> bool {
    matches!(
        mark,
        Mark::Event(
            EventName::Ready | EventName::Listens | EventName::StopsListening | EventName::File(_),
            _
        )
    )
}

/// Whether an event came after the one before it.
fn pair(record: &Record, expected: Expected, before: &(Mark, Moment), moment: Moment) -> Check {
    let (other, earlier) = before;
    let ways = (Way::of(record, *earlier), Way::of(record, moment));
    let at = moment.at;
    let by_stamps = moment.event >= earlier.event;
    let check = match sure(record, ways, *earlier, moment) {
        true if by_stamps => Check::held(expected, Observed::Line { at }),
        // Had the harness not been late to act, the order might have been the other one.
        true if is_late(record, *earlier, moment) => Check::inconclusive(
            expected,
            Observed::Before {
                at,
                other: other.clone(),
            },
            Doubt::Lag(record.lag.measured()),
        ),
        true if !was_ready(record, *earlier, moment) => Check::broken(
            expected,
            Observed::Before {
                at,
                other: other.clone(),
            },
        ),
        _ => {
            let gap = super::moment::seconds_between(*earlier, moment);
            let doubt = Doubt::Unordered {
                other: other.clone(),
                gap,
            };
            Check::inconclusive(expected, Observed::Line { at }, doubt)
        }
    };
    check.at(moment.event)
}

/// Whether the harness may have done something too late: what should have come after it came before, and by no more than the
/// machine was late.
fn is_late(record: &Record, act: Moment, moment: Moment) -> bool {
    let kind = act.event.map(|event| &record.events[event].kind);
    let name = kind.and_then(EventName::of);
    name.is_some_and(|name| name.is_of_the_harness())
        && act.at.saturating_sub(moment.at) <= record.lag.measured()
}

/// Whether the subject may have been ready already when something came before that was seen: a server that says so once it listens
/// says it between two looks.
fn was_ready(record: &Record, ready: Moment, moment: Moment) -> bool {
    let kind = ready.event.map(|event| &record.events[event].kind);
    matches!(kind, Some(EventKind::Ready { since }) if *since < moment.at)
}

/// Whether an event is what came of a request, or a client, that the harness sent once it had seen the other one.
fn was_asked_after(record: &Record, seen: Moment, moment: Moment) -> bool {
    let Some(event) = moment.event else {
        return false;
    };
    let end = &record.events[event].kind;
    let mut before = record.events[..event].iter().enumerate();
    let begun = before.rfind(|(_, event)| begins(&event.kind, end));
    begun.is_some_and(|(begun, _)| Some(begun) > seen.event)
}

/// Whether an event is the beginning of that which ends by another one.
fn begins(kind: &EventKind, end: &EventKind) -> bool {
    match (kind, end) {
        (EventKind::Request(sent), EventKind::Request(own)) => {
            matches!(sent.exchange, Exchange::Sent { .. }) && sent.name == own.name
        }
        (EventKind::ClientStarts { name }, EventKind::ClientEnds { name: own, .. }) => name == own,
        _ => false,
    }
}

/// Whether the order in which two events stand is the one in which they happened.
fn sure(record: &Record, ways: (Way, Way), a: Moment, b: Moment) -> bool {
    let unsure = UNSURE.saturating_add(record.lag.canary.max(record.lag.harness));
    let is_exit = |moment: Moment| {
        let kind = moment.event.map(|event| &record.events[event].kind);
        matches!(kind, Some(EventKind::Exit(_)))
    };
    // What was there when the exit was heard has its time at the latest: a descendant may have written it a moment later.
    let with_exit = is_exit(a) && a.at == b.at && b.event < a.event;
    if was_asked_after(record, a, b) || was_asked_after(record, b, a) {
        return true;
    }
    let late = match ways {
        (Way::Exact, Way::Stream(_) | Way::Connection) if with_exit => return false,
        // The loopback may deliver an answer after its sender, or the sender's parent, has ended.
        (Way::Exact, Way::Connection) if is_exit(a) => unsure,
        (Way::Connection, Way::Exact) if is_exit(b) => unsure,
        // Whatever was heard before the harness acted, or before the exit, had happened by then.
        (Way::Look, Way::Exact) | (Way::Exact, Way::Look) => Duration::ZERO,
        (Way::Exact, _) | (_, Way::Exact) => return true,
        (first, second) if first == second && first != Way::Look => return true,
        (Way::Stream(_), Way::Stream(_)) => UNSURE_STREAMS.saturating_add(record.lag.total()),
        (Way::Look, Way::Look) => Duration::ZERO,
        _ => unsure,
    };
    let (first, second, way) = match b.event >= a.event {
        true => (a, b, ways.1),
        false => (b, a, ways.0),
    };
    let earliest = match way {
        Way::Look => second.since,
        Way::Exact => second.at,
        _ => second.at.saturating_sub(late),
    };
    first.at <= earliest
}
