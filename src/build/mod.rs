//! Before the first case: is each implementation here, and are its programs built from what the sources say now?

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use semver::Version;
use serde::Deserialize;

use crate::record::Exit;
use crate::stage::{Cancel, Control, Plan, Real, Stage, find_program};
use crate::suite::{Case, Implementation, Start, Suite, SuiteError};
use crate::{Subject, secs};

/// What of an implementation is ready to run.
#[derive(Debug, Clone)]
pub enum Ready {
    /// All of it.
    Yes {
        /// The first line that the probe printed, where there is a probe.
        probe: Option<String>,
    },
    /// It is not on this machine.
    Skipped {
        /// Why.
        why: String,
    },
}

/// A suite whose selected cases can be run.
#[derive(Debug)]
pub struct Prepared<'s> {
    suite: &'s Suite,
    ready: BTreeMap<String, Ready>,
    /// Where cargo put the binaries: by package and name.
    binaries: HashMap<(String, String), PathBuf>,
}

impl Suite {
    /// Probes the implementations of these cases and builds what they need.
    ///
    /// `telling` is called with what is about to be done, for who wants to show it.
    ///
    /// # Errors
    /// If a program is missing or a build fails.
    pub fn prepare(
        &self,
        cases: &[&Case],
        mut telling: impl FnMut(&str),
    ) -> Result<Prepared<'_>, SuiteError> {
        let mut prepared = Prepared {
            suite: self,
            ready: BTreeMap::new(),
            binaries: HashMap::new(),
        };
        let used: BTreeSet<&str> = cases.iter().map(|c| c.implementation.as_str()).collect();
        let used: Vec<_> = self
            .implementations()
            .iter()
            .filter(|i| used.contains(i.name.as_str()))
            .collect();
        for implementation in &used {
            let ready = self.probe(implementation)?;
            prepared.ready.insert(implementation.name.clone(), ready);
        }
        let mut bins: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut built: BTreeSet<&[String]> = BTreeSet::new();
        for implementation in used.into_iter().filter(|i| prepared.is_ready(&i.name)) {
            if let Some(build) = implementation
                .build
                .as_deref()
                .filter(|build| built.insert(build))
            {
                telling(&format!(
                    "building {}: {}",
                    implementation.name,
                    build.join(" ")
                ));
                self.build(implementation, build)?;
            }
            if let Start::Cargo { package, bin } = &implementation.start {
                let its = cases
                    .iter()
                    .filter(|c| c.implementation == implementation.name);
                bins.entry(package)
                    .or_default()
                    .extend(its.map(|case| expand(bin, case)));
            }
        }
        for (package, mut bins) in bins {
            bins.sort();
            bins.dedup();
            telling(&format!("building package {package} with cargo"));
            let binaries = self.cargo_build(package, &bins)?;
            prepared.binaries.extend(
                binaries
                    .into_iter()
                    .map(|(bin, path)| ((package.into(), bin), path)),
            );
        }
        Ok(prepared)
    }

    /// Whether the implementation is on this machine.
    fn probe(&self, implementation: &Implementation) -> Result<Ready, SuiteError> {
        let program = match &implementation.start {
            Start::Command(words) => Some(&words[0]),
            Start::Cargo { .. } => None,
        };
        let mut printed = None;
        if let Some(probe) = &implementation.probe {
            let words: Vec<_> = probe
                .iter()
                .map(|w| w.replace("{program}", program.map_or("cargo", |p| p)))
                .collect();
            match self.run_probe(&words) {
                Ok(line) => printed = Some(line),
                Err(why) => return Ok(Ready::Skipped { why }),
            }
        }
        // A program that is yet to be built, or differs by scenario, cannot be looked for now.
        let fixed = program.filter(|p| !p.contains('{') && implementation.build.is_none());
        if let Some(program) = fixed.filter(|p| !self.is_program(p)) {
            let message = format!(
                "implementation `{}`: program `{program}` not found",
                implementation.name
            );
            let wrong = SuiteError::new(&self.source, message);
            return Err(match implementation.span.is_empty() {
                true => wrong,
                false => wrong.at(implementation.span.clone(), "in this command"),
            }
            .help("install it, correct the command, or add a `probe` so that the implementation is skipped where it is missing"));
        }
        Ok(Ready::Yes { probe: printed })
    }

    fn is_program(&self, program: &str) -> bool {
        find_program(
            OsStr::new(program),
            env::var_os("PATH").as_deref(),
            self.root(),
        )
        .is_some()
    }

    fn run_probe(&self, words: &[String]) -> Result<String, String> {
        let shown = words.join(" ");
        let subject = Subject::new(&words[0])
            .args(&words[1..])
            .current_dir(self.root())
            .timeout(secs(20));
        let record = subject.run().map_err(|error| format!("{error:?}"))?;
        let first = record
            .lines()
            .next()
            .map(|seen| seen.line.text().into_owned())
            .unwrap_or_default();
        match record.exit() {
            Some(Exit::Code(0)) => Ok(first),
            Some(exit) => Err(format!("probe `{shown}`: {exit}, {first:?}")),
            None => Err(format!("probe `{shown}` did not end")),
        }
    }

    fn build(&self, implementation: &Implementation, words: &[String]) -> Result<(), SuiteError> {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        self.run_build(
            command,
            &format!("implementation `{}`", implementation.name),
        )
        .map(drop)
    }

    /// Builds binaries of a cargo package. Cargo itself tells where they are, whatever its configuration.
    fn cargo_build(
        &self,
        package: &str,
        bins: &[String],
    ) -> Result<Vec<(String, PathBuf)>, SuiteError> {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args([
            "build",
            "--package",
            package,
            "--message-format=json-render-diagnostics",
        ]);
        command.args(bins.iter().flat_map(|bin| ["--bin", bin]));
        let out = self.run_build(command, &format!("package `{package}`"))?;
        let artifacts = out
            .lines()
            .filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
        Ok(artifacts
            .filter_map(|a| Some((a.target.name, a.executable?)))
            .collect())
    }

    /// Runs a build to its end and gives what it printed to stdout.
    fn run_build(&self, mut command: Command, what: &str) -> Result<String, SuiteError> {
        let wrong = |message: String| SuiteError::new(&self.source, message);
        let shown = |command: &Command| {
            let words = [command.get_program()]
                .into_iter()
                .chain(command.get_args());
            words
                .map(OsStr::to_string_lossy)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let output = command
            .current_dir(self.root())
            .stdin(Stdio::null())
            .output();
        let output = output.map_err(|error| {
            wrong(format!(
                "{what} could not be built: `{}`: {error}",
                shown(&command)
            ))
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(wrong(format!(
            "{what} could not be built: `{}`: {}",
            shown(&command),
            output.status
        ))
        .help(said.trim_end()))
    }
}

/// The part that matters of a message of `cargo build --message-format=json`.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// What follows the last of the three numbers (`3.15.0rc1`) is left out: a release candidate behaves as its release.
fn version(line: &str) -> Option<Version> {
    let starts = line.char_indices().filter(|(i, c)| {
        c.is_ascii_digit() && !line[..*i].ends_with(|c: char| c.is_ascii_digit() || c == '.')
    });
    starts.map(|(i, _)| &line[i..]).find_map(|text| {
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let mut numbers = text[..end].split('.').map(|n| n.parse().ok());
        let (major, minor) = (numbers.next()??, numbers.next()??);
        Some(Version::new(
            major,
            minor,
            numbers.next().flatten().unwrap_or(0),
        ))
    })
}

fn expand(word: &str, case: &Case) -> String {
    word.replace("{scenario}", &case.scenario)
        .replace("{implementation}", &case.implementation)
}

impl Prepared<'_> {
    /// Whether an implementation can be run, and if not, why.
    #[must_use]
    pub fn ready(&self, implementation: &str) -> Option<&Ready> {
        self.ready.get(implementation)
    }

    /// The version of an implementation: the first number of the form `1.2` or `1.2.3` that its probe printed.
    #[must_use]
    pub fn version(&self, implementation: &str) -> Option<Version> {
        match self.ready.get(implementation)? {
            Ready::Yes { probe: Some(line) } => version(line),
            _ => None,
        }
    }

    fn is_ready(&self, implementation: &str) -> bool {
        matches!(self.ready.get(implementation), Some(Ready::Yes { .. }))
    }

    /// Runs a case once.
    ///
    /// # Errors
    /// If its subject could not be started.
    pub fn run(
        &self,
        case: &Case,
        cancel: Option<&Cancel>,
    ) -> Result<crate::Record, crate::RunError> {
        let mut control = Control::new();
        if let Some(cancel) = cancel {
            control = control.cancel(cancel);
        }
        Real.run(&self.plan(case), &mut control)
    }

    /// The command that starts the subject of a case.
    #[must_use]
    pub fn command(&self, case: &Case) -> Vec<OsString> {
        self.implementation(case)
            .map(|i| self.words(i, case))
            .unwrap_or_default()
    }

    fn implementation(&self, case: &Case) -> Option<&Implementation> {
        self.suite
            .implementations()
            .iter()
            .find(|i| i.name == case.implementation)
    }

    fn plan(&self, case: &Case) -> Plan {
        let mut words = self.command(case).into_iter();
        let mut plan = Plan::new(words.next().unwrap_or_default());
        plan.args = words.collect();
        plan.directory = self.suite.root().into();
        plan.bounds.timeout = Some(case.timeout);
        plan.log = case.log.clone();
        plan.streams = case.streams;
        plan.ignored_signals = case.ignored_signals.clone();
        plan.actions = case.actions.clone();
        for (name, value) in self
            .implementation(case)
            .into_iter()
            .flat_map(|i| &i.environment)
        {
            plan.environment.insert(name.into(), value.into());
        }
        plan
    }

    fn words(&self, implementation: &Implementation, case: &Case) -> Vec<OsString> {
        match &implementation.start {
            Start::Command(words) => {
                let root = self.suite.root().to_string_lossy();
                words
                    .iter()
                    .map(|word| expand(word, case).replace("{root}", &root).into())
                    .collect()
            }
            Start::Cargo { package, bin } => {
                let bin = expand(bin, case);
                let path = self.binaries.get(&(package.clone(), bin.clone()));
                vec![path.map_or_else(|| bin.into(), |path| path.clone().into_os_string())]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_print() {
        for (line, expected) in [
            ("Python 3.12.1", Some((3, 12, 1))),
            ("Python 3.15.0rc1+", Some((3, 15, 0))),
            ("v20.20.2", Some((20, 20, 2))),
            ("openjdk version \"17.0.15\" 2025-04-15", Some((17, 0, 15))),
            ("javac 17.0.15", Some((17, 0, 15))),
            ("gcc (Debian 12.2.0-14+deb12u1) 12.2.0", Some((12, 2, 0))),
            ("no number", None),
        ] {
            let expected = expected.map(|(a, b, c)| Version::new(a, b, c));
            assert_eq!(version(line), expected, "{line}");
        }
    }
}
