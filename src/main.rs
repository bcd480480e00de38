//! The `exeunt` command: see how programs end, from the shell and in CI.

#![forbid(unsafe_code)]

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main().into()
}
