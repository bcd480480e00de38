//! One case in one line, and what must be said beneath it.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::timeline;
use crate::expect::Mark;
use crate::judge::took;
use crate::outcome::{Outcome, Status, Summary};
use crate::record::Record;
use crate::suite::Case;

const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();

/// The columns of a report.
#[derive(Debug, Clone, Copy)]
pub struct Widths {
    scenario: usize,
    implementation: usize,
}

impl Widths {
    /// As wide as these cases need.
    pub fn of<'s>(cases: impl Iterator<Item = &'s Case> + Clone) -> Self {
        let width = |f: fn(&Case) -> usize| cases.clone().map(f).max().unwrap_or(0);
        Self {
            scenario: width(|c| c.scenario.len()),
            implementation: width(|c| c.implementation.len()),
        }
    }
}

/// The word for a status, and its colour.
#[must_use]
pub fn word(status: Status) -> (Style, &'static str) {
    match status {
        Status::Held => (GREEN, "held"),
        Status::Deviates => (CYAN, "deviates"),
        Status::Broken => (RED, "broken"),
        Status::DeviatesNoMore => (RED, "deviates no more"),
        Status::Inconclusive => (YELLOW, "inconclusive"),
        Status::Skipped => (YELLOW, "skipped"),
        Status::Failed => (RED, "failed"),
        Status::Interrupted => (YELLOW, "interrupted"),
    }
}

/// One line, and beneath it the reason, the findings and, if it is not well or `verbose`, the timeline.
#[must_use]
pub fn case(outcome: &Outcome<'_>, widths: Widths, verbose: bool) -> String {
    let Outcome {
        case,
        status,
        why,
        observed,
        runs,
    } = outcome;
    let (style, word) = word(*status);
    let mut out = String::new();
    let said = match (observed, why) {
        (Some((record, _)), _) => observation(case, record),
        (None, Some(why)) => why.clone(),
        (None, None) => "not run".into(),
    };
    let (w1, w2) = (widths.scenario, widths.implementation);
    let again = if *runs > 1 {
        format!(" {DIM}(run {runs} times){DIM:#}")
    } else {
        String::new()
    };
    let _ = writeln!(
        out,
        "{style}{word:>12}{style:#}  {:<w1$}  {:<w2$}  {said}{again}",
        case.scenario, case.implementation
    );
    let Some((record, judgement)) = observed else {
        return out;
    };
    if let Some(why) = why {
        let why = match status {
            Status::DeviatesNoMore => {
                format!("take the known deviation out of the suite: \"{why}\" is no longer so")
            }
            _ => why.clone(),
        };
        let _ = writeln!(out, "{:>12}  {DIM}{why}{DIM:#}", "");
    }
    let well = status.is_expected();
    if verbose || !well {
        let marked = (!well).then_some(judgement);
        for line in timeline(record, marked).lines() {
            let _ = writeln!(out, "{:>12}{line}", "");
        }
    } else {
        for finding in &record.findings {
            let _ = writeln!(out, "{:>12}  {YELLOW}finding{YELLOW:#}  {finding}", "");
        }
    }
    out
}

/// What was observed, in a few words: the end, its delay, and the lines whose absence was expected.
#[must_use]
pub fn observation(case: &Case, record: &Record) -> String {
    let mut parts = Vec::new();
    match (record.termination, record.exit()) {
        (crate::record::Termination::TimedOut { limit }, _) => {
            parts.push(format!("ended after {} s", limit.as_secs_f64()))
        }
        (crate::record::Termination::Interrupted, _) => parts.push("interrupted".into()),
        (_, Some(exit)) => parts.push(exit.to_string()),
        (_, None) => parts.push("no exit".into()),
    }
    let delay = case.expectation.delays.iter().find(|d| d.to == Mark::Exit);
    if let Some(delay) = delay
        && let Some(took) = took(record, delay)
    {
        parts.push(format!("{took} after {}", delay.from));
    }
    for pattern in &case.expectation.absent {
        if record.matching(pattern).next().is_none() {
            parts.push(format!("no {pattern}"));
        }
    }
    if !record.survivors.is_empty() {
        parts.push(format!("{} left behind", record.survivors.len()));
    }
    parts.join(", ")
}

/// The last line of a report.
#[must_use]
pub fn summary(summary: &Summary, seconds: f64) -> String {
    let Summary {
        held,
        deviates,
        broken,
        inconclusive,
        skipped,
        interrupted,
    } = *summary;
    let total = held + deviates + broken + inconclusive + skipped + interrupted;
    let part =
        |n: usize, style: Style, word: &str| (n > 0).then(|| format!("{style}{n} {word}{style:#}"));
    let parts = [
        part(held, GREEN, "held"),
        part(
            deviates,
            CYAN,
            if deviates == 1 {
                "known deviation"
            } else {
                "known deviations"
            },
        ),
        part(broken, RED, "broken"),
        part(inconclusive, YELLOW, "inconclusive"),
        part(skipped, YELLOW, "skipped"),
        part(interrupted, YELLOW, "interrupted"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let cases = if total == 1 { "case" } else { "cases" };
    let parts = match parts.is_empty() {
        true => "nothing was run".into(),
        false => parts.join(", "),
    };
    format!("{total} {cases} in {seconds:.2} s: {parts}")
}
