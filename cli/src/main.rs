//! The `exeunt` command: see how programs end, from the shell and in CI.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(target_os = "linux"),
    expect(
        dead_code,
        reason = "where nothing is run, what only runs need is unused"
    )
)]

mod args;
mod ascii;
mod bazel;
mod diff;
#[cfg(target_os = "linux")]
mod doctor;
mod exit_status;
mod files;
#[cfg(feature = "generate")]
mod generate;
mod gtest_filter;
#[cfg(target_os = "linux")]
mod guard;
#[cfg(target_os = "linux")]
mod interrupt;
mod judge;
mod kept;
mod list;
mod output;
mod partition;
mod problem;
mod progress;
mod report;
mod report_command;
mod rest;
#[cfg(target_os = "linux")]
mod run;
mod select;
mod show;
#[cfg(target_os = "linux")]
mod staged;
#[cfg(target_os = "linux")]
mod test;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use exit_status::ExitStatus;

fn main() -> ExitCode {
    // Most codes are the program's own under `exeunt run` and `exeunt guard`, and 2 would be a difference for `git bisect run`.
    let failed = match std::env::args_os().nth(1) {
        Some(command) if command == "run" || command == "guard" || command == "diff" => {
            ExitStatus::Failed
        }
        _ => ExitStatus::Misused,
    };
    let status = match Args::try_parse() {
        Ok(args) => dispatch(&args).unwrap_or_else(|problem| {
            problem.tell();
            problem.status().unwrap_or(failed)
        }),
        // The help that was asked for is such an error too.
        Err(error) => match error.print() {
            Ok(()) if !error.use_stderr() => ExitStatus::Held,
            _ => failed,
        },
    };
    status.into()
}

/// What takes the place of the commands that run something.
#[cfg(not(target_os = "linux"))]
macro_rules! elsewhere {
    ($command:ident, $args:ident) => {
        mod $command {
            pub(crate) fn $command(
                _: &crate::args::$args,
            ) -> Result<crate::ExitStatus, crate::problem::Problem> {
                Err(format!(
                    "`exeunt {}` runs programs, which needs Linux; here saved records can be judged: `exeunt judge FILE`",
                    stringify!($command)
                )
                .into())
            }
        }
    };
}
#[cfg(not(target_os = "linux"))]
elsewhere!(guard, Guard);
#[cfg(not(target_os = "linux"))]
elsewhere!(run, Run);
#[cfg(not(target_os = "linux"))]
elsewhere!(test, Test);

fn dispatch(args: &Args) -> Result<ExitStatus, problem::Problem> {
    match &args.command {
        None => test::test(&args.test),
        Some(Command::Test(args)) => test::test(args),
        Some(Command::List(args)) => list::list(args),
        Some(Command::Show(args)) => show::show(args),
        #[cfg(target_os = "linux")]
        Some(Command::Doctor) => doctor::doctor(),
        Some(Command::Judge(args)) => judge::judge(args),
        Some(Command::Report(args)) => report_command::report(args),
        Some(Command::Diff(args)) => diff::diff(args),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Guard(args)) => guard::guard(args),
        #[cfg(feature = "generate")]
        Some(Command::Generate { directory }) => generate::generate(directory),
    }
}
