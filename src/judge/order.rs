//! The order of a log: then, next, not, in any order.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{CUT, Check};
use crate::expect::{LogExpectation, Others, Pattern, Step};
use crate::record::{Record, Stream, Streams};

/// Lines of different pipes closer than this may have been written the other way round.
const UNSURE: Duration = Duration::from_millis(100);

struct Seen<'a> {
    event: usize,
    at: Duration,
    stream: Stream,
    log: bool,
    text: String,
    record: &'a Record,
}

impl Seen<'_> {
    /// Whether nobody can tell which of the two was written first.
    fn unsure_before(&self, other: &Self) -> bool {
        let lag = self.record.lag.total();
        self.record.streams == Streams::Split
            && self.stream != other.stream
            && self.at.abs_diff(other.at) <= UNSURE + lag
    }
}

/// A walk through the lines.
struct Walk<'a> {
    lines: Vec<Seen<'a>>,
    /// The first line that no step has gone past.
    position: usize,
    /// The lines that steps have matched.
    matched: BTreeSet<usize>,
    checks: Vec<Check>,
    /// What must not come before the next match.
    nots: Vec<&'a Pattern>,
}

pub(super) fn log(record: &Record, expectation: &LogExpectation) -> Vec<Check> {
    let seen = |(event, at, line): (usize, Duration, &crate::record::Line)| Seen {
        event,
        at,
        stream: line.stream,
        log: line.is_log(),
        text: line.text(),
        record,
    };
    let lines: Vec<_> = record.lines().map(seen).collect();
    let mut walk = Walk {
        lines,
        position: 0,
        matched: BTreeSet::new(),
        checks: Vec::new(),
        nots: Vec::new(),
    };
    for (i, step) in expectation.steps.iter().enumerate() {
        let after = i.checked_sub(1).map(|i| name(&expectation.steps[i]));
        walk.step(step, after.as_deref().unwrap_or("the start"));
    }
    let end = walk.lines.len();
    walk.judge_nots(end);
    if expectation.others == Others::Forbidden {
        walk.judge_others();
    }
    walk.checks
}

fn name(step: &Step) -> String {
    match step {
        Step::Then(p) | Step::Next(p) => p.to_string(),
        Step::Not(p) => format!("no {p}"),
        Step::AnyOrder(groups) => {
            let names: Vec<_> = groups.iter().flatten().map(ToString::to_string).collect();
            names.join(", ")
        }
    }
}

impl<'a> Walk<'a> {
    fn step(&mut self, step: &'a Step, after: &str) {
        match step {
            Step::Not(pattern) => self.nots.push(pattern),
            Step::Then(pattern) => {
                let expected = format!("{pattern} after {after}");
                match (self.position..self.lines.len())
                    .find(|&i| pattern.matches(&self.lines[i].text))
                {
                    Some(i) => self.found(i, expected),
                    None => self.missing(pattern, expected),
                }
            }
            Step::Next(pattern) => {
                let expected = format!("{pattern} directly after {after}");
                match self.lines.get(self.position) {
                    Some(line) if pattern.matches(&line.text) => {
                        self.found(self.position, expected)
                    }
                    Some(line) => {
                        let unsure = self
                            .lines
                            .iter()
                            .any(|l| pattern.matches(&l.text) && l.unsure_before(line));
                        let verdict = if unsure {
                            Check::inconclusive
                        } else {
                            Check::broken
                        };
                        self.checks.push(
                            verdict(expected, format!("`{}` came there", line.text)).at(line.event),
                        );
                    }
                    None => self.missing(pattern, expected),
                }
            }
            Step::AnyOrder(groups) => self.any_order(groups, after),
        }
    }

    fn found(&mut self, i: usize, expected: String) {
        self.judge_nots(i);
        self.checks
            .push(self.placed(self.matched.last().copied(), i, expected));
        self.matched.insert(i);
        self.position = i + 1;
    }

    /// Line `i` came after line `previous`, as it should, if that can be told.
    fn placed(&self, previous: Option<usize>, i: usize, expected: String) -> Check {
        let line = &self.lines[i];
        let previous = previous
            .map(|p| &self.lines[p])
            .filter(|p| p.unsure_before(line));
        let check = match previous {
            Some(p) => {
                let gap = p.at.abs_diff(line.at).as_secs_f64();
                let observed = format!(
                    "came on the other stream, {gap:.3} s apart: too close to tell the order"
                );
                Check::inconclusive(expected, observed)
            }
            None => Check::held(expected, format!("at {:.3} s", line.at.as_secs_f64())),
        };
        check.at(line.event)
    }

    /// No line from here on matches. Why?
    fn missing(&mut self, pattern: &Pattern, expected: String) {
        let early = (0..self.position)
            .rev()
            .find(|i| !self.matched.contains(i) && pattern.matches(&self.lines[*i].text));
        let check = match early {
            Some(i) => {
                let line = &self.lines[i];
                let blocking = self.matched.range(i..).map(|&m| &self.lines[m]);
                let unsure = blocking.clone().all(|m| m.unsure_before(line));
                let first = blocking
                    .into_iter()
                    .next()
                    .map_or(String::new(), |m| format!(", before `{}`", fold(&m.text)));
                // It is accounted for: not a line too many as well.
                self.matched.insert(i);
                let observed = format!(
                    "it came too early, at {:.3} s{first}",
                    line.at.as_secs_f64()
                );
                if unsure {
                    Check::inconclusive(expected, observed)
                } else {
                    Check::broken(expected, observed)
                }
                .at(line.event)
            }
            None => match self.lines.first().is_some_and(|l| l.record.is_cut()) {
                true => Check::inconclusive(expected, CUT),
                false => Check::broken(expected, "it is missing"),
            },
        };
        self.checks.push(check);
    }

    /// What must not have come between the last match and line `end`.
    fn judge_nots(&mut self, end: usize) {
        for pattern in std::mem::take(&mut self.nots) {
            let expected = format!("no {pattern} here");
            let hit = self.lines[self.position..end]
                .iter()
                .find(|line| pattern.matches(&line.text));
            let check = match hit {
                Some(line) => Check::broken(
                    expected,
                    format!("it came at {:.3} s", line.at.as_secs_f64()),
                )
                .at(line.event),
                None if self.lines.first().is_some_and(|l| l.record.is_cut()) => {
                    Check::inconclusive(expected, CUT)
                }
                None => Check::held(expected, "it is not there"),
            };
            self.checks.push(check);
        }
    }

    fn any_order(&mut self, groups: &'a [Vec<Pattern>], after: &str) {
        let before_all = self.matched.last().copied();
        let lines = &self.lines[self.position..];
        let best = interleave(groups, lines.iter().map(|l| l.text.as_str()));
        for (group, hits) in groups.iter().zip(&best.hits) {
            for (i, pattern) in group.iter().enumerate() {
                let before = i
                    .checked_sub(1)
                    .map_or_else(|| after.to_owned(), |b| group[b].to_string());
                let expected = format!("{pattern} after {before}");
                match hits.get(i) {
                    Some(&hit) => {
                        let previous = i
                            .checked_sub(1)
                            .map(|b| self.position + hits[b])
                            .or(before_all);
                        let hit = self.position + hit;
                        self.checks.push(self.placed(previous, hit, expected));
                        self.matched.insert(hit);
                    }
                    None => self.missing(pattern, expected),
                }
            }
        }
        let first = best
            .hits
            .iter()
            .flatten()
            .min()
            .map_or(self.position, |i| self.position + i);
        self.judge_nots(first);
        if let Some(last) = best.hits.iter().flatten().max() {
            self.position += last + 1;
        }
    }

    fn judge_others(&mut self) {
        let others = self
            .lines
            .iter()
            .enumerate()
            .filter(|(i, line)| line.log && !self.matched.contains(i));
        let mut checks: Vec<_> = others
            .map(|(_, line)| {
                let twice = self
                    .matched
                    .iter()
                    .any(|&m| fold(&self.lines[m].text) == fold(&line.text));
                let how = if twice {
                    "once more than expected"
                } else {
                    "unexpected"
                };
                Check::broken(
                    "no other line of log",
                    format!("`{}` came, {how}", fold(&line.text)),
                )
                .at(line.event)
            })
            .collect();
        if checks.is_empty() {
            checks.push(
                match self.lines.first().is_some_and(|l| l.record.is_cut()) {
                    true => Check::inconclusive("no other line of log", CUT),
                    false => Check::held("no other line of log", "there is none"),
                },
            );
        }
        self.checks.append(&mut checks);
    }
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// For each group, the lines that its patterns matched.
#[derive(Clone, Default)]
struct Interleaving {
    hits: Vec<Vec<usize>>,
}

impl Interleaving {
    fn total(&self) -> usize {
        self.hits.iter().map(Vec::len).sum()
    }
}

/// Finds lines for all groups, each group in its own order. Where a line could serve several groups, all ways are followed;
/// of the ways that get furthest, one is returned.
fn interleave<'l>(groups: &[Vec<Pattern>], lines: impl Iterator<Item = &'l str>) -> Interleaving {
    let wanted: usize = groups.iter().map(Vec::len).sum();
    let mut ways = vec![Interleaving {
        hits: vec![Vec::new(); groups.len()],
    }];
    for (i, line) in lines.enumerate() {
        let mut next: Vec<Interleaving> = Vec::new();
        for way in &ways {
            let takers = (0..groups.len()).filter(|&g| {
                groups[g]
                    .get(way.hits[g].len())
                    .is_some_and(|p| p.matches(line))
            });
            let mut taken = false;
            for g in takers {
                taken = true;
                let mut other = way.clone();
                other.hits[g].push(i);
                push_new(&mut next, other);
            }
            if !taken {
                push_new(&mut next, way.clone());
            }
        }
        ways = next;
        if ways.iter().any(|way| way.total() == wanted) {
            break;
        }
    }
    ways.into_iter()
        .max_by_key(Interleaving::total)
        .unwrap_or_default()
}

/// Two ways that stand at the same patterns go on alike: one is enough.
fn push_new(ways: &mut Vec<Interleaving>, way: Interleaving) {
    let stand = |w: &Interleaving| w.hits.iter().map(Vec::len).collect::<Vec<_>>();
    if !ways.iter().any(|w| stand(w) == stand(&way)) {
        ways.push(way);
    }
}
