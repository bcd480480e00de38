//! Ctrl-C and its kin.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use exeunt::{Cancel, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::iterator::Signals;

use crate::problem::Problem;

/// What is done about a first interruption.
pub(crate) enum OnInterrupt {
    /// Subjects are asked to terminate, as at a time limit.
    Terminate,
    /// They get the signal that we got, and a grace period.
    HandOn,
    /// They get the signal that we got by this function, and all the time that they take. It returns false where nothing is left to
    /// get it.
    GoOn(Box<dyn Fn(Signal) -> bool + Send>),
}

/// Signals nearer than this are one: timeout(1) and npm send theirs to us and to our group, and people are slower.
const TWICE: Duration = Duration::from_millis(100);

/// A switch for SIGINT, SIGTERM and SIGHUP, those excepted that we inherited as ignored (`nohup`).
///
/// The first ends the runs, with their grace period where they have one; the second without. Both times what is known is reported.
/// The third ends the harness at once; the reapers end the subjects all the same.
pub(crate) fn cancel_on_signals(on_interrupt: OnInterrupt) -> Result<Cancel, Problem> {
    let problem = |error| format!("failed to watch for signals: {error}");
    let cancel = Cancel::new().map_err(problem)?;
    let mut signals = Signals::new(heeded()).map_err(problem)?;
    let switch = cancel.clone();
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            let (mut count, mut last) = (0, None::<Instant>);
            for signal in signals.forever() {
                if last
                    .replace(Instant::now())
                    .is_some_and(|last| last.elapsed() < TWICE)
                {
                    continue;
                }
                match count {
                    0 => first(&switch, signal, &on_interrupt),
                    1 => second(&switch),
                    _ => process::exit(128 + signal),
                }
                count += 1;
            }
        })
        .map_err(problem)?;
    Ok(cancel)
}

fn first(cancel: &Cancel, signal: i32, on_interrupt: &OnInterrupt) {
    match (on_interrupt, Signal::from_number(signal)) {
        (OnInterrupt::HandOn, Some(signal)) => {
            cancel.cancel_with(signal);
            handed_on(signal);
        }
        (OnInterrupt::GoOn(send), Some(signal)) if send(signal) => handed_on(signal),
        _ => cancel.cancel(),
    }
}

/// Others have it in the report.
fn handed_on(signal: Signal) {
    if io::stderr().is_terminal() {
        tell(&format!(
            "{signal} handed on; interrupt again to kill at once"
        ));
    }
}

fn second(cancel: &Cancel) {
    cancel.kill();
    tell("interrupted again: all that is left is killed (once more ends this without a report)");
}

/// Where even this cannot be written, there is nothing to be done.
fn tell(text: &str) {
    let _ = writeln!(anstream::stderr(), "exeunt: {text}");
}

fn heeded() -> impl Iterator<Item = i32> {
    let ignored = ignored();
    [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(move |signal| ignored & (1 << (signal - 1)) == 0)
}

/// The signals that this process inherited as ignored. SIGPIPE is none of them: Rust's runtime ignores it in any case.
pub(crate) fn inherited_as_ignored() -> Vec<Signal> {
    let ignored = ignored();
    let is_ignored = |number: &i32| ignored & (1 << (number - 1)) != 0 && *number != SIGPIPE;
    let numbers = (1..=64).filter(is_ignored);
    numbers.filter_map(Signal::from_number).collect()
}

/// The signals that this process ignores, as bits. None where the kernel does not say.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}
