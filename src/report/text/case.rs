//! One case in one line, and what must be said beneath it.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::page::{Page, padded};
use super::plain::plain;
use super::timeline::timeline_on;
use crate::expect::Expectation;
use crate::judge::elapsed;
use crate::outcome::{CaseId, Observed, Outcome, Status, Summary};
use crate::record::{Record, Termination};

const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();

/// The columns of a report.
#[derive(Debug, Clone, Copy, Default)]
pub struct Widths {
    scenario: usize,
    implementation: usize,
}

impl Widths {
    /// As wide as these cases need.
    #[must_use]
    pub fn of<'c>(cases: impl IntoIterator<Item = &'c CaseId>) -> Self {
        let mut widths = Self::default();
        for case in cases {
            widths.scenario = widths.scenario.max(case.scenario.width());
            widths.implementation = widths.implementation.max(case.implementation.width());
        }
        widths
    }
}

/// The word for a status, and its colour.
pub(in crate::report) fn word(status: Status) -> (Style, &'static str) {
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

/// One line, and beneath it the reason, the findings and, if the case is not as expected or `verbose`, the timeline.
#[must_use]
pub fn case(outcome: &Outcome, widths: Widths, verbose: bool) -> String {
    case_on(outcome, widths, verbose, Page::default())
}

/// What is observed of a case should have this much room beside its name, or the names stand in no columns.
const OBSERVED: usize = 24;

pub(in crate::report) fn case_on(
    outcome: &Outcome,
    widths: Widths,
    verbose: bool,
    page: Page,
) -> String {
    let mut out = line(outcome, widths, page);
    let indent = page.indent();
    let Some(Observed { record, judgement }) = &outcome.observed else {
        return out + &place(outcome, page);
    };
    if let Some(reason) = reason(outcome) {
        for line in page.wrap(&reason, indent + 2) {
            let _ = writeln!(out, "{:indent$}  {DIM}{line}{DIM:#}", "");
        }
    }
    out.push_str(&place(outcome, page));
    let expected = outcome.status.is_expected();
    if verbose || !expected {
        let marked = (!expected).then_some(judgement);
        let page = page.behind(indent);
        for line in timeline_on(record, marked, page).lines() {
            let _ = writeln!(out, "{:indent$}{line}", "");
        }
        return out;
    }
    // A hint is worth a word only where something is wrong.
    for finding in record.findings.iter().filter(|finding| !finding.is_hint()) {
        for (i, line) in page
            .wrap(&finding.to_string(), indent + 11)
            .iter()
            .enumerate()
        {
            let word = if i == 0 { "finding" } else { "" };
            let _ = writeln!(out, "{:indent$}  {YELLOW}{word:7}{YELLOW:#}  {line}", "");
        }
    }
    out
}

/// Where the expectation is written, if it, or the program, has to be looked at.
fn place(outcome: &Outcome, page: Page) -> String {
    let indent = page.indent();
    let Some(place) = &outcome.place else {
        return String::new();
    };
    match outcome.status {
        Status::Held | Status::Deviates | Status::Skipped | Status::Interrupted => String::new(),
        _ => format!("{:indent$}  {DIM}at {place}{DIM:#}\n", ""),
    }
}

pub(super) fn line(outcome: &Outcome, widths: Widths, page: Page) -> String {
    let (style, word) = word(outcome.status);
    let said = match (&outcome.observed, &outcome.why) {
        (Some(observed), _) => observation(&outcome.expectation, &observed.record),
        (None, Some(why)) => why.clone(),
        (None, None) => "not run".into(),
    };
    let again = match outcome.runs {
        0 | 1 => String::new(),
        runs => format!(" {DIM}(run {runs} times){DIM:#}"),
    };
    let CaseId {
        scenario,
        implementation,
    } = &outcome.case;
    let indent = page.indent();
    if page.is_narrower_than(indent + 6 + widths.scenario + widths.implementation + OBSERVED) {
        let text = format!("{scenario}  {implementation}  {said}{}", plain(&again));
        let behind = indent.max(word.len()) + 2;
        let lines = page.wrap(&text, behind).join(&format!("\n{:behind$}", ""));
        return format!("{style}{word:>indent$}{style:#}  {lines}\n");
    }
    let scenario = padded(scenario, widths.scenario);
    let implementation = padded(implementation, widths.implementation);
    format!("{style}{word:>indent$}{style:#}  {scenario}  {implementation}  {said}{again}\n")
}

/// What the suite says of the case beyond its expectation.
pub(in crate::report) fn reason(outcome: &Outcome) -> Option<String> {
    let known = outcome.known_deviation.as_ref();
    match outcome.status {
        Status::Deviates => known.cloned(),
        Status::DeviatesNoMore => known.map(|why| {
            format!("take the known deviation out of the suite: \"{why}\" is no longer so")
        }),
        Status::Broken => known.map(|why| {
            format!("not as the known deviation says either, by which it is judged here: {why}")
        }),
        _ => outcome.why.clone(),
    }
}

/// What was observed, in a few words: the end, its delay, and the lines whose absence was expected.
#[must_use]
pub fn observation(expectation: &Expectation, record: &Record) -> String {
    let mut parts = vec![match (record.termination, record.exit()) {
        (Termination::TimedOut { limit }, _) => format!("ended after {} s", limit.as_secs_f64()),
        (Termination::Interrupted, _) => "interrupted".into(),
        (_, Some(exit)) => exit.to_string(),
        (_, None) => "no exit".into(),
    }];
    if let Some(delay) = expectation.exit_delay()
        && let Some(seconds) = elapsed(record, delay)
    {
        let word = if seconds < 0.0 { "before" } else { "after" };
        parts.push(format!("{:.3} s {word} {}", seconds.abs(), delay.from));
    }
    let missing = |line: &&crate::expect::Pattern| record.matching(line).next().is_none();
    let absent = expectation.absent.iter().filter(missing);
    parts.extend(absent.map(|line| format!("no {line}")));
    if !record.survivors.is_empty() {
        parts.push(format!("{} left behind", record.survivors.len()));
    }
    parts.join(", ")
}

/// The last line of a report. The time is left out if it is zero: that of a run that was killed is not known.
#[must_use]
pub fn summary(summary: &Summary, seconds: f64) -> String {
    let deviations = match summary.deviates {
        1 => "known deviation",
        _ => "known deviations",
    };
    let parts = [
        (summary.held, GREEN, "held"),
        (summary.deviates, CYAN, deviations),
        (summary.broken, RED, "broken"),
        (summary.inconclusive, YELLOW, "inconclusive"),
        (summary.skipped, YELLOW, "skipped"),
        (summary.interrupted, YELLOW, "interrupted"),
    ];
    let parts: Vec<_> = parts
        .iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, style, word)| format!("{style}{n} {word}{style:#}"))
        .collect();
    let parts = match parts.is_empty() {
        true => "nothing was run".into(),
        false => parts.join(", "),
    };
    let total = summary.total();
    let cases = if total == 1 { "case" } else { "cases" };
    let took = match seconds > 0.0 {
        true => format!(" in {seconds:.2} s"),
        false => String::new(),
    };
    format!("{total} {cases}{took}: {parts}")
}
