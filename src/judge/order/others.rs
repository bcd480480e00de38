//! Lines that no step names.

use std::collections::HashSet;

use super::{Absence, Walk, doubt_about_absence, kept};
use crate::judge::check::{Check, Doubt, Expected, Observed, quoted};
use crate::record::Finding;

/// Lines too many, one after the other.
struct Run {
    event: usize,
    first: String,
    again: bool,
    lines: u64,
}

impl Walk<'_> {
    /// One check for each run of lines that no step names; `doubt` if what steps name is not known well enough.
    pub(super) fn judge_others(&mut self, doubt: Option<Doubt>) {
        let doubt = doubt.or_else(|| self.unread_times());
        let runs = self.runs_of_others();
        if runs.is_empty() {
            let doubt = doubt.or_else(|| doubt_about_absence(self.record, Absence::AnyLine));
            let none = Observed::NoLine { instead: None };
            let check = Check::held_unless(doubt, Expected::NoOtherLines, none);
            return self.checks.push(check);
        }
        self.checks.extend(runs.into_iter().map(|run| {
            let observed = Observed::OtherLines {
                first: run.first,
                again: run.again,
                lines: run.lines,
            };
            Check::broken_unless(doubt.clone(), Expected::NoOtherLines, observed).at(run.event)
        }));
    }

    fn unread_times(&self) -> Option<Doubt> {
        let unread = |finding: &Finding| matches!(finding, Finding::UnreadTimes { .. });
        let unread = self.record.findings.iter().any(unread);
        unread.then_some(Doubt::UnreadTimes)
    }

    fn runs_of_others(&self) -> Vec<Run> {
        let named: HashSet<_> = self
            .matched
            .iter()
            .map(|&i| quoted(&self.lines[i].text))
            .collect();
        let mut runs: Vec<Run> = Vec::new();
        let mut goes_on = false;
        for (i, line) in self.lines.iter().enumerate() {
            if self.matched.contains(&i) {
                goes_on = false;
            }
            if self.matched.contains(&i) || !line.log {
                continue;
            }
            let again = named.contains(&quoted(&line.text));
            match runs.last_mut() {
                Some(run) if goes_on && run.again == again => run.lines += 1,
                _ => runs.push(Run {
                    event: line.event,
                    first: kept(&line.text),
                    again,
                    lines: 1,
                }),
            }
            goes_on = true;
        }
        runs
    }
}
