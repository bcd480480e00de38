//! What a run needs before it can be watched: its streams, its environment, and its subject, started.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::canary::Watch;
use super::clock::RunClock;
use super::input::Input;
use super::logs::Logs;
use super::looks::Looks;
use super::node;
use super::pipe::Pipe;
use super::ready::{Given, Ready};
use crate::record::{Bytes, Stream, Streams};
use crate::stage::environment::find_program;
use crate::stage::error::not_found;
use crate::stage::plan::{Plan, Stdin};
use crate::stage::proc::Stalled;
use crate::stage::sys::{self, Admission, Ends, Exec, Hold, Message, Reaper};
use crate::stage::{Cancel, RunError};

/// Where a subject is started from.
pub(super) struct Place {
    /// The path of the program.
    pub(super) program: PathBuf,
    pub(super) directory: PathBuf,
    /// The value of [`MARK`].
    pub(super) mark: String,
}

/// A subject that was started.
pub(super) struct Setup {
    pub(super) reaper: Reaper,
    pub(super) environment: BTreeMap<OsString, OsString>,
    /// Where Node.js writes its reports.
    pub(super) reports: Option<PathBuf>,
    pub(super) pipes: Vec<Pipe>,
    pub(super) input: Input,
    pub(super) ready: Ready,
    pub(super) looks: Looks,
    pub(super) logs: Logs,
    pub(super) watch: Watch,
    /// How long the machine's processes had been stalled by then.
    pub(super) stalled: Stalled,
    /// When the start was asked for, by the wall clock and by the run's.
    pub(super) asked: (SystemTime, Duration),
}

/// A variable that every descendant of a subject inherits: by its value, unlike all others, they are known where their reaper
/// was killed.
const MARK: &str = "EXEUNT_RUN";

impl Place {
    pub(super) fn of(plan: &Plan) -> Result<Self, RunError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let path = plan.environment.get(OsStr::new("PATH"));
        let path = path.map(OsString::as_os_str);
        let program =
            find_program(&plan.program, path, &plan.directory).ok_or_else(|| not_found(plan))?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{}-{count}", std::process::id(), sys::now().as_nanos());
        let absolute = |path: PathBuf| std::path::absolute(path).map_err(|e| failed(plan, e));
        Ok(Self {
            program: absolute(program)?,
            directory: absolute(plan.directory.clone())?,
            mark,
        })
    }
}

fn failed(plan: &Plan, source: io::Error) -> RunError {
    RunError::Setup {
        program: plan.program.to_string_lossy().into_owned(),
        source,
    }
}

impl Setup {
    /// Starts the subject, as soon as the machine has what it needs.
    pub(super) fn of(
        plan: &Plan,
        place: &Place,
        admission: &Admission,
        cancel: Option<&Cancel>,
        clock: &mut dyn RunClock,
    ) -> Result<Self, RunError> {
        let is_cancelled = || cancel.is_some_and(Cancel::is_cancelled);
        admission
            .set_up(is_cancelled, || Self::try_of(plan, place, clock))
            .map_err(|source| failed(plan, source))
    }

    fn try_of(plan: &Plan, place: &Place, clock: &mut dyn RunClock) -> io::Result<Self> {
        let mut reaper = Reaper::engage()?;
        let (ready, given) = Ready::new(plan, &place.mark)?;
        let mut environment = environment(plan, place, &given, &mut reaper)?;
        let reports = node::redirect(plan, &mut environment, || reaper.scratch())?;
        let exec = Exec::new(
            &place.program,
            &plan.program,
            &plan.args,
            environment
                .iter()
                .map(|(k, v)| (k.as_os_str(), v.as_os_str())),
            &place.directory,
            &sys::Given {
                scratch: reaper.scratch_path(),
                ignored: &plan.ignored_signals,
                ready: given.descriptor.as_ref().map(|(_, number)| *number),
                parent: plan.has_parent(),
            },
        )?;
        let (stdin, input) = stdin(&plan.stdin())?;
        let (pipes, stdout, stderr) = outputs(plan)?;
        let gate = Gate::of(clock.hold())?;
        let ends = Ends {
            stdin,
            stdout,
            stderr,
            ready: given.descriptor.map(|(descriptor, _)| descriptor),
            gate: gate.theirs,
        };
        let looks = Looks::new(plan, &place.directory);
        let logs = Logs::new(plan, &place.directory);
        let watch = Watch::begin();
        let stalled = Stalled::now();
        let asked = (SystemTime::now(), sys::now());
        reaper.start(&exec, &ends, clock.hold())?;
        drop(ends);
        if let Some(gate) = gate.ours {
            open_gate(&mut reaper, gate, clock)?;
        }
        Ok(Self {
            reaper,
            environment,
            reports,
            pipes,
            input,
            ready,
            looks,
            logs,
            watch,
            stalled,
            asked,
        })
    }
}

/// The two ends of a pipe at which a subject that is held waits.
struct Gate {
    ours: Option<io::PipeWriter>,
    theirs: Option<OwnedFd>,
}

impl Gate {
    fn of(hold: Hold) -> io::Result<Self> {
        if hold == Hold::No {
            return Ok(Self {
                ours: None,
                theirs: None,
            });
        }
        let (theirs, ours) = io::pipe()?;
        Ok(Self {
            ours: Some(ours),
            theirs: Some(theirs.into()),
        })
    }
}

/// How long a subject may take to come to its gate, on a machine that is busy.
const TO_GATE: Duration = Duration::from_secs(20);

/// Waits for the subject to stand before its exec, and lets it go on once the clock has it.
fn open_gate(
    reaper: &mut Reaper,
    mut gate: io::PipeWriter,
    clock: &mut dyn RunClock,
) -> io::Result<()> {
    let deadline = sys::now() + TO_GATE;
    loop {
        match reaper.receive()? {
            Some(Message::Held { pid }) => {
                clock.held(pid)?;
                // Where nobody waits at it, the subject was killed, and its end is told in its place.
                let _ = gate.write_all(&[1]);
                return Ok(());
            }
            Some(_) => return Err(io::Error::other("the subject was gone before its exec")),
            None => match deadline.checked_sub(sys::now()) {
                Some(left) => sys::wait_readable(&[reaper.as_fd()], left)?,
                None => return Err(io::ErrorKind::TimedOut.into()),
            },
        }
    }
}

/// The plan's variables, and what the stage adds.
fn environment(
    plan: &Plan,
    place: &Place,
    given: &Given,
    reaper: &mut Reaper,
) -> io::Result<BTreeMap<OsString, OsString>> {
    let mut environment = plan.environment.clone();
    if !environment.contains_key(OsStr::new("TMPDIR")) {
        environment.insert("TMPDIR".into(), reaper.scratch()?.into());
    }
    environment.insert(MARK.into(), place.mark.as_str().into());
    if let Some(socket) = &given.socket {
        environment.insert("NOTIFY_SOCKET".into(), socket.into());
    }
    Ok(environment)
}

fn stdin(stdin: &Stdin) -> io::Result<(OwnedFd, Input)> {
    let pipe = |bytes: &Bytes, open| {
        let (end, writer) = sys::input_pipe()?;
        let input = Input::new(writer, bytes.as_slice().to_vec(), open);
        Ok((end, input))
    };
    Ok(match stdin {
        Stdin::Null => (File::open("/dev/null")?.into(), Input::none()),
        Stdin::Inherit => (io::stdin().as_fd().try_clone_to_owned()?, Input::none()),
        Stdin::Empty => (io::pipe()?.0.into(), Input::none()),
        Stdin::Bytes(bytes) => return pipe(bytes, false),
        Stdin::Open(bytes) => return pipe(bytes, true),
    })
}

/// Our ends, and the subject's stdout and stderr.
fn outputs(plan: &Plan) -> io::Result<(Vec<Pipe>, OwnedFd, OwnedFd)> {
    let pipe = |stream| Pipe::new(stream, plan.limits.line, plan.framing);
    match plan.streams {
        Streams::Merged => {
            let (both, stdout) = pipe(Stream::Merged)?;
            let stderr = stdout.try_clone()?;
            Ok((vec![both], stdout, stderr))
        }
        Streams::Terminal => {
            let (ours, theirs) = sys::terminal()?;
            let both = Pipe::of(Stream::Merged, ours, plan.limits.line, plan.framing);
            let stderr = theirs.try_clone()?;
            Ok((vec![both], theirs, stderr))
        }
        Streams::Split => {
            let (out, stdout) = pipe(Stream::Stdout)?;
            let (err, stderr) = pipe(Stream::Stderr)?;
            Ok((vec![out, err], stdout, stderr))
        }
    }
}
