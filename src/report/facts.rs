//! The numbers of a case, by the names that they have in every format.

use crate::judge::elapsed;
use crate::outcome::Outcome;
use crate::record::{Record, Termination};

/// The name of a fact and its value, where there is one.
pub(super) type Fact = (&'static str, String);

/// What files for programs say of a case beside its verdict.
pub(super) fn facts(outcome: &Outcome) -> Vec<Fact> {
    let mut facts = Vec::new();
    facts.extend(outcome.version.clone().map(|version| ("version", version)));
    facts.push(("runs", outcome.runs.to_string()));
    let known = outcome.known_deviation.clone();
    facts.extend(known.map(|why| ("known-deviation", why)));
    let Some(observed) = &outcome.observed else {
        return facts;
    };
    let record = &observed.record;
    facts.push(("end", end(record)));
    let delay = outcome.expectation.exit_delay();
    let seconds = delay.and_then(|delay| elapsed(record, delay));
    facts.extend(seconds.map(|seconds| ("exit-delay", format!("{seconds:.6}"))));
    let lag = record.lag.total().as_secs_f64();
    facts.push(("lag", format!("{lag:.6}")));
    facts.push(("survivors", record.survivors.len().to_string()));
    facts
}

fn end(record: &Record) -> String {
    match (record.termination, record.exit()) {
        (Termination::TimedOut { limit }, _) => {
            format!("ended by the harness after {} s", limit.as_secs_f64())
        }
        (Termination::Interrupted, _) => "interrupted".into(),
        (Termination::OnItsOwn, Some(exit)) => exit.to_string(),
        (Termination::OnItsOwn, None) => "no exit".into(),
    }
}
