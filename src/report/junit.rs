//! JUnit XML, as CI servers read it.
//!
//! | status | JUnit |
//! |---|---|
//! | held | passed |
//! | deviates | passed, with the property `known-deviation` |
//! | broken, deviates no more | `failure` of that type |
//! | inconclusive, failed, interrupted, unfinished | `error` of that type |
//! | skipped | `skipped` |
//!
//! A scenario is a test suite, an implementation a test case of it. The message is the first sentence of what is wrong, the text
//! all of them, `system-out` the timeline. Properties: `status`, `version`, `runs`, `end`, `exit-delay` and `lag` in seconds,
//! `survivors`, `known-deviation`.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Results;
use super::facts::facts;
use super::results::{Row, UNFINISHED, duration, kebab, plain_timeline, sentence, sentences};
use crate::outcome::{Outcome, Status, TestResult};

/// The report of a run: of all cases, those that are not over included.
#[must_use]
pub fn junit(results: &Results) -> String {
    let mut report = Report::new(format!("exeunt {}", results.name));
    if let Some(elapsed) = results.elapsed {
        report.set_time(elapsed);
    }
    for (scenario, rows) in by_scenario(&results.rows()) {
        report.add_test_suite(suite(scenario, &rows));
    }
    // It is written to memory.
    report.to_string().unwrap_or_default()
}

/// Rows of the same scenario together, in the order in which scenarios first come.
fn by_scenario<'r>(rows: &[Row<'r>]) -> Vec<(&'r str, Vec<Row<'r>>)> {
    let mut scenarios: Vec<(&str, Vec<Row<'r>>)> = Vec::new();
    for row in rows {
        let name = row.case.scenario.as_str();
        match scenarios.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rows)) => rows.push(*row),
            None => scenarios.push((name, vec![*row])),
        }
    }
    scenarios
}

fn suite(scenario: &str, rows: &[Row<'_>]) -> TestSuite {
    let mut suite = TestSuite::new(scenario);
    let durations = rows.iter().filter_map(|row| duration(row.outcome?));
    suite.set_time(durations.fold(Duration::ZERO, Duration::saturating_add));
    suite.add_test_cases(rows.iter().map(case));
    suite
}

fn case(row: &Row<'_>) -> TestCase {
    let mut case = TestCase::new(row.case.implementation.as_str(), status(row));
    case.set_classname(row.case.scenario.as_str());
    case.add_property(("status", kebab(row.status())));
    let Some(outcome) = row.outcome else {
        return case;
    };
    for (name, value) in facts(outcome) {
        case.add_property((name, value.as_str()));
    }
    if let Some(time) = duration(outcome) {
        case.set_time(time);
    }
    if let Some(timeline) = plain_timeline(outcome) {
        case.set_system_out(timeline);
    }
    case
}

fn status(row: &Row<'_>) -> TestCaseStatus {
    let Some(outcome) = row.outcome else {
        return told(NonSuccessKind::Error, row, UNFINISHED.into(), None);
    };
    let kind = match outcome.result() {
        TestResult::Pass | TestResult::Xfail => return TestCaseStatus::success(),
        TestResult::Skip => return skipped(outcome),
        TestResult::Fail | TestResult::Xpass => NonSuccessKind::Failure,
        TestResult::Error => NonSuccessKind::Error,
    };
    let message = sentence(outcome).unwrap_or_else(|| kebab(Some(outcome.status)).into());
    told(kind, row, message, Some(sentences(outcome).join("\n")))
}

fn told(
    kind: NonSuccessKind,
    row: &Row<'_>,
    message: String,
    text: Option<String>,
) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(kebab(row.status())).set_message(message);
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        status.set_description(text);
    }
    status
}

fn skipped(outcome: &Outcome) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(outcome.why.as_deref().unwrap_or("skipped"));
    debug_assert_eq!(outcome.status, Status::Skipped);
    status
}
