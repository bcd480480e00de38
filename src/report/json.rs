//! The report for programs: one JSON object a line.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::Reporter;
use crate::judge::Check;
use crate::outcome::{CaseId, Cause, Outcome, Place, Status, Summary, TestResult};
use crate::record::{Event, Record};

/// One line of the report. Further keys and kinds may come; those that are there stay.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line<'a> {
    Case(Box<Case<'a>>),
    Start {
        command: &'a [String],
        pid: u32,
    },
    Event {
        #[serde(flatten)]
        event: &'a Event,
    },
    Run {
        record: &'a Record,
        /// By how much the machine was late in all, in seconds.
        lag: f64,
    },
    Summary {
        #[serde(flatten)]
        summary: &'a Summary,
        seconds: f64,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Case<'a> {
    #[serde(flatten)]
    case: &'a CaseId,
    about: &'a str,
    /// Where the scenario is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    status: Status,
    /// The status in the words of other tools.
    result: TestResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    /// Why there is no run to judge, as data.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_deviation: Option<&'a str>,
    runs: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    judgement: Option<Judged<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a Record>,
}

#[derive(Debug, Serialize)]
struct Judged<'a> {
    checks: Vec<InWords<'a>>,
}

/// A check as data, and as a sentence.
#[derive(Debug, Serialize)]
struct InWords<'a> {
    #[serde(flatten)]
    check: &'a Check,
    retryable: bool,
    text: String,
}

fn line(line: &Line<'_>) -> String {
    // Plain data with string keys: nothing in it can fail to serialise.
    serde_json::to_string(line).unwrap_or_default()
}

/// A case, with its record and judgement.
#[must_use]
pub fn case(outcome: &Outcome) -> String {
    let observed = outcome.observed.as_ref();
    line(&Line::Case(Box::new(Case {
        case: &outcome.case,
        about: &outcome.about,
        place: outcome.place.as_ref(),
        version: outcome.version.as_deref(),
        status: outcome.status,
        result: outcome.result(),
        why: outcome
            .why
            .as_deref()
            .or(outcome.known_deviation.as_deref()),
        cause: outcome.cause.as_ref(),
        known_deviation: outcome.known_deviation.as_deref(),
        runs: outcome.runs,
        judgement: observed.map(|observed| Judged {
            checks: observed.judgement.checks.iter().map(in_words).collect(),
        }),
        record: observed.map(|observed| &observed.record),
    })))
}

fn in_words(check: &Check) -> InWords<'_> {
    InWords {
        check,
        retryable: check.retryable(),
        text: check.to_string(),
    }
}

/// The start of a run: the program with its arguments, and its process id.
#[must_use]
pub fn start(command: &[String], pid: u32) -> String {
    line(&Line::Start { command, pid })
}

/// One event of a run that goes on.
#[must_use]
pub fn event(event: &Event) -> String {
    line(&Line::Event { event })
}

/// The record of a single run.
#[must_use]
pub fn run(record: &Record) -> String {
    let lag = record.lag.total().as_secs_f64();
    line(&Line::Run { record, lag })
}

/// The last line: how many cases came out how, and how long it took in seconds.
#[must_use]
pub fn summary(summary: &Summary, seconds: f64) -> String {
    line(&Line::Summary { summary, seconds })
}

/// A JSON object a line: one for each case, and the summary.
#[derive(Debug)]
pub struct Json<W> {
    out: W,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Reporter for Json<W> {
    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        writeln!(self.out, "{}", case(outcome))
    }

    fn end(&mut self, counts: &Summary, elapsed: Duration) -> io::Result<()> {
        writeln!(self.out, "{}", summary(counts, elapsed.as_secs_f64()))?;
        self.out.flush()
    }
}
