//! What became of requests.

use std::time::Duration;

use super::check::{Check, Doubt, Expected, Observed};
use super::end::doubt_at_end;
use super::expect::{ExpectedExchange, ExpectedRequest};
use super::{Absence, doubt_about_absence};
use crate::record::{EventKind, Exchange, Record, SignalReason};

/// One check for each request of the name, or one that there was none.
pub(super) fn requests(record: &Record, wanted: &ExpectedRequest) -> Vec<Check> {
    let expected = || Expected::Request(wanted.clone());
    let ends = || {
        record
            .exchanges(&wanted.name)
            .filter(|(_, exchange)| is_end(wanted.end, exchange))
    };
    let sent = record.exchanges(&wanted.name);
    let sent: Vec<_> = sent
        .filter(|(_, exchange)| matches!(exchange, Exchange::Sent { .. }))
        .collect();
    let mut checks: Vec<_> = ends()
        .map(|(event, exchange)| {
            let observed = Observed::Exchange(exchange.clone());
            let check = match wanted.end.allows(exchange) {
                true => {
                    let doubt = doubt_about_loss(record, wanted, event);
                    Check::held_unless(doubt, expected(), observed)
                }
                false => {
                    let doubt = doubt_about_signals(record, wanted, event)
                        .or_else(|| doubt_about_lateness(record, wanted, event))
                        .or_else(|| doubt_about_limit(record, event));
                    Check::broken_unless(doubt, expected(), observed)
                }
            };
            check.at(event)
        })
        .collect();
    let open = sent.len().saturating_sub(checks.len());
    if open > 0 {
        let doubt = doubt_about_absence(record, Absence::Event);
        let check = Check::broken_unless(doubt, expected(), Observed::NoAnswer);
        checks.push(check.at(sent.last().map(|(event, _)| *event)));
    }
    if checks.is_empty() {
        let doubt = Some(Doubt::NoMoment);
        checks.push(Check::broken_unless(doubt, expected(), Observed::NotDone));
    }
    checks
}

/// The doubt about a request that came to its end at this event: a signal of the plan came so close to it that it may have been
/// the other way round on a machine that was not late.
///
/// A request that was sent right after the signal may have been there before the subject heard of it; one that was to be lost may
/// have been answered before it, since the signal was sent late.
fn doubt_about_signals(record: &Record, wanted: &ExpectedRequest, end: usize) -> Option<Doubt> {
    let begun = beginning(record, wanted, end);
    let at = |event: usize| record.events[event].at;
    let lag = record.lag.total();
    let mut signals = planned_signals(record);
    let close = signals.any(|signal| match signal < begun {
        true => !has_heard(record, signal, begun) && at(begun).saturating_sub(at(signal)) < lag,
        false => is_answered_loss(record, wanted.end, end) && at(end).abs_diff(at(signal)) < lag,
    });
    close.then_some(Doubt::Lag(lag))
}

/// Where the request began that came to its end at this event.
fn beginning(record: &Record, wanted: &ExpectedRequest, end: usize) -> usize {
    let sent = record
        .exchanges(&wanted.name)
        .take_while(|(event, _)| *event < end)
        .filter(|(_, exchange)| matches!(exchange, Exchange::Sent { .. }));
    sent.last().map_or(end, |(event, _)| event)
}

/// The doubt about a request that was to be answered, and was not: it would have been, had it been sent in time.
fn doubt_about_lateness(record: &Record, wanted: &ExpectedRequest, end: usize) -> Option<Doubt> {
    let is_wanted = matches!(wanted.end, ExpectedExchange::Status(_));
    let lost = is_wanted && !is_answered(record, end);
    was_sent_late(record, wanted, end).filter(|_| lost)
}

/// The doubt about a request that was to be lost, and was: it would have been answered, had it been sent in time.
fn doubt_about_loss(record: &Record, wanted: &ExpectedRequest, end: usize) -> Option<Doubt> {
    let lost = !matches!(
        wanted.end,
        ExpectedExchange::Status(_) | ExpectedExchange::Closed
    );
    was_sent_late(record, wanted, end).filter(|_| lost)
}

fn was_sent_late(record: &Record, wanted: &ExpectedRequest, end: usize) -> Option<Doubt> {
    let begun = beginning(record, wanted, end);
    match &record.events[begun].kind {
        EventKind::Request(request) => was_late(record, begun, request.late),
        _ => None,
    }
}

/// The doubt about something that the harness began: the subject had stopped to listen, or had ended, sooner before it than the
/// harness was late with it.
pub(super) fn was_late(record: &Record, begun: usize, late: Duration) -> Option<Doubt> {
    let earliest = record.events[begun].at.saturating_sub(late);
    let mut before = record.events[..begun].iter();
    let stopped = before.any(|event| {
        let stops = matches!(
            event.kind,
            EventKind::StopsListening(_) | EventKind::Exit(_)
        );
        stops && event.at > earliest
    });
    stopped.then_some(Doubt::Lag(late))
}

/// Whether the subject had shown, before an event, that it had heard of a signal: a line may be about anything else.
pub(super) fn has_heard(record: &Record, signal: usize, before: usize) -> bool {
    let mut between = record.events[signal..before].iter();
    between.any(|event| {
        matches!(
            event.kind,
            EventKind::StopsListening(_) | EventKind::Stopping
        )
    })
}

/// Where the plan had a signal sent.
pub(super) fn planned_signals(record: &Record) -> impl Iterator<Item = usize> {
    let events = record.events.iter().enumerate();
    events.filter_map(|(i, event)| match &event.kind {
        EventKind::Signal(sent) if sent.reason == SignalReason::Planned => Some(i),
        _ => None,
    })
}

/// Whether a request was answered that was to be lost.
fn is_answered_loss(record: &Record, wanted: ExpectedExchange, end: usize) -> bool {
    use ExpectedExchange::{CutOff, Lost, Refused};
    is_answered(record, end) && matches!(wanted, CutOff | Lost | Refused)
}

fn is_answered(record: &Record, end: usize) -> bool {
    match &record.events[end].kind {
        EventKind::Request(request) => matches!(request.exchange, Exchange::Answered(_)),
        _ => false,
    }
}

/// The doubt about what the harness cut off itself, when it ended the subject at its time limit.
fn doubt_about_limit(record: &Record, end: usize) -> Option<Doubt> {
    let mut before = record.events[..end].iter().map(|event| &event.kind);
    let is_ended = before.any(|kind| match kind {
        EventKind::Signal(sent) => sent.reason != SignalReason::Planned,
        _ => false,
    });
    is_ended.then(|| doubt_at_end(record)).flatten()
}

/// Whether this ends a request. That a connection is closed afterwards is another thing, unless it is what is wanted.
fn is_end(wanted: ExpectedExchange, exchange: &Exchange) -> bool {
    match exchange {
        Exchange::Sent { .. } => false,
        Exchange::Answered(_) => wanted != ExpectedExchange::Closed,
        Exchange::Closed => wanted == ExpectedExchange::Closed,
        Exchange::CutOff { .. } | Exchange::Refused { .. } => true,
    }
}
