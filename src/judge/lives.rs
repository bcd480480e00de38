//! How the subject's threads ended.

use super::check::{Check, Doubt, Expected, Observed};
use super::end::cut_short;
use super::expect::ThreadEnds;
use crate::record::Record;

pub(super) fn threads(record: &Record, ends: &ThreadEnds) -> Check {
    let expected = Expected::Threads(*ends);
    let Some(lives) = record.lives else {
        return Check::inconclusive(expected, Observed::NotTraced, Doubt::NotTraced);
    };
    let observed = Observed::Threads(lives.threads);
    // What the harness has ended did not end by itself.
    let doubt = cut_short(record, None).map(|(_, doubt)| doubt.unwrap_or(Doubt::EndedByHarness));
    match (ends.allows(&lives.threads), doubt) {
        (_, Some(doubt)) => Check::inconclusive(expected, observed, doubt),
        (true, None) => Check::held(expected, observed),
        (false, None) => Check::broken(expected, observed),
    }
}
