//! What to run, and within which bounds: plain data.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::{Act, Action, Trigger};
use super::request::Request;
use super::{Framing, RunError, defaults, environment, os_strings};
use crate::log::{LogFormat, Pattern};
use crate::record::{Clock, EventName, Origin, Signal, Streams, seconds};

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
    /// How messages are told apart on its standard streams.
    #[serde(default)]
    pub framing: Framing,
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
    /// How it is known that the subject is ready. `None`: it need not be.
    #[serde(default)]
    pub ready: Option<Readiness>,
    /// The port that was handed in, so that requests can be sent to it before the subject listens.
    #[serde(default)]
    pub port: Option<u16>,
    /// Whether to look at which ports and sockets the tree listens. Where readiness or an action needs it, it is done anyhow.
    #[serde(default)]
    pub ports: bool,
    /// Whether the subject gets a direct parent that does nothing and can be ended while the subject runs. Where an action ends
    /// it, it is there anyhow.
    #[serde(default)]
    pub parent: bool,
    /// Files whose appearance is an event, and that are looked at when the run is over, by their paths from `directory`.
    #[serde(default)]
    pub files: Vec<String>,
    /// Files that are tailed, by their paths from `directory`; a `*` in the last part stands for any characters. What is appended to them
    /// during the run are lines on [`Stream::File`](crate::record::Stream::File).
    #[serde(default)]
    pub logs: Vec<String>,
}

/// How it is known that a subject is ready.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Readiness {
    /// A line comes.
    Line(Pattern),
    /// A process of the tree listens, at any port or Unix socket. That is read from the system; no connection is made.
    Listening,
    /// A file appears, by its path from the plan's directory. One that was there before must change.
    File(String),
    /// The subject sends `READY=1` to the socket in `NOTIFY_SOCKET`, as services of systemd do.
    Notify,
    /// A `GET` of this path is answered with this status. It is asked again and again, as soon as it is known where the subject
    /// listens; needs the feature `http`.
    Http {
        /// Such as `/readyz`.
        path: String,
        /// Such as 200.
        status: u16,
    },
    /// The subject writes a newline to this descriptor, which it inherits, as services of s6 do.
    Descriptor(u32),
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
    /// (SIGABRT for Python with `faulthandler`, SIGQUIT for Java and Go, SIGUSR2 for Node.js with `--report-on-signal`).
    pub at_timeout: Option<Signal>,
    /// Whether, without such a signal, those runtimes are asked for the stacks of their threads that are known to answer:
    /// Python with `faulthandler` (SIGABRT), Java and Go (SIGQUIT). Node.js tells what keeps its event loop alive, where it was
    /// started with `--report-on-signal` (SIGUSR2). All processes of the tree are asked that do catch the signal.
    #[serde(default)]
    pub ask: bool,
    /// Whether the stacks of all threads are read, in native code, at the time limit and of what outlives the subject. Each
    /// thread is stopped for a moment (ptrace(2)); a call such as `epoll_wait` returns early then. Not read are the stacks of
    /// interpreters, which show nothing of the program, and those of a run that is traced. Needs the feature `stacks` and an x86-64
    /// machine; elsewhere there are none.
    #[serde(default)]
    pub stacks: bool,
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
            stacks: false,
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
    /// A pipe with these bytes that stays open: until an action closes it, or to the end of the run.
    Open(crate::record::Bytes),
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

impl<P: Into<Pattern>> From<P> for Readiness {
    /// The first line that matches.
    fn from(line: P) -> Self {
        Self::Line(line.into())
    }
}

impl Plan {
    /// Whether anything needs to know where the tree listens.
    pub(super) fn looks_at_ports(&self) -> bool {
        let waits = |action: &Action| {
            use EventName::{Listens, StopsListening};
            matches!(
                action.when().on,
                Trigger::Event(Listens | StopsListening, _)
            )
        };
        let ready = matches!(
            self.ready,
            Some(Readiness::Listening | Readiness::Http { .. })
        );
        let is_client = |action: &Action| matches!(action.act(), Act::Client(_));
        let requests = self.requests().next().is_some() || self.actions.iter().any(is_client);
        self.ports || ready || requests || self.actions.iter().any(waits)
    }

    /// Whether the subject needs a parent of its own.
    pub(super) fn has_parent(&self) -> bool {
        let mut acts = self.actions.iter().map(Action::act);
        self.parent || acts.any(|act| *act == Act::EndParent)
    }

    /// What acts in real time beside the subject, so that a clock of our own cannot hold it. What the harness itself writes, closes,
    /// ends, requests and looks at it does while the clock stands.
    #[cfg(all(feature = "trace", target_os = "linux", target_arch = "x86_64"))]
    pub(super) fn acts_in_real_time(&self) -> Option<&'static str> {
        let is_client = |action: &Action| matches!(action.act(), Act::Client(_));
        let any = self.actions.iter().any(is_client);
        any.then_some("a program beside it acts in real time")
    }

    /// Whether the harness is to send requests.
    #[cfg(target_os = "linux")]
    pub(super) fn has_requests(&self) -> bool {
        self.requests().next().is_some()
    }

    /// The requests among its actions.
    fn requests(&self) -> impl Iterator<Item = &Request> {
        let acts = self.actions.iter().map(Action::act);
        acts.filter_map(|act| match act {
            Act::Request(request) => Some(request),
            _ => None,
        })
    }

    /// Whether its requests can be sent.
    pub(super) fn check_requests(&self) -> Result<(), RunError> {
        let probe = self.ready.iter().filter_map(|ready| match ready {
            Readiness::Http { path, .. } => Some(Request::get("ready", path)),
            _ => None,
        });
        let problems = self.requests().cloned().chain(probe);
        let problem = problems.filter_map(|request| match cfg!(feature = "http") {
            true => request.problem(),
            false => Some("requests need the feature `http` of `exeunt`".into()),
        });
        match problem.into_iter().next() {
            None => Ok(()),
            Some(problem) => Err(RunError::Setup {
                program: self.program.to_string_lossy().into_owned(),
                source: io::Error::new(io::ErrorKind::InvalidInput, problem),
            }),
        }
    }

    /// The standard input as the actions need it: what an action writes to, or closes, is open until then.
    pub(super) fn stdin(&self) -> Stdin {
        let open = self.actions.iter().any(|action| action.act().needs_stdin());
        match &self.stdin {
            Stdin::Empty if open => Stdin::Open(Vec::new().into()),
            Stdin::Bytes(bytes) if open => Stdin::Open(bytes.clone()),
            stdin => stdin.clone(),
        }
    }

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
            framing: Framing::Lines,
            clock: Clock::Monotonic,
            lives: false,
            bounds: Bounds::default(),
            limits: Limits::default(),
            ignored_signals: Vec::new(),
            actions: Vec::new(),
            log: LogFormat::default(),
            origin: None,
            ready: None,
            port: None,
            ports: false,
            parent: false,
            files: Vec::new(),
            logs: Vec::new(),
        }
    }
}
