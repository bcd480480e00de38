//! What is expected of a run: plain data, judged by [`judge`](crate::judge::judge).

mod end;
mod ends;
mod exchange;
mod file;
mod mark;
mod step;
mod times;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use crate::log::{InvalidRegex, Matcher, Occurrence, Pattern, Regex};
pub use end::ExpectedEnd;
pub use ends::ThreadEnds;
pub use exchange::{ExpectedExchange, ExpectedRequest};
pub use file::{ExpectedFile, FileEnd};
pub use mark::{Bound, DEFAULT_SLACK, Delay, Mark};
pub use step::{LogExpectation, OtherLines, Step};
pub use times::{Count, Times};

/// Everything that is expected of one run.
///
/// ```
/// use exeunt::expect::{Delay, Expectation, ExpectedEnd, Mark};
/// use exeunt::secs;
///
/// let expectation = Expectation::new()
///     .log(["starting", "ready"])
///     .no_line("a warning")
///     .end(ExpectedEnd::code(0))
///     .delay(Delay::within("ready", Mark::Exit, secs(5)));
/// # let _ = expectation;
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Expectation {
    /// The lines of the log, in order.
    pub log: Option<LogExpectation>,
    /// Lines that must be there, wherever.
    pub present: Vec<Pattern>,
    /// Lines that must be nowhere.
    pub absent: Vec<Pattern>,
    /// Lines that must come so often.
    pub counts: Vec<Count>,
    /// How the subject ends.
    pub end: Option<ExpectedEnd>,
    /// How long things take.
    pub delays: Vec<Delay>,
    /// How its threads end. That is seen only in a run that is traced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<ThreadEnds>,
    /// Events of any kind that come in this order; others may stand between them.
    pub order: Vec<Mark>,
    /// What has become of files when the run is over.
    pub files: Vec<ExpectedFile>,
    /// What is expected of the programs that run beside the subject.
    pub clients: Vec<ExpectedClient>,
    /// What becomes of requests.
    pub requests: Vec<ExpectedRequest>,
    /// Whether processes may outlive the subject.
    pub survivors: Survivors,
}

impl Expectation {
    /// Expects only that no process outlives the subject.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects nothing at all.
    #[must_use]
    pub fn nothing() -> Self {
        Self::new().survivors(Survivors::Allowed)
    }

    /// These lines come in this order; others may stand between them.
    #[must_use]
    pub fn log(self, steps: impl IntoIterator<Item = impl Into<Step>>) -> Self {
        self.order(LogExpectation::new(steps, OtherLines::Allowed))
    }

    /// These lines come in this order, and no other line.
    #[must_use]
    pub fn whole_log(self, steps: impl IntoIterator<Item = impl Into<Step>>) -> Self {
        self.order(LogExpectation::new(steps, OtherLines::Forbidden))
    }

    /// The lines come in this order.
    #[must_use]
    pub fn order(self, log: LogExpectation) -> Self {
        Self {
            log: Some(log),
            ..self
        }
    }

    /// This line comes, wherever.
    #[must_use]
    pub fn line(mut self, pattern: impl Into<Pattern>) -> Self {
        self.present.push(pattern.into());
        self
    }

    /// This line does not come.
    #[must_use]
    pub fn no_line(mut self, pattern: impl Into<Pattern>) -> Self {
        self.absent.push(pattern.into());
        self
    }

    /// This line comes so often.
    #[must_use]
    pub fn count(mut self, pattern: impl Into<Pattern>, times: impl Into<Times>) -> Self {
        self.counts.push(Count::new(pattern, times));
        self
    }

    /// The subject ends so.
    #[must_use]
    pub fn end(self, end: impl Into<ExpectedEnd>) -> Self {
        Self {
            end: Some(end.into()),
            ..self
        }
    }

    /// Something takes so long.
    #[must_use]
    pub fn delay(mut self, delay: Delay) -> Self {
        self.delays.push(delay);
        self
    }

    /// The threads end so. Only a run that is [traced](crate::stage::Plan::lives) tells.
    #[must_use]
    pub fn threads(self, threads: ThreadEnds) -> Self {
        Self {
            threads: Some(threads),
            ..self
        }
    }

    /// These events come in this order, whatever they are: lines, signals, requests, the exit. Others may stand between them.
    ///
    /// Of two that came so close together, by different ways, that their order cannot be told, the verdict is inconclusive.
    #[must_use]
    pub fn in_order(self, marks: impl IntoIterator<Item = impl Into<Mark>>) -> Self {
        let order = marks.into_iter().map(Into::into).collect();
        Self { order, ..self }
    }

    /// This has become of a file when the run is over. The subject must [watch](crate::Subject::watch_file) it.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, end: FileEnd) -> Self {
        self.files.push(ExpectedFile::new(path, end));
        self
    }

    /// This is expected of the client of this name.
    #[must_use]
    pub fn client(mut self, name: impl Into<String>, expectation: Expectation) -> Self {
        let name = name.into();
        self.clients.push(ExpectedClient { name, expectation });
        self
    }

    /// The request of this name ends so.
    #[must_use]
    pub fn request(mut self, name: impl Into<String>, end: ExpectedExchange) -> Self {
        self.requests.push(ExpectedRequest::new(name, end));
        self
    }

    /// Whether processes may outlive the subject.
    #[must_use]
    pub fn survivors(self, survivors: Survivors) -> Self {
        Self { survivors, ..self }
    }

    /// The delay that ends with the exit: the one that a report shows beside the end.
    #[must_use]
    pub fn exit_delay(&self) -> Option<&Delay> {
        self.delays.iter().find(|delay| delay.to == Mark::Exit)
    }

    /// How long a run takes at least, if all is as expected; `timeout` is how long it may take.
    #[must_use]
    pub fn expected_time(&self, timeout: Option<Duration>) -> Duration {
        match &self.end {
            Some(ExpectedEnd::Hang) => timeout.unwrap_or_default(),
            _ => self
                .delays
                .iter()
                .map(|delay| delay.bound.least())
                .max()
                .unwrap_or_default(),
        }
    }
}

/// What is expected of a program that runs beside the subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ExpectedClient {
    /// The name of the client.
    pub name: String,
    /// What is expected of its own record.
    pub expectation: Expectation,
}

/// Whether processes may outlive the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Survivors {
    /// None may.
    #[default]
    Forbidden,
    /// They may; they are ended all the same.
    Allowed,
}
