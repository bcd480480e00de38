//! CTRF, the Common Test Report Format: JSON that many CI tools read.
//!
//! Held and deviating cases have `passed`; those that are broken, deviate no more or could not be started `failed`; inconclusive and
//! interrupted ones `other`; those that are not over `pending`. `rawStatus` has our own word, `extra` the numbers.

use serde_json::{Map, Value, json};

use super::Results;
use super::facts::facts;
use super::results::{
    Row, UNFINISHED, duration, kebab, millis_since_1970, plain_timeline, sentence,
};
use crate::outcome::{Outcome, Status};

/// The version of the format.
const SPEC: &str = "0.0.0";

/// The report of a run: of all cases, those that are not over included.
#[must_use]
pub fn ctrf(results: &Results) -> String {
    let rows = results.rows();
    let tests: Vec<_> = rows.iter().map(test).collect();
    let count = |status: &str| tests.iter().filter(|test| test["status"] == status).count();
    let start = results.started_ms();
    let stop = start + results.elapsed.unwrap_or_default().as_millis();
    let report = json!({
        "reportFormat": "CTRF",
        "specVersion": SPEC,
        "generatedBy": "exeunt",
        "results": {
            "tool": { "name": "exeunt", "version": env!("CARGO_PKG_VERSION") },
            "summary": {
                "tests": tests.len(),
                "passed": count("passed"),
                "failed": count("failed"),
                "skipped": count("skipped"),
                "pending": count("pending"),
                "other": count("other"),
                "start": number(start),
                "stop": number(stop),
                "extra": { "over": results.elapsed.is_some(), "suite": results.name },
            },
            "tests": tests,
        },
    });
    format!("{report:#}\n")
}

fn test(row: &Row<'_>) -> Value {
    let mut test = Map::new();
    let mut set = |key: &str, value: Value| test.insert(key.into(), value);
    set("name", row.case.to_string().into());
    set("suite", json!([row.case.scenario]));
    set("status", word(row.status()).into());
    set("rawStatus", kebab(row.status()).into());
    set("duration", 0.into());
    match row.outcome {
        None => {
            set("message", UNFINISHED.into());
        }
        Some(outcome) => {
            for (key, value) in details(outcome) {
                set(key, value);
            }
        }
    }
    Value::Object(test)
}

fn details(outcome: &Outcome) -> Vec<(&'static str, Value)> {
    let mut details = Vec::new();
    if let Some(observed) = &outcome.observed {
        let start = millis_since_1970(observed.record.started);
        let took = duration(outcome).unwrap_or_default().as_millis();
        details.push(("duration", number(took)));
        details.push(("start", number(start)));
        details.push(("stop", number(start + took)));
    }
    let told = sentence(outcome).or_else(|| outcome.why.clone());
    details.extend(told.map(|told| ("message", told.into())));
    details.extend(plain_timeline(outcome).map(|timeline| ("trace", timeline.into())));
    if let Some(place) = &outcome.place {
        details.push(("filePath", place.file.clone().into()));
        details.push(("line", place.line.into()));
    }
    let facts = facts(outcome).into_iter();
    let extra: Map<_, _> = facts
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    details.push(("extra", Value::Object(extra)));
    details
}

fn word(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Held | Status::Deviates) => "passed",
        Some(Status::Broken | Status::DeviatesNoMore | Status::Failed) => "failed",
        Some(Status::Inconclusive | Status::Interrupted) => "other",
        Some(Status::Skipped) => "skipped",
        None => "pending",
    }
}

/// Milliseconds as JSON has them.
fn number(millis: u128) -> Value {
    u64::try_from(millis).unwrap_or(u64::MAX).into()
}
