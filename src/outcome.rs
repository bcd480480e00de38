//! What came of cases: plain data, for reports to render.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::expect::{Expectation, Pattern};
use crate::judge::{Judgement, Verdict};
pub use crate::record::CaseId;
use crate::record::Record;
pub use crate::suite::Place;

/// What came of a case.
///
/// Other tools have other words for it; [`TestResult`] has the mapping.
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
    /// The observation is no proof.
    Inconclusive,
    /// The implementation is not on this machine.
    Skipped,
    /// The subject could not be started.
    Failed,
    /// The harness was interrupted before the case was over.
    Interrupted,
}

/// The words that JUnit, pytest and others have for what came of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TestResult {
    /// It passed.
    Pass,
    /// It failed as it was expected to.
    Xfail,
    /// It failed.
    Fail,
    /// It passed, and was expected to fail.
    Xpass,
    /// It could not be decided.
    Error,
    /// It was not run.
    Skip,
}

impl TestResult {
    /// Whether a run with this result is good.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Pass | Self::Xfail | Self::Skip)
    }
}

impl fmt::Display for TestResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Xfail => "xfail",
            Self::Fail => "fail",
            Self::Xpass => "xpass",
            Self::Error => "error",
            Self::Skip => "skip",
        })
    }
}

impl From<Status> for TestResult {
    fn from(status: Status) -> Self {
        match status {
            Status::Held => Self::Pass,
            Status::Deviates => Self::Xfail,
            Status::Broken => Self::Fail,
            Status::DeviatesNoMore => Self::Xpass,
            Status::Inconclusive | Status::Failed | Status::Interrupted => Self::Error,
            Status::Skipped => Self::Skip,
        }
    }
}

impl Status {
    /// Whether nothing need be done: the case held, or deviates as is known.
    #[must_use]
    pub fn is_expected(self) -> bool {
        matches!(self, Self::Held | Self::Deviates)
    }
}

impl From<Verdict> for Status {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Held => Self::Held,
            Verdict::Inconclusive => Self::Inconclusive,
            Verdict::Broken => Self::Broken,
        }
    }
}

/// A case and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Outcome {
    /// The case.
    #[serde(flatten)]
    pub case: CaseId,
    /// What the scenario is about, in a line.
    pub about: String,
    /// Where the suite has the scenario. `None` for a case of no suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The implementation's version, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What came of it.
    pub status: Status,
    /// Why, where the record does not tell: a skip, a failed start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The reason for the deviation that is known of this version of the implementation, whether the case shows it or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_deviation: Option<String>,
    /// The expectation by which the case was judged in the end: its own, or that of the known deviation.
    pub expectation: Expectation,
    /// The lines that the scenario wants of any implementation.
    pub usual_lines: Vec<Pattern>,
    /// How often it was run.
    pub runs: u32,
    /// The last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
}

/// A run, and what was made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// The record of the run.
    pub record: Record,
    /// Its judgement.
    pub judgement: Judgement,
}

impl Outcome {
    /// Whether another run may tell more.
    #[must_use]
    pub fn retryable(&self) -> bool {
        let judgement = self.observed.as_ref().map(|observed| &observed.judgement);
        // Without a run there was only a shortage, which may pass.
        self.status == Status::Inconclusive && judgement.is_none_or(Judgement::retryable)
    }

    /// The result in other tools' words.
    #[must_use]
    pub fn result(&self) -> TestResult {
        self.status.into()
    }
}

#[cfg(feature = "suite")]
mod of_case {
    use super::{CaseId, Observed, Outcome, Status};
    use crate::expect::Expectation;
    use crate::judge::{Verdict, judge};
    use crate::record::{Record, Termination};
    use crate::suite::{Case, Version};

    impl Case {
        /// Which case it is: shown as `scenario/implementation`, the same everywhere.
        #[must_use]
        pub fn id(&self) -> CaseId {
            CaseId {
                scenario: self.scenario.clone(),
                implementation: self.implementation.clone(),
            }
        }
    }

    /// # Of a suite's case
    impl Outcome {
        /// A case that was not run, or not to its end.
        #[must_use]
        pub fn without_run(case: &Case, status: Status, why: Option<String>) -> Self {
            Self {
                case: case.id(),
                about: case.about.clone(),
                place: Some(case.place.clone()),
                version: None,
                status,
                why,
                known_deviation: None,
                expectation: case.expectation.clone(),
                usual_lines: case.usual_lines.clone(),
                runs: 0,
                observed: None,
            }
        }

        /// Judges a record of a case, made with this version of the implementation.
        #[must_use]
        pub fn of(case: &Case, version: Option<&Version>, record: Record) -> Self {
            let known = case.deviation(version);
            let judged = Judged::of(
                &record,
                &case.expectation,
                known.map(|known| &known.expectation),
            );
            Self {
                version: version.map(ToString::to_string),
                known_deviation: known.map(|known| known.why.clone()),
                expectation: judged.by.clone(),
                runs: 1,
                observed: Some(Observed {
                    judgement: judged.judgement,
                    record,
                }),
                ..Self::without_run(case, judged.status, None)
            }
        }
    }

    /// A status, and the judgement and the expectation that it rests on.
    struct Judged<'e> {
        status: Status,
        by: &'e Expectation,
        judgement: crate::judge::Judgement,
    }

    impl<'e> Judged<'e> {
        fn of(record: &Record, own: &'e Expectation, known: Option<&'e Expectation>) -> Self {
            let as_own = |status, judgement| Self {
                status,
                by: own,
                judgement,
            };
            let expected = judge(record, own);
            if record.termination == Termination::Interrupted {
                return as_own(Status::Interrupted, expected);
            }
            let Some(known) = known else {
                return as_own(expected.verdict().into(), expected);
            };
            let instead = judge(record, known);
            let status = match (expected.verdict(), instead.verdict()) {
                (Verdict::Held, _) => return as_own(Status::DeviatesNoMore, expected),
                (Verdict::Inconclusive, _) => return as_own(Status::Inconclusive, expected),
                (Verdict::Broken, Verdict::Held) => Status::Deviates,
                // What it does is neither what is right nor what is known.
                (Verdict::Broken, Verdict::Broken) => Status::Broken,
                (Verdict::Broken, Verdict::Inconclusive) => Status::Inconclusive,
            };
            Self {
                status,
                by: known,
                judgement: instead,
            }
        }
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
    /// Cases of which nothing can be said.
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

    /// How many cases there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.held
            + self.deviates
            + self.broken
            + self.inconclusive
            + self.skipped
            + self.interrupted
    }
}
