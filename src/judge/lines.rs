//! Presence and absence.

use super::expect::Pattern;
use super::{Check, missing, not_there};
use crate::record::Record;

pub(super) fn present(record: &Record, pattern: &Pattern) -> Check {
    let expected = format!("a line {pattern}");
    match record
        .lines()
        .find(|(.., line)| pattern.matches(&line.text()))
    {
        Some((event, ..)) => Check::held(expected, "it is there").at(event),
        None => missing(record, expected),
    }
}

pub(super) fn absent(record: &Record, pattern: &Pattern) -> Check {
    let expected = format!("no line {pattern}");
    match record
        .lines()
        .find(|(.., line)| pattern.matches(&line.text()))
    {
        Some((event, at, _)) => {
            Check::broken(expected, format!("it came at {:.3} s", at.as_secs_f64())).at(event)
        }
        None => not_there(record, expected, "it is not there"),
    }
}
