//! Presence, absence, and how often.

use super::check::{Check, Expected, Observed};
use super::expect::{Count, Occurrence, Pattern, Times};
use super::{Absence, doubt_about_absence};
use crate::record::Record;

pub(super) fn present(record: &Record, pattern: &Pattern) -> Check {
    let expected = Expected::Line(pattern.clone());
    match record.find(pattern, Occurrence::First) {
        Some(seen) => Check::held(expected, Observed::Line { at: seen.at }).at(seen.event),
        None => Check::broken_unless(
            doubt_about_absence(record, Absence::Line(pattern)),
            expected,
            Observed::NoLine { instead: None },
        ),
    }
}

pub(super) fn absent(record: &Record, pattern: &Pattern) -> Check {
    let expected = Expected::NoLine(pattern.clone());
    match record.find(pattern, Occurrence::First) {
        Some(seen) => Check::broken(expected, Observed::Line { at: seen.at }).at(seen.event),
        None => Check::held_unless(
            doubt_about_absence(record, Absence::Line(pattern)),
            expected,
            Observed::NoLine { instead: None },
        ),
    }
}

pub(super) fn count(record: &Record, count: &Count) -> Check {
    let expected = Expected::Count(count.clone());
    let (times, last) = record
        .matching(&count.pattern)
        .fold((0, None), |(times, _), seen| (times + 1, Some(seen.event)));
    let observed = Observed::Times(times);
    // What was not kept, or would still have come, can only be more.
    let Times { least, most } = count.times;
    let decided = match most {
        Some(most) => times > most,
        None => times >= least,
    };
    let check = match doubt_about_absence(record, Absence::Line(&count.pattern)) {
        Some(doubt) if !decided => Check::inconclusive(expected, observed, doubt),
        _ if count.times.contains(times) => Check::held(expected, observed),
        _ => Check::broken(expected, observed),
    };
    check.at(last)
}
