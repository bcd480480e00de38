//! What to run, and within which bounds: plain data.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::{defaults, environment, os_strings};
use crate::log::LogFormat;
use crate::record::{Clock, Origin, Signal, Streams, seconds};

/// One run, planned. It can be compared, saved and sent elsewhere; nothing in it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The program: a path, or a name that is looked up in the `PATH` of `environment`.
    #[serde(with = "os_strings::one")]
    pub program: OsString,
    /// Its arguments.
    #[serde(with = "os_strings::list")]
    pub args: Vec<OsString>,
    /// Its whole environment. The stage adds `TMPDIR`, the run's scratch directory, unless it is set here.
    #[serde(with = "os_strings::map")]
    pub environment: BTreeMap<OsString, OsString>,
    /// Whether `environment` was taken over from the harness. Then the record keeps only the variables that differ from the
    /// harness's own, since a record is read by others.
    pub inherits_environment: bool,
    /// The directory in which it starts. A relative program path is relative to it.
    pub directory: PathBuf,
    /// Its standard input.
    pub stdin: Stdin,
    /// How its output streams are connected.
    pub streams: Streams,
    /// The clock of the run. A virtual one needs a stage that has one.
    #[serde(default)]
    pub clock: Clock,
    /// Whether the births and deaths of the subject's threads and processes are recorded. That needs a stage that traces.
    #[serde(default)]
    pub lives: bool,
    /// How long the subject and its descendants may take.
    pub bounds: Bounds,
    /// How much output is kept.
    pub limits: Limits,
    /// Signals that it inherits as ignored; all others have their default action.
    pub ignored_signals: Vec<Signal>,
    /// What the harness does during the run.
    pub actions: Vec<Action>,
    /// The form of its log lines.
    pub log: LogFormat,
    /// The case that this is a run of, if it is one.
    pub origin: Option<Origin>,
}

/// How long a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Bounds {
    /// How long the subject may run, counted from its exec, in seconds when serialised; then its whole tree is ended.
    /// `None`: no bound.
    #[serde(with = "seconds::option")]
    pub timeout: Option<Duration>,
    /// How long the tree may take to end after SIGTERM, before SIGKILL; in seconds when serialised.
    #[serde(with = "seconds")]
    pub grace: Duration,
    /// How long after the subject's exit its descendants may still end and its streams still close, in seconds when
    /// serialised.
    #[serde(with = "seconds")]
    pub settle: Duration,
    /// A signal for a subject that has reached its timeout, one grace period before SIGTERM, so that it shows where it hangs
    /// (SIGABRT for Python with `faulthandler`, SIGQUIT for Java and Go).
    pub at_timeout: Option<Signal>,
    /// Whether, without such a signal, those runtimes are asked for the stacks of their threads that are known to answer:
    /// Python with `faulthandler` (SIGABRT), Java and Go (SIGQUIT). All processes of the tree are asked that do
    /// catch the signal.
    #[serde(default)]
    pub ask: bool,
}

impl Bounds {
    /// Whether something is asked of the tree, one grace period before SIGTERM.
    #[cfg(target_os = "linux")]
    pub(super) fn asks_at_timeout(&self) -> bool {
        self.ask || self.at_timeout.is_some()
    }
}

impl Default for Bounds {
    /// A timeout of 60 s, a grace period of 300 ms, a settling period of 200 ms.
    fn default() -> Self {
        Self {
            timeout: Some(defaults::TIMEOUT),
            grace: defaults::GRACE,
            settle: defaults::SETTLE,
            at_timeout: None,
            ask: false,
        }
    }
}

/// The standard input of a subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stdin {
    /// A pipe at its end of file from the start.
    #[default]
    Empty,
    /// `/dev/null`.
    Null,
    /// The harness's own.
    Inherit,
    /// A pipe with these bytes, then its end of file.
    Bytes(crate::record::Bytes),
}

/// How much of the output is kept. What is beyond is read and counted, so the subject is never blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest line that is kept whole, in bytes; of a longer one, this much of its beginning.
    pub line: usize,
    /// All lines together, in bytes, each line counted with 128 bytes more than it has. Three quarters are kept of the
    /// beginning and one of the end.
    pub output: usize,
}

impl Default for Limits {
    /// Lines of 1 MiB, 16 MiB in all.
    fn default() -> Self {
        Self {
            line: defaults::LINE,
            output: defaults::OUTPUT,
        }
    }
}

impl Plan {
    /// A plan with the defaults: a clean environment, the current directory, an empty standard input, merged streams, and
    /// the default [`Bounds`] and [`Limits`].
    #[must_use]
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            environment: environment::clean(),
            inherits_environment: false,
            directory: PathBuf::from("."),
            stdin: Stdin::Empty,
            streams: Streams::Merged,
            clock: Clock::Monotonic,
            lives: false,
            bounds: Bounds::default(),
            limits: Limits::default(),
            ignored_signals: Vec::new(),
            actions: Vec::new(),
            log: LogFormat::default(),
            origin: None,
        }
    }
}
