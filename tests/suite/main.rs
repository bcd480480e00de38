//! What a suite comes to: the cases that its file describes.

mod build;
mod clients;
mod docs;
#[path = "../support/json_schema.rs"]
mod json_schema;
mod language;
mod schema;
mod show;
mod stop_signal;

use std::path::PathBuf;

use exeunt::suite::{Case, Suite, SuiteError, Version};
use tempfile::TempDir;

/// A suite in a directory of its own.
struct Written {
    directory: TempDir,
}

impl Written {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("exeunt.toml"), text).unwrap();
        Self { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("exeunt.toml")
    }

    fn load(&self) -> Result<Suite, SuiteError> {
        Suite::load(&self.path())
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }
}

/// Three implementations, two of them with a version, and whatever follows.
fn suite(rest: &str) -> Suite {
    let text = format!(
        "[implementation.py]\n\
         command = ['python3', '{{scenario}}.py']\n\
         probe = ['{{program}}', '--version']\n\
         env = {{ A = 'of the implementation', B = '{{scenario}}' }}\n\
         [implementation.js]\n\
         command = ['node', '{{scenario}}.mjs']\n\
         probe = ['{{program}}', '--version']\n\
         [implementation.rs]\n\
         cargo = {{ package = 'worker', bin = 'w-{{scenario}}', profile = 'release', features = ['a'] }}\n\
         {rest}"
    );
    Written::new(&text)
        .load()
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The keys that a table can have, as the error for a wrong one lists them; sorted.
fn keys(table: &str) -> Vec<String> {
    let error = Written::new(table).load().unwrap_err().to_string();
    let (_, list) = error
        .lines()
        .next()
        .unwrap()
        .split_once("expected one of ")
        .unwrap();
    let mut keys: Vec<_> = list
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    keys.sort_unstable();
    keys
}

fn ids(suite: &Suite) -> Vec<String> {
    suite
        .cases()
        .iter()
        .map(|case| case.id().to_string())
        .collect()
}

#[track_caller]
fn case<'s>(suite: &'s Suite, id: &str) -> &'s Case {
    let mut cases = suite.cases().iter();
    let found = cases.find(|case| format!("{}/{}", case.scenario, case.implementation) == id);
    found.unwrap_or_else(|| panic!("no {id} in {:?}", ids(suite)))
}

/// The case in a version.
fn at(suite: &Suite, id: &str, version: (u64, u64, u64)) -> Option<Case> {
    let version = Version::new(version.0, version.1, version.2);
    suite.case_for(case(suite, id), &version).unwrap()
}

/// The lines of the log that are wanted one after the other.
fn log(case: &Case) -> Vec<String> {
    let steps = case.expectation.log.iter().flat_map(|log| &log.steps);
    steps
        .flat_map(exeunt::expect::Step::wanted)
        .map(ToString::to_string)
        .collect()
}

/// The end and the delays, as they are shown.
fn end(case: &Case) -> String {
    let end = case
        .expectation
        .end
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let delays = case
        .expectation
        .delays
        .iter()
        .map(|delay| format!("; {delay}"));
    format!("{end}{}", delays.collect::<String>())
}
