//! Exit statuses in words.

use crate::record::{Exit, Signal};

/// What an exit status usually means, beyond its number. Conventions, not proof: any program may exit with any code.
///
/// ```
/// use exeunt::{record::Exit, report::explain};
/// assert!(explain(Exit::Code(101)).contains("panic"));
/// assert!(explain(Exit::Code(143)).contains("SIGTERM"));
/// ```
#[must_use]
pub fn explain(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => code_in_words(code),
        Exit::Signal(signal) => signal_in_words(signal),
    }
}

fn code_in_words(code: i32) -> String {
    match code {
        0 => "success".into(),
        1 => "failure; a Python exception or an `Err` from a Rust main ends so".into(),
        2 => "failure; by convention a wrong use of the command line".into(),
        101 => "a panic in a Rust main ends so".into(),
        120 => "Python could not flush its standard streams at the end".into(),
        126 => "a shell found a command and could not execute it".into(),
        127 => "a shell did not find a command".into(),
        129..=192 => format!(
            "the program exited by itself with this code; shells use it to say that a command of theirs was killed by {}",
            Signal::from_kernel(code - 128)
        ),
        _ => "the program chose this code".into(),
    }
}

fn signal_in_words(signal: Signal) -> String {
    let reason = match signal.number() {
        1 => "its terminal is gone",
        2 => "as by Ctrl-C",
        3 => "as by Ctrl-\\",
        4 => "an illegal instruction",
        6 => "it called abort, or an assertion of the C library failed",
        7 => "a bus error: memory that is not there",
        8 => "an arithmetic error",
        9 => "it had no chance to clean up; perhaps memory ran out",
        11 => "a segmentation fault: memory that is not its own",
        13 => "it wrote to a pipe that nobody reads",
        14 => "an alarm of its own",
        15 => "it was asked to terminate and had no handler for that",
        _ => "it had no handler for this signal",
    };
    format!("{reason}; nothing ran after it, no handler, no destructor, no flush")
}
