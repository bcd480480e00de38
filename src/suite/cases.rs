//! From the file to cases, with everything checked that can be checked without running anything.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use super::error::{Source, SuiteError};
use super::file::{Allowance, Exit, Expect, File, Scenario};
use super::{Implementation, Start};
use crate::expect::{
    DEFAULT_SLACK, Delay, End, Expectation, LogExpectation, Mark, Others, Pattern, Survivors,
};
use crate::log::LogFormat;
use crate::record::{Exit as RecordedExit, Streams};

/// A scenario with an implementation: what is run and judged.
#[derive(Debug, Clone)]
pub struct Case {
    /// The scenario's name.
    pub scenario: String,
    /// What the scenario is about, in a line.
    pub about: String,
    /// The implementation's name.
    pub implementation: String,
    /// What is expected.
    pub expectation: Expectation,
    /// What this implementation is known to do instead.
    pub deviation: Option<KnownDeviation>,
    /// How long the subject may run.
    pub timeout: Duration,
    /// How its streams are connected.
    pub streams: Streams,
    /// How it writes its log.
    pub log: LogFormat,
}

/// A deviation that is known: the case must break its expectation, and do this instead.
#[derive(Debug, Clone)]
pub struct KnownDeviation {
    /// The reason.
    pub why: String,
    /// What it does instead.
    pub expectation: Expectation,
}

/// How long a subject may run, unless the suite says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);
const PLACEHOLDERS: [&str; 3] = ["scenario", "implementation", "root"];

/// Checks the words of a command.
pub(super) fn check_command(words: &[String]) -> Result<(), String> {
    if words.first().is_none_or(|program| program.is_empty()) {
        return Err("the command is empty: it needs a program at least".into());
    }
    let names = words.iter().flat_map(|word| placeholders(word));
    match names.into_iter().find(|name| !PLACEHOLDERS.contains(name)) {
        Some(name) => Err(format!(
            "`{{{name}}}` is no placeholder: there are `{{scenario}}`, `{{implementation}}` and `{{root}}`"
        )),
        None => Ok(()),
    }
}

/// What stands in braces and looks like a name.
fn placeholders(word: &str) -> Vec<&str> {
    let parts = word
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'));
    parts
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .collect()
}

pub(super) fn implementations(
    source: &Source,
    file: &File,
) -> Result<Vec<Implementation>, SuiteError> {
    let mut found = Vec::new();
    for (name, table) in &file.implementation {
        let wrong = |message: String| SuiteError::new(source, message);
        let implementation = table.get_ref();
        let start = match (&implementation.command, &implementation.cargo) {
            (Some(command), None) => {
                check_command(command.get_ref()).map_err(|why| {
                    wrong("this command cannot be run".into()).at(command.span(), why)
                })?;
                Start::Command(command.get_ref().clone())
            }
            (None, Some(cargo)) => {
                let cargo = cargo.get_ref();
                Start::Cargo {
                    package: cargo.package.clone(),
                    bin: cargo.bin.clone(),
                }
            }
            _ => {
                let message = format!(
                    "implementation `{name}` needs either `command` or `cargo`",
                    name = name.get_ref()
                );
                return Err(wrong(message).at(name.span(), "this one").help(
                    "`command = [\"python3\", \"{scenario}.py\"]`, or `cargo = { package = \"…\", bin = \"{scenario}\" }`",
                ));
            }
        };
        for words in [&implementation.build, &implementation.probe]
            .into_iter()
            .flatten()
        {
            if words.get_ref().is_empty() {
                return Err(wrong("this command is empty".into())
                    .at(words.span(), "it needs a program at least"));
            }
        }
        found.push(Implementation {
            name: name.get_ref().clone(),
            about: implementation.about.clone().unwrap_or_default(),
            start,
            build: implementation.build.as_ref().map(|b| b.get_ref().clone()),
            probe: implementation.probe.as_ref().map(|p| p.get_ref().clone()),
            environment: implementation.env.clone().into_iter().collect(),
            span: implementation
                .command
                .as_ref()
                .map_or(name.span(), toml::Spanned::span),
        });
    }
    if found.is_empty() {
        return Err(SuiteError::new(source, "the suite has no implementation")
            .help("add one: `[implementation.mine]` with `command = [\"./{scenario}\"]`"));
    }
    found.sort_by_key(|implementation| implementation.span.start);
    Ok(found)
}

pub(super) fn cases(
    source: &Source,
    file: &File,
    implementations: &[Implementation],
) -> Result<Vec<Case>, SuiteError> {
    if file.scenario.is_empty() {
        return Err(SuiteError::new(source, "the suite has no scenario")
            .help("add one: `[[scenario]]` with `name = \"…\"` and what is expected"));
    }
    let mut seen: HashMap<&str, Range<usize>> = HashMap::new();
    let mut cases = Vec::new();
    for scenario in &file.scenario {
        let name = scenario.name.get_ref();
        if let Some(first) = seen.insert(name, scenario.name.span()) {
            let line = source.text[..first.start].lines().count();
            return Err(
                SuiteError::new(source, format!("two scenarios are named `{name}`")).at(
                    scenario.name.span(),
                    format!("the first stands on line {line}"),
                ),
            );
        }
        let reader = Reader {
            source,
            file,
            scenario,
        };
        reader.check_names(implementations)?;
        for implementation in implementations.iter().filter(|i| reader.has(&i.name)) {
            cases.push(reader.case(&implementation.name)?);
        }
    }
    Ok(cases)
}

/// One scenario, being read.
struct Reader<'a> {
    source: &'a Source,
    file: &'a File,
    scenario: &'a Scenario,
}

impl Reader<'_> {
    fn wrong(&self, message: impl Into<String>) -> SuiteError {
        SuiteError::new(self.source, message).at(self.scenario.name.span(), "in this scenario")
    }

    /// Whether the scenario has a case with this implementation.
    fn has(&self, implementation: &str) -> bool {
        match &self.scenario.implementations {
            None => true,
            Some(names) => names.iter().any(|name| name.get_ref() == implementation),
        }
    }

    /// Every implementation that is named is one.
    fn check_names(&self, implementations: &[Implementation]) -> Result<(), SuiteError> {
        let known: Vec<_> = implementations.iter().map(|i| i.name.as_str()).collect();
        let unknown = |name: &str| !known.contains(&name);
        let list = || {
            format!(
                "the suite has {}",
                known
                    .iter()
                    .map(|n| format!("`{n}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        let listed = self.scenario.implementations.iter().flatten();
        let mut named = listed.chain(self.scenario.deviates.keys());
        if let Some(name) = named.find(|name| unknown(name.get_ref())) {
            let message = format!("there is no implementation `{}`", name.get_ref());
            return Err(SuiteError::new(self.source, message).at(name.span(), list()));
        }
        let expect = self.scenario.expect(&Expect::default());
        let exit = expect.exit.iter();
        let names = exit.flat_map(|exit| {
            let code = exit.code.iter().flat_map(|p| p.names());
            let signal = exit.signal.iter().flat_map(|p| p.names());
            code.chain(signal)
                .chain(exit.delay.iter().flat_map(|p| p.names()))
                .collect::<Vec<_>>()
        });
        let delays = expect.delays.iter().flatten().flat_map(|d| d.about.names());
        match names.chain(delays).find(|name| unknown(name)) {
            Some(name) => Err(self
                .wrong(format!("there is no implementation `{name}`"))
                .help(list())),
            None => Ok(()),
        }
    }

    fn case(&self, implementation: &str) -> Result<Case, SuiteError> {
        let (scenario, defaults) = (self.scenario, &self.file.suite);
        let base = scenario.expect(&Expect::default());
        let deviation = scenario
            .deviates
            .iter()
            .find(|(name, _)| name.get_ref() == implementation);
        let deviation = match deviation {
            None => None,
            Some((_, table)) => Some(KnownDeviation {
                why: table.why.clone(),
                expectation: self.expectation(&table.expect(&base), implementation)?,
            }),
        };
        Ok(Case {
            scenario: scenario.name.get_ref().clone(),
            about: scenario.about.clone(),
            implementation: implementation.into(),
            expectation: self.expectation(&base, implementation)?,
            deviation,
            timeout: scenario
                .timeout
                .or(defaults.timeout)
                .map_or(TIMEOUT, |span| span.0),
            streams: scenario.streams.or(defaults.streams).unwrap_or_default(),
            log: scenario
                .log_pattern
                .clone()
                .or_else(|| defaults.log_pattern.clone())
                .unwrap_or_default(),
        })
    }

    fn slack(&self) -> Duration {
        self.scenario
            .slack
            .or(self.file.suite.slack)
            .map_or(DEFAULT_SLACK, |span| span.0)
    }

    fn expectation(
        &self,
        expect: &Expect,
        implementation: &str,
    ) -> Result<Expectation, SuiteError> {
        let (end, delay) = match &expect.exit {
            Some(exit) => self.exit(exit, implementation)?,
            // Who says nothing of the end expects the usual one.
            None => (End::code(0), None),
        };
        let mut delays: Vec<Delay> = delay.into_iter().collect();
        for delay in expect.delays.iter().flatten() {
            let about = delay
                .about
                .of(implementation)
                .ok_or_else(|| self.unsaid("the delay", implementation))?;
            delays.push(Delay {
                from: Mark::Line(delay.from.clone()),
                to: Mark::Line(delay.to.clone()),
                about: about.0,
                slack: delay.slack.map_or_else(|| self.slack(), |span| span.0),
            });
        }
        let others = match expect.other_lines {
            Some(Allowance::Allowed) => Others::Allowed,
            Some(Allowance::Forbidden) | None => Others::Forbidden,
        };
        let survivors = match expect.survivors {
            Some(Allowance::Allowed) => Survivors::Allowed,
            Some(Allowance::Forbidden) | None => Survivors::Forbidden,
        };
        let log = expect.log.as_ref().map(|steps| LogExpectation {
            steps: steps.clone(),
            others,
        });
        let patterns = |patterns: &Option<Vec<Pattern>>| patterns.clone().unwrap_or_default();
        Ok(Expectation {
            log,
            present: patterns(&expect.present),
            absent: patterns(&expect.absent),
            end: Some(end),
            delays,
            survivors,
        })
    }

    fn exit(&self, exit: &Exit, implementation: &str) -> Result<(End, Option<Delay>), SuiteError> {
        let end = match (&exit.code, &exit.signal, exit.hang) {
            (None, None, true) => End::Hang,
            (Some(code), None, false) => {
                let code = *code
                    .of(implementation)
                    .ok_or_else(|| self.unsaid("the exit code", implementation))?;
                if !(0..=255).contains(&code) {
                    return Err(self.wrong(format!(
                        "exit code {code} cannot be: a process exits with 0 to 255"
                    )));
                }
                End::Exit(RecordedExit::Code(code))
            }
            (None, Some(signal), false) => {
                let signal = signal
                    .of(implementation)
                    .ok_or_else(|| self.unsaid("the signal", implementation))?;
                End::signal(*signal)
            }
            (None, None, false) => End::code(0),
            _ => return Err(self.wrong("`exit` has more than one of `code`, `signal` and `hang`")),
        };
        let delay = match (&exit.after, &exit.delay) {
            (None, None) => None,
            (from, Some(delay)) => {
                let about = delay
                    .of(implementation)
                    .ok_or_else(|| self.unsaid("the exit delay", implementation))?;
                Some(Delay {
                    from: from.clone().map_or(Mark::Start, Mark::Line),
                    to: Mark::Exit,
                    about: about.0,
                    slack: exit.slack.map_or_else(|| self.slack(), |span| span.0),
                })
            }
            (Some(_), None) => {
                return Err(self
                    .wrong("`exit` has `after` but no `delay`")
                    .help("add `delay = \"2s\"`, say"));
            }
        };
        Ok((end, delay))
    }

    fn unsaid(&self, what: &str, implementation: &str) -> SuiteError {
        self.wrong(format!(
            "{what} is not said for implementation `{implementation}`"
        ))
        .help(format!(
            "add `{implementation} = …` or `default = …` to the table"
        ))
    }
}
