//! The order of a log: then, next, not, in any order.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use super::expect::{LogExpectation, OtherLines, Pattern, Step};
use super::{Check, missing, not_there, quoted};
use crate::record::{EventKind, Record, Stream, Streams};

/// Lines of different pipes closer than this may have been written the other way round.
const UNSURE: Duration = Duration::from_millis(100);

/// Where the order of lines rests on sleeps, these are further apart than this; a machine that was less late did not swap them.
const STALL: Duration = Duration::from_millis(150);

/// Whether the machine may have held up the line that should have come first.
fn stalled(record: &Record, early: &Seen<'_>, late: &Seen<'_>) -> bool {
    let lag = record.lag.measured();
    lag >= STALL && late.at.saturating_sub(early.at) <= lag
}

struct Seen<'a> {
    event: usize,
    at: Duration,
    stream: Stream,
    log: bool,
    text: String,
    record: &'a Record,
}

impl Seen<'_> {
    fn is(&self, pattern: &Pattern) -> bool {
        pattern.is_of(self.stream) && pattern.matches(&self.text)
    }

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
    record: &'a Record,
    lines: Vec<Seen<'a>>,
    /// The first line that no step has gone past.
    position: usize,
    /// The lines that steps have matched, in their place or too early.
    matched: BTreeSet<usize>,
    checks: Vec<Check>,
    /// What must not come before the next match.
    nots: Vec<&'a Pattern>,
}

pub(super) fn log(record: &Record, expectation: &LogExpectation) -> Vec<Check> {
    let seen = |seen: crate::record::Seen<'_>| Seen {
        event: seen.event,
        at: seen.at,
        stream: seen.line.stream,
        log: seen.line.is_log(),
        text: seen.line.text().into_owned(),
        record,
    };
    let mut walk = Walk {
        record,
        lines: record.lines().map(seen).collect(),
        position: 0,
        matched: BTreeSet::new(),
        checks: Vec::new(),
        nots: Vec::new(),
    };
    let mut after = "the start".to_owned();
    for step in &expectation.steps {
        walk.step(step, &after);
        after = name(step).unwrap_or(after);
    }
    walk.judge_nots(None);
    if expectation.others == OtherLines::Forbidden {
        walk.judge_others();
    }
    walk.checks
}

/// What a line that follows this step follows.
fn name(step: &Step) -> Option<String> {
    let names: Vec<_> = step.wanted().map(ToString::to_string).collect();
    let (last, rest) = names.split_last()?;
    Some(match rest {
        [] => last.clone(),
        rest => format!("{} and {last}", rest.join(", ")),
    })
}

impl<'a> Walk<'a> {
    fn step(&mut self, step: &'a Step, after: &str) {
        match step {
            Step::Not(pattern) => self.nots.push(pattern),
            Step::Then(pattern) => self.then(pattern, format!("{pattern} after {after}")),
            Step::Next(pattern) => self.next(pattern, format!("{pattern} directly after {after}")),
            Step::AnyOrder(groups) => self.any_order(groups, after),
        }
    }

    fn then(&mut self, pattern: &Pattern, expected: String) {
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

    fn next(&mut self, pattern: &Pattern, expected: String) {
        let place = self.position;
        let (found, before) = (self.find(pattern, place), self.before());
        let Some(i) = found else {
            return self.not_even_later(pattern, &before, expected);
        };
        self.judge_nots(Some(i));
        if i == place && self.cut_between(before.last().copied(), i) {
            self.checks.push(Check::inconclusive(expected, super::CUT));
        } else if i == place && !self.crowded(&before, i) {
            self.found(i, &before, expected);
        } else if i == place {
            let observed = "it came, and on the other stream a line so close that it may stand between: \
                            too close to tell the order";
            let check = Check::inconclusive(expected, observed).at(self.lines[i].event);
            self.checks.push(check);
        } else {
            self.not_next(&before, i, expected);
        }
        self.matched.insert(i);
        self.position = i + 1;
    }

    /// Line `i` came later than directly after the line before it.
    fn not_next(&mut self, before: &[usize], i: usize, expected: String) {
        let (between, line) = (&self.lines[self.position..i], &self.lines[i]);
        let previous = before.last().map(|&p| &self.lines[p]);
        let elsewhere =
            |l: &Seen<'_>| l.unsure_before(line) || previous.is_some_and(|p| p.unsure_before(l));
        let unsure = between.iter().all(elsewhere);
        let observed = format!("{} came there", quoted(&between[0].text));
        let check = if unsure {
            let observed = format!("{observed}, on the other stream: too close to tell the order");
            Check::inconclusive(expected, observed)
        } else if self.cut_between(before.last().copied(), i) {
            Check::inconclusive(expected, super::CUT)
        } else {
            Check::broken(expected, observed)
        };
        self.checks.push(check.at(between[0].event));
    }

    /// No line from here on is the one that should be next. Why?
    fn not_even_later(&mut self, pattern: &Pattern, before: &[usize], expected: String) {
        let there = self
            .lines
            .get(self.position)
            .map(|l| (l.event, quoted(&l.text)));
        self.missing(pattern, before, expected);
        // What stands in its place is worth a word if there is nothing else to point at.
        if let Some((event, text)) = there
            && let Some(check) = self.checks.last_mut()
            && check.event.is_none()
            && check.verdict == super::Verdict::Broken
        {
            check.observed = format!("{}, {text} came there", check.observed);
            check.event = Some(event);
        }
    }

    /// Whether a line of the other stream may stand between line `i` and the one before it, though it arrived elsewhere.
    fn crowded(&self, before: &[usize], i: usize) -> bool {
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
        (from..self.lines.len()).find(|i| !self.matched.contains(i) && self.lines[*i].is(pattern))
    }

    /// What a further line must come after: all lines that have been matched.
    fn before(&self) -> Vec<usize> {
        self.matched.iter().copied().collect()
    }

    /// Line `i` came after these, as it should, if that can be told.
    fn found(&mut self, i: usize, before: &[usize], expected: String) {
        let line = &self.lines[i];
        let close = before.iter().map(|&p| &self.lines[p]);
        let close = close
            .filter(|p| p.unsure_before(line))
            .min_by_key(|p| p.at.abs_diff(line.at));
        let check = match close {
            Some(other) => Check::inconclusive(expected, too_close(line, other)),
            None => Check::held(expected, format!("at {:.3} s", line.at.as_secs_f64())),
        };
        self.checks.push(check.at(line.event));
        self.matched.insert(i);
    }

    /// No line after those before it matches. Why?
    fn missing(&mut self, pattern: &Pattern, before: &[usize], expected: String) {
        let end = before.last().copied().unwrap_or(0);
        let early = (0..end)
            .rev()
            .find(|i| !self.matched.contains(i) && self.lines[*i].is(pattern));
        let Some(i) = early else {
            self.checks.push(missing(self.record, expected));
            return;
        };
        let line = &self.lines[i];
        let mut blocking = before.iter().filter(|p| **p > i).map(|&p| &self.lines[p]);
        let unsure = blocking.clone().all(|p| p.unsure_before(line));
        let check = match blocking.next() {
            Some(other) if unsure => Check::inconclusive(expected, too_close(line, other)),
            Some(other) if stalled(self.record, line, other) => {
                let late = self.record.lag.measured().as_secs_f64();
                let other = quoted(&other.text);
                let observed = format!(
                    "it came too early, before {other}, on a machine that was up to {late:.2} s late"
                );
                Check::inconclusive(expected, observed).retryable()
            }
            // It may have come once more, in what was left out.
            _ if self.record.is_cut() => Check::inconclusive(expected, super::CUT),
            other => {
                let before =
                    other.map_or(String::new(), |p| format!(", before {}", quoted(&p.text)));
                let at = line.at.as_secs_f64();
                Check::broken(expected, format!("it came too early, at {at:.3} s{before}"))
            }
        };
        self.checks.push(check.at(line.event));
        // It is accounted for: not a line too many as well.
        self.matched.insert(i);
    }

    /// What must not have come between the last match and line `end`, or the end of the log.
    fn judge_nots(&mut self, end: Option<usize>) {
        for pattern in std::mem::take(&mut self.nots) {
            let check = self.judge_not(pattern, end);
            self.checks.push(check);
        }
    }

    fn judge_not(&self, pattern: &Pattern, end: Option<usize>) -> Check {
        let start = self.matched.range(..self.position).next_back().copied();
        let name = |i: Option<usize>, none: &str| {
            i.map_or_else(|| none.to_owned(), |i| quoted(&self.lines[i].text))
        };
        let expected = format!(
            "no {pattern} between {} and {}",
            name(start, "the start"),
            name(end, "the end")
        );
        let limits: Vec<_> = [start, end].into_iter().flatten().collect();
        let limits = limits.iter().map(|&i| &self.lines[i]);
        let unsure = |l: &Seen<'_>| limits.clone().any(|limit| limit.unsure_before(l));
        let inside = self.position..end.unwrap_or(self.lines.len());
        let hits =
            self.lines.iter().enumerate().filter(|(i, line)| {
                !self.matched.contains(i) && Some(*i) != end && line.is(pattern)
            });
        let (mut sure, mut perhaps) = (None, None);
        for (i, line) in hits {
            if unsure(line) {
                perhaps.get_or_insert(line);
            } else if inside.contains(&i) {
                sure.get_or_insert((i, line));
            }
        }
        match (sure, perhaps) {
            (Some((i, _)), _) if end.is_some() && self.cut_between(start, i) => {
                Check::inconclusive(expected, super::CUT)
            }
            (Some((_, line)), _) => {
                let observed = format!("it came at {:.3} s", line.at.as_secs_f64());
                Check::broken(expected, observed).at(line.event)
            }
            (None, Some(line)) => {
                let at = line.at.as_secs_f64();
                let observed = format!(
                    "it came at {at:.3} s on the other stream: too close to tell the order"
                );
                Check::inconclusive(expected, observed).at(line.event)
            }
            (None, None) => match end {
                Some(end) if !self.cut_between(start, end) => {
                    Check::held(expected, "it is not there")
                }
                _ => not_there(self.record, expected, "it is not there"),
            },
        }
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

    fn any_order(&mut self, groups: &[Vec<Pattern>], after: &str) {
        let before = self.before();
        let lines = &self.lines[self.position..];
        let mut hits = interleave(groups, lines.iter(), |pattern, line| line.is(pattern));
        for hit in hits.iter_mut().flatten() {
            *hit += self.position;
        }
        if let Some(first) = hits.iter().flatten().min().copied() {
            self.judge_nots(Some(first));
        }
        let mut end = self.position;
        self.matched.extend(hits.iter().flatten());
        for (group, hits) in groups.iter().zip(hits) {
            end = end.max(self.sequence(group, hits, &before, after));
        }
        self.position = end;
    }

    /// Judges one sequence of a group, of which these are the lines, up to the first that is missing. Returns the position
    /// behind it.
    fn sequence(
        &mut self,
        sequence: &[Pattern],
        hits: Vec<usize>,
        before: &[usize],
        after: &str,
    ) -> usize {
        let (mut before, mut after) = (before.to_vec(), after.to_owned());
        let mut end = self.position;
        for (i, pattern) in sequence.iter().enumerate() {
            let expected = format!("{pattern} after {after}");
            match hits.get(i).copied().or_else(|| self.find(pattern, end)) {
                Some(hit) => {
                    self.found(hit, &before, expected);
                    before.push(hit);
                    end = hit + 1;
                }
                None => self.missing(pattern, &before, expected),
            }
            after = pattern.to_string();
        }
        end
    }

    fn judge_others(&mut self) {
        const EXPECTED: &str = "no other line of log";
        let matched: HashSet<_> = self
            .matched
            .iter()
            .map(|&m| quoted(&self.lines[m].text))
            .collect();
        // A program whose lines carry no stamps: then they all are its log.
        let stampless = !self.lines.iter().any(|line| line.log);
        let others = self
            .lines
            .iter()
            .enumerate()
            .filter(|(i, line)| (stampless || line.log) && !self.matched.contains(i));
        let mut checks: Vec<_> = others
            .map(|(_, line)| {
                let text = quoted(&line.text);
                let how = if matched.contains(&text) {
                    "once more than expected"
                } else {
                    "unexpected"
                };
                Check::broken(EXPECTED, format!("{text} came, {how}")).at(line.event)
            })
            .collect();
        if checks.is_empty() {
            checks.push(not_there(self.record, EXPECTED, "there is none"));
        }
        self.checks.append(&mut checks);
    }
}

fn too_close(line: &Seen<'_>, other: &Seen<'_>) -> String {
    let gap = line.at.abs_diff(other.at).as_secs_f64();
    let word = if line.event < other.event {
        "before"
    } else {
        "after"
    };
    let other = quoted(&other.text);
    format!("it came {gap:.3} s {word} {other} on the other stream: too close to tell the order")
}

/// Finds lines for all sequences, each in its own order. Where a line could serve several, all ways are followed; of the
/// ways that get furthest, one is returned: for each sequence the lines that its patterns matched, up to the first
/// pattern that has none.
fn interleave<P: PartialEq, L: Copy>(
    sequences: &[Vec<P>],
    lines: impl Iterator<Item = L>,
    matches: impl Fn(&P, L) -> bool,
) -> Vec<Vec<usize>> {
    let wanted: usize = sequences.iter().map(Vec::len).sum();
    let total = |way: &Vec<Vec<usize>>| way.iter().map(Vec::len).sum::<usize>();
    let mut ways = vec![vec![Vec::new(); sequences.len()]];
    for (i, line) in lines.enumerate() {
        let mut next = Vec::new();
        let mut stands = HashSet::new();
        for way in ways {
            let takers = takers(sequences, &way, |pattern| matches(pattern, line));
            let ways = if takers.is_empty() {
                vec![way]
            } else {
                let taken_by = |g: usize| {
                    let mut way: Vec<Vec<usize>> = way.clone();
                    way[g].push(i);
                    way
                };
                takers.into_iter().map(taken_by).collect()
            };
            // Two ways that stand at the same patterns go on alike: one is enough.
            let new =
                |way: &Vec<Vec<usize>>| stands.insert(way.iter().map(Vec::len).collect::<Vec<_>>());
            next.extend(ways.into_iter().filter(new));
        }
        ways = next;
        if ways.iter().any(|way| total(way) == wanted) {
            break;
        }
    }
    // The first of those that get furthest.
    let furthest = ways.into_iter().rev().max_by_key(total);
    furthest.unwrap_or_else(|| vec![Vec::new(); sequences.len()])
}

/// The sequences whose next pattern matches a line. Of those that want the same from here on, only the first.
fn takers<P: PartialEq>(
    sequences: &[Vec<P>],
    way: &[Vec<usize>],
    matches: impl Fn(&P) -> bool,
) -> Vec<usize> {
    let left = |g: usize| &sequences[g][way[g].len()..];
    let mut takers: Vec<usize> = Vec::new();
    for g in 0..sequences.len() {
        let wants = left(g).first().is_some_and(&matches);
        if wants && !takers.iter().any(|&t| left(t) == left(g)) {
            takers.push(g);
        }
    }
    takers
}
