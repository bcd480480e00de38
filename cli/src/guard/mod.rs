//! `exeunt guard`

mod forward;
mod hold;
mod node;
mod reader;
mod watch;
mod words;

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::thread::{self, Scope};
use std::time::Duration;

use exeunt::record::{Exit, Record, Stream, Termination};
use exeunt::stage::{Control, Plan, Real, Terminal};
use exeunt::{Cancel, Streams, Subject, report};

use signal_hook::consts::SIGWINCH;
use signal_hook::iterator::Signals;

use crate::args::Guard;
use crate::exit_status::ExitStatus;
use crate::interrupt::{OnInterrupt, cancel_on_signals, inherited_as_ignored};
use crate::output::page;
use crate::problem::Problem;
use forward::Forward;
use hold::Hold;
use reader::Reader;
use watch::{Watch, Why};
use words::Words;

/// How long the runtimes have to print their stacks, and then the tree to heed SIGTERM.
const GRACE: Duration = Duration::from_millis(250);
/// The output goes through; what is kept of it is not looked at.
const KEPT: usize = 64 * 1024;

pub(crate) fn guard(args: &Guard) -> Result<ExitStatus, Problem> {
    let hold = Arc::new(Hold::new().map_err(|error| format!("failed to open a pipe: {error}"))?);
    let signalled = Arc::clone(&hold);
    let go_on = OnInterrupt::GoOn(Box::new(move |signal| signalled.hand_on(signal)));
    let cancel = cancel_on_signals(go_on)?;
    let watch = Watch::new(args.grace, args.idle);
    let plan = plan(args);
    let record = thread::scope(|scope| {
        scope.spawn(|| watch.watch(&cancel));
        let record = pass_through(plan, args, &cancel, &hold, &watch);
        watch.end();
        record
    })?;
    let why = watch.why();
    tell(&record, args, why.as_ref());
    Ok(status(&record, why.as_ref()))
}

fn plan(args: &Guard) -> Plan {
    let (program, rest) = args.command.split_first().expect("clap asks for a command");
    let subject = Subject::new(program)
        .args(rest)
        .inherit_env()
        .inherit_stdin()
        .streams(streams());
    let mut plan = subject.plan().clone();
    plan.bounds.timeout = args.timeout;
    plan.bounds.grace = GRACE;
    plan.bounds.settle = args.settle;
    plan.bounds.ask = true;
    plan.bounds.stacks = true;
    plan.limits.output = KEPT;
    plan.ignored_signals = inherited_as_ignored();
    // So that Python answers when it is asked for the stacks of its threads.
    plan.environment
        .entry("PYTHONFAULTHANDLER".into())
        .or_insert_with(|| "1".into());
    if node::knows_option(program) {
        let options = plan.environment.entry("NODE_OPTIONS".into()).or_default();
        if !options.to_string_lossy().contains(node::OPTION) {
            options.push(format!(" {}", node::OPTION));
        }
    }
    plan
}

/// As ours are connected: what goes to one place comes by one pipe, so that its order is kept.
fn streams() -> Streams {
    let target = |fd: i32| fs::read_link(format!("/proc/self/fd/{fd}")).ok();
    let (out, err) = (io::stdout(), io::stderr());
    let same = target(out.as_fd().as_raw_fd()).filter(|out| !out.as_os_str().is_empty());
    match same.is_some() && same == target(err.as_fd().as_raw_fd()) {
        true if out.is_terminal() => Streams::Terminal,
        true => Streams::Merged,
        false => Streams::Split,
    }
}

/// Runs the command, and hands on what it writes.
fn pass_through(
    plan: Plan,
    args: &Guard,
    cancel: &Cancel,
    hold: &Hold,
    watch: &Watch,
) -> Result<Record, Problem> {
    let mut words = Words::new(args.after_line.clone());
    let terminal = Terminal::new();
    let mut sizes = Signals::new(matches!(plan.streams, Streams::Terminal).then_some(SIGWINCH))
        .map_err(|error| format!("failed to watch for signals: {error}"))?;
    let handle = sizes.handle();
    thread::scope(|scope| {
        scope.spawn(|| sizes.forever().for_each(|_| terminal.resize()));
        let first = match plan.streams {
            Streams::Split => Stream::Stdout,
            Streams::Merged | Streams::Terminal => Stream::Merged,
        };
        let (mut out, out_reader) = forward(scope, &io::stdout(), move || hold.close(first))?;
        let (mut err, err_reader) =
            forward(scope, &io::stderr(), move || hold.close(Stream::Stderr))?;
        let mut started = |pid| hold.started(pid);
        let mut on_output = |stream: Stream, bytes: &[u8]| {
            watch.heard(words.hear(stream, bytes));
            match stream {
                Stream::Stderr => err.send(bytes),
                Stream::Stdout | Stream::Merged => out.send(bytes),
                // No file is tailed.
                Stream::File => {}
            }
        };
        let control = Control::new().cancel(cancel).terminal(&terminal);
        let control = control.orders(hold.orders()).on_start(&mut started);
        let mut control = control.on_output(&mut on_output);
        let record = Subject::from(plan).run_on(&Real, &mut control);
        handle.close();
        drop((out_reader, err_reader));
        let written = out.end().and(err.end());
        let record = record?;
        written?;
        Ok(record)
    })
}

/// Hands on what comes for one of our streams. Where it cannot be written any more, that is told once or twice.
fn forward<'scope>(
    scope: &'scope Scope<'scope, '_>,
    stream: &impl AsFd,
    gone: impl Fn() + Copy + Send + 'scope,
) -> io::Result<(Forward<'scope>, Reader)> {
    let reader = Reader::of(scope, unbuffered(stream)?, gone)?;
    Ok((Forward::to(scope, unbuffered(stream)?, gone), reader))
}

/// One of our streams, without the buffer of the library: what comes is written at once, whole.
fn unbuffered(stream: &impl AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

fn status(record: &Record, why: Option<&Why>) -> ExitStatus {
    match (record.termination, why) {
        (Termination::TimedOut { .. }, Some(Why::LastWord(_))) => ExitStatus::StillThere,
        (Termination::TimedOut { .. }, Some(Why::Idle(_))) => ExitStatus::Silent,
        _ => ExitStatus::from(record),
    }
}

/// Says what is wrong, if something is.
fn tell(record: &Record, args: &Guard, why: Option<&Why>) {
    let seconds = |time: Duration| time.as_secs_f64();
    let what = match (record.termination, why) {
        (Termination::TimedOut { .. }, Some(Why::LastWord(word))) => format!(
            "still there {} s after its last word, and ended\n  last word  {}",
            seconds(args.grace),
            word.escape_debug()
        ),
        (Termination::TimedOut { .. }, Some(Why::Idle(line))) => {
            let idle = args.idle.unwrap_or_default();
            let last = line.iter();
            let last = last.map(|line| format!("\n  last line  {}", line.escape_debug()));
            let last: String = last.collect();
            format!("printed nothing for {} s, and ended{last}", seconds(idle))
        }
        (Termination::TimedOut { limit }, None) => {
            format!("still there after {} s, and ended", seconds(limit))
        }
        _ if !record.survivors.is_empty() => left_behind(record),
        _ => return,
    };
    let style = anstyle::AnsiColor::Red.on_default().bold();
    let command = args.command[0].to_string_lossy();
    let processes = report::processes(record, page());
    // Where even this cannot be written, the exit code has to do.
    let _ = write!(
        anstream::stderr(),
        "\n{style}exeunt guard{style:#}: `{}` {what}\n{processes}",
        command.escape_debug()
    );
}

fn left_behind(record: &Record) -> String {
    let ended = match record.exit() {
        Some(exit @ Exit::Code(_)) => format!("ended with {exit}"),
        Some(exit) => format!("was {exit}"),
        None => "ended".into(),
    };
    match record.survivors.len() {
        1 => format!("{ended} and left a process behind, which was ended"),
        n => format!("{ended} and left {n} processes behind, which were ended"),
    }
}
