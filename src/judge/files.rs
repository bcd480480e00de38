//! Files after the run.

use super::check::{Check, Doubt, Expected, Observed};
use super::end::doubt_at_end;
use super::expect::{ExpectedFile, FileEnd};
use crate::record::{FileState, Record};

pub(super) fn file(record: &Record, wanted: &ExpectedFile) -> Check {
    let expected = Expected::File(wanted.clone());
    let Some(state) = record.files.get(&wanted.path) else {
        // A record of a run that did not look at it.
        return Check::inconclusive(expected, Observed::NotDone, Doubt::NoMoment);
    };
    let observed = Observed::File(*state);
    let fine = match wanted.end {
        FileEnd::There => *state != FileState::Absent,
        FileEnd::Written => *state == FileState::Written,
        FileEnd::Absent => *state == FileState::Absent,
    };
    match fine {
        true => Check::held(expected, observed),
        // A subject that had to be ended might still have come to it.
        false => Check::broken_unless(doubt_at_end(record), expected, observed),
    }
}
