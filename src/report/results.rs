//! A run of cases as far as it is known: what files that are written whole are made of.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::judge::Verdict;
use crate::outcome::{CaseId, Outcome, Status, Summary};

use super::{Shard, text};

/// The outcomes of a run of cases, while it goes on or when it is over.
///
/// A report that is made of it tells which cases have no outcome yet: if the harness is killed, nobody takes what is left of the
/// report for the whole.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Results {
    /// What was run: the path of the suite.
    pub name: String,
    /// When it began.
    pub started: SystemTime,
    /// How long it took. `None` while it goes on, and for a run that did not come to its end.
    pub elapsed: Option<Duration>,
    /// All cases that are to be run, in the order of the suite.
    pub cases: Vec<CaseId>,
    /// What came of those that are over, in the order in which they ended.
    pub outcomes: Vec<Outcome>,
    /// Which part of a bigger run this is, if it is one.
    pub shard: Option<Shard>,
}

/// A case, and its outcome if it is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'r> {
    pub(super) case: &'r CaseId,
    pub(super) outcome: Option<&'r Outcome>,
}

impl Row<'_> {
    /// The status. `None`: the case is not over.
    pub(super) fn status(&self) -> Option<Status> {
        self.outcome.map(|outcome| outcome.status)
    }

    /// Whether somebody should look at it.
    pub(super) fn is_well(&self) -> bool {
        self.status()
            .is_some_and(|status| status.is_expected() || status == Status::Skipped)
    }
}

impl Results {
    /// A run of these cases that begins now.
    #[must_use]
    pub fn new(name: impl Into<String>, cases: impl IntoIterator<Item = CaseId>) -> Self {
        Self {
            name: name.into(),
            started: SystemTime::now(),
            elapsed: None,
            cases: cases.into_iter().collect(),
            outcomes: Vec::new(),
            shard: None,
        }
    }

    /// How many cases came out how. Those that are not over are not among them.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for outcome in &self.outcomes {
            summary.count(outcome.status);
        }
        summary
    }

    /// The cases that have no outcome: the run goes on, or was ended before they were over.
    pub fn unfinished(&self) -> impl Iterator<Item = &CaseId> {
        let rows = self.rows().into_iter();
        rows.filter(|row| row.outcome.is_none()).map(|row| row.case)
    }

    /// All cases in the order of the suite, and then outcomes of cases that were not announced.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let mut of_case: HashMap<&CaseId, Vec<&Outcome>> = HashMap::new();
        for outcome in self.outcomes.iter().rev() {
            of_case.entry(&outcome.case).or_default().push(outcome);
        }
        let mut next = |case| of_case.get_mut(case).and_then(Vec::pop);
        let announced = self.cases.iter();
        let mut rows: Vec<_> = announced
            .map(|case| Row {
                case,
                outcome: next(case),
            })
            .collect();
        for outcome in &self.outcomes {
            rows.extend(next(&outcome.case).map(|outcome| Row {
                case: &outcome.case,
                outcome: Some(outcome),
            }));
        }
        rows
    }

    /// The first outcome of a case.
    #[must_use]
    pub fn outcome(&self, case: &CaseId) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.case == *case)
    }

    /// The start, in milliseconds since 1970.
    pub(super) fn started_ms(&self) -> u128 {
        millis_since_1970(self.started)
    }
}

pub(super) fn millis_since_1970(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
}

/// What is wrong with a case in one sentence, for places that have room for one. `None` if nothing is to be said.
pub(super) fn sentence(outcome: &Outcome) -> Option<String> {
    let worst = match outcome.status {
        Status::Broken => Verdict::Broken,
        Status::Inconclusive => Verdict::Inconclusive,
        _ => return text::reason(outcome),
    };
    let checks = outcome.observed.iter().flat_map(|o| &o.judgement.checks);
    let mut failed = checks.filter(|check| check.verdict == worst);
    let Some(first) = failed.next() else {
        return text::reason(outcome);
    };
    Some(match failed.count() {
        0 => first.to_string(),
        more => format!("{first} (and {more} more)"),
    })
}

/// All that is wrong with a case, a sentence a line.
#[cfg(feature = "junit")]
pub(super) fn sentences(outcome: &Outcome) -> Vec<String> {
    let checks = outcome.observed.iter();
    let failures = checks.flat_map(|observed| observed.judgement.failures());
    let mut all: Vec<_> = failures.map(ToString::to_string).collect();
    all.extend(text::reason(outcome));
    all
}

/// How long the case's run was looked at: until the last event.
pub(super) fn duration(outcome: &Outcome) -> Option<Duration> {
    let record = &outcome.observed.as_ref()?.record;
    Some(
        record
            .events
            .last()
            .map_or(Duration::ZERO, |event| event.at),
    )
}

/// The timeline of a case without colours. `None` if it was not run.
pub(super) fn plain_timeline(outcome: &Outcome) -> Option<String> {
    let observed = outcome.observed.as_ref()?;
    let marked = (!outcome.status.is_expected()).then_some(&observed.judgement);
    let page = text::Page::new(140);
    Some(text::plain(&text::timeline_on(
        &observed.record,
        marked,
        page,
    )))
}

/// The status as it is written in files: `deviates-no-more`; `unfinished` for a case that is not over.
pub(super) fn kebab(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::DeviatesNoMore) => "deviates-no-more",
        Some(status) => text::word(status).1,
        None => "unfinished",
    }
}

/// What is said of a case that is not over.
pub(super) const UNFINISHED: &str = "it was not over when this report was written";
