//! Presence and absence.

use super::expect::{Count, Occurrence, Pattern, Times};
use super::{Check, missing, not_there, unseen};
use crate::record::Record;

pub(super) fn present(record: &Record, pattern: &Pattern) -> Check {
    let expected = format!("a line {pattern}");
    match record.find(pattern, Occurrence::First) {
        Some(seen) => Check::held(expected, "it is there").at(seen.event),
        None => missing(record, expected),
    }
}

pub(super) fn absent(record: &Record, pattern: &Pattern) -> Check {
    let expected = format!("no line {pattern}");
    match record.find(pattern, Occurrence::First) {
        Some(seen) => {
            let at = seen.at.as_secs_f64();
            Check::broken(expected, format!("it came at {at:.3} s")).at(seen.event)
        }
        None => not_there(record, expected, "it is not there"),
    }
}

pub(super) fn count(record: &Record, count: &Count) -> Check {
    let Count { pattern, times } = count;
    let expected = format!("{pattern} {times}");
    let mut seen = record.matching(pattern);
    let last = seen.by_ref().last().map(|seen| seen.event);
    let observed = record.matching(pattern).count() as u64;
    let came = format!("it came {}", Times::from(observed));
    // What was not kept, or would have come, can only be more.
    let over = times.most.is_some_and(|most| observed > most);
    match unseen(record, &expected) {
        Some(check) if !over => Check {
            observed: format!("{came}; {}", check.observed),
            ..check
        },
        _ if times.contains(observed) => Check::held(expected, came).at(last),
        _ => Check::broken(expected, came).at(last),
    }
}
