//! What became of requests.

use super::check::{Check, Doubt, Expected, Observed};
use super::expect::{ExpectedExchange, ExpectedRequest};
use super::{Absence, doubt_about_absence};
use crate::record::{EventKind, Exchange, Record, SignalReason};

/// One check for each request of the name, or one that there was none.
pub(super) fn requests(record: &Record, wanted: &ExpectedRequest) -> Vec<Check> {
    let expected = || Expected::Request(wanted.clone());
    let ends = || seen(record, &wanted.name).filter(|(_, exchange)| is_end(wanted.end, exchange));
    let sent = seen(record, &wanted.name);
    let sent: Vec<_> = sent
        .filter(|(_, exchange)| matches!(exchange, Exchange::Sent { .. }))
        .collect();
    let mut checks: Vec<_> = ends()
        .map(|(event, exchange)| {
            let observed = Observed::Exchange(exchange.clone());
            let check = match wanted.end.allows(exchange) {
                true => Check::held(expected(), observed),
                false => {
                    let doubt = doubt_about_haste(record, &wanted.name, event);
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

/// All that happened to requests of a name.
fn seen<'r>(record: &'r Record, name: &str) -> impl Iterator<Item = (usize, &'r Exchange)> {
    let events = record.events.iter().enumerate();
    events.filter_map(move |(i, event)| match &event.kind {
        EventKind::Request(request) if request.name == name => Some((i, &request.exchange)),
        _ => None,
    })
}

/// The doubt about a request that came to its end at this event: it was sent so soon after a signal of the plan that a subject on
/// a machine that was so late may not have heard of it.
fn doubt_about_haste(record: &Record, name: &str, end: usize) -> Option<Doubt> {
    let begun = seen(record, name)
        .take_while(|(event, _)| *event < end)
        .filter(|(_, exchange)| matches!(exchange, Exchange::Sent { .. }))
        .last();
    let begun = begun.map_or(end, |(event, _)| event);
    let mut before = record.events[..begun].iter().rev();
    let signal = before.find(|event| match &event.kind {
        EventKind::Signal(sent) => sent.reason == SignalReason::Planned,
        _ => false,
    })?;
    let since = record.events[begun].at.saturating_sub(signal.at);
    let lag = record.lag.total();
    (since < lag).then_some(Doubt::Lag(lag))
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
