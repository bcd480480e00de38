//! What became of requests.

use super::check::{Check, Doubt, Expected, Observed};
use super::expect::{ExpectedExchange, ExpectedRequest};
use super::{Absence, doubt_about_absence};
use crate::record::{EventKind, Exchange, Record};

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
                false => Check::broken(expected(), observed),
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

/// Whether this ends a request. That a connection is closed afterwards is another thing, unless it is what is wanted.
fn is_end(wanted: ExpectedExchange, exchange: &Exchange) -> bool {
    match exchange {
        Exchange::Sent { .. } => false,
        Exchange::Answered(_) => wanted != ExpectedExchange::Closed,
        Exchange::Closed => wanted == ExpectedExchange::Closed,
        Exchange::CutOff { .. } | Exchange::Refused { .. } => true,
    }
}
