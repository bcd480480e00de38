//! One run, from the fork to the last reaped process.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use nix::errno::Errno;
use tempfile::TempDir;

use super::actions::Actions;
use super::canary::Watch;
use super::collect::Collector;
use super::lines::Lines;
use crate::record::{
    Clock, EventKind, Finding, Lag, LogLines, Process, RECORD_SCHEMA, Record, Signal, SignalReason,
    SignalSent, Stream, Streams, Termination, Usage,
};
use crate::stage::Cancel;
use crate::stage::environment::find_program;
use crate::stage::plan::{Plan, Stdin};
use crate::stage::proc;
use crate::stage::sys::{self, Ends, Exec, Exited, Message, Warden};

/// Why a subject could not be run.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// There is no such program.
    #[error("program `{program}` not found: {}", if program.contains('/') {
        "no executable file at this path"
    } else {
        "it is in no directory of PATH"
    })]
    NotFound {
        /// As it was given.
        program: String,
    },
    /// The program is there and could not be executed.
    #[error("could not execute `{}` in `{}`: {source}{}", program.display(), directory.display(), hint(source))]
    Exec {
        /// The path that was tried.
        program: PathBuf,
        /// Where it was to start.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The machine did not give what a run needs (processes, descriptors, a scratch directory).
    #[error("could not set up a run of `{program}`: {source}")]
    Setup {
        /// As it was given.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The process that guards the subject was killed, so nothing is known of the subject's end.
    #[error("lost sight of `{program}`: its warden (pid {warden}) was killed from outside")]
    WardenLost {
        /// As it was given.
        program: String,
        /// The guarding process.
        warden: u32,
    },
}

// A test that returns `Result<(), RunError>` shows this, so it must be readable.
impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOEXEC) => " (a script needs a first line such as `#!/bin/sh`)",
        Some(Errno::ENOENT) => " (the directory or the script's interpreter is missing)",
        Some(Errno::EACCES) => {
            " (the file is not marked as executable, or a directory is closed to us)"
        }
        _ => "",
    }
}

/// No such program, or a path to something that is none.
fn not_found(plan: &Plan) -> RunError {
    let program = plan.program.to_string_lossy().into_owned();
    let path = plan.directory.join(&plan.program);
    if !program.contains('/') || !path.exists() {
        return RunError::NotFound { program };
    }
    let errno = if path.is_dir() {
        Errno::EISDIR
    } else {
        Errno::EACCES
    };
    RunError::Exec {
        program: path,
        directory: plan.directory.clone(),
        source: errno.into(),
    }
}

/// How long SIGKILL may take to empty a tree before what is left is called unkillable.
const KILL_BOUND: Duration = Duration::from_secs(5);
const CHUNK: usize = 64 * 1024;

/// One stream of the subject, on our side.
struct Pipe {
    stream: Stream,
    fd: OwnedFd,
    lines: Lines,
    open: bool,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// The subject runs.
    Running,
    /// The subject has ended; its descendants may still end, its streams still close.
    Settling { until: Duration },
    /// SIGTERM was sent.
    Grace { until: Duration },
    /// The warden was told to kill what is left.
    Killing { until: Duration },
    /// Nothing is left.
    Over,
}

struct Run<'a> {
    plan: &'a Plan,
    zero: Duration,
    warden: Warden,
    pipes: Vec<Pipe>,
    buffer: Vec<u8>,
    events: Collector,
    actions: Actions,
    phase: Phase,
    termination: Termination,
    pid: u32,
    exited: Option<Exited>,
    empty: bool,
    survivors: Vec<Process>,
    ended_by_harness: Vec<Process>,
    findings: Vec<Finding>,
}

pub(in crate::stage) fn run(plan: &Plan, cancel: Option<&Cancel>) -> Result<Record, RunError> {
    let setup = |source| RunError::Setup {
        program: plan.program.to_string_lossy().into_owned(),
        source,
    };
    let program = find_program(
        &plan.program,
        plan.environment
            .get(OsStr::new("PATH"))
            .map(OsString::as_os_str),
        &plan.directory,
    )
    .ok_or_else(|| not_found(plan))?;
    let scratch = tempfile::Builder::new()
        .prefix("exeunt-")
        .tempdir()
        .map_err(setup)?;
    let mut environment = plan.environment.clone();
    environment
        .entry("TMPDIR".into())
        .or_insert_with(|| scratch.path().into());
    let given = environment
        .iter()
        .map(|(k, v)| (k.as_os_str(), v.as_os_str()));
    let directory = std::path::absolute(&plan.directory).map_err(setup)?;
    let program = std::path::absolute(program).map_err(setup)?;
    let exec = Exec::new(
        &program,
        &plan.program,
        &plan.args,
        given,
        &directory,
        &plan.ignored_signals,
    )
    .map_err(setup)?;
    let (pipes, ends) = connect(plan, &scratch).map_err(setup)?;

    let watch = Watch::begin();
    let stalled_before = proc::stalled();
    let started = Timestamp::now();
    let zero = sys::now();
    let warden = Warden::start(&exec, ends).map_err(setup)?;
    let mut run = Run {
        plan,
        zero,
        warden,
        pipes,
        buffer: vec![0; CHUNK],
        events: Collector::new(plan.limits.output),
        actions: Actions::new(&plan.actions),
        phase: Phase::Running,
        termination: Termination::OnItsOwn,
        pid: 0,
        exited: None,
        empty: false,
        survivors: Vec::new(),
        ended_by_harness: Vec::new(),
        findings: Vec::new(),
    };
    if let Err(lost) = run.watch(cancel) {
        if matches!(lost, Lost::Warden) {
            let pipes: Vec<_> = run.pipes.iter().map(|p| p.fd.as_fd()).collect();
            proc::kill_orphans(run.warden.pid(), scratch.path(), &pipes);
        }
        return Err(lost.explain(plan, &run.warden, program, directory));
    }
    // Removed while the warden is still on its way out.
    drop(scratch);
    let lag = Lag {
        canary: watch.worst(),
        pressure: proc::stalled().saturating_sub(stalled_before),
        ..Lag::default()
    };
    let environment = environment
        .iter()
        .map(|(k, v)| (k.to_string_lossy().into(), v.to_string_lossy().into()))
        .collect();
    Ok(run.into_record(started, lag, environment, directory))
}

/// Why a run could not be watched to its end.
enum Lost {
    Io(io::Error),
    Exec(i32),
    Fork(i32),
    Warden,
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Warden,
            _ => Self::Io(error),
        }
    }
}

impl Lost {
    fn explain(self, plan: &Plan, warden: &Warden, path: PathBuf, directory: PathBuf) -> RunError {
        let program = plan.program.to_string_lossy().into_owned();
        match self {
            Self::Exec(errno) => RunError::Exec {
                program: path,
                directory,
                source: io::Error::from_raw_os_error(errno),
            },
            Self::Fork(errno) => RunError::Setup {
                program,
                source: io::Error::from_raw_os_error(errno),
            },
            Self::Io(source) => RunError::Setup { program, source },
            Self::Warden => RunError::WardenLost {
                program,
                warden: warden.pid(),
            },
        }
    }
}

/// Opens the subject's streams.
fn connect(plan: &Plan, scratch: &TempDir) -> io::Result<(Vec<Pipe>, Ends)> {
    let stdin: OwnedFd = match &plan.stdin {
        Stdin::Null => File::open("/dev/null")?.into(),
        Stdin::Inherit => io::stdin().as_fd().try_clone_to_owned()?,
        Stdin::Bytes(bytes) => {
            let mut file = tempfile::tempfile_in(scratch)?;
            file.write_all(bytes)?;
            file.rewind()?;
            file.into()
        }
    };
    let pipe = |stream| -> io::Result<(Pipe, OwnedFd)> {
        let (fd, end) = sys::pipe()?;
        Ok((
            Pipe {
                stream,
                fd,
                lines: Lines::new(plan.limits.line),
                open: true,
            },
            end,
        ))
    };
    match plan.streams {
        Streams::Merged => {
            let (pipe, stdout) = pipe(Stream::Merged)?;
            let stderr = stdout.try_clone()?;
            Ok((
                vec![pipe],
                Ends {
                    stdin,
                    stdout,
                    stderr,
                },
            ))
        }
        Streams::Split => {
            let (out, stdout) = pipe(Stream::Stdout)?;
            let (err, stderr) = pipe(Stream::Stderr)?;
            Ok((
                vec![out, err],
                Ends {
                    stdin,
                    stdout,
                    stderr,
                },
            ))
        }
    }
}

impl Run<'_> {
    fn elapsed(&self) -> Duration {
        sys::now().saturating_sub(self.zero)
    }

    /// Everything there is to know, until nothing of the subject is left.
    fn watch(&mut self, cancel: Option<&Cancel>) -> Result<(), Lost> {
        while self.phase != Phase::Over {
            self.wait(cancel)?;
            self.read_pipes();
            while !self.empty
                && let Some(message) = self.warden.receive()?
            {
                self.hear(message)?;
            }
            self.advance(cancel.is_some_and(Cancel::is_cancelled));
        }
        self.read_pipes();
        let missed = self.actions.missed().into_iter();
        self.findings
            .extend(missed.map(|signal| Finding::SignalNotSent { signal }));
        let now = self.elapsed();
        for pipe in &mut self.pipes {
            if let Some(rest) = pipe.lines.rest() {
                self.events.push_line(now, pipe.stream, rest);
            }
        }
        Ok(())
    }

    /// Sleeps until something happens or the phase is over.
    fn wait(&self, cancel: Option<&Cancel>) -> io::Result<()> {
        let deadline = match self.phase {
            Phase::Running => {
                let look = self.actions.next_look(self.elapsed());
                look.unwrap_or(Duration::MAX).min(self.plan.timeout)
            }
            Phase::Settling { until } | Phase::Grace { until } | Phase::Killing { until } => until,
            Phase::Over => return Ok(()),
        };
        let open = self.pipes.iter().filter(|p| p.open).map(|p| p.fd.as_fd());
        let cancel = cancel
            .filter(|_| matches!(self.phase, Phase::Running | Phase::Settling { .. }))
            .map(AsFd::as_fd);
        // A warden with nothing left to guard is gone.
        let warden = (!self.empty).then(|| self.warden.as_fd());
        let fds: Vec<BorrowedFd<'_>> = open.chain(warden).chain(cancel).collect();
        sys::wait_readable(&fds, deadline.saturating_sub(self.elapsed()))
    }

    /// Reads what is there.
    fn read_pipes(&mut self) {
        for pipe in self.pipes.iter_mut().filter(|p| p.open) {
            // A subject that writes faster than we read must not keep us from the clock.
            for _ in 0..16 {
                let read = nix::unistd::read(&pipe.fd, &mut self.buffer);
                let at = sys::now().saturating_sub(self.zero);
                match read {
                    Ok(n @ 1..) => {
                        pipe.lines.push(&self.buffer[..n], |line| {
                            self.actions.heard(&line.bytes, at);
                            self.events.push_line(at, pipe.stream, line);
                        });
                    }
                    Err(Errno::EAGAIN | Errno::EINTR) => break,
                    Ok(0) | Err(_) => {
                        pipe.open = false;
                        if let Some(rest) = pipe.lines.rest() {
                            self.events.push_line(at, pipe.stream, rest);
                        }
                        self.events.push(
                            at,
                            EventKind::Closed {
                                stream: pipe.stream,
                            },
                        );
                        break;
                    }
                }
            }
        }
    }

    fn hear(&mut self, message: Message) -> Result<(), Lost> {
        match message {
            Message::Started { pid } => self.pid = pid,
            Message::ExecFailed { errno } => return Err(Lost::Exec(errno)),
            Message::ForkFailed { errno } => return Err(Lost::Fork(errno)),
            Message::Exited(exited) => self.subject_ended(exited),
            Message::Empty => self.empty = true,
        }
        Ok(())
    }

    fn subject_ended(&mut self, exited: Exited) {
        let at = exited.at.saturating_sub(self.zero);
        self.read_pipes();
        // What is in the pipes by now was written before the exit, or by a descendant in the moment that it took us to hear
        // of it.
        self.events.written_before(at);
        self.events.push(at, EventKind::Exit(exited.exit));
        self.exited = Some(exited);
        self.empty |= exited.alone;
        if self.phase == Phase::Running {
            self.phase = Phase::Settling {
                until: self.elapsed().saturating_add(self.plan.settle),
            };
        }
    }

    /// Sends the signals whose moment has come.
    fn give_cues(&mut self) {
        let now = self.elapsed();
        for signal in self.actions.ready(now, self.pid) {
            sys::send_signal_to(signal, self.pid);
            let sent = SignalSent {
                signal,
                to: vec![self.pid],
                reason: SignalReason::Planned,
            };
            self.events.push(now, EventKind::Signal(sent));
        }
    }

    /// Goes on to the next phase where its time has come.
    fn advance(&mut self, cancelled: bool) {
        if self.phase == Phase::Running && self.pid != 0 {
            self.give_cues();
        }
        let closed = self.pipes.iter().all(|p| !p.open);
        let now = self.elapsed();
        match self.phase {
            Phase::Settling { .. } if self.empty && closed => self.phase = Phase::Over,
            Phase::Running | Phase::Settling { .. } if cancelled => {
                self.termination = Termination::Interrupted;
                self.end_tree(SignalReason::Interrupted);
            }
            Phase::Running if now >= self.plan.timeout => {
                self.termination = Termination::TimedOut {
                    limit: self.plan.timeout,
                };
                self.end_tree(SignalReason::Timeout);
            }
            Phase::Settling { until } if now >= until => self.settled(),
            Phase::Grace { .. } | Phase::Killing { .. } if self.empty => self.phase = Phase::Over,
            Phase::Grace { until } if now >= until => {
                let left = self.descendants();
                self.sent(Signal::KILL, &left, SignalReason::GraceOver);
                // The warden would do it alone, unless one of these keeps stopping it.
                sys::send_signal(Signal::KILL, &left);
                self.kill();
            }
            Phase::Killing { until } if now >= until => {
                let left = self.descendants();
                if !left.is_empty() {
                    self.findings.push(Finding::Unkillable {
                        pids: left.iter().map(|p| p.pid).collect(),
                    });
                }
                self.phase = Phase::Over;
            }
            _ => {}
        }
    }

    /// The settling period is over: who is still there has outlived the subject.
    fn settled(&mut self) {
        self.survivors = self.descendants();
        if !self.survivors.is_empty() {
            self.findings.push(Finding::Survivors {
                count: self.survivors.len(),
            });
        }
        for pipe in self.pipes.iter().filter(|p| p.open) {
            self.findings.push(Finding::StreamHeld {
                stream: pipe.stream,
            });
        }
        match self.survivors.as_slice() {
            [] if self.empty => self.phase = Phase::Over,
            [] => self.kill(),
            _ => self.terminate(self.survivors.clone(), SignalReason::Survived),
        }
    }

    /// Ends everything from outside.
    fn end_tree(&mut self, why: SignalReason) {
        self.ended_by_harness = self.descendants();
        self.terminate(self.ended_by_harness.clone(), why);
    }

    fn terminate(&mut self, processes: Vec<Process>, why: SignalReason) {
        self.sent(Signal::TERM, &processes, why);
        sys::send_signal(Signal::TERM, &processes);
        // A stopped process heeds SIGTERM only once it goes on.
        sys::send_signal(Signal::CONT, &processes);
        self.warden.wake();
        self.phase = Phase::Grace {
            until: self.elapsed().saturating_add(self.plan.grace),
        };
    }

    /// Has the warden kill whatever is left, and end.
    fn kill(&mut self) {
        self.warden.finish();
        self.phase = Phase::Killing {
            until: self.elapsed() + KILL_BOUND,
        };
    }

    fn sent(&mut self, signal: Signal, to: &[Process], reason: SignalReason) {
        if to.is_empty() {
            return;
        }
        let to = to.iter().map(|p| p.pid).collect();
        self.events.push(
            self.elapsed(),
            EventKind::Signal(SignalSent { signal, to, reason }),
        );
    }

    fn descendants(&self) -> Vec<Process> {
        let pipes: Vec<_> = self
            .pipes
            .iter()
            .filter(|p| p.open)
            .map(|p| (p.stream, p.fd.as_fd()))
            .collect();
        proc::descendants(self.warden.pid(), &pipes)
    }

    fn into_record(
        self,
        started: Timestamp,
        lag: Lag,
        environment: std::collections::BTreeMap<String, String>,
        directory: PathBuf,
    ) -> Record {
        let text = |s: &OsString| s.to_string_lossy().into_owned();
        let usage = self.exited.map_or(Usage::default(), |e| Usage {
            user: e.user,
            system: e.system,
            peak_memory: e.peak_memory,
        });
        Record {
            schema: RECORD_SCHEMA,
            clock: Clock::Monotonic,
            origin: None,
            timeout: Some(self.plan.timeout),
            command: [&self.plan.program]
                .into_iter()
                .chain(&self.plan.args)
                .map(text)
                .collect(),
            environment,
            directory,
            streams: self.plan.streams,
            started,
            utc_offset: TimeZone::system().to_offset(started).seconds(),
            pid: self.pid,
            events: self.events.finish(),
            termination: self.termination,
            survivors: self.survivors,
            ended_by_harness: self.ended_by_harness,
            lag: Lag {
                subject_waited: self.exited.map_or(Duration::ZERO, |e| e.waited),
                ..lag
            },
            usage,
            log: LogLines::Every,
            findings: self.findings,
        }
    }
}
