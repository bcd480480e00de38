//! Report files beside the terminal.

use std::fs::{self, File};
use std::io::{self, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use exeunt::outcome::{Outcome, Summary};
use exeunt::report::{self, Files, Render, Reporter, Results};

use crate::args::FileArgs;
use crate::kept;
use crate::problem::Problem;

/// The report files that were asked for. Each is there from now on, so that one which cannot be written is known before
/// anything is run.
pub(crate) fn files(args: &FileArgs, results: &Results) -> Result<Vec<Box<dyn Reporter>>, Problem> {
    // Outcomes come one by one.
    let mut results = results.clone();
    results.outcomes.clear();
    results.elapsed = None;
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    if let Some(path) = &args.json {
        let file = File::create(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        reporters.push(Box::new(report::Json::new(LineWriter::new(file))));
    }
    let whole = whole(args)?;
    if !whole.is_empty() {
        reporters.push(Box::new(Files::create(results.clone(), whole)?));
    }
    if args.github {
        reporters.push(Box::new(Annotations { results }));
    }
    Ok(reporters)
}

/// The files that are written as a whole.
fn whole(args: &FileArgs) -> Result<Vec<(PathBuf, Render)>, Problem> {
    let asked = [
        file(&args.junit, report::junit),
        file(&args.ctrf, report::ctrf),
        page(args)?,
        file(&args.trace, report::trace),
    ];
    let mut files: Vec<_> = asked.into_iter().flatten().collect();
    if let Some(path) = summary_path().filter(|_| args.github) {
        files.push((path.clone(), step_summary(&path)?));
    }
    Ok(files)
}

fn file(path: &Option<PathBuf>, render: fn(&Results) -> String) -> Option<(PathBuf, Render)> {
    let path = path.clone()?;
    Some((path, Box::new(render)))
}

fn page(args: &FileArgs) -> Result<Option<(PathBuf, Render)>, Problem> {
    let Some(path) = args.html.clone() else {
        return Ok(None);
    };
    let beside = args.beside.as_deref().map(kept::read).transpose()?;
    Ok(Some((
        path,
        Box::new(move |results| report::html_beside(results, beside.as_ref())),
    )))
}

/// Where GitHub takes the summary of a step from.
fn summary_path() -> Option<PathBuf> {
    let path = std::env::var_os("GITHUB_STEP_SUMMARY")?;
    (!path.is_empty()).then(|| path.into())
}

/// Our part of the summary, behind what other commands of the step wrote before.
fn step_summary(path: &Path) -> Result<Render, Problem> {
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("failed to read {}: {error}", path.display()).into()),
    };
    Ok(Box::new(move |results| {
        format!("{before}{}", report::step_summary(results))
    }))
}

/// Tells GitHub at the end what to show beside the suite.
struct Annotations {
    results: Results,
}

impl Reporter for Annotations {
    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        let mut outcome = outcome.clone();
        if let Some(place) = &mut outcome.place {
            place.file = in_workspace(&place.file);
        }
        self.results.outcomes.push(outcome);
        Ok(())
    }

    fn end(&mut self, _: &Summary, elapsed: Duration) -> io::Result<()> {
        self.results.elapsed = Some(elapsed);
        // GitHub reads both streams, and stdout is for the report.
        write!(
            io::stderr().lock(),
            "{}",
            report::annotations(&self.results)
        )
    }
}

/// A path as GitHub knows it: from the root of the repository.
fn in_workspace(path: &str) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let root = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let inside = root.and_then(|root| whole.strip_prefix(root).ok().map(Path::to_path_buf));
    inside.map_or_else(
        || path.to_owned(),
        |inside| inside.to_string_lossy().into_owned(),
    )
}
