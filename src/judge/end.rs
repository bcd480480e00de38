//! How the subject ended, and what it left behind.

use super::Check;
use crate::expect::{End, Survivors};
use crate::record::{Ending, Record, What};

fn exit_event(record: &Record) -> Option<usize> {
    record
        .events
        .iter()
        .position(|e| matches!(e.what, What::Exit(_)))
}

pub(super) fn end(record: &Record, end: End) -> Check {
    let expected = end.to_string();
    let event = exit_event(record);
    match (record.ending, end, record.exit()) {
        (Ending::Interrupted, ..) => Check::inconclusive(expected, "the run was interrupted"),
        (Ending::TimedOut { limit }, End::Hang, _) => Check::held(
            expected,
            format!("still running after {} s", limit.as_secs_f64()),
        ),
        (Ending::TimedOut { limit }, ..) => {
            let observed = format!(
                "still running after {} s, and ended then",
                limit.as_secs_f64()
            );
            // Half of the time went by without a processor for it: it may just have been slow.
            if record.lag.total() * 2 > limit {
                Check::inconclusive(expected, observed).worth_a_retry()
            } else {
                Check::broken(expected, observed)
            }
        }
        (Ending::OnItsOwn, End::Exit(wanted), Some((_, exit))) if wanted == exit => {
            Check::held(expected, exit.to_string()).at(event)
        }
        (Ending::OnItsOwn, _, Some((at, exit))) => {
            Check::broken(expected, format!("{exit} after {:.3} s", at.as_secs_f64())).at(event)
        }
        (Ending::OnItsOwn, _, None) => Check::broken(expected, "it could not be ended"),
    }
}

pub(super) fn survivors(record: &Record, survivors: Survivors) -> Option<Check> {
    let expected = "no process outlives the subject";
    match (survivors, record.survivors.as_slice()) {
        (Survivors::Allowed, _) => None,
        // A subject that had to be ended is no subject that left something behind.
        (Survivors::Forbidden, _) if record.ending != Ending::OnItsOwn => None,
        (Survivors::Forbidden, []) => Some(Check::held(expected, "none did")),
        (Survivors::Forbidden, survivors) => {
            let list: Vec<_> = survivors.iter().map(ToString::to_string).collect();
            Some(Check::broken(expected, list.join("; ")).at(exit_event(record)))
        }
    }
}
