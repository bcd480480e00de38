//! What can be typed.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use exeunt::record::Clock;
use exeunt::{Signal, Streams};

use crate::exit_status::{DIFFING, GUARDING, JUDGING, RUNNING};
use crate::partition::Partition;

/// Watch how programs end: run them, record when each line came and how they exited, and judge that.
///
/// Without a command, `exeunt` is `exeunt test`.
#[derive(Debug, Parser)]
#[command(name = "exeunt", version, after_help = format!("{JUDGING}\n\n{RUNNING}\n\n{GUARDING}"), args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) test: Test,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the cases of a suite and judge them.
    #[command(after_help = JUDGING)]
    Test(Test),
    /// List the cases of a suite.
    #[command(after_help = JUDGING)]
    List(List),
    /// Show cases written out: what is run, within which bounds, and what is expected.
    #[command(after_help = JUDGING)]
    Show(Show),
    /// Judge saved records again, by what the suite expects now. Nothing is run.
    ///
    /// A record is judged as the case that it says it is of, in the version of the implementation that it says. The exit code is
    /// the one that `exeunt test` would have.
    #[command(after_help = JUDGING)]
    Judge(Judge),
    /// Report runs that were kept: in any format, shards of a run as a whole. Nothing is run or judged.
    ///
    /// Without a run, it is the last of the suite. Where a shard is missing, or a run was ended before it was over, the exit code is
    /// 3 at best.
    #[command(after_help = JUDGING)]
    Report(ReportCommand),
    /// Tell what changed between two runs that were kept: for a bisection, or for two versions of an implementation.
    ///
    /// What the suite speaks of is compared: the end, lines, delays, survivors. Each run is judged by what was expected of the other
    /// too.
    #[command(after_help = DIFFING)]
    Diff(Diff),
    /// Say what this machine allows, and what follows: a sentence each.
    #[cfg(target_os = "linux")]
    Doctor,
    /// Watch a program once: its timeline while it runs, its exit explained, what it left behind.
    ///
    /// The program reads this standard input. It inherits this environment, and a scratch directory as `TMPDIR` where that is
    /// not set. SIGINT (Ctrl-C), SIGTERM and SIGHUP are handed on to it and all that descends from it; a second one kills them.
    /// With `--format json`, each event is a line as it comes, and the last line is the record, with those variables only that
    /// differ from ours.
    #[command(after_help = RUNNING)]
    Run(Run),
    /// Stand before a test command, and fail if it does not end or leaves something behind.
    ///
    /// Everything passes through as it is: input, output, a terminal where both output streams go to one, the exit code. The first
    /// SIGINT (Ctrl-C), SIGTERM or SIGHUP is handed on, and the command takes as long as it takes; a second one ends it at once,
    /// with all that descends from it. While all is well, nothing is added. A command that is still there a grace period after its last word, the summary
    /// of pytest, unittest, jest, vitest, mocha, node --test, go test, cargo test, nextest or the JUnit console, is told with what
    /// keeps it alive, and ended with all that descends from it. Python, Java and Go are asked for the stacks of their threads
    /// first.
    #[command(after_help = GUARDING)]
    Guard(Guard),
    /// Write the manual pages and the completions of shells: for packages.
    #[cfg(feature = "generate")]
    #[command(hide = true)]
    Generate {
        /// Where to; made if it is not there.
        directory: PathBuf,
    },
}

/// Which suite and which of its cases.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Selection {
    /// Only cases whose `scenario/implementation` contains one of these; `::` may be written for `/`.
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

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
    /// Only the cases that were not well when they were last run; all if there is none.
    #[arg(long, visible_alias = "lf")]
    pub(crate) last_failed: bool,
    /// Keep the run in this directory, for `exeunt report`, `judge` and `diff`. The last run is always kept, in target/exeunt.
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// Run only a part of the cases: `hash:1/3` is the first of three by name, `slice:1/3` every third, `timings:1/3` a third of the
    /// expected time. `exeunt report` puts kept parts together.
    #[arg(long, value_name = "KIND:M/N")]
    pub(crate) partition: Option<Partition>,
    /// Build nothing: run what is there. Cargo's binaries are looked for in CARGO_TARGET_DIR; without it, in `target` of the suite's
    /// directory and of those above it.
    #[arg(long)]
    pub(crate) no_build: bool,
    /// How many cases run side by side; by default at least eight, or six for each processor, and more while the machine is calm.
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// The clock of all cases, whatever the suite says. On the virtual one sleeps take no time; a case that cannot be on it runs on
    /// the real one, and the report says why.
    #[arg(long, value_parser = clock, value_name = "real|virtual")]
    pub(crate) clock: Option<Clock>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Judge {
    /// Files of records: what `exeunt test --format json` or `--save` writes, or records alone. `-` is the standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The suite; by default the exeunt.toml here or in the nearest parent directory.
    #[arg(long, value_name = "FILE")]
    pub(crate) suite: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReportCommand {
    /// What `exeunt test --save` wrote: directories, or files. Several are reported as one: the shards of a run, say.
    ///
    /// Of a file that `exeunt run` or `exeunt test` printed with `--format json`, the timelines are shown; `-` is the standard input.
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// A run that `exeunt test --save` kept.
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// Another one.
    #[arg(value_name = "AFTER")]
    pub(crate) after: PathBuf,
    /// Only cases whose `scenario/implementation` contains one of these; `::` may be written for `/`.
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// Compare the cases of one implementation with those of another: two versions, say. The runs may be the same.
    #[arg(long, value_name = "OLD=NEW", value_parser = old_and_new)]
    pub(crate) implementation: Option<(String, String)>,
    /// Every line of log counts, whether the suite speaks of it or not.
    #[arg(long)]
    pub(crate) lines: bool,
    /// How to report.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// How cases are reported, and what of them is a failure.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ReportArgs {
    /// Show the timeline of every case, not only of those that are not as expected.
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// How to report.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Print a table of scenarios × implementations instead of a line for each case.
    #[arg(long, value_enum, value_name = "text|markdown", num_args = 0..=1, default_missing_value = "text", require_equals = true, conflicts_with = "format")]
    pub(crate) matrix: Option<MatrixFormat>,
    /// In the table, only the scenarios whose implementations do not all do the same.
    #[arg(long, requires = "matrix")]
    pub(crate) differing: bool,
    /// In the table, the version of each implementation in its head, where it is known.
    #[arg(long, requires = "matrix")]
    pub(crate) versions: bool,
    /// Fail if a case is skipped, since its implementation is not on this machine.
    #[arg(long)]
    pub(crate) deny_skipped: bool,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}

/// Reports beside the one on stdout, any number of them. They are kept up to date while cases end.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Report files")]
pub(crate) struct FileArgs {
    /// JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Common Test Report Format (CTRF) JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) ctrf: Option<PathBuf>,
    /// One page with the timelines of all cases, for a browser.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// On that page, put cases that are not well beside this run that was kept: broken beside what last held.
    #[arg(long, value_name = "RUN", requires = "html")]
    pub(crate) beside: Option<PathBuf>,
    /// A trace for Perfetto or chrome://tracing: which case ran when, with its lines and signals.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// What `--format json` prints, each case as it ends.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// GitHub Actions: annotations at the scenario's line of the suite (on stderr), and the summary of the step.
    #[arg(long)]
    pub(crate) github: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Say of each case what it is about, where its expectation is promised, and which deviations are known.
    #[arg(short, long, conflicts_with = "format")]
    pub(crate) verbose: bool,
    /// How to list. As JSON: one object a line, with all that `--verbose` says and the line of the suite.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Guard {
    /// The last word: a line that matches this regular expression. By default the summary of a known test runner.
    #[arg(long, value_name = "REGEX")]
    pub(crate) after_line: Option<regex::Regex>,
    /// How long the command may still be there after its last word. It counts from what was printed last; with `--after-line`
    /// from that line.
    #[arg(long, value_name = "DURATION", value_parser = exeunt::suite::parse_duration, default_value = "5s")]
    pub(crate) grace: Duration,
    /// How long the command may print nothing. By default for ever.
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    pub(crate) idle: Option<Duration>,
    /// How long the command may run. By default for ever.
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    pub(crate) timeout: Option<Duration>,
    /// How long after its exit its descendants may still end. Those that do not count as left behind, and are ended.
    #[arg(long, value_name = "DURATION", value_parser = exeunt::suite::parse_duration, default_value = "200ms")]
    pub(crate) settle: Duration,
    /// The command and its arguments.
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// How long the program may run, as `2s` or `300ms`; then it and all that descends from it is ended. By default for ever.
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    pub(crate) timeout: Option<Duration>,
    /// How long it may take to heed SIGTERM, or a signal that was handed on, before it is killed.
    #[arg(long, value_name = "DURATION", value_parser = exeunt::suite::parse_duration, default_value = "10s")]
    pub(crate) grace: Duration,
    /// How long after its exit its descendants may still end. Those that do not count as left behind, and are ended.
    #[arg(long, value_name = "DURATION", value_parser = exeunt::suite::parse_duration, default_value = "200ms")]
    pub(crate) settle: Duration,
    /// A signal to send at the time limit, before SIGTERM, so that the program shows where it stands: SIGABRT for Python with
    /// `PYTHONFAULTHANDLER=1`, SIGQUIT for Java and Go.
    #[arg(long, value_name = "SIGNAL", requires = "timeout")]
    pub(crate) at_timeout: Option<Signal>,
    /// Whether its two output streams share one pipe. Merged: the order of lines is exact. Split: their origin is known.
    #[arg(long, value_parser = streams, default_value = "merged", value_name = "merged|split|terminal")]
    pub(crate) streams: Streams,
    /// How to report.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Give it only the clean environment that the subjects of a suite get, and a scratch directory as `TMPDIR`.
    #[arg(long)]
    pub(crate) clean_env: bool,
    /// The program and its arguments. Options of `exeunt` stand before it.
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// For whom the report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
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

fn old_and_new(text: &str) -> Result<(String, String), String> {
    let (old, new) = text.split_once('=').ok_or("write it as OLD=NEW")?;
    Ok((old.into(), new.into()))
}

fn timeout(text: &str) -> Result<Duration, String> {
    match exeunt::suite::parse_duration(text).map_err(|error| error.to_string())? {
        Duration::ZERO => {
            Err("nothing can run in no time; without `--timeout` there is no limit".into())
        }
        limit => Ok(limit),
    }
}

fn clock(text: &str) -> Result<Clock, String> {
    match text {
        "real" => Ok(Clock::Monotonic),
        "virtual" => Ok(Clock::Virtual),
        _ => Err("either `real` or `virtual`".into()),
    }
}

fn streams(text: &str) -> Result<Streams, String> {
    match text {
        "merged" => Ok(Streams::Merged),
        "split" => Ok(Streams::Split),
        "terminal" => Ok(Streams::Terminal),
        _ => Err("one of `merged`, `split` and `terminal`".into()),
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
