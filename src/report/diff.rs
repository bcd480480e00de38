//! What changed between two runs of a case: by the judge, not by the letter.

use std::collections::BTreeMap;
use std::time::Duration;

use super::text::{observation, word};
use crate::expect::Expectation;
use crate::judge::{Verdict, elapsed, judge};
use crate::outcome::{Observed, Outcome, Status};
use crate::record::{Exchange, Record, Termination};

/// Two runs of a case, compared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It did the same, as far as the suite looks.
    Same,
    /// It did something else: in sentences.
    Differs(Vec<String>),
    /// That cannot be told, and why.
    Unknown(String),
}

/// How two runs are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DiffOptions {
    /// Whether every line of log counts, whether the suite speaks of it or not.
    pub lines: bool,
}

impl DiffOptions {
    /// What the suite speaks of.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every line of log counts, by its text; in which order they came does not.
    #[must_use]
    pub fn lines(self, lines: bool) -> Self {
        Self { lines }
    }
}

/// Compares what came of a case in two runs.
///
/// Each run is judged by what was expected of the other too: a line that came and comes no more is a change, though both runs may be
/// known deviations. A delay changed if it moved further than both slacks and both lags account for.
#[must_use]
pub fn compare(before: &Outcome, after: &Outcome, options: DiffOptions) -> Change {
    let (a, b) = match (&before.observed, &after.observed) {
        (Some(a), Some(b)) => (a, b),
        _ => return without_run(before, after),
    };
    if [before.status, after.status].contains(&Status::Interrupted) {
        return Change::Unknown("a run was interrupted".into());
    }
    let mut told = definite(before, a, after, b);
    let delay = moved(before, &a.record, &b.record);
    if let Some(Moved::Surely(sentence)) = &delay {
        told.push(sentence.clone());
    }
    if options.lines {
        told.extend(lines(&a.record, &b.record));
    }
    if told.is_empty() {
        told.extend(other_status(before, a, after, b));
    }
    if !told.is_empty() {
        return Change::Differs(told);
    }
    for (when, outcome) in [("before", before), ("after", after)] {
        if outcome.status == Status::Inconclusive {
            return Change::Unknown(format!("it was inconclusive {when}"));
        }
    }
    match delay {
        Some(Moved::Perhaps(sentence)) => Change::Unknown(sentence),
        _ => Change::Same,
    }
}

fn without_run(before: &Outcome, after: &Outcome) -> Change {
    use Status::{Failed, Skipped};
    match (before.status, after.status) {
        (Skipped, Skipped) | (Failed, Failed) => Change::Same,
        (Failed, status) if status != Skipped && after.observed.is_some() => {
            Change::Differs(vec!["it could not be started, and can be now".into()])
        }
        (status, Failed) if status != Skipped && before.observed.is_some() => {
            let why = after.why.as_deref().unwrap_or("for an unknown reason");
            Change::Differs(vec![format!("it can be started no more: {why}")])
        }
        (Skipped, _) => Change::Unknown("it was skipped before".into()),
        (_, Skipped) => Change::Unknown("it was skipped after".into()),
        _ => Change::Unknown("it was not run to its end".into()),
    }
}

/// What is different whatever the machine was late by.
fn definite(before: &Outcome, a: &Observed, after: &Outcome, b: &Observed) -> Vec<String> {
    let mut told = Vec::new();
    let ends = [&a.record, &b.record].map(end);
    if ends[0] != ends[1] {
        told.push(format!(
            "it ended with {}, and ends with {}",
            ends[0], ends[1]
        ));
    }
    for expectation in [&before.expectation, &after.expectation] {
        let ends = other_ends(expectation, &a.record, &b.record);
        for sentence in flipped(expectation, &a.record, &b.record)
            .into_iter()
            .chain(ends)
        {
            if !told.contains(&sentence) {
                told.push(sentence);
            }
        }
    }
    told
}

/// What became of the requests and the clients that are judged, where both runs have them: it may be wrong in two ways.
fn other_ends(expectation: &Expectation, a: &Record, b: &Record) -> Vec<String> {
    let requests = expectation.requests.iter().map(|request| {
        let [was, is] = [a, b].map(|record| exchanges(record, &request.name));
        (format!("request `{}` was", request.name), was, is)
    });
    let clients = expectation.clients.iter().map(|client| {
        let own = |record: &Record| Some(end(record.client(&client.name)?));
        let [was, is] = [a, b].map(|record| own(record).unwrap_or_default());
        (format!("client `{}` ended with", client.name), was, is)
    });
    let ends = requests.chain(clients);
    let differ = ends.filter(|(_, was, is)| was != is && !was.is_empty() && !is.is_empty());
    differ
        .map(|(what, was, is)| format!("{what} {was}, and is now: {is}"))
        .collect()
}

/// How the requests of a name ended. Whether one that was lost was cut off or refused is a matter of time.
fn exchanges(record: &Record, name: &str) -> String {
    let ends = record
        .exchanges(name)
        .filter_map(|(_, exchange)| match exchange {
            answered @ Exchange::Answered(_) => Some(answered.to_string()),
            Exchange::CutOff { .. } | Exchange::Refused { .. } => Some("lost".into()),
            _ => None,
        });
    ends.collect::<Vec<_>>().join(", ")
}

/// Another status, where nothing else says why: the suite itself is another one, or the delay is at the edge of its slack.
fn other_status(before: &Outcome, a: &Observed, after: &Outcome, b: &Observed) -> Option<String> {
    let (was, is) = (before.status, after.status);
    let decided = ![was, is].contains(&Status::Inconclusive);
    (was != is && decided).then(|| {
        format!(
            "{} ({}), and now {} ({})",
            word(was).1,
            observation(&before.expectation, &a.record),
            word(is).1,
            observation(&after.expectation, &b.record)
        )
    })
}

fn end(record: &Record) -> String {
    match (record.termination, record.exit()) {
        (Termination::TimedOut { .. }, _) => "a hang".into(),
        (_, Some(exit)) => exit.to_string(),
        (_, None) => "no exit".into(),
    }
}

/// The checks of an expectation that held in one of the runs and broke in the other. Delays are compared by themselves.
fn flipped(expectation: &Expectation, a: &Record, b: &Record) -> Vec<String> {
    let mut without_times = expectation.clone();
    without_times.delays.clear();
    // Ends are compared already.
    without_times.end = None;
    let (a, b) = (judge(a, &without_times), judge(b, &without_times));
    let verdicts = |judgement: &crate::judge::Judgement| {
        let mut worst: BTreeMap<String, (Verdict, String)> = BTreeMap::new();
        for check in &judgement.checks {
            let found = (check.verdict, check.observation());
            let known = worst
                .entry(check.expected.to_string())
                .or_insert(found.clone());
            if check.verdict > known.0 {
                *known = found;
            }
        }
        worst
    };
    let (a, b) = (verdicts(&a), verdicts(&b));
    let mut told = Vec::new();
    for (expected, (was, observed_before)) in &a {
        let Some((is, observed)) = b.get(expected) else {
            continue;
        };
        match (was, is) {
            (Verdict::Held, Verdict::Broken) => {
                told.push(format!("no more so: {expected} (observed {observed})"));
            }
            (Verdict::Broken, Verdict::Held) => {
                told.push(format!("so now: {expected} (before: {observed_before})"));
            }
            _ => {}
        }
    }
    told
}

enum Moved {
    Surely(String),
    Perhaps(String),
}

/// How the delay of the exit changed, if by more than both slacks.
fn moved(before: &Outcome, a: &Record, b: &Record) -> Option<Moved> {
    let delay = before.expectation.exit_delay()?;
    let (was, is) = (elapsed(a, delay)?, elapsed(b, delay)?);
    if a.buffers_output() || b.buffers_output() {
        return None;
    }
    let by = Duration::try_from_secs_f64((was - is).abs()).unwrap_or(Duration::MAX);
    let slack = delay.slack.saturating_mul(2);
    let lag = a.lag.total().saturating_add(b.lag.total());
    let told = format!(
        "the exit came {was:.3} s after {}, and comes {is:.3} s after it",
        delay.from
    );
    if by <= slack {
        None
    } else if by <= slack.saturating_add(lag) {
        let lag = lag.as_secs_f64();
        Some(Moved::Perhaps(format!(
            "{told}, on machines that were up to {lag:.2} s late"
        )))
    } else {
        Some(Moved::Surely(told))
    }
}

/// The lines of log that came more or less often.
fn lines(a: &Record, b: &Record) -> Vec<String> {
    let count = |record: &Record| {
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for seen in record.lines().filter(|seen| record.is_log(seen.line)) {
            *counts.entry(seen.line.text().into_owned()).or_default() += 1;
        }
        counts
    };
    let mut balance = count(b);
    for (text, n) in count(a) {
        *balance.entry(text).or_default() -= n;
    }
    let told = balance.into_iter().filter_map(|(text, more)| match more {
        0 => None,
        1.. => Some(format!("{more} more: `{text}`")),
        _ => Some(format!("{} fewer: `{text}`", -more)),
    });
    told.collect()
}
