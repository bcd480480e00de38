//! Runs the commands of builds and probes: under the stage, so that they are bounded, can be cancelled and leave nothing
//! behind.

use std::path::Path;
use std::time::Duration;

use super::found::Builds;
use crate::record::{Exit, Record, Stream, Streams, Termination};
use crate::stage::{Cancel, Control, Limits, Plan, RunError, Stage};

/// How long a build that is ended has to clean up.
const GRACE: Duration = Duration::from_secs(5);
/// More than any build prints that is not gone astray: 64 MiB, in lines of up to 16 MiB.
const LIMITS: Limits = Limits {
    line: 16 << 20,
    output: 64 << 20,
};

/// What commands are run with.
#[derive(Clone, Copy)]
pub(super) struct Tools<'a, 's> {
    pub(super) stage: &'s dyn Stage,
    pub(super) cancel: Option<&'a Cancel>,
    pub(super) root: &'a Path,
    pub(super) builds: Builds,
}

/// Why a command did not do its work.
pub(super) enum Failure {
    /// It could not be started.
    NotStarted(RunError),
    /// It ended with another code than 0.
    Code(i32, Box<Record>),
    /// It was killed, or did not end in time.
    Crashed(String, Box<Record>),
    /// The harness was interrupted.
    Interrupted,
}

impl Failure {
    /// What happened, and what the command itself said of it.
    pub(super) fn explain(&self) -> (String, Option<String>) {
        match self {
            // Its `Debug` has the cause too.
            Self::NotStarted(error) => (format!("{error:?}"), None),
            Self::Code(code, record) => (format!("exit code {code}"), said(record)),
            Self::Crashed(how, record) => (how.clone(), said(record)),
            Self::Interrupted => ("interrupted".into(), None),
        }
    }
}

/// What is shown of a failed command: its stderr, or else all that it printed.
fn said(record: &Record) -> Option<String> {
    let streams = match record.streams {
        Streams::Split => [Stream::Stderr, Stream::Stdout].as_slice(),
        Streams::Merged | Streams::Terminal => &[Stream::Merged],
    };
    let texts = streams.iter().filter_map(|stream| record.output(*stream));
    texts
        .map(|text| text.trim_end().to_owned())
        .find(|text| !text.is_empty())
}

impl Tools<'_, '_> {
    /// A plan for a command, in the directory of the suite.
    pub(super) fn plan(&self, words: &[String]) -> Plan {
        let mut words = words.iter();
        let mut plan = Plan::new(words.next().map(String::as_str).unwrap_or_default());
        plan.args = words.map(Into::into).collect();
        plan.directory = self.root.into();
        plan
    }

    /// A plan for a build. It needs what its user has set (`CARGO_HOME`, `JAVA_HOME`), so it gets the whole environment.
    pub(super) fn build_plan(&self, words: &[String], timeout: Duration) -> Plan {
        let mut plan = self.plan(words);
        plan.environment = std::env::vars_os().collect();
        plan.inherits_environment = true;
        plan.bounds.timeout = Some(timeout);
        plan.bounds.grace = GRACE;
        plan.streams = Streams::Split;
        plan.limits = LIMITS;
        plan
    }

    /// Runs a command to its end, and gives the record if it exited with 0.
    pub(super) fn run(&self, plan: &Plan) -> Result<Record, Failure> {
        let mut control = Control::new();
        if let Some(cancel) = self.cancel {
            control = control.cancel(cancel);
        }
        let record = self
            .stage
            .run(plan, &mut control)
            .map_err(Failure::NotStarted)?;
        match (record.termination, record.exit()) {
            (Termination::Interrupted, _) => Err(Failure::Interrupted),
            (Termination::TimedOut { limit }, _) => {
                let how = format!(
                    "still running after {} s, and ended then",
                    limit.as_secs_f64()
                );
                Err(Failure::Crashed(how, Box::new(record)))
            }
            (_, Some(Exit::Code(0))) => Ok(record),
            (_, Some(Exit::Code(code))) => Err(Failure::Code(code, Box::new(record))),
            (_, Some(exit @ Exit::Signal(_))) => {
                Err(Failure::Crashed(exit.to_string(), Box::new(record)))
            }
            (_, None) => Err(Failure::Crashed(
                "no exit was seen".into(),
                Box::new(record),
            )),
        }
    }
}
