//! The report for programs: one JSON object a line.

use serde::Serialize;

use crate::judge::Judgement;
use crate::outcome::{Outcome, Status, Summary};
use crate::record::Record;

/// One line of the report. Further keys and kinds may come; those that are there stay.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line<'a> {
    Case {
        scenario: &'a str,
        implementation: &'a str,
        about: &'a str,
        status: Status,
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<&'a str>,
        runs: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        judgement: Option<&'a Judgement>,
        #[serde(skip_serializing_if = "Option::is_none")]
        record: Option<&'a Record>,
    },
    Run {
        record: &'a Record,
    },
    Summary {
        #[serde(flatten)]
        summary: &'a Summary,
        seconds: f64,
    },
}

fn line(line: &Line<'_>) -> String {
    // Plain data with string keys: nothing in it can fail to serialise.
    serde_json::to_string(line).unwrap_or_default()
}

/// A case, with its record and judgement.
#[must_use]
pub fn case(outcome: &Outcome<'_>) -> String {
    let Outcome {
        case,
        status,
        why,
        observed,
        runs,
    } = outcome;
    line(&Line::Case {
        scenario: &case.scenario,
        implementation: &case.implementation,
        about: &case.about,
        status: *status,
        why: why.as_deref(),
        runs: *runs,
        judgement: observed.as_ref().map(|(_, judgement)| judgement),
        record: observed.as_ref().map(|(record, _)| record),
    })
}

/// The record of a single run.
#[must_use]
pub fn run(record: &Record) -> String {
    line(&Line::Run { record })
}

/// The last line: how many cases came out how, and how long it took in seconds.
#[must_use]
pub fn summary(summary: &Summary, seconds: f64) -> String {
    line(&Line::Summary { summary, seconds })
}
