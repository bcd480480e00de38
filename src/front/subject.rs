//! What to run, built step by step.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::log::LogFormat;
use crate::record::{Record, Streams};
use crate::stage::{self, Cancel, Limits, Plan, RunError, Stdin};

/// A program to be run and watched.
///
/// It gets a clean environment (see [`PASSED_ON`](crate::stage::PASSED_ON)) plus what is set here, `/dev/null` as standard
/// input, default signal actions, and a scratch directory of its own as `TMPDIR`. It is stopped, with everything that
/// descends from it, at its timeout.
///
/// ```
/// use exeunt::{Subject, secs};
///
/// let record = Subject::new("sh").args(["-c", "echo bye; exit 3"]).timeout(secs(10)).run()?;
/// record.assert().code(3).line("bye").leaves_nothing_behind();
/// # Ok::<(), exeunt::RunError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a subject does nothing until it is run"]
pub struct Subject {
    plan: Plan,
    log: LogFormat,
}

/// # What to run
impl Subject {
    /// A program by its path, or by a name that is looked up in `PATH`.
    ///
    /// A test finds the binaries of its own package by [`cargo_bin!`](crate::cargo_bin).
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            plan: Plan::new(program.as_ref()),
            log: LogFormat::default(),
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.plan.args.push(arg.as_ref().into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.plan
            .args
            .extend(args.into_iter().map(|arg| OsString::from(arg.as_ref())));
        self
    }

    /// The directory in which it starts; by default the current one.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.plan.directory = directory.as_ref().into();
        self
    }
}

/// # Its environment
impl Subject {
    /// Sets a variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.plan
            .environment
            .insert(name.as_ref().into(), value.as_ref().into());
        self
    }

    /// Removes a variable.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.plan.environment.remove(name.as_ref());
        self
    }

    /// Passes on everything from the environment of this process. Verdicts may then depend on who runs the test.
    pub fn inherit_env(mut self) -> Self {
        self.plan.environment.extend(std::env::vars_os());
        self
    }

    /// What it reads from its standard input; by default nothing.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.plan.stdin = Stdin::Bytes(bytes.into());
        self
    }

    /// Gives it the standard input of this process.
    pub fn inherit_stdin(mut self) -> Self {
        self.plan.stdin = Stdin::Inherit;
        self
    }
}

/// # How it is watched
impl Subject {
    /// Whether its two output streams share one pipe; by default they do, so that the order of all lines is exact.
    pub fn streams(mut self, streams: Streams) -> Self {
        self.plan.streams = streams;
        self
    }

    /// How it writes its log; by default `HH:MM:SS: message`.
    pub fn log_format(mut self, format: LogFormat) -> Self {
        self.log = format;
        self
    }

    /// How long it may run, by default 60 s. Then its whole tree is ended: SIGTERM, the grace period, SIGKILL.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.plan.timeout = limit;
        self
    }

    /// How long its tree may take to heed SIGTERM, by default 300 ms.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.plan.grace = grace;
        self
    }

    /// How long after its exit its descendants may still end before they count as survivors, by default 200 ms.
    pub fn settle(mut self, settle: Duration) -> Self {
        self.plan.settle = settle;
        self
    }

    /// How much of its output is kept.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.plan.limits = limits;
        self
    }
}

/// # Running it
impl Subject {
    /// Runs it once. This takes at most the timeout, the grace and the settling period together, and a moment for SIGKILL.
    ///
    /// # Errors
    /// If it could not be started. How it ended is in the record, whatever it was.
    pub fn run(&self) -> Result<Record, RunError> {
        self.run_until(None)
    }

    /// Runs it once, until it ends or `cancel` is thrown.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_until(&self, cancel: Option<&Cancel>) -> Result<Record, RunError> {
        let mut record = stage::run(&self.plan, cancel)?;
        self.log.read(&mut record);
        Ok(record)
    }

    /// Runs it, and up to twice more while the result is inconclusive for a reason that may pass, such as a slow machine.
    /// A broken expectation is never tried again.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_for(&self, expectation: &crate::expect::Expectation) -> Result<Record, RunError> {
        let mut record = self.run()?;
        for _ in 0..2 {
            if !crate::judge::judge(&record, expectation).retryable() {
                break;
            }
            record = self.run()?;
        }
        Ok(record)
    }
}

impl From<&Command> for Subject {
    /// Takes over the program, the arguments, the directory and the variables that were set or removed. The environment is
    /// the clean one all the same, and what was said of streams is not known.
    fn from(command: &Command) -> Self {
        let mut subject = Self::new(command.get_program()).args(command.get_args());
        if let Some(directory) = command.get_current_dir() {
            subject = subject.current_dir(directory);
        }
        for (name, value) in command.get_envs() {
            subject = match value {
                Some(value) => subject.env(name, value),
                None => subject.env_remove(name),
            };
        }
        subject
    }
}

impl From<Command> for Subject {
    /// As from a reference.
    fn from(command: Command) -> Self {
        Self::from(&command)
    }
}
