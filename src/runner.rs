//! Runs the cases of a suite, side by side as far as that leaves the verdicts sound.

use std::cmp::Reverse;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::outcome::{Outcome, Status};
use crate::stage::Cancel;
use crate::suite::{Case, Prepared};

/// How far a run of a suite is.
#[derive(Debug)]
pub enum Progress<'s> {
    /// This case begins.
    Begun(&'s Case),
    /// A case is over, with this outcome.
    Ended(Box<Outcome>),
}

/// How often an inconclusive case is run again, alone.
const RETRIES: u32 = 2;

/// How many cases run side by side by default. Subjects mostly sleep, so these are more than there are processors.
#[must_use]
pub fn default_jobs() -> NonZeroUsize {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(cores * 6).map_or(NonZeroUsize::MIN, |n| n.max(EIGHT))
}

const EIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// Runs cases side by side, and then those that are exclusive, one at a time. Those that were inconclusive because the machine was slow are run again afterwards, one at a time.
///
/// `telling` is called with each step in the order in which they happen, from the calling thread.
pub fn run<'s>(
    prepared: &Prepared<'_>,
    cases: &[&'s Case],
    jobs: NonZeroUsize,
    cancel: &Cancel,
    mut telling: impl FnMut(Progress<'s>),
) {
    let next = AtomicUsize::new(0);
    let queue = longest_first(cases);
    let (exclusive, queue): (Vec<_>, Vec<_>) = queue.into_iter().partition(|case| case.exclusive);
    let (sender, receiver) = mpsc::channel();
    let mut again = Vec::new();
    thread::scope(|scope| {
        for _ in 0..jobs.get().min(queue.len()) {
            let sender = sender.clone();
            let (next, queue) = (&next, &queue);
            scope.spawn(move || {
                while let Some(&case) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // The receiver lives as long as this scope.
                    let _ = sender.send((case, Progress::Begun(case)));
                    let outcome = Box::new(run_case(prepared, case, cancel));
                    let _ = sender.send((case, Progress::Ended(outcome)));
                }
            });
        }
        drop(sender);
        for (case, progress) in receiver {
            match progress {
                Progress::Ended(outcome) if outcome.retryable() => again.push((case, outcome)),
                other => telling(other),
            }
        }
    });
    for case in exclusive {
        telling(Progress::Begun(case));
        let outcome = Box::new(run_case(prepared, case, cancel));
        match outcome.retryable() {
            true => again.push((case, outcome)),
            false => telling(Progress::Ended(outcome)),
        }
    }
    for (case, outcome) in again {
        let outcome = retry(prepared, case, *outcome, cancel);
        telling(Progress::Ended(Box::new(outcome)));
    }
}

/// The cases in the order in which they are begun: a long one that is begun last would be waited for alone.
fn longest_first<'s>(cases: &[&'s Case]) -> Vec<&'s Case> {
    let mut queue = cases.to_vec();
    queue.sort_by_key(|case| Reverse(case.expected_time()));
    queue
}

/// Runs a case alone until it is conclusive or the retries are used up.
pub(crate) fn retry(
    prepared: &Prepared<'_>,
    case: &Case,
    mut outcome: Outcome,
    cancel: &Cancel,
) -> Outcome {
    for _ in 0..RETRIES {
        if !outcome.retryable() || cancel.is_cancelled() {
            break;
        }
        let again = run_case(prepared, case, cancel);
        outcome = Outcome {
            runs: outcome.runs + again.runs,
            ..again
        };
    }
    outcome
}

/// Runs a case once and judges it.
pub fn run_case(prepared: &Prepared<'_>, case: &Case, cancel: &Cancel) -> Outcome {
    let why = prepared.skipped(case);
    // As it is for the version that is there.
    let case = prepared.case(case);
    let outcome = |status, why| Outcome::without_run(case, status, why);
    if why.is_some() {
        return outcome(Status::Skipped, why);
    }
    if cancel.is_cancelled() {
        return outcome(Status::Interrupted, None);
    }
    let version = prepared.version(&case.implementation);
    let mut last = outcome(Status::Held, None);
    // All runs must hold: the first that does not speaks for the case.
    for runs in 1..=case.repeat.get() {
        last = match prepared.run(case, Some(cancel)) {
            Ok(record) => Outcome {
                runs,
                ..Outcome::of(case, version.as_ref(), record)
            },
            Err(error) => return outcome(Status::Failed, Some(format!("{error:?}"))),
        };
        if !last.status.is_expected() {
            break;
        }
    }
    last
}
