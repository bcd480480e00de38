//! Lines that must not come between two others.

use super::line::LogLine;
use super::{Absence, Walk, doubt_about_absence, kept, too_close};
use crate::expect::Pattern;
use crate::judge::check::{Check, Doubt, Expected, Observed};
use crate::judge::unknown_stream;

impl Walk<'_> {
    /// What must not have come between the last match and line `end`, or the end of the log.
    pub(super) fn judge_nots(&mut self, end: Option<usize>) {
        for pattern in std::mem::take(&mut self.nots) {
            let check = self.judge_not(pattern, end);
            self.checks.push(check);
        }
    }

    fn judge_not(&self, pattern: &Pattern, end: Option<usize>) -> Check {
        let start = self.matched.range(..self.position).next_back().copied();
        let text = |i: Option<usize>| i.map(|i| kept(&self.lines[i].text));
        let expected = Expected::NoLineBetween {
            line: pattern.clone(),
            after: text(start),
            before: text(end),
        };
        let limits: Vec<_> = [start, end].into_iter().flatten().collect();
        let limits: Vec<_> = limits.iter().map(|&i| &self.lines[i]).collect();
        let inside = self.position..end.unwrap_or(self.lines.len());
        let hits = self.lines.iter().enumerate().filter(|(i, line)| {
            !self.matched.contains(i) && Some(*i) != end && line.matches(pattern)
        });
        let (mut sure, mut perhaps) = (None, None);
        for (i, line) in hits {
            if let Some(limit) = limits.iter().find(|limit| limit.unsure_before(line)) {
                perhaps.get_or_insert((line, *limit));
            } else if inside.contains(&i) {
                sure.get_or_insert((i, line));
            }
        }
        let came = |line: &LogLine<'_>| Observed::Line { at: line.at };
        match (sure, perhaps) {
            (Some((i, line)), _) => {
                let cut = end.is_some() && self.cut_between(start, i);
                let doubt = cut.then_some(Doubt::Cut);
                Check::broken_unless(doubt, expected, came(line)).at(line.event)
            }
            (None, Some((line, limit))) => {
                Check::inconclusive(expected, came(line), too_close(line, limit)).at(line.event)
            }
            (None, None) => {
                let doubt = self.doubt_about_none(pattern, start, end);
                Check::held_unless(doubt, expected, Observed::NoLine { instead: None })
            }
        }
    }

    /// Why it is no proof that no such line was seen between two others.
    fn doubt_about_none(
        &self,
        pattern: &Pattern,
        start: Option<usize>,
        end: Option<usize>,
    ) -> Option<Doubt> {
        match end {
            Some(end) if !self.cut_between(start, end) => {
                unknown_stream(self.record, pattern).map(Doubt::Merged)
            }
            _ => doubt_about_absence(self.record, Absence::Line(pattern)),
        }
    }
}
