//! Runs the cases of a suite, side by side as far as that leaves the verdicts sound.

use std::cmp::Reverse;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::expect::Expectation;
use crate::judge::{Judgement, Verdict, judge};
use crate::record::{Ending, Record};
use crate::stage::Cancel;
use crate::suite::{Case, Prepared, Ready};

/// What came of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Status {
    /// The expectation held.
    Held,
    /// The expectation was broken, in the way that is known and has a reason.
    Deviates,
    /// The expectation was broken.
    Broken,
    /// The expectation held, though it is known to be broken: the suite is out of date.
    DeviatesNoMore,
    /// The observation does not tell.
    Inconclusive,
    /// The implementation is not on this machine.
    Skipped,
    /// The subject could not be started.
    Failed,
    /// The harness was interrupted before the case was over.
    Interrupted,
}

impl Status {
    /// Whether nothing need be done: the case held, or deviates as is known.
    #[must_use]
    pub fn is_well(self) -> bool {
        matches!(self, Self::Held | Self::Deviates)
    }
}

/// A case and what came of it.
#[derive(Debug)]
pub struct Outcome<'s> {
    /// The case.
    pub case: &'s Case,
    /// What came of it.
    pub status: Status,
    /// Why, where the record does not tell: a skip, a failed start, a known deviation.
    pub why: Option<String>,
    /// The record of the last run, and its judgement.
    pub observed: Option<(Record, Judgement)>,
    /// How often it was run.
    pub runs: u32,
}

/// What a run of a suite tells while it goes on.
#[derive(Debug)]
pub enum Progress<'s> {
    /// A case begins.
    Begun(&'s Case),
    /// A case is over.
    Ended(Box<Outcome<'s>>),
}

/// How often an inconclusive case is run again, alone.
const RETRIES: u32 = 2;

/// How many cases run side by side if nobody says otherwise: subjects mostly sleep, so more than there are processors.
#[must_use]
pub fn default_jobs() -> NonZeroUsize {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(cores * 6).map_or(NonZeroUsize::MIN, |n| n.max(EIGHT))
}

const EIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// Runs cases. Those that were inconclusive because the machine was slow are run again afterwards, one at a time.
///
/// `telling` is called in the order of events, from this thread.
pub fn run<'s>(
    prepared: &Prepared<'_>,
    cases: &[&'s Case],
    jobs: NonZeroUsize,
    cancel: &Cancel,
    mut telling: impl FnMut(Progress<'s>),
) {
    let next = AtomicUsize::new(0);
    let queue = longest_first(cases);
    let (sender, receiver) = mpsc::channel();
    let mut again = Vec::new();
    thread::scope(|scope| {
        for _ in 0..jobs.get().min(cases.len()) {
            let sender = sender.clone();
            let (next, queue) = (&next, &queue);
            scope.spawn(move || {
                while let Some(&case) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // The receiver lives as long as this scope.
                    let _ = sender.send(Progress::Begun(case));
                    let _ =
                        sender.send(Progress::Ended(Box::new(run_case(prepared, case, cancel))));
                }
            });
        }
        drop(sender);
        for progress in receiver {
            match progress {
                Progress::Ended(outcome) if outcome.worth_a_retry() => again.push(outcome),
                other => telling(other),
            }
        }
    });
    for outcome in again {
        telling(Progress::Ended(Box::new(retry(prepared, *outcome, cancel))));
    }
}

/// The cases in the order in which they are begun: a long one that is begun last would be waited for alone.
fn longest_first<'s>(cases: &[&'s Case]) -> Vec<&'s Case> {
    let mut queue = cases.to_vec();
    queue.sort_by_key(|case| Reverse(case.expected_time()));
    queue
}

/// Runs a case alone until it is conclusive or the retries are used up.
pub(crate) fn retry<'s>(
    prepared: &Prepared<'_>,
    mut outcome: Outcome<'s>,
    cancel: &Cancel,
) -> Outcome<'s> {
    for _ in 0..RETRIES {
        if !outcome.worth_a_retry() || cancel.is_thrown() {
            break;
        }
        let again = run_case(prepared, outcome.case, cancel);
        outcome = Outcome {
            runs: outcome.runs + again.runs,
            ..again
        };
    }
    outcome
}

/// Runs a case once and judges it.
pub fn run_case<'s>(prepared: &Prepared<'_>, case: &'s Case, cancel: &Cancel) -> Outcome<'s> {
    let outcome = |status, why| Outcome {
        case,
        status,
        why,
        observed: None,
        runs: 0,
    };
    if let Some(Ready::Skipped { why }) = prepared.ready(&case.implementation) {
        return outcome(Status::Skipped, Some(why.clone()));
    }
    if cancel.is_thrown() {
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
            Err(error) => return outcome(Status::Failed, Some(error.to_string())),
        };
        if !last.status.is_well() {
            break;
        }
    }
    last
}

impl<'s> Outcome<'s> {
    /// Judges a record of a case, made with this version of the implementation.
    #[must_use]
    pub fn of(case: &'s Case, version: Option<&Version>, record: Record) -> Self {
        let expected = judge(&record, &case.expectation);
        let (status, why, judgement) = match case.deviation(version) {
            _ if record.ending == Ending::Interrupted => (Status::Interrupted, None, expected),
            None => (status(expected.verdict()), None, expected),
            Some(known) => {
                let instead = judge(&record, &known.expectation);
                let why = Some(known.why.clone());
                match (expected.verdict(), instead.verdict()) {
                    (Verdict::Held, _) => (Status::DeviatesNoMore, why, expected),
                    (Verdict::Broken, Verdict::Held) => (Status::Deviates, why, instead),
                    // What it does is neither what is right nor what is known.
                    (Verdict::Broken, Verdict::Broken) => (Status::Broken, None, instead),
                    (Verdict::Inconclusive, _) => (Status::Inconclusive, None, expected),
                    (_, Verdict::Inconclusive) => (Status::Inconclusive, None, instead),
                }
            }
        };
        Self {
            case,
            status,
            why,
            observed: Some((record, judgement)),
            runs: 1,
        }
    }

    /// The expectation by which the case was judged in the end: its own, or that of the deviation it shows.
    pub(crate) fn judged_by(&self) -> Option<&Expectation> {
        match self.status {
            Status::Deviates => {
                let known = self
                    .case
                    .deviations
                    .iter()
                    .find(|d| Some(&d.why) == self.why.as_ref());
                known.map(|known| &known.expectation)
            }
            _ => Some(&self.case.expectation),
        }
    }

    pub(crate) fn worth_a_retry(&self) -> bool {
        let judged = self
            .observed
            .as_ref()
            .is_some_and(|(_, judgement)| judgement.worth_a_retry());
        self.status == Status::Inconclusive && judged
    }
}

fn status(verdict: Verdict) -> Status {
    match verdict {
        Verdict::Held => Status::Held,
        Verdict::Inconclusive => Status::Inconclusive,
        Verdict::Broken => Status::Broken,
    }
}

/// How many cases came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Cases that held.
    pub held: usize,
    /// Cases that deviate as is known.
    pub deviates: usize,
    /// Cases that are broken, deviate no more or could not be started.
    pub broken: usize,
    /// Cases that nothing can be said of.
    pub inconclusive: usize,
    /// Cases whose implementation is missing.
    pub skipped: usize,
    /// Cases that were not over when the harness was interrupted.
    pub interrupted: usize,
}

impl Summary {
    /// Counts one more.
    pub fn count(&mut self, status: Status) {
        *match status {
            Status::Held => &mut self.held,
            Status::Deviates => &mut self.deviates,
            Status::Broken | Status::DeviatesNoMore | Status::Failed => &mut self.broken,
            Status::Inconclusive => &mut self.inconclusive,
            Status::Skipped => &mut self.skipped,
            Status::Interrupted => &mut self.interrupted,
        } += 1;
    }
}
