//! The `exeunt` command: see how programs end, from the shell and in CI.

#![forbid(unsafe_code)]

mod args;
mod exit_status;
mod interrupt;
mod list;
mod progress;
mod run;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use exeunt::suite::{FILE_NAME, Suite, SuiteError};

use args::{Args, Command, Selection};
use exit_status::ExitStatus;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.command {
        None => test::test(&args.test),
        Some(Command::Test(test)) => test::test(&test),
        Some(Command::List(list)) => list::list(&list),
        Some(Command::Run(run)) => run::run(&run),
    };
    done.unwrap_or_else(|problem| {
        anstream::eprintln!("{}", problem.styled());
        ExitStatus::Misused
    })
    .into()
}

/// Why the work could not even begin.
#[derive(Debug)]
enum Problem {
    Suite(SuiteError),
    Other(String),
}

impl Problem {
    fn styled(&self) -> String {
        match self {
            Self::Suite(error) => error.styled(),
            Self::Other(text) => {
                let style = anstyle::AnsiColor::Red.on_default().bold();
                format!("{style}error{style:#}: {text}")
            }
        }
    }
}

impl From<SuiteError> for Problem {
    fn from(error: SuiteError) -> Self {
        Self::Suite(error)
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

/// Reads the suite that was asked for.
fn load(selection: &Selection) -> Result<Suite, Problem> {
    let path = match &selection.suite {
        Some(path) => path.clone(),
        None => here()?,
    };
    let mut suite = Suite::load(&path)?;
    for column in &selection.implementation_command {
        suite.set_command(&column.name, column.like.as_deref(), column.command.clone())?;
    }
    Ok(suite)
}

fn here() -> Result<PathBuf, Problem> {
    let here = std::env::current_dir().map_err(|error| format!("no current directory: {error}"))?;
    let found = Suite::find(&here).ok_or_else(|| {
        format!(
            "no {FILE_NAME} in {} or a directory above it\n\
             name a suite with `--suite FILE`, or watch a single program with `exeunt run -- COMMAND`",
            here.display()
        )
    })?;
    // Shown and used relative to here where that is possible: shorter to read.
    Ok(found
        .strip_prefix(&here)
        .map(PathBuf::from)
        .unwrap_or(found))
}
