//! What came of cases: plain data, for reports to render.

use serde::{Deserialize, Serialize};

use crate::expect::Expectation;
use crate::judge::{Judgement, Verdict, judge};
use crate::record::{Record, Termination};
use crate::suite::{Case, Version};

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
    pub fn is_expected(self) -> bool {
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

impl<'s> Outcome<'s> {
    /// Judges a record of a case, made with this version of the implementation.
    #[must_use]
    pub fn of(case: &'s Case, version: Option<&Version>, record: Record) -> Self {
        let expected = judge(&record, &case.expectation);
        let (status, why, judgement) = match case.deviation(version) {
            _ if record.termination == Termination::Interrupted => {
                (Status::Interrupted, None, expected)
            }
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

    pub(crate) fn retryable(&self) -> bool {
        let judged = self
            .observed
            .as_ref()
            .is_some_and(|(_, judgement)| judgement.retryable());
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
