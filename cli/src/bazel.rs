//! What Bazel and googletest's runners ask of a test by variables.
//!
//! | variable | what is done |
//! |---|---|
//! | `TEST_TOTAL_SHARDS`, `TEST_SHARD_INDEX` (from 0), `GTEST_TOTAL_SHARDS`, `GTEST_SHARD_INDEX` | as `--partition timings:M/N` |
//! | `TEST_SHARD_STATUS_FILE`, `GTEST_SHARD_STATUS_FILE` | touched: shards are understood |
//! | `XML_OUTPUT_FILE`, `GTEST_OUTPUT=xml:FILE` | as `--junit FILE` |
//! | `TEST_UNDECLARED_OUTPUTS_DIR` | `exeunt.html` and the kept run `exeunt/` in it |
//! | `TESTBRIDGE_TEST_ONLY` | filters, with commas between them |
//! | `GTEST_FILTER` | only the cases that it names |
//! | `TEST_PREMATURE_EXIT_FILE` | there while the cases run |
//! | `TEST_INFRASTRUCTURE_FAILURE_FILE` | written if all that is wrong is that something was inconclusive |
//!
//! What is typed counts before what a variable says.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::args::Test;
use crate::exit_status::ExitStatus;
use crate::gtest_filter::GtestFilter;
use crate::partition::{Kind, Partition};
use crate::problem::Problem;

/// What is to be done when the cases are over.
pub(crate) struct Bazel {
    /// What of the cases googletest's runners ask for.
    pub(crate) filter: Option<GtestFilter>,
    premature_exit: Option<PathBuf>,
    infrastructure_failure: Option<PathBuf>,
}

impl Bazel {
    /// Completes what was typed by what the variables say.
    pub(crate) fn new(args: &mut Test) -> Result<Self, Problem> {
        shard(args)?;
        outputs(args);
        if args.selection.filter.is_empty()
            && let Some(only) = text("TESTBRIDGE_TEST_ONLY")?
        {
            let filters = only.split(',').map(str::trim).filter(|f| !f.is_empty());
            args.selection.filter = filters.map(str::to_owned).collect();
        }
        let premature_exit = path("TEST_PREMATURE_EXIT_FILE");
        if let Some(path) = &premature_exit {
            touch(path)?;
        }
        Ok(Self {
            filter: text("GTEST_FILTER")?.as_deref().map(GtestFilter::new),
            premature_exit,
            infrastructure_failure: path("TEST_INFRASTRUCTURE_FAILURE_FILE"),
        })
    }

    /// The cases are over, with this status.
    pub(crate) fn over(self, status: ExitStatus) -> Result<(), Problem> {
        if let (ExitStatus::Inconclusive, Some(path)) = (status, &self.infrastructure_failure) {
            // The first line is the component, the second the reason.
            let text = "exeunt\nnothing was broken, but the machine did not allow a verdict on every case\n";
            fs::write(path, text).map_err(|error| named(path, &error))?;
        }
        if let Some(path) = &self.premature_exit {
            fs::remove_file(path).map_err(|error| named(path, &error))?;
        }
        Ok(())
    }
}

fn shard(args: &mut Test) -> Result<(), Problem> {
    for prefix in ["TEST", "GTEST"] {
        let count = number(&format!("{prefix}_TOTAL_SHARDS"))?;
        let index = number(&format!("{prefix}_SHARD_INDEX"))?;
        if let Some(path) = path(&format!("{prefix}_SHARD_STATUS_FILE")) {
            touch(&path)?;
        }
        if let (Some(count), Some(index), None) = (count, index, &args.partition) {
            let part = Partition::new(Kind::Timings, index + 1, count);
            args.partition = Some(part.map_err(|why| format!("{prefix}_SHARD_INDEX: {why}"))?);
        }
    }
    Ok(())
}

fn outputs(args: &mut Test) {
    let files = &mut args.report.files;
    let googletest = env::var("GTEST_OUTPUT").ok();
    let googletest = googletest
        .as_deref()
        .and_then(|output| output.strip_prefix("xml:"));
    let googletest = googletest.map(|file| match file.ends_with('/') {
        true => Path::new(file).join("exeunt.xml"),
        false => file.into(),
    });
    files.junit = files
        .junit
        .take()
        .or(path("XML_OUTPUT_FILE"))
        .or(googletest);
    if let Some(directory) = path("TEST_UNDECLARED_OUTPUTS_DIR") {
        files.html.get_or_insert(directory.join("exeunt.html"));
        args.save.get_or_insert(directory.join("exeunt"));
    }
}

fn path(name: &str) -> Option<PathBuf> {
    let value = env::var_os(name).filter(|value: &OsString| !value.is_empty());
    value.map(PathBuf::from)
}

fn text(name: &str) -> Result<Option<String>, Problem> {
    match env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(format!("{name}: {error}").into()),
    }
}

fn number(name: &str) -> Result<Option<usize>, Problem> {
    let text = text(name)?;
    let number = text.map(|text| text.parse::<usize>().map_err(|error| (text, error)));
    number
        .transpose()
        .map_err(|(text, error)| format!("{name} is `{text}`: {error}").into())
}

fn touch(path: &Path) -> Result<(), Problem> {
    let file = fs::OpenOptions::new().create(true).append(true).open(path);
    file.map(drop).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> Problem {
    format!("failed to write {}: {error}", path.display()).into()
}
