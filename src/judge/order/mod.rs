//! The order of a log: then, next, not, in any order.

mod interleave;
mod line;
mod nots;
mod others;

use std::collections::BTreeSet;

use super::check::{Check, Doubt, Expected, Observed, kept};
use super::expect::{LogExpectation, OtherLines, Pattern, Step};
use super::{Absence, doubt_about_absence, unknown_stream};
use crate::record::{EventKind, Record};
use interleave::interleave;
use line::{LogLine, stalled, too_close};

/// A walk through the lines.
struct Walk<'a> {
    record: &'a Record,
    lines: Vec<LogLine<'a>>,
    /// The first line that no step has gone past.
    position: usize,
    /// The lines that steps have matched, in their place or too early.
    matched: BTreeSet<usize>,
    checks: Vec<Check>,
    /// What must not come before the next match.
    nots: Vec<&'a Pattern>,
    /// The lines of the step before.
    after: Vec<Pattern>,
}

pub(super) fn log(record: &Record, expectation: &LogExpectation) -> Vec<Check> {
    let mut walk = Walk {
        record,
        lines: record
            .lines()
            .map(|seen| LogLine::new(record, seen))
            .collect(),
        position: 0,
        matched: BTreeSet::new(),
        checks: Vec::new(),
        nots: Vec::new(),
        after: Vec::new(),
    };
    for step in &expectation.steps {
        walk.step(step);
    }
    walk.judge_nots(None);
    if expectation.others == OtherLines::Forbidden {
        let unknown = expectation.steps.iter().flat_map(Step::wanted);
        let unknown = unknown.filter_map(|line| unknown_stream(record, line));
        walk.judge_others(unknown.map(Doubt::Merged).next());
    }
    walk.checks
}

impl<'a> Walk<'a> {
    fn step(&mut self, step: &'a Step) {
        match step {
            Step::Not(pattern) => self.nots.push(pattern),
            Step::Then(pattern) => self.then(pattern),
            Step::Next(pattern) => self.next(pattern),
            Step::AnyOrder(groups) => self.any_order(groups),
        }
        let wanted: Vec<_> = step.wanted().cloned().collect();
        if !wanted.is_empty() {
            self.after = wanted;
        }
    }

    /// The expectation that a line follows those of the step before.
    fn expected(&self, line: &Pattern, directly: bool) -> Expected {
        Expected::LineAfter {
            line: line.clone(),
            after: self.after.clone(),
            directly,
        }
    }

    fn then(&mut self, pattern: &Pattern) {
        let expected = self.expected(pattern, false);
        match self.find(pattern, self.position) {
            Some(i) => {
                let before = self.before();
                self.judge_nots(Some(i));
                self.found(i, &before, expected);
                self.position = i + 1;
            }
            None => self.missing(pattern, &self.before(), expected),
        }
    }

    fn next(&mut self, pattern: &Pattern) {
        let expected = self.expected(pattern, true);
        let place = self.position;
        let (found, before) = (self.find(pattern, place), self.before());
        let Some(i) = found else {
            return self.missing_next(pattern, &before, expected);
        };
        self.judge_nots(Some(i));
        if i == place {
            self.found_next(i, &before, expected);
        } else {
            self.not_next(&before, i, expected);
        }
        self.matched.insert(i);
        self.position = i + 1;
    }

    /// Line `i` came directly after the line before it, as far as the record goes.
    fn found_next(&mut self, i: usize, before: &[usize], expected: Expected) {
        let doubt = if self.cut_between(before.last().copied(), i) {
            Some(Doubt::Cut)
        } else if self.may_be_separated(before, i) {
            Some(Doubt::MayStandBetween)
        } else {
            return self.found(i, before, expected);
        };
        let line = &self.lines[i];
        let check = Check::held_unless(doubt, expected, Observed::Line { at: line.at });
        self.checks.push(check.at(line.event));
    }

    /// Line `i` came later than directly after the line before it.
    fn not_next(&mut self, before: &[usize], i: usize, expected: Expected) {
        let (between, line) = (&self.lines[self.position..i], &self.lines[i]);
        let previous = before.last().map(|&p| &self.lines[p]);
        let elsewhere =
            |l: &LogLine<'_>| l.unsure_before(line) || previous.is_some_and(|p| p.unsure_before(l));
        let doubt = if between.iter().all(elsewhere) {
            Some(too_close(&between[0], line))
        } else if self.cut_between(before.last().copied(), i) {
            Some(Doubt::Cut)
        } else {
            None
        };
        let observed = Observed::Other(kept(&between[0].text));
        let check = Check::broken_unless(doubt, expected, observed);
        self.checks.push(check.at(between[0].event));
    }

    /// No line from here on is the one that should come next.
    fn missing_next(&mut self, pattern: &Pattern, before: &[usize], expected: Expected) {
        let there = self.lines.get(self.position);
        let there = there.map(|line| (line.event, kept(&line.text)));
        self.missing(pattern, before, expected);
        // What stands in its place is worth a word if there is nothing else to point at.
        if let Some((event, text)) = there
            && let Some(check) = self.checks.last_mut()
            && check.event.is_none()
            && check.verdict == super::Verdict::Broken
        {
            check.observed = Observed::NoLine {
                instead: Some(text),
            };
            check.event = Some(event);
        }
    }

    /// Whether a line of the other stream may stand between line `i` and the one before it, though it arrived elsewhere.
    fn may_be_separated(&self, before: &[usize], i: usize) -> bool {
        let after = self.lines[i + 1..]
            .iter()
            .any(|l| self.lines[i].unsure_before(l));
        let earlier = before.last().is_some_and(|&p| {
            let lines = self.lines[..p].iter().enumerate();
            lines
                .filter(|(l, _)| !before.contains(l))
                .any(|(_, l)| l.unsure_before(&self.lines[p]))
        });
        after || earlier
    }

    /// The first line from here on that matches.
    fn find(&self, pattern: &Pattern, from: usize) -> Option<usize> {
        (from..self.lines.len())
            .find(|i| !self.matched.contains(i) && self.lines[*i].matches(pattern))
    }

    /// What a further line must come after: all lines that have been matched.
    fn before(&self) -> Vec<usize> {
        self.matched.iter().copied().collect()
    }

    /// Line `i` came after these, as it should, if that can be told.
    fn found(&mut self, i: usize, before: &[usize], expected: Expected) {
        let line = &self.lines[i];
        let close = before.iter().map(|&p| &self.lines[p]);
        let close = close
            .filter(|p| p.unsure_before(line))
            .min_by_key(|p| p.at.abs_diff(line.at));
        let doubt = close.map(|other| too_close(line, other));
        let check = Check::held_unless(doubt, expected, Observed::Line { at: line.at });
        self.checks.push(check.at(line.event));
        self.matched.insert(i);
    }

    /// No line after those before it matches. Why?
    fn missing(&mut self, pattern: &Pattern, before: &[usize], expected: Expected) {
        let end = before.last().copied().unwrap_or(0);
        let early = (0..end)
            .rev()
            .find(|i| !self.matched.contains(i) && self.lines[*i].matches(pattern));
        let Some(i) = early else {
            let doubt = doubt_about_absence(self.record, Absence::Line(pattern));
            let observed = Observed::NoLine { instead: None };
            self.checks
                .push(Check::broken_unless(doubt, expected, observed));
            return;
        };
        let check = self.too_early(i, before, expected);
        self.checks.push(check.at(self.lines[i].event));
        // It is accounted for: not a line too many as well.
        self.matched.insert(i);
    }

    /// Line `i` came, but ahead of a line that it should follow.
    fn too_early(&self, i: usize, before: &[usize], expected: Expected) -> Check {
        let line = &self.lines[i];
        let mut blocking = before.iter().filter(|p| **p > i).map(|&p| &self.lines[p]);
        let unsure = blocking.clone().all(|p| p.unsure_before(line));
        let other = blocking.next();
        let observed = Observed::TooEarly {
            at: line.at,
            before: other.map(|other| kept(&other.text)),
        };
        let doubt = match other {
            Some(other) if unsure => {
                let observed = Observed::Line { at: line.at };
                return Check::inconclusive(expected, observed, too_close(line, other));
            }
            Some(other) if stalled(self.record, line, other) => {
                Some(Doubt::Lag(self.record.lag.likely()))
            }
            // It may have come once more, in what was left out.
            _ if self.record.is_cut() => Some(Doubt::Cut),
            _ => None,
        };
        Check::broken_unless(doubt, expected, observed)
    }

    /// Whether output was left out between line `start`, or the start of the run, and line `end`.
    fn cut_between(&self, start: Option<usize>, end: usize) -> bool {
        let start = start.map_or(0, |i| self.lines[i].event);
        let between = &self.record.events[start..self.lines[end].event.max(start)];
        between.iter().any(|event| match &event.kind {
            EventKind::Cut(_) => true,
            EventKind::Line(line) => line.cut_from.is_some(),
            _ => false,
        })
    }

    fn any_order(&mut self, groups: &[Vec<Pattern>]) {
        let before = self.before();
        let lines = self.lines[self.position..].iter();
        let mut hits = interleave(groups, lines, |pattern, line| line.matches(pattern));
        for hit in hits.iter_mut().flatten() {
            *hit += self.position;
        }
        if let Some(first) = hits.iter().flatten().min().copied() {
            self.judge_nots(Some(first));
        }
        let mut end = self.position;
        self.matched.extend(hits.iter().flatten());
        for (group, hits) in groups.iter().zip(hits) {
            end = end.max(self.sequence(group, &hits, &before));
        }
        self.position = end;
    }

    /// Judges one sequence of a group, of which these are the lines, up to the first that is missing. Returns the position
    /// behind it.
    fn sequence(&mut self, sequence: &[Pattern], hits: &[usize], before: &[usize]) -> usize {
        let mut before = before.to_vec();
        let mut end = self.position;
        let outer = self.after.clone();
        for (i, pattern) in sequence.iter().enumerate() {
            let expected = self.expected(pattern, false);
            match hits.get(i).copied().or_else(|| self.find(pattern, end)) {
                Some(hit) => {
                    self.found(hit, &before, expected);
                    before.push(hit);
                    end = hit + 1;
                }
                None => self.missing(pattern, &before, expected),
            }
            self.after = vec![pattern.clone()];
        }
        self.after = outer;
        end
    }
}
