//! The judge: a pure function from a [`Record`] and an [`Expectation`] to a [`Judgement`].
//!
//! No process, no clock: a saved record is judged the same tomorrow.

mod delay;
mod end;
pub mod expect;
mod lines;
mod order;

pub(crate) use delay::took;

use serde::{Deserialize, Serialize};

use super::expect::Expectation;
use crate::log::fold;
use crate::record::{Record, Termination};

/// What came of an expectation. Ordered from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// What was expected was observed.
    Held,
    /// The observation does not tell: the machine was too slow, or output was cut or buffered.
    Inconclusive,
    /// Something else was observed.
    Broken,
}

/// What came of all parts of an expectation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// One check for each thing that was expected.
    pub checks: Vec<Check>,
}

/// One thing that was expected, beside what was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What came of it.
    pub verdict: Verdict,
    /// What was expected, in words.
    pub expected: String,
    /// What was observed, in words.
    pub observed: String,
    /// The index of the event where it shows, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<usize>,
    /// For an inconclusive check: whether another run may tell more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retryable: bool,
}

impl Check {
    fn new(verdict: Verdict, expected: impl Into<String>, observed: impl Into<String>) -> Self {
        let (expected, observed) = (expected.into(), observed.into());
        Self {
            verdict,
            expected,
            observed,
            event: None,
            retryable: false,
        }
    }

    fn held(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self::new(Verdict::Held, expected, observed)
    }

    fn broken(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self::new(Verdict::Broken, expected, observed)
    }

    fn inconclusive(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self::new(Verdict::Inconclusive, expected, observed)
    }

    fn at(self, event: impl Into<Option<usize>>) -> Self {
        Self {
            event: event.into(),
            ..self
        }
    }

    fn retryable(self) -> Self {
        Self {
            retryable: true,
            ..self
        }
    }
}

impl Judgement {
    /// The worst of all checks; held if there are none.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.checks
            .iter()
            .map(|c| c.verdict)
            .max()
            .unwrap_or(Verdict::Held)
    }

    /// The checks that did not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| c.verdict != Verdict::Held)
    }

    /// Whether the verdict is inconclusive for a reason that another, quieter run may not have.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.verdict() == Verdict::Inconclusive && self.failures().all(|c| c.retryable)
    }
}

/// Judges a record.
#[must_use]
pub fn judge(record: &Record, expectation: &Expectation) -> Judgement {
    let mut checks = Vec::new();
    checks.extend(expectation.end.as_ref().map(|end| end::end(record, end)));
    if let Some(log) = &expectation.log {
        checks.extend(order::log(record, log));
    }
    checks.extend(
        expectation
            .present
            .iter()
            .map(|p| lines::present(record, p)),
    );
    checks.extend(expectation.absent.iter().map(|p| lines::absent(record, p)));
    checks.extend(expectation.counts.iter().map(|c| lines::count(record, c)));
    // That an exit was not the subject's own is said once.
    let told = expectation.end.is_some();
    let delays = expectation.delays.iter();
    let delays = delays.filter(|d| !(told && delay::is_cut_short(record, d)));
    checks.extend(delays.map(|d| delay::delay(record, d)));
    checks.extend(end::survivors(record, expectation));
    checks.extend(end::signals(record));
    Judgement { checks }
}

/// In place of "is missing", where output was left out of the record.
const CUT: &str = "not in the part of the output that was kept";

/// A check of a line that no event is.
fn missing(record: &Record, expected: impl Into<String>) -> Check {
    let expected = expected.into();
    unseen(record, &expected).unwrap_or_else(|| Check::broken(expected, "it is missing"))
}

/// A check of the absence of a line that no event is.
fn not_there(record: &Record, expected: impl Into<String>, observed: &str) -> Check {
    let expected = expected.into();
    unseen(record, &expected).unwrap_or_else(|| Check::held(expected, observed))
}

/// What is not in the record may have been all the same, or would have come: then nothing can be said.
fn unseen(record: &Record, expected: &str) -> Option<Check> {
    if record.is_cut() {
        return Some(Check::inconclusive(expected, CUT));
    }
    match record.termination {
        Termination::Interrupted => {
            let observed = "not there when the run was interrupted";
            Some(Check::inconclusive(expected, observed))
        }
        Termination::TimedOut { limit } if end::was_slow(record, limit) => {
            let observed = "not there at the time limit, on a slow machine";
            Some(Check::inconclusive(expected, observed).retryable())
        }
        _ => None,
    }
}

/// A line of output as checks quote it: white space folded, a long one shortened.
fn quoted(text: &str) -> String {
    let text = fold(text);
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// Characters that are quoted of a line.
const QUOTED: usize = 120;
