//! What can be typed.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use exeunt::Streams;

const AFTER: &str = "\
Exit codes:
    0  everything held (known deviations and skipped cases included)
    1  something was broken, or could not be started; under `run`: the program did not end in time
    2  wrong usage, a wrong suite, a failed build; under `run`: the program could not be started
    3  nothing was broken, but something was inconclusive
  130  interrupted";

/// Watch how programs end: run them, record when each line came and how they exited, and judge that.
///
/// Without a command, `exeunt` is `exeunt test`.
#[derive(Debug, Parser)]
#[command(name = "exeunt", version, after_help = AFTER, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) test: Test,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the cases of a suite and judge them.
    #[command(after_help = AFTER)]
    Test(Test),
    /// List the cases of a suite.
    #[command(after_help = AFTER)]
    List(List),
    /// Watch any program once: its timeline, its exit explained, what it left behind.
    ///
    /// Everything is told when the program has ended. It reads our standard input, and gets our environment but for
    /// `TMPDIR`, a scratch directory. It does not get our Ctrl-C: that ends it, and all that descends from it, by SIGTERM.
    /// With `--format json`, only those variables are recorded that differ from ours.
    #[command(after_help = AFTER)]
    Run(Run),
}

/// Which suite and which of its cases.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Selection {
    /// Only cases whose `scenario/implementation` contains one of these.
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// The suite; by default the exeunt.toml here or in the nearest parent directory.
    #[arg(long, value_name = "FILE")]
    pub(crate) suite: Option<PathBuf>,
    /// Only this scenario (may be repeated).
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Vec<String>,
    /// Only this implementation (may be repeated).
    #[arg(long, value_name = "NAME")]
    pub(crate) implementation: Vec<String>,
    /// Start an implementation's subjects by another command; a new NAME adds a column.
    ///
    /// A program takes the place of the implementation's own: `py312=/opt/python3.12/bin/python3`. It is like the
    /// implementation whose program has a similar name; another is named so: `mine:cpython=/opt/mine`.
    /// A command with `{scenario}` in it is taken as it is, split into words as a shell would.
    #[arg(long, value_name = "NAME[:LIKE]=CMD", value_parser = implementation_command)]
    pub(crate) implementation_command: Vec<Column>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Show the timeline of every case, not only of those that are not well.
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// How to report.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Print a table of scenarios × implementations instead of a line for each case.
    #[arg(long, value_enum, value_name = "text|markdown", num_args = 0..=1, default_missing_value = "text", require_equals = true, conflicts_with = "format")]
    pub(crate) matrix: Option<MatrixFormat>,
    /// How many cases run side by side; by default six for each processor, and eight at least.
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) selection: Selection,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// How long the program may run, as `2s` or `300ms`. Then it and all that descends from it is ended.
    #[arg(long, value_name = "DURATION", value_parser = exeunt::suite::parse_duration, default_value = "60s")]
    pub(crate) timeout: Duration,
    /// Whether its two output streams share one pipe. Merged: the order of lines is exact. Split: their origin is known.
    #[arg(long, value_parser = streams, default_value = "merged", value_name = "merged|split")]
    pub(crate) streams: Streams,
    /// How to report.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Give it only the clean environment that the subjects of a suite get.
    #[arg(long)]
    pub(crate) clean_env: bool,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// For whom the report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line, records included.
    Json,
}

/// How a matrix is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MatrixFormat {
    /// For a terminal.
    Text,
    /// For a page.
    Markdown,
}

fn streams(text: &str) -> Result<Streams, String> {
    match text {
        "merged" => Ok(Streams::Merged),
        "split" => Ok(Streams::Split),
        _ => Err("either `merged` or `split`".into()),
    }
}

/// A command for an implementation.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) like: Option<String>,
    pub(crate) command: Vec<String>,
}

fn implementation_command(text: &str) -> Result<Column, String> {
    let (name, command) = text.split_once('=').ok_or("write it as NAME=CMD")?;
    let (name, like) = match name.split_once(':') {
        Some((name, like)) => (name, Some(like.to_owned())),
        None => (name, None),
    };
    let command = shlex::split(command).ok_or("a quotation in the command is not closed")?;
    match (name, command.is_empty()) {
        ("", _) => Err("the name before `=` is missing".into()),
        (_, true) => Err("the command after `=` is missing".into()),
        _ => Ok(Column {
            name: name.into(),
            like,
            command,
        }),
    }
}
