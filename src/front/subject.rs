//! What to run, built step by step.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

#[cfg(target_os = "linux")]
use super::LiveSubject;
use crate::log::LogFormat;
use crate::record::{Clock, Record, Signal, Streams};
use crate::stage::{
    Action, Control, Framing, Limits, Plan, Readiness, RunError, Stage, Stdin, give_port,
};
#[cfg(target_os = "linux")]
use crate::stage::{ByPlan, Cancel, patience};

/// A program to be run and watched.
///
/// The subject gets a clean environment (see [`PASSED_ON`](crate::stage::PASSED_ON)) plus the variables set here, an empty pipe
/// as standard input, default signal actions, and a scratch directory of its own as `TMPDIR`. At its timeout it is ended, with
/// all its descendants.
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
    /// Whether `{port}` stands for a free port.
    gives_port: bool,
}

/// # What to run
impl Subject {
    /// A program by its path, or by a name that is looked up in `PATH`.
    ///
    /// A test finds the binaries of its own package by [`cargo_bin!`](crate::cargo_bin).
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Plan::new(program.as_ref()).into()
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

    /// Sets the directory in which the subject starts. By default, the harness's current one.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.plan.directory = directory.as_ref().into();
        self
    }
}

/// # The environment of the subject
impl Subject {
    /// Sets a variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.plan
            .environment
            .insert(name.as_ref().into(), value.as_ref().into());
        self
    }

    /// Sets variables.
    pub fn envs(
        mut self,
        variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> Self {
        for (name, value) in variables {
            self = self.env(name, value);
        }
        self
    }

    /// Removes all variables, those of the clean environment too.
    ///
    /// Without `PATH` a program is found by its path only. `TMPDIR` is set all the same, unless it is set here.
    pub fn env_clear(mut self) -> Self {
        self.plan.environment.clear();
        self
    }

    /// Removes a variable.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.plan.environment.remove(name.as_ref());
        self
    }

    /// Passes on the whole environment of this process. Verdicts may then depend on where the test runs.
    ///
    /// The record keeps only the variables that differ from those of this process.
    pub fn inherit_env(mut self) -> Self {
        self.plan.environment.extend(std::env::vars_os());
        self.plan.inherits_environment = true;
        self
    }

    /// Sets the bytes that the subject reads from its standard input, a pipe. By default the pipe is at its end at once.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.plan.stdin = Stdin::Bytes(bytes.into().into());
        self
    }

    /// Keeps the pipe of the standard input open, after the bytes that were set: until an
    /// [action](crate::stage::Action::close_stdin) closes it, or to the end of the run.
    pub fn keep_stdin_open(mut self) -> Self {
        let bytes = match self.plan.stdin {
            Stdin::Bytes(bytes) | Stdin::Open(bytes) => bytes,
            _ => Vec::new().into(),
        };
        self.plan.stdin = Stdin::Open(bytes);
        self
    }

    /// Hands on the standard input of this process.
    pub fn inherit_stdin(mut self) -> Self {
        self.plan.stdin = Stdin::Inherit;
        self
    }
}

/// # How the subject is watched
impl Subject {
    /// Sets whether stdout and stderr share one pipe. By default they do, so the order of all lines is exact.
    pub fn streams(mut self, streams: Streams) -> Self {
        self.plan.streams = streams;
        self
    }

    /// Sets how messages are told apart on the subject's standard streams: by lines, unless this says otherwise.
    ///
    /// ```
    /// use exeunt::{Subject, record::EventName, secs, stage::{Action, Framing}};
    ///
    /// // It sends back what it gets, as a language server would send an answer.
    /// let record = Subject::new("cat")
    ///     .timeout(secs(10))
    ///     .framing(Framing::ContentLength)
    ///     .action(Action::write(r#"{"id": 1}"#))
    ///     .action(Action::close_stdin().on(r#"{"id": 1}"#))
    ///     .run()?;
    /// record.assert().success().line(r#"{"id": 1}"#).exits_within(EventName::StdinClosed, secs(1));
    /// # Ok::<(), exeunt::RunError>(())
    /// ```
    pub fn framing(mut self, framing: Framing) -> Self {
        self.plan.framing = framing;
        self
    }

    /// Sets the form of the subject's log lines. By default `HH:MM:SS: message`.
    pub fn log_format(mut self, format: LogFormat) -> Self {
        self.plan.log = format;
        self
    }

    /// Sets how long the subject may run, counted from its exec: 60 s by default. Then its whole tree is ended: SIGTERM, the
    /// grace period, SIGKILL.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.plan.bounds.timeout = Some(limit);
        self
    }

    /// Sets the grace period, how long the tree may take to end after SIGTERM: 300 ms by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.plan.bounds.grace = grace;
        self
    }

    /// Sets the settling period, how long descendants may outlive the subject before they count as survivors: 200 ms by default.
    pub fn settle(mut self, settle: Duration) -> Self {
        self.plan.bounds.settle = settle;
        self
    }

    /// Records how each thread and process of the subject and its descendants begins and ends:
    /// [`Record::lives`](crate::Record::lives). That needs the feature `trace`.
    pub fn lives(mut self) -> Self {
        self.plan.lives = true;
        self
    }

    /// Sets the clock of the run. On [`Clock::Virtual`] a sleep takes no time, and every delay is exact. That needs the feature
    /// `trace`. What cannot be on a virtual clock is run on the real one, and a finding of the record says so.
    ///
    /// The timeout, the grace and the settling periods count on the clock of the run.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.plan.clock = clock;
        self
    }

    /// Sets how much of the output is kept.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.plan.limits = limits;
        self
    }
}

/// # What happens during the run
impl Subject {
    /// Adds an action: a signal to the subject, or something written to it or closed, at a moment of the run.
    ///
    /// ```
    /// use exeunt::stage::Action;
    /// use exeunt::{Signal, Subject, secs};
    ///
    /// let record = Subject::new("sleep")
    ///     .arg("30")
    ///     .timeout(secs(10))
    ///     .action(Action::signal(Signal::TERM).when_blocked())
    ///     .run()?;
    /// record.assert().signal(Signal::TERM);
    /// # Ok::<(), exeunt::RunError>(())
    /// ```
    pub fn action(mut self, action: Action) -> Self {
        self.plan.actions.push(action);
        self
    }

    /// Says how it is known that the subject is ready: by a line, or by another [`Readiness`]. That it is, is the event
    /// [`Ready`](crate::record::EventName::Ready). A subject that ends before is broken, whatever else is expected of it.
    ///
    /// ```
    /// use exeunt::stage::{Action, Readiness};
    /// use exeunt::{Signal, Subject, record::EventName, secs};
    ///
    /// let record = Subject::new("sleep")
    ///     .arg("0")
    ///     .ready(Readiness::Listening)
    ///     .action(Action::signal(Signal::TERM).on(EventName::Ready))
    ///     .timeout(secs(10))
    ///     .run()?;
    /// let error = record.assert().try_success().unwrap_err().to_string();
    /// assert!(error.contains("the subject is ready before it ends"), "{error}");
    /// # Ok::<(), exeunt::RunError>(())
    /// ```
    pub fn ready(mut self, readiness: impl Into<Readiness>) -> Self {
        self.plan.ready = Some(readiness.into());
        self
    }

    /// Puts a free TCP port of the loopback in the place of `{port}`, in the arguments, the variables and the standard input:
    /// another one for each run.
    ///
    /// ```
    /// use exeunt::Subject;
    /// let record = Subject::new("echo").arg("--port={port}").free_port().run()?;
    /// let line = record.lines().next().unwrap();
    /// assert!(line.line.text()["--port=".len()..].parse::<u16>().is_ok());
    /// # Ok::<(), exeunt::RunError>(())
    /// ```
    pub fn free_port(mut self) -> Self {
        self.gives_port = true;
        self
    }

    /// Looks, every 10 ms, at which TCP ports and Unix sockets the subject and its descendants listen. Each that begins or ends
    /// is an event. Nothing connects to them.
    pub fn watch_ports(mut self) -> Self {
        self.plan.ports = true;
        self
    }

    /// Looks, every 10 ms, whether a file has appeared, by its path from the subject's directory: that is an event. A file that
    /// was there before must change. When the run is over it is looked at once more, for
    /// [`Expectation::file`](crate::expect::Expectation::file).
    pub fn watch_file(mut self, path: impl Into<String>) -> Self {
        self.plan.files.push(path.into());
        self
    }

    /// Tails files that the subject writes, by their paths from its directory; a `*` in the last part stands for any characters. What is
    /// appended to them during the run are lines on [`Stream::File`](crate::record::Stream::File), seen every 10 ms.
    ///
    /// ```
    /// use exeunt::{Subject, record::{EventName, Stream}, secs, stage::Action};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let record = Subject::new("sh")
    ///     .args(["-c", "trap 'echo bye >> app.log; exit 0' TERM; echo up >> app.log; while :; do sleep 0.05; done"])
    ///     .current_dir(directory.path())
    ///     .tail("*.log")
    ///     .action(Action::signal(exeunt::Signal::TERM).on("up"))
    ///     .timeout(secs(10))
    ///     .run()?;
    /// record.assert().success().log(["up", "bye"]);
    /// assert_eq!(record.output(Stream::File).as_deref(), Some("up\nbye\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tail(mut self, path: impl Into<String>) -> Self {
        self.plan.logs.push(path.into());
        self
    }

    /// Gives the subject a direct parent that does nothing and can be ended while the subject runs. An
    /// [action](crate::stage::Action::end_parent) that ends it does this itself; a [`LiveSubject`] needs it.
    pub fn own_parent(mut self) -> Self {
        self.plan.parent = true;
        self
    }

    /// Lets the subject inherit a signal as ignored. All others have their default action.
    pub fn ignore_signal(mut self, signal: Signal) -> Self {
        self.plan.ignored_signals.push(signal);
        self
    }

    /// Sends a signal to a subject that has reached its timeout, one grace period before SIGTERM, so that it shows where it
    /// hangs: SIGABRT for Python with `PYTHONFAULTHANDLER=1`, SIGQUIT for Java and Go.
    pub fn at_timeout(mut self, signal: Signal) -> Self {
        self.plan.bounds.at_timeout = Some(signal);
        self
    }

    /// Reads the stacks of all threads that are still there at the timeout, and of what outlives the subject, in native code: see
    /// [`Bounds::stacks`](crate::stage::Bounds::stacks). Needs the feature `stacks` and an x86-64 machine; elsewhere there are none.
    pub fn stacks(mut self) -> Self {
        self.plan.bounds.stacks = true;
        self
    }
}

/// # Running, on Linux
#[cfg(target_os = "linux")]
impl Subject {
    /// Runs the subject once. This takes at most the timeout, the grace and the settling period together, and a moment for SIGKILL.
    ///
    /// # Errors
    /// If the subject could not be started. However it ends is no error, but in the record.
    pub fn run(&self) -> Result<Record, RunError> {
        self.run_on(&ByPlan, &mut Control::new())
    }

    /// Starts the subject and returns while it runs: for a test that talks to it. Its standard input stays open after the bytes
    /// that were set, and it is watched where it listens.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn start(&self) -> Result<LiveSubject, RunError> {
        let mut plan = self.plan_of_a_run()?.into_owned();
        plan.stdin = match plan.stdin {
            Stdin::Empty => Stdin::Open(Vec::new().into()),
            Stdin::Bytes(bytes) => Stdin::Open(bytes),
            other => other,
        };
        plan.ports = true;
        LiveSubject::start(plan)
    }

    /// Runs the subject once, until it ends or `cancel` is switched.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_cancellable(&self, cancel: &Cancel) -> Result<Record, RunError> {
        self.run_on(&ByPlan, &mut Control::new().cancel(cancel))
    }

    /// Runs the subject, and up to five times more while the verdict is inconclusive for a reason that may pass, such as a
    /// slow machine. From the third time on, it waits before a run for the machine to calm down, for 3.5 s in all at most. A
    /// run that breaks the expectation is never repeated.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_until_conclusive(
        &self,
        expectation: &crate::expect::Expectation,
    ) -> Result<Record, RunError> {
        let mut record = self.run()?;
        for retry in 0..patience::RETRIES {
            if !crate::judge::judge(&record, expectation).retryable() {
                break;
            }
            patience::wait_for_calm(retry, || false);
            record = self.run()?;
        }
        Ok(record)
    }
}

/// # Running on any stage
impl Subject {
    /// Runs the subject once, on any stage, and under a control that listens to its events or cancels it.
    ///
    /// # Errors
    /// If the subject could not be started. However it ends is no error, but in the record.
    pub fn run_on(&self, stage: &dyn Stage, control: &mut Control<'_>) -> Result<Record, RunError> {
        let plan = self.plan_of_a_run()?;
        stage.run(&plan, control)
    }

    /// The plan with what differs from run to run.
    fn plan_of_a_run(&self) -> Result<Cow<'_, Plan>, RunError> {
        if !self.gives_port {
            return Ok(Cow::Borrowed(&self.plan));
        }
        let mut plan = self.plan.clone();
        give_port(&mut plan)?;
        Ok(Cow::Owned(plan))
    }

    /// The plan of the run, as plain data.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl From<Plan> for Subject {
    fn from(plan: Plan) -> Self {
        Self {
            plan,
            gives_port: false,
        }
    }
}

impl From<&Command> for Subject {
    /// Takes over the program, the arguments, the directory and the variables that were set or removed. Otherwise the environment
    /// is the clean one. `Command` does not show how its streams were set, so these are as by default.
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
    /// As `From<&Command>`.
    fn from(command: Command) -> Self {
        Self::from(&command)
    }
}
