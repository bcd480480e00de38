//! Which suite, and which of its cases.

use std::path::{Path, PathBuf};

use exeunt::suite::{Case, FILE_NAME, Suite};

use crate::args::Selection;
use crate::problem::Problem;

/// Reads the suite that was asked for.
pub(crate) fn load(selection: &Selection) -> Result<Suite, Problem> {
    let mut suite = load_suite(selection.suite.as_deref())?;
    for column in &selection.implementation_command {
        suite.set_command(&column.name, column.like.as_deref(), column.command.clone())?;
    }
    Ok(suite)
}

/// The suite of this path; without one, that of the current directory or the nearest parent.
pub(crate) fn load_suite(path: Option<&Path>) -> Result<Suite, Problem> {
    let path = match path {
        Some(path) => path.into(),
        None => here()?,
    };
    Ok(Suite::load(&path)?)
}

/// The directory of the suite of this path; without one, of that of the current directory or the nearest parent.
pub(crate) fn suite_root(path: Option<&Path>) -> Result<PathBuf, Problem> {
    let path = match path {
        Some(path) => path.into(),
        None => here()?,
    };
    let parent = path.parent().map(Path::to_path_buf);
    Ok(parent.unwrap_or_default())
}

fn here() -> Result<PathBuf, Problem> {
    let here = std::env::current_dir().map_err(|error| format!("no current directory: {error}"))?;
    let found = Suite::find(&here).ok_or_else(|| {
        format!(
            "no {FILE_NAME} in {} or a directory above it\n\
             name a suite with `--suite FILE`, or watch a single program with `exeunt run COMMAND`",
            here.display()
        )
    })?;
    // Shown and used relative to here where that is possible: shorter to read.
    Ok(found
        .strip_prefix(&here)
        .map(PathBuf::from)
        .unwrap_or(found))
}

/// The cases that were asked for. None at all is a mistake, not a success.
pub(crate) fn select<'s>(
    suite: &'s Suite,
    selection: &Selection,
) -> Result<Vec<&'s Case>, Problem> {
    let scenarios = names(suite.cases().iter().map(|c| c.scenario.as_str()));
    let implementations = names(suite.implementations().iter().map(|i| i.name.as_str()));
    known("scenario", &selection.scenario, &scenarios)?;
    known(
        "implementation",
        &selection.implementation,
        &implementations,
    )?;
    let cases: Vec<_> = suite
        .cases()
        .iter()
        .filter(|case| is_meant(case, selection))
        .collect();
    match cases.is_empty() {
        false => Ok(cases),
        true => Err(nothing(suite, selection, scenarios, implementations)),
    }
}

fn is_meant(case: &Case, selection: &Selection) -> bool {
    let among = |names: &[String], name: &String| names.is_empty() || names.contains(name);
    // A column that was added is wanted, whichever others are.
    let mut columns = selection.implementation_command.iter();
    let added = columns.any(|column| column.name == case.implementation);
    let filters = &selection.filter;
    among(&selection.scenario, &case.scenario)
        && (added || among(&selection.implementation, &case.implementation))
        && (filters.is_empty() || filters.iter().any(|filter| case.matches(filter)))
}

/// The names that may be those of single cases, scenarios or implementations.
pub(crate) fn named(selection: &Selection) -> impl Iterator<Item = &String> {
    selection.filter.iter().chain(&selection.implementation)
}

/// Each name once, in the order in which they first come.
fn names<'n>(all: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut names = Vec::new();
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A name that is asked for by its whole must be there.
fn known(what: &str, asked: &[String], there: &[&str]) -> Result<(), Problem> {
    match asked.iter().find(|name| !there.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Problem::Other(format!(
            "there is no {what} `{name}`; there are: {}{}",
            there.join(", "),
            did_you_mean(name, there.iter().copied())
        ))),
    }
}

fn nothing(
    suite: &Suite,
    selection: &Selection,
    scenarios: Vec<&str>,
    implementations: Vec<&str>,
) -> Problem {
    let ids: Vec<_> = suite
        .cases()
        .iter()
        .map(|case| case.id().to_string())
        .collect();
    let ids = ids.iter().map(String::as_str);
    let there = ids.chain(scenarios).chain(implementations);
    let there: Vec<_> = there.collect();
    let filters = selection.filter.iter();
    let meant =
        filters.map(|filter| did_you_mean(&filter.replace("::", "/"), there.iter().copied()));
    Problem::Other(format!(
        "no case of {} matches {}{}\n`exeunt list` shows what there is; `exeunt --help` the commands",
        suite.path().display(),
        wish(selection),
        meant.collect::<String>()
    ))
}

/// A line with the name that is spelt most like this one, if there is any that is.
fn did_you_mean<'n>(name: &str, there: impl Iterator<Item = &'n str>) -> String {
    let alike = there.map(|other| (strsim::normalized_damerau_levenshtein(name, other), other));
    let best = alike.max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((similarity, other)) if similarity > ALIKE => format!("\ndid you mean `{other}`?"),
        _ => String::new(),
    }
}

/// Two of three letters, or `tow` for `two`.
const ALIKE: f64 = 0.6;

fn wish(selection: &Selection) -> String {
    let quoted = |names: &[String]| {
        let quoted = names.iter().map(|name| format!("`{name}`"));
        quoted.collect::<Vec<_>>().join(" or ")
    };
    let parts = [
        ("", &selection.filter),
        ("scenario ", &selection.scenario),
        ("implementation ", &selection.implementation),
    ];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    parts
        .map(|(what, names)| format!("{what}{}", quoted(names)))
        .collect::<Vec<_>>()
        .join(" and ")
}
