//! How the subject ended, and what it left behind.

use std::time::Duration;

use super::Check;
use super::expect::{Expectation, ExpectedEnd, Survivors};
use crate::record::{Finding, Record, Termination};

/// Whether a subject that reached its limit may just have been slow: half of the time went by without a processor for it.
pub(super) fn was_slow(record: &Record, limit: Duration) -> bool {
    record.lag.measured() * 2 > limit
}

/// The check of something about the subject's own exit, if the subject was ended before that.
pub(super) fn cut_short(record: &Record, expected: &str) -> Option<Check> {
    match record.termination {
        Termination::OnItsOwn => None,
        Termination::Interrupted => Some(Check::inconclusive(expected, "the run was interrupted")),
        Termination::TimedOut { limit } => {
            let observed = format!(
                "still running after {} s, and ended then",
                limit.as_secs_f64()
            );
            Some(if was_slow(record, limit) {
                let late = record.lag.measured().as_secs_f64();
                let observed = format!("{observed}, on a machine that was up to {late:.2} s late");
                Check::inconclusive(expected, observed).retryable()
            } else {
                Check::broken(expected, observed)
            })
        }
    }
}

pub(super) fn end(record: &Record, end: &ExpectedEnd) -> Check {
    let expected = end.to_string();
    if let Some(check) = cut_short(record, &expected) {
        return match (record.termination, end) {
            (Termination::TimedOut { limit }, ExpectedEnd::Hang) if !was_slow(record, limit) => {
                let observed = format!("still running after {} s", limit.as_secs_f64());
                Check::held(expected, observed)
            }
            _ => check,
        };
    }
    match record.exit_event() {
        Some(seen) if end.allows(seen.exit) => {
            Check::held(expected, seen.exit.to_string()).at(seen.event)
        }
        Some(seen) => {
            let at = seen.at.as_secs_f64();
            Check::broken(expected, format!("{} after {at:.3} s", seen.exit)).at(seen.event)
        }
        None => Check::broken(expected, "its exit was never seen"),
    }
}

pub(super) fn survivors(record: &Record, expectation: &Expectation) -> Option<Check> {
    let expected = "no process outlives the subject";
    match (expectation.survivors, record.survivors.as_slice()) {
        (Survivors::Allowed, _) => None,
        // A subject that had to be ended has left nothing behind; that it had to be is what the check of the end says.
        (Survivors::Forbidden, _) if record.termination != Termination::OnItsOwn => {
            let observed = "the subject was ended before it ended by itself";
            match expectation.end {
                Some(_) => None,
                None => Some(Check::inconclusive(expected, observed)),
            }
        }
        (Survivors::Forbidden, []) => Some(Check::held(expected, "none did")),
        (Survivors::Forbidden, survivors) => {
            let list: Vec<_> = survivors.iter().map(ToString::to_string).collect();
            Some(
                Check::broken(expected, list.join("; "))
                    .at(record.exit_event().map(|seen| seen.event)),
            )
        }
    }
}

/// A scenario with a signal is only itself if the signal was sent.
pub(super) fn signals(record: &Record) -> impl Iterator<Item = Check> {
    record.findings.iter().filter_map(|finding| match finding {
        Finding::SignalNotSent { signal } => Some(
            Check::inconclusive(format!("{signal} is sent"), "the moment for it never came")
                .retryable(),
        ),
        _ => None,
    })
}
