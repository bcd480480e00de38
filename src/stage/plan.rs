//! What to run, and within which bounds.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::record::{Signal, Streams};

/// One run, planned.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program: a path, or a name that is looked up in the `PATH` of `environment`.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment. The stage adds `TMPDIR`, the run's scratch directory, unless it is set here.
    pub environment: BTreeMap<OsString, OsString>,
    /// The directory in which it starts. A relative program path is relative to it.
    pub directory: PathBuf,
    /// Its standard input.
    pub stdin: Stdin,
    /// How its output streams are connected.
    pub streams: Streams,
    /// How long it may run; then its whole tree is ended.
    pub timeout: Duration,
    /// How long a tree may take to heed SIGTERM before SIGKILL.
    pub grace: Duration,
    /// How long after the subject's exit its descendants may still end and its streams still close.
    pub settle: Duration,
    /// How much output is kept.
    pub limits: Limits,
    /// Signals that it inherits as ignored; all others have their default action.
    pub ignored_signals: Vec<Signal>,
    /// Signals that it is sent.
    pub actions: Vec<Action>,
}

/// A signal to be sent to the subject, and when.
#[derive(Debug, Clone)]
pub struct Action {
    /// Which signal.
    pub signal: Signal,
    /// The line after which it is sent; without one, it is sent after the start.
    pub on: Option<LineTest>,
    /// How long after that.
    pub after: Duration,
    /// Whether to wait until the subject's main thread has been blocked in one system call for 50 ms.
    pub parked: bool,
}

/// Tells whether a line, as raw bytes without its newline, is the one that is waited for.
#[derive(Clone)]
pub struct LineTest(Arc<Test>);

type Test = dyn Fn(&[u8]) -> bool + Send + Sync;

impl LineTest {
    /// By a function.
    pub fn new(test: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(test))
    }

    pub(in crate::stage) fn matches(&self, line: &[u8]) -> bool {
        (self.0)(line)
    }
}

impl fmt::Debug for LineTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineTest")
    }
}

/// The standard input of a subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stdin {
    /// `/dev/null`: at end of file from the start.
    #[default]
    Null,
    /// The harness's own.
    Inherit,
    /// A file with these bytes.
    Bytes(Vec<u8>),
}

/// How much of the output is kept. What is beyond is read and counted, so the subject is never blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
            line: 1 << 20,
            output: 16 << 20,
        }
    }
}

impl Plan {
    /// A plan with the defaults: a clean environment, the current directory, merged streams, a timeout of 60 s, a grace
    /// period of 300 ms and a settling period of 200 ms.
    #[must_use]
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            environment: super::environment::clean(),
            directory: PathBuf::from("."),
            stdin: Stdin::Null,
            streams: Streams::Merged,
            timeout: Duration::from_secs(60),
            grace: Duration::from_millis(300),
            settle: Duration::from_millis(200),
            limits: Limits::default(),
            ignored_signals: Vec::new(),
            actions: Vec::new(),
        }
    }
}
