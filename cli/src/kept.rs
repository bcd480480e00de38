//! Runs that are kept: by `--save`, and the last one of each suite.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use exeunt::outcome::{CaseId, Outcome, Status, Summary};
use exeunt::report::{Reporter, Results, Save, replace};

use crate::problem::Problem;

/// The file of a kept run, in its directory.
const RUN: &str = "run.jsonl";
/// The cases that were not well when they were last run, one a line.
const NOT_WELL: &str = "not-well";

/// Where a suite's last run is kept: beside what cargo builds.
pub(crate) fn last(root: &Path) -> PathBuf {
    root.join("target").join("exeunt")
}

/// Keeps a run while it goes on, in this directory.
pub(crate) fn save(directory: &Path, results: &Results) -> Result<Box<dyn Reporter>, Problem> {
    let path = directory.join(RUN);
    let begun = fs::create_dir_all(directory)
        .and_then(|()| File::create(&path))
        .and_then(|file| Save::begin(LineWriter::new(file), results));
    match begun {
        Ok(save) => Ok(Box::new(save)),
        Err(error) => {
            Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())).into())
        }
    }
}

/// The file of a run, whose directory may be named.
pub(crate) fn file(path: &Path) -> PathBuf {
    match path.is_dir() {
        true => path.join(RUN),
        false => path.into(),
    }
}

/// Reads a kept run: its directory, or its file.
pub(crate) fn read(path: &Path) -> Result<Results, Problem> {
    let file = file(path);
    let text = fs::read_to_string(&file)
        .map_err(|error| format!("failed to read {}: {error}", file.display()))?;
    let run = Results::from_saved(&text);
    run.map_err(|error| format!("{}: {error}", file.display()).into())
}

/// Several kept runs as one; where none is named, the last run of a suite.
pub(crate) fn read_all(
    paths: &[PathBuf],
    root: impl FnOnce() -> Result<PathBuf, Problem>,
) -> Result<Vec<Results>, Problem> {
    if !paths.is_empty() {
        return paths.iter().map(|path| read(path)).collect();
    }
    let last = last(&root()?);
    match last.join(RUN).exists() {
        true => Ok(vec![read(&last)?]),
        false => Err(format!(
            "no run is kept in {}: run `exeunt test` first, or name what `exeunt test --save DIR` wrote",
            last.display()
        )
        .into()),
    }
}

/// Keeps the run beside the suite when it is over. Where that cannot be written, nothing is kept and nobody is troubled: it was
/// not asked for.
pub(crate) struct KeepLast {
    directory: PathBuf,
    results: Results,
}

impl KeepLast {
    pub(crate) fn new(root: &Path, results: Results) -> Self {
        Self {
            directory: last(root),
            results,
        }
    }

    fn keep(&self) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let ignore = self.directory.join(".gitignore");
        if !ignore.exists() {
            fs::write(ignore, "*\n")?;
        }
        let mut not_well = not_well(&self.directory);
        for outcome in &self.results.outcomes {
            let id = outcome.case.to_string();
            match outcome.status {
                // It was not run.
                Status::Skipped => false,
                status if status.is_expected() => not_well.remove(&id),
                _ => not_well.insert(id),
            };
        }
        let list: String = not_well.into_iter().map(|id| id + "\n").collect();
        replace(&self.directory.join(NOT_WELL), &list)?;
        replace(&self.directory.join(RUN), &self.results.to_saved())
    }
}

impl Reporter for KeepLast {
    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.results.outcomes.push(outcome.clone());
        Ok(())
    }

    fn end(&mut self, _: &Summary, elapsed: Duration) -> io::Result<()> {
        self.results.elapsed = Some(elapsed);
        let _ = self.keep();
        Ok(())
    }
}

/// The cases that were not well when they were last run.
fn not_well(directory: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(directory.join(NOT_WELL)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Of these cases, those that were not well when they were last run; all of them if there is none.
pub(crate) fn last_failed<T>(root: &Path, cases: Vec<T>, id: impl Fn(&T) -> CaseId) -> Vec<T> {
    let not_well = not_well(&last(root));
    let is_meant = |case: &T| not_well.contains(&id(case).to_string());
    match cases.iter().any(is_meant) {
        true => cases.into_iter().filter(is_meant).collect(),
        false => {
            let _ = writeln!(
                anstream::stderr(),
                "exeunt: no case was not well in its last run: all are run"
            );
            cases
        }
    }
}
