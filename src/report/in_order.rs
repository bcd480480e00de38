//! Outcomes in the order of the suite.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use super::Reporter;
use crate::outcome::{CaseId, Outcome, Summary};

/// Hands outcomes on in the order in which [`begin`](Reporter::begin) named their cases, each as soon as all before it are
/// there. What is still waiting at the end is handed on then.
#[derive(Debug)]
pub struct InOrder<R> {
    inner: R,
    cases: Vec<CaseId>,
    waiting: HashMap<CaseId, Vec<Outcome>>,
    next: usize,
}

impl<R: Reporter> InOrder<R> {
    /// The reports of `inner`, in order.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            cases: Vec::new(),
            waiting: HashMap::new(),
            next: 0,
        }
    }

    /// The report within.
    pub fn into_inner(self) -> R {
        self.inner
    }

    fn take(&mut self, case: &CaseId) -> Option<Outcome> {
        let outcomes = self.waiting.get_mut(case)?;
        (!outcomes.is_empty()).then(|| outcomes.remove(0))
    }
}

impl<R: Reporter> Reporter for InOrder<R> {
    fn begin(&mut self, cases: &[CaseId]) -> io::Result<()> {
        self.cases = cases.to_vec();
        self.next = 0;
        self.inner.begin(cases)
    }

    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        let waiting = self.waiting.entry(outcome.case.clone()).or_default();
        waiting.push(outcome.clone());
        while let Some(case) = self.cases.get(self.next).cloned()
            && let Some(outcome) = self.take(&case)
        {
            self.next += 1;
            self.inner.case(&outcome)?;
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary, elapsed: Duration) -> io::Result<()> {
        let rest = self.cases.split_off(self.next.min(self.cases.len()));
        for case in rest {
            if let Some(outcome) = self.take(&case) {
                self.inner.case(&outcome)?;
            }
        }
        self.inner.end(summary, elapsed)
    }
}
