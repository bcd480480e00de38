//! Runs the cases of a suite, side by side as far as that leaves the verdicts sound.

mod slots;

use std::cmp::Reverse;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::build::Prepared;
use crate::outcome::{Cause, Outcome, Status};
use crate::record::{Clock, Record};
use crate::stage::{Cancel, RunError, patience, processors};
use crate::suite::Case;

pub use slots::Jobs;
use slots::Slots;

/// How far a run of a suite is.
#[derive(Debug)]
pub enum Progress<'s> {
    /// This case begins.
    Begun(&'s Case),
    /// A case is over, with this outcome.
    Ended(Box<Outcome>),
}

/// How many cases run side by side by default, at least. Subjects mostly sleep, so these are more than there are processors.
#[must_use]
pub fn default_jobs() -> NonZeroUsize {
    const EIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();
    NonZeroUsize::new(processors() * 6).map_or(EIGHT, |n| n.max(EIGHT))
}

/// Runs cases side by side, and then those that are exclusive, one at a time. Those that were inconclusive because the
/// machine was slow are run again afterwards, one at a time.
///
/// `telling` is called with each step in the order in which they happen, from the calling thread.
pub fn run<'s>(
    prepared: &Prepared<'_>,
    cases: &[&'s Case],
    jobs: impl Into<Jobs>,
    cancel: &Cancel,
    mut telling: impl FnMut(Progress<'s>),
) {
    let queue = longest_first(cases);
    let (exclusive, queue): (Vec<_>, Vec<_>) = queue.into_iter().partition(|case| case.exclusive);
    let mut again = Vec::new();
    let mut ended =
        |case, outcome: Outcome, telling: &mut dyn FnMut(Progress<'s>)| match outcome.retryable() {
            true => again.push((case, outcome)),
            false => telling(Progress::Ended(Box::new(outcome))),
        };
    side_by_side(prepared, queue, jobs.into(), cancel, |step| match step {
        Step::Begun(case) => telling(Progress::Begun(case)),
        Step::Ended(case, outcome) => ended(case, *outcome, &mut telling),
    });
    for case in exclusive {
        telling(Progress::Begun(case));
        ended(case, run_case(prepared, case, cancel), &mut telling);
    }
    for (case, outcome) in again {
        let outcome = retry(prepared, case, outcome, cancel);
        telling(Progress::Ended(Box::new(outcome)));
    }
}

/// The cases in the order in which they are begun: a long one that is begun last would be waited for alone.
fn longest_first<'s>(cases: &[&'s Case]) -> Vec<&'s Case> {
    let mut queue = cases.to_vec();
    queue.sort_by_key(|case| Reverse(case.expected_time()));
    queue
}

enum Step<'s> {
    Begun(&'s Case),
    Ended(&'s Case, Box<Outcome>),
}

fn side_by_side<'s>(
    prepared: &Prepared<'_>,
    queue: Vec<&'s Case>,
    jobs: Jobs,
    cancel: &Cancel,
    mut telling: impl FnMut(Step<'s>),
) {
    let mut queue = queue.into_iter().peekable();
    let mut slots = Slots::new(jobs);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        while queue.peek().is_some() || slots.in_use() > 0 {
            if queue.peek().is_some()
                && slots.take()
                && let Some(case) = queue.next()
            {
                telling(Step::Begun(case));
                let sender = sender.clone();
                scope.spawn(move || {
                    // The receiver lives as long as this scope.
                    let _ = sender.send((case, Box::new(run_case(prepared, case, cancel))));
                });
                continue;
            }
            let ended = match queue.peek() {
                // Another slot may come free without a case that ends: the machine has calmed down.
                Some(_) => receiver.recv_timeout(slots::LOOK),
                None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            if let Ok((case, outcome)) = ended {
                let observed = outcome.observed.as_ref();
                slots.give_back(observed.and_then(|observed| lag(&observed.record)));
                telling(Step::Ended(case, outcome));
            }
        }
    });
}

/// By how much a run was late. `None` on the virtual clock, where that says nothing of how busy the machine is.
fn lag(record: &Record) -> Option<Duration> {
    (record.clock != Clock::Virtual).then(|| record.lag.measured())
}

/// Runs a case alone until it is conclusive or the retries are used up, and waits before the later ones for the machine to
/// calm down.
pub(crate) fn retry(
    prepared: &Prepared<'_>,
    case: &Case,
    mut outcome: Outcome,
    cancel: &Cancel,
) -> Outcome {
    for retry in 0..patience::RETRIES {
        if outcome.retryable() {
            patience::wait_for_calm(retry, || cancel.is_cancelled());
        }
        if !outcome.retryable() || cancel.is_cancelled() {
            break;
        }
        let mut again = run_case(prepared, case, cancel);
        again.runs += outcome.runs;
        outcome = again;
    }
    outcome
}

/// Runs a case once, or as often as it is to be repeated, and judges it.
pub fn run_case(prepared: &Prepared<'_>, case: &Case, cancel: &Cancel) -> Outcome {
    let why = prepared.skipped(case);
    // As it is for the version that is there.
    let case = prepared.case(case);
    let outcome = |status, why| Outcome::without_run(case, status, why);
    if why.is_some() {
        return Outcome {
            cause: Some(cause_of_skip(prepared, case)),
            ..outcome(Status::Skipped, why)
        };
    }
    if cancel.is_cancelled() {
        return outcome(Status::Interrupted, None);
    }
    let version = prepared.version(&case.implementation);
    let mut last = outcome(Status::Held, None);
    // All runs must hold: the first that does not speaks for the case.
    for runs in 1..=case.repeat.get() {
        last = match prepared.run(case, Some(cancel)) {
            Ok(record) => Outcome::of(case, version.as_ref(), record),
            Err(error) => {
                let status = match error.is_shortage() {
                    // What the machine could not give says nothing of the subject.
                    true => Status::Inconclusive,
                    false => Status::Failed,
                };
                return Outcome {
                    cause: Some(cause(&error)),
                    ..outcome(status, Some(format!("{error:?}")))
                };
            }
        };
        last.runs = runs;
        if !last.status.is_expected() {
            break;
        }
    }
    last
}

/// Why a case is skipped, as data.
fn cause_of_skip(prepared: &Prepared<'_>, case: &Case) -> Cause {
    match prepared.version(&case.implementation) {
        Some(version) => Cause::NotInVersion {
            version: version.to_string(),
        },
        None => Cause::Missing,
    }
}

/// Why nothing was run, as data.
fn cause(error: &RunError) -> Cause {
    match error {
        RunError::NotFound { program } => Cause::NotFound {
            program: program.clone(),
        },
        RunError::Exec {
            program, source, ..
        } => Cause::NotExecutable {
            program: program.display().to_string(),
            errno: source.raw_os_error(),
        },
        RunError::Setup { source, .. } => Cause::NotSetUp {
            errno: source.raw_os_error(),
            shortage: error.is_shortage(),
        },
        RunError::ReaperLost { reaper, .. } => Cause::ReaperLost { reaper: *reaper },
    }
}
