//! Programs that ran beside the subject.

use std::time::Duration;

use super::check::{Check, Doubt, Expected, Observed};
use super::expect::ExpectedClient;
use super::requests::{has_heard, planned_signals, was_late};
use super::{Verdict, judge};
use crate::record::{ClientSeen, EventName, Exit, Record, Termination};

/// The checks of a client, told as its own.
pub(super) fn client(record: &Record, wanted: &ExpectedClient) -> Vec<Check> {
    let Some(seen) = record.clients.iter().find(|seen| seen.name == wanted.name) else {
        let expected = Expected::ClientRuns(wanted.name.clone());
        let doubt = Doubt::NoMoment;
        return vec![Check::inconclusive(expected, Observed::NotDone, doubt)];
    };
    let Some(own) = &seen.record else {
        let expected = Expected::ClientRuns(wanted.name.clone());
        let problem = seen.problem.clone().unwrap_or_default();
        return vec![Check::broken(expected, Observed::Problem(problem))];
    };
    let doubt = doubt_about_signals(record, wanted, seen, own);
    let of_client = |check: Check| Check {
        expected: Expected::OfClient {
            name: wanted.name.clone(),
            expected: Box::new(check.expected),
        },
        // Its events are not those of the subject.
        event: None,
        ..check
    };
    judge(own, &wanted.expectation)
        .checks
        .into_iter()
        .map(|check| excused(check, doubt.as_ref()))
        .map(|check| ended_with_subject(record, check))
        .map(of_client)
        .collect()
}

fn excused(check: Check, doubt: Option<&Doubt>) -> Check {
    match doubt {
        Some(doubt) if check.verdict == Verdict::Broken => Check {
            verdict: Verdict::Inconclusive,
            doubt: Some(doubt.clone()),
            ..check
        },
        _ => check,
    }
}

/// A client is interrupted where the harness is, and where the subject has ended before it.
fn ended_with_subject(record: &Record, check: Check) -> Check {
    let is_left = record.termination != Termination::Interrupted;
    match check.doubt {
        Some(Doubt::Interrupted) if is_left => Check {
            doubt: Some(Doubt::EndedWithSubject),
            ..check
        },
        _ => check,
    }
}

/// The doubt about a client that did not do what was expected: a signal of the plan came so close to its beginning or its end that
/// it may have been the other way round on a machine that was not late.
///
/// A client that was started right after the signal may have been there before the subject heard of it. One that was started
/// before may have had no time to ask, since it began late itself. One that was to lose its work may have done it before the
/// signal, since that was sent late.
fn doubt_about_signals(
    record: &Record,
    wanted: &ExpectedClient,
    seen: &ClientSeen,
    own: &Record,
) -> Option<Doubt> {
    let first = |of: fn(String) -> EventName| record.named(&of(wanted.name.clone())).next();
    let (begun, _) = first(EventName::ClientStarts)?;
    let ended = first(EventName::ClientEnds).map(|(_, event)| event.at);
    let lag = record.lag.total();
    let to_begin = late_to_begin(record, seen, own);
    let doubts = planned_signals(record).find_map(|signal| {
        let at = record.events[signal].at;
        let late = if signal < begun {
            let close = seen.at.saturating_sub(at) < lag;
            (close && !has_heard(record, signal, begun)).then_some(lag)
        } else if ended.is_some_and(|ended| ended < at) {
            let close = at.saturating_sub(ended?) < lag;
            (close && is_spared(wanted, own)).then_some(lag)
        } else {
            (at.saturating_sub(seen.at) < to_begin).then_some(to_begin)
        };
        late.map(Doubt::Lag)
    });
    let to_fail = is_to_fail(wanted);
    doubts.or_else(|| was_late(record, begun, seen.late).filter(|_| !to_fail))
}

/// By how much a client may have been held up: until it was executed, while it ran, and by a subject that was not there to hear it.
fn late_to_begin(record: &Record, seen: &ClientSeen, own: &Record) -> Duration {
    let executed = own.started.duration_since(record.started);
    let held_up = executed.unwrap_or_default().saturating_sub(seen.at);
    held_up
        .saturating_add(own.lag.likely())
        .saturating_add(record.lag.subject_waited)
}

/// Whether a client has done its work that was not to.
fn is_spared(wanted: &ExpectedClient, own: &Record) -> bool {
    own.exit() == Some(Exit::Code(0)) && is_to_fail(wanted)
}

fn is_to_fail(wanted: &ExpectedClient) -> bool {
    let end = wanted.expectation.end.as_ref();
    end.is_some_and(|end| !end.allows(Exit::Code(0)))
}
