//! Cases: what is run and judged.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::implementation::Start;
use super::version::{Version, VersionReq};
use crate::expect::{Expectation, Pattern};
use crate::log::LogFormat;
use crate::record::{Clock, Origin, Signal, Streams};
use crate::stage::{Action, Bounds, Framing, Plan, Readiness, Stdin};

/// A scenario with an implementation: plain data, all that is said of it in one place.
///
/// What a suite says of some versions of the implementation only is resolved: at first for the newest, and for the version
/// that is really there once the suite is [prepared](super::Suite::prepare).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Case {
    /// The scenario's name.
    pub scenario: String,
    /// What the scenario is about, in a line.
    pub about: String,
    /// Where the scenario is written.
    pub place: Place,
    /// The implementation's name.
    pub implementation: String,
    /// The implementation whose expectations hold for it: itself, unless it was added from outside.
    pub like: String,
    /// What is expected.
    pub expectation: Expectation,
    /// The lines that the scenario wants of its first implementation: what others lack is counted against these.
    pub usual_lines: Vec<Pattern>,
    /// What this implementation is known to do instead: the first entry that applies to its version counts.
    pub deviations: Vec<KnownDeviation>,
    /// Where it is promised: sources that the suite names.
    pub sources: Vec<String>,
    /// How often it is run; all runs must hold.
    pub repeat: NonZeroU32,
    /// No other case may run beside it.
    pub exclusive: bool,
    /// How long the subject may run, and how long things may take after its end.
    pub bounds: Bounds,
    /// The clock of its runs.
    pub clock: Clock,
    /// How its streams are connected.
    pub streams: Streams,
    /// How messages are told apart on its standard streams.
    pub framing: Framing,
    /// How it writes its log.
    pub log: LogFormat,
    /// The directory in which it starts.
    pub directory: PathBuf,
    /// What it reads from its standard input; nothing if `None`.
    pub stdin: Option<String>,
    /// Whether that input stays open until an action closes it. What an action writes to stays open anyhow.
    pub stdin_open: bool,
    /// Its variables, beside those of a clean environment.
    pub environment: BTreeMap<String, String>,
    /// Signals that it inherits as ignored.
    pub ignored_signals: Vec<Signal>,
    /// What is done to it, and when.
    pub actions: Vec<Action>,
    /// How it is known that it is ready.
    pub ready: Option<Readiness>,
    /// Whether it is watched where the subject listens.
    pub ports: bool,
    /// Files whose appearance is an event.
    pub files: Vec<String>,
    /// Files that are tailed: see [`Plan::logs`](crate::stage::Plan::logs).
    pub logs: Vec<String>,
    pub(crate) start: Start,
    /// What prints the path of the implementation's program.
    pub(crate) locate: Option<Vec<String>>,
    /// What prints the implementation's version.
    pub(crate) probe: Option<Vec<String>>,
}

/// A line of a file of the suite; shown as `exeunt.toml:12`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Place {
    /// The file, as it was named when the suite was read; what is not UTF-8 in its name is replaced.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A deviation that is known: the case must break its expectation, and do this instead.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct KnownDeviation {
    /// The name that the suite has for it, if it has one.
    pub name: Option<String>,
    /// The reason.
    pub why: String,
    /// The versions of the implementation that have it; all if `None`.
    pub version: Option<VersionReq>,
    /// What it does instead.
    pub expectation: Expectation,
}

impl Case {
    /// Whether a filter as it is typed means this case: it is a part of the [`id`](Self::id). `::` may be written for `/`.
    #[must_use]
    pub fn matches(&self, filter: &str) -> bool {
        let id = format!("{}/{}", self.scenario, self.implementation);
        id.contains(filter) || id.contains(&filter.replace("::", "/"))
    }

    /// The deviation that is known of this version of the implementation.
    ///
    /// A deviation of some versions is none of an implementation whose version is not known.
    #[must_use]
    pub fn deviation(&self, version: Option<&Version>) -> Option<&KnownDeviation> {
        self.deviations
            .iter()
            .find(|known| match (&known.version, version) {
                (None, _) => true,
                (Some(wanted), Some(version)) => wanted.matches(version),
                (Some(_), None) => false,
            })
    }

    /// How long it takes, if all is as expected: to begin with those that take long.
    #[must_use]
    pub fn expected_time(&self) -> Duration {
        // Starting and ending takes time too, which counts where a case is run many times.
        const START: Duration = Duration::from_millis(20);
        let once = self.expectation.expected_time(self.bounds.timeout) + START;
        once.saturating_mul(self.repeat.get())
    }

    /// The plan of one run, as far as it is known before anything is built: the program of a cargo package is the name of
    /// its binary, and `{port}` is still in the words.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let words = self.command();
        let mut words = words.iter();
        let mut plan = Plan::new(words.next().map(String::as_str).unwrap_or_default());
        plan.args = words.map(Into::into).collect();
        plan.directory = self.directory.clone();
        let text = self.stdin.as_deref();
        plan.stdin = match (text, self.stdin_open) {
            (text, true) => Stdin::Open(text.unwrap_or_default().into()),
            (Some(text), false) => Stdin::Bytes(text.into()),
            (None, false) => Stdin::Empty,
        };
        plan.bounds = self.bounds;
        plan.streams = self.streams;
        plan.framing = self.framing;
        plan.clock = self.clock;
        let deviations = self.deviations.iter().map(|known| &known.expectation);
        let mut expected = deviations.chain([&self.expectation]);
        plan.lives = expected.any(|expectation| expectation.threads.is_some());
        plan.log = self.log.clone();
        plan.ignored_signals = self.ignored_signals.clone();
        plan.actions = self.actions.clone();
        plan.ready = self.ready.clone();
        plan.ports = self.ports;
        plan.files = self.files.clone();
        plan.logs = self.logs.clone();
        let variables = self.environment.iter();
        plan.environment
            .extend(variables.map(|(name, value)| (name.into(), value.into())));
        let mut origin = Origin::new(&self.scenario, &self.implementation);
        origin.like.clone_from(&self.like);
        plan.origin = Some(origin);
        plan
    }

    /// The words of the command. The first of a cargo package is the name of its binary.
    #[must_use]
    pub fn command(&self) -> Vec<String> {
        match &self.start {
            Start::Command(words) => words.clone(),
            Start::Cargo { cargo, args } => [&cargo.bin].into_iter().chain(args).cloned().collect(),
        }
    }
}
