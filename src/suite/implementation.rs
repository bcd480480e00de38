//! Implementations: how the subjects of scenarios are built and started.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::{Source, SuiteError};
use super::file::{self, Words};
use super::placeholder;
use super::selector::wrong_name;
use crate::record::Signal;

/// A way to build and start the subjects of scenarios.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Implementation {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// The implementation whose expectations and deviations hold for it: itself, unless it was added from outside.
    pub like: String,
    /// Whether it was named from outside, by [`Suite::set_command`](super::Suite::set_command) or
    /// [`Suite::request`](super::Suite::request): then it must be there.
    pub requested: bool,
    pub(crate) start: Start,
    pub(crate) build: Option<Vec<String>>,
    pub(crate) build_timeout: Duration,
    /// What prints the path of the program that `PATH` only finds a wrapper for.
    pub(crate) locate: Option<Vec<String>>,
    pub(crate) probe: Option<Vec<String>>,
    pub(crate) environment: BTreeMap<String, String>,
    /// What stops it, where a scenario does not name the signal.
    pub(crate) stop_signal: Signal,
    /// Where its command stands.
    pub(crate) place: Option<(Arc<Source>, Range<usize>)>,
}

/// How subjects are started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// By a command with `{scenario}` in it.
    Command(Vec<String>),
    /// As binaries of a cargo package.
    Cargo { cargo: Cargo, args: Vec<String> },
}

/// A binary of a cargo package, or several by `{scenario}` in the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cargo {
    pub(crate) build: CargoBuild,
    pub(crate) bin: String,
}

/// What cargo is told beside the names of binaries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct CargoBuild {
    pub(crate) package: String,
    pub(crate) profile: Option<String>,
    pub(crate) features: Vec<String>,
}

impl Start {
    /// What starts one subject: placeholders replaced, and these words added.
    pub(super) fn of(&self, values: &[(&str, &str)], args: impl Iterator<Item = String>) -> Self {
        let expand = |word: &String| placeholder::expand(word, values);
        match self {
            Self::Command(words) => Self::Command(words.iter().map(expand).chain(args).collect()),
            Self::Cargo { cargo, .. } => Self::Cargo {
                cargo: Cargo {
                    build: cargo.build.clone(),
                    bin: expand(&cargo.bin),
                },
                args: args.collect(),
            },
        }
    }
}

impl Implementation {
    /// The program that is run, as far as it can be told before a scenario is chosen: the first word of the command that is
    /// not one of those that only start another command, such as `env`.
    pub(crate) fn program(&self) -> Option<&str> {
        match &self.start {
            Start::Command(words) => Some(program(words)),
            Start::Cargo { .. } => None,
        }
    }

    /// The first word of the command: what must be there to start it.
    pub(crate) fn start_word(&self) -> Option<&str> {
        match &self.start {
            Start::Command(words) => words.first().map(String::as_str),
            Start::Cargo { .. } => None,
        }
    }

    /// The words that stand before the program, and those that follow it.
    pub(crate) fn around_program(&self) -> Option<(&[String], &[String])> {
        match &self.start {
            Start::Command(words) => {
                let at = self.start.program_index()?;
                Some((&words[..at], &words[at + 1..]))
            }
            Start::Cargo { .. } => None,
        }
    }

    /// An error at the place of its command.
    pub(crate) fn error(&self, main: &Source, message: String, label: &str) -> SuiteError {
        match &self.place {
            Some((source, span)) => SuiteError::new(source, message).at(span.clone(), label),
            None => SuiteError::new(main, message),
        }
    }
}

/// Commands that only start another: their options that take a value, and how many words follow before that other.
const WRAPPERS: [(&str, &[&str], usize); 8] = [
    ("env", &["-u", "-C", "--unset", "--chdir"], 0),
    ("ionice", &["-c", "-n"], 0),
    ("nice", &["-n"], 0),
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("taskset", &[], 1),
    ("timeout", &["-k", "-s"], 1),
];

fn program(words: &[String]) -> &str {
    &behind_wrappers(words)[0]
}

impl Start {
    /// Which word of the command is the program.
    pub(crate) fn program_index(&self) -> Option<usize> {
        match self {
            Self::Command(words) => Some(words.len() - behind_wrappers(words).len()),
            Self::Cargo { .. } => None,
        }
    }
}

/// What is left of a command without wrappers: one word at least.
fn behind_wrappers(words: &[String]) -> &[String] {
    let name = words[0].rsplit('/').next().unwrap_or_default();
    let Some((name, with_value, operands)) = WRAPPERS.iter().find(|(known, ..)| *known == name)
    else {
        return words;
    };
    let mut rest = &words[1..];
    while let Some(word) = rest.first() {
        let skipped = match word.as_str() {
            "--" => 1,
            option if with_value.contains(&option) => 2,
            option if option.starts_with('-') => 1,
            variable if *name == "env" && variable.contains('=') => 1,
            _ => break,
        };
        rest = rest.get(skipped..).unwrap_or_default();
    }
    match rest.get(*operands..) {
        Some(rest) if !rest.is_empty() => behind_wrappers(rest),
        _ => words,
    }
}

const CANNOT: &str = "this command cannot be run";
const EMPTY: &str = "the command is empty";

/// Checks the words of a command that came from outside a file.
pub(super) fn check_command(words: &[String]) -> Result<(), String> {
    if words.first().is_none_or(|program| program.is_empty()) {
        return Err(EMPTY.into());
    }
    let mut words = words.iter();
    words.try_for_each(|word| placeholder::check(word, placeholder::SUBJECT))
}

/// Checks a name that came from a file or from outside.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), String> {
    match wrong_name(name) {
        Some(why) => Err(format!("`{name}` cannot be the name of {what}: {why}")),
        None => Ok(()),
    }
}

/// Reads the implementations of one file.
pub(super) fn read(
    source: &Arc<Source>,
    file: &file::File,
    build_timeout: Duration,
) -> Result<Vec<Implementation>, SuiteError> {
    let mut found = Vec::new();
    for (name, table) in &file.implementation {
        check_name("an implementation", name.get_ref())
            .map_err(|why| SuiteError::new(source, why).at(name.span(), "choose another name"))?;
        for value in table.env.values() {
            placeholder::check(value.get_ref(), placeholder::SUBJECT).map_err(|why| {
                SuiteError::new(source, "this variable cannot be set").at(value.span(), why)
            })?;
        }
        found.push(Implementation {
            name: name.get_ref().clone(),
            like: name.get_ref().clone(),
            about: table.about.clone().unwrap_or_default(),
            requested: false,
            start: start(source, name, table)?,
            build: words(source, table.build.as_ref(), placeholder::BUILD)?,
            build_timeout: table.build_timeout.map_or(build_timeout, |limit| limit.0),
            locate: words(source, table.locate.as_ref(), placeholder::PROBE)?,
            probe: words(source, table.probe.as_ref(), placeholder::PROBE)?,
            environment: plain(&table.env),
            stop_signal: table.stop_signal.unwrap_or(Signal::TERM),
            place: Some((
                source.clone(),
                table
                    .command
                    .as_ref()
                    .map_or(name.span(), toml::Spanned::span),
            )),
        });
    }
    found.sort_by_key(|i| i.place.as_ref().map(|(_, span)| span.start));
    Ok(found)
}

/// Variables without their places.
pub(super) fn plain(env: &BTreeMap<String, toml::Spanned<String>>) -> BTreeMap<String, String> {
    env.iter()
        .map(|(name, value)| (name.clone(), value.get_ref().clone()))
        .collect()
}

fn start(
    source: &Source,
    name: &toml::Spanned<String>,
    table: &file::Implementation,
) -> Result<Start, SuiteError> {
    let wrong = |message: &str| SuiteError::new(source, message);
    match (&table.command, &table.cargo) {
        (Some(_), None) => {
            let words = words(source, table.command.as_ref(), placeholder::SUBJECT)?;
            Ok(Start::Command(words.unwrap_or_default()))
        }
        (None, Some(cargo)) => {
            placeholder::check(cargo.bin.get_ref(), placeholder::BINARY)
                .map_err(|why| wrong("there is no such binary").at(cargo.bin.span(), why))?;
            let build = CargoBuild {
                package: cargo.package.clone(),
                profile: cargo.profile.clone(),
                features: cargo.features.clone(),
            };
            let bin = cargo.bin.get_ref().clone();
            Ok(Start::Cargo {
                cargo: Cargo { build, bin },
                args: Vec::new(),
            })
        }
        (both, _) => {
            let has = match both {
                None => "neither `command` nor `cargo`",
                Some(_) => "both `command` and `cargo`",
            };
            let message = format!("implementation `{}` has {has}", name.get_ref());
            Err(wrong(&message).at(name.span(), "it needs one of them").help(
                "write `command = [\"python3\", \"{scenario}.py\"]`, or `cargo = { package = \"…\", bin = \"{scenario}\" }`",
            ))
        }
    }
}

/// The words of a command of a file.
fn words(
    source: &Source,
    words: Option<&Words>,
    placeholders: &[&str],
) -> Result<Option<Vec<String>>, SuiteError> {
    let Some(words) = words else {
        return Ok(None);
    };
    let wrong = || SuiteError::new(source, CANNOT);
    for word in words.get_ref() {
        placeholder::check(word.get_ref(), placeholders)
            .map_err(|why| wrong().at(word.span(), why))?;
    }
    let plain: Vec<_> = words
        .get_ref()
        .iter()
        .map(|word| word.get_ref().clone())
        .collect();
    match plain.first().is_none_or(|program| program.is_empty()) {
        true => Err(wrong().at(words.span(), EMPTY)),
        false => Ok(Some(plain)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_stands_behind_what_only_starts_it() {
        for (command, expected) in [
            ("python3 -m foo", "python3"),
            ("env python3 x.py", "python3"),
            ("/usr/bin/env -i -u HOME A=b python3", "python3"),
            ("nice -n 5 python3", "python3"),
            ("timeout -k 1 5 python3", "python3"),
            ("env A=b stdbuf -oL python3 x", "python3"),
            ("taskset 1 node x", "node"),
            ("env", "env"),
            ("env A=b", "env"),
            ("timeout 5", "timeout"),
            ("sh -c env", "sh"),
        ] {
            let words: Vec<_> = command.split(' ').map(str::to_owned).collect();
            assert_eq!(program(&words), expected, "{command}");
        }
    }
}
