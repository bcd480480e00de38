//! From the file to cases, with everything checked that can be checked without running anything.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::ops::Range;
use std::time::Duration;

use semver::{Version, VersionReq};
use toml::Spanned;

use super::error::{Source, SuiteError};
use super::file::{self, Allowance, Exit, Expect, File, Scenario};
use super::values::PerImplementation;
use super::{Implementation, Start};
use crate::expect::{
    DEFAULT_SLACK, Delay, Expectation, ExpectedEnd, LogExpectation, Mark, OtherLines, Pattern,
    Step, Survivors,
};
use crate::log::LogFormat;
use crate::record::{Signal, Streams};
use crate::stage::Action;

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
    /// The lines that the scenario wants, where nothing else is said of the implementation.
    pub usual_lines: Vec<Pattern>,
    /// What this implementation is known to do instead: the first entry that applies to its version counts.
    pub deviations: Vec<KnownDeviation>,
    /// How often it is run; all runs must hold.
    pub repeat: NonZeroU32,
    /// Signals that the subject inherits as ignored.
    pub ignored_signals: Vec<Signal>,
    /// Signals that the subject is sent.
    pub actions: Vec<Action>,
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
    /// The versions of the implementation that have it; all if nothing is said.
    pub version: Option<VersionReq>,
    /// What it does instead.
    pub expectation: Expectation,
}

impl Case {
    /// How long it takes at least, if all is as expected.
    pub(crate) fn expected_time(&self) -> Duration {
        let once = self.expectation.expected_time(Some(self.timeout));
        once * self.repeat.get()
    }

    /// The deviation that is known of this version of the implementation.
    #[must_use]
    pub fn deviation(&self, version: Option<&Version>) -> Option<&KnownDeviation> {
        self.deviations
            .iter()
            .find(|known| match (&known.version, version) {
                (None, _) => true,
                (Some(wanted), Some(version)) => wanted.matches(version),
                // Of an unknown version no deviation is known.
                (Some(_), None) => false,
            })
    }
}

/// How long a subject may run, unless the suite says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);
const PLACEHOLDERS: [&str; 3] = ["scenario", "implementation", "root"];

/// Checks the words of a command.
pub(super) fn check_command(words: &[String]) -> Result<(), String> {
    if words.first().is_none_or(|program| program.is_empty()) {
        return Err(EMPTY.into());
    }
    words.iter().try_for_each(|word| check_word(word))
}

const EMPTY: &str = "it needs a program at least";

fn check_word(word: &str) -> Result<(), String> {
    match placeholders(word).find(|name| !PLACEHOLDERS.contains(name)) {
        Some(name) => Err(format!(
            "`{{{name}}}` is no placeholder: there are `{{scenario}}`, `{{implementation}}` and `{{root}}` \
             (braces that are meant as such need a space: `{{ {name} }}`)"
        )),
        None => Ok(()),
    }
}

/// What stands in braces and looks like a name. Not so the `${name}` of a shell.
fn placeholders(word: &str) -> impl Iterator<Item = &str> {
    let opened = word.match_indices('{').map(|(i, _)| i);
    let opened = opened.filter(|i| !word[..*i].ends_with('$'));
    let names = opened.filter_map(|i| Some(word[i + 1..].split_once('}')?.0));
    let is_name = |c: char| c.is_ascii_lowercase() || c == '-' || c == '_';
    names.filter(move |name| !name.is_empty() && name.chars().all(is_name))
}

fn words(command: &[Spanned<String>]) -> Vec<String> {
    command.iter().map(|word| word.get_ref().clone()).collect()
}

pub(super) fn implementations(
    source: &Source,
    file: &File,
) -> Result<Vec<Implementation>, SuiteError> {
    let mut found = Vec::new();
    for (name, table) in &file.implementation {
        const CANNOT: &str = "this command cannot be run";
        let wrong = |message: &str| SuiteError::new(source, message);
        let implementation = table.get_ref();
        let start = match (&implementation.command, &implementation.cargo) {
            (Some(command), None) => {
                let words = words(command.get_ref());
                for word in command.get_ref() {
                    check_word(word.get_ref()).map_err(|why| wrong(CANNOT).at(word.span(), why))?;
                }
                check_command(&words).map_err(|why| wrong(CANNOT).at(command.span(), why))?;
                Start::Command(words)
            }
            (None, Some(cargo)) => {
                let cargo = cargo.get_ref();
                check_word(cargo.bin.get_ref())
                    .map_err(|why| wrong("there is no such binary").at(cargo.bin.span(), why))?;
                Start::Cargo {
                    package: cargo.package.clone(),
                    bin: cargo.bin.get_ref().clone(),
                }
            }
            (both, _) => {
                let has = match both {
                    None => "neither `command` nor `cargo`",
                    Some(_) => "both `command` and `cargo`",
                };
                let message = format!("implementation `{}` has {has}", name.get_ref());
                return Err(wrong(&message).at(name.span(), "it needs one of them").help(
                    "write `command = [\"python3\", \"{scenario}.py\"]`, or `cargo = { package = \"…\", bin = \"{scenario}\" }`",
                ));
            }
        };
        for words in [&implementation.build, &implementation.probe]
            .into_iter()
            .flatten()
        {
            if words.get_ref().is_empty() {
                return Err(wrong(CANNOT).at(words.span(), EMPTY));
            }
        }
        found.push(Implementation {
            name: name.get_ref().clone(),
            like: name.get_ref().clone(),
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
        if name.trim().is_empty() {
            return Err(SuiteError::new(source, "a scenario needs a name")
                .at(scenario.name.span(), "this one is empty"));
        }
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
        for implementation in implementations.iter().filter(|i| reader.has(&i.like)) {
            cases.push(reader.case(&implementation.name, &implementation.like)?);
        }
    }
    Ok(cases)
}

/// The lines that must be there.
fn lines(expect: &Expect) -> Vec<Pattern> {
    let steps = expect.log.iter().flatten().flat_map(Step::wanted);
    steps
        .chain(expect.present.iter().flatten())
        .cloned()
        .collect()
}

/// A signal of a scenario, as an action.
fn planned(cue: &file::Action) -> Action {
    let mut action = Action::signal(cue.send);
    if let Some(line) = &cue.on {
        action = action.on(line.clone());
    }
    if let Some(after) = cue.after {
        action = action.after(after.0);
    }
    match cue.once {
        Some(file::Once::Parked) => action.when_blocked(),
        None => action,
    }
}

/// One scenario, being read.
struct Reader<'a> {
    source: &'a Source,
    file: &'a File,
    scenario: &'a Scenario,
}

impl Reader<'_> {
    fn error(&self, message: impl Into<String>) -> SuiteError {
        SuiteError::new(self.source, message)
    }

    /// Whether the scenario has a case with this implementation.
    fn has(&self, implementation: &str) -> bool {
        match &self.scenario.implementations {
            None => true,
            Some(names) => {
                let mut names = names.get_ref().iter();
                names.any(|name| name.get_ref() == implementation)
            }
        }
    }

    /// Every implementation that is named is one, and one that the scenario has.
    fn check_names(&self, implementations: &[Implementation]) -> Result<(), SuiteError> {
        let known: Vec<_> = implementations.iter().map(|i| i.name.as_str()).collect();
        let scenario = self.scenario;
        let listed = scenario.implementations.iter();
        let listed = listed.flat_map(|names| names.get_ref().iter());
        let tables = || scenario.deviates.keys().chain(scenario.differs.keys());
        let expects = self.expects();
        let named = expects.iter().flat_map(Expect::names);
        if let Some(name) = listed
            .chain(tables())
            .chain(named)
            .find(|name| !known.contains(&name.get_ref().as_str()))
        {
            let list: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            let list = format!("the suite has {}", list.join(", "));
            return Err(self
                .error(format!("there is no implementation `{}`", name.get_ref()))
                .at(name.span(), list));
        }
        if let Some(name) = tables().find(|name| !self.has(name.get_ref())) {
            let message = format!(
                "scenario `{}` does not have implementation `{}`",
                scenario.name.get_ref(),
                name.get_ref()
            );
            return Err(self
                .error(message)
                .at(name.span(), "not among its `implementations`"));
        }
        match &scenario.implementations {
            Some(names) if names.get_ref().is_empty() => Err(self
                .error(format!(
                    "scenario `{}` would never be run",
                    scenario.name.get_ref()
                ))
                .at(
                    names.span(),
                    "name an implementation, or leave this out for all",
                )),
            _ => Ok(()),
        }
    }

    /// All that is expected, by whomever.
    fn expects(&self) -> Vec<Expect> {
        let nothing = Expect::default();
        let (differs, deviates) = (&self.scenario.differs, &self.scenario.deviates);
        let differs = differs.values().map(|table| table.expect(&nothing));
        let deviates = deviates.values().flat_map(|tables| &tables.0);
        let deviates = deviates.map(|table| table.expect(&nothing));
        let own = self.scenario.expect(&nothing);
        [own].into_iter().chain(differs).chain(deviates).collect()
    }

    /// The case with an implementation, of which is said what is said of `like`.
    fn case(&self, implementation: &str, like: &str) -> Result<Case, SuiteError> {
        let (scenario, defaults) = (self.scenario, &self.file.suite);
        let mut base = scenario.expect(&Expect::default());
        let usual_lines = lines(&base);
        if let Some((_, difference)) = scenario
            .differs
            .iter()
            .find(|(name, _)| name.get_ref() == like)
        {
            base = difference.expect(&base);
        }
        let deviations = scenario
            .deviates
            .iter()
            .filter(|(name, _)| name.get_ref() == like);
        let deviations = deviations.flat_map(|(_, tables)| &tables.0).map(|table| {
            Ok(KnownDeviation {
                why: table.why.clone(),
                version: table.version.clone(),
                expectation: self.expectation(&table.expect(&base), like)?,
            })
        });
        let log = scenario
            .log_pattern
            .clone()
            .or_else(|| defaults.log_pattern.clone())
            .unwrap_or_default();
        Ok(Case {
            scenario: scenario.name.get_ref().clone(),
            about: scenario.about.clone(),
            implementation: implementation.into(),
            expectation: self.expectation(&base, like)?,
            deviations: deviations.collect::<Result<_, SuiteError>>()?,
            usual_lines,
            repeat: scenario.repeat.unwrap_or(NonZeroU32::MIN),
            ignored_signals: scenario.ignore_signals.clone(),
            actions: scenario.signals.iter().map(planned).collect(),
            timeout: scenario
                .timeout
                .or(defaults.timeout)
                .map_or(TIMEOUT, |span| span.0),
            streams: scenario.streams.or(defaults.streams).unwrap_or_default(),
            log,
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
            None => (ExpectedEnd::code(0), None),
        };
        let mut delays: Vec<Delay> = delay.into_iter().collect();
        for delay in expect.delays.iter().flatten() {
            let about = self.of("delay", &delay.about, implementation)?;
            let slack = delay.slack.map_or_else(|| self.slack(), |span| span.0);
            let delay = Delay::about(delay.from.clone(), delay.to.clone(), about.0);
            delays.push(delay.slack(slack));
        }
        let others = match expect.other_lines {
            Some(Allowance::Allowed) => OtherLines::Allowed,
            Some(Allowance::Forbidden) | None => OtherLines::Forbidden,
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
            counts: Vec::new(),
            end: Some(end),
            delays,
            survivors,
        })
    }

    fn exit(
        &self,
        exit: &Spanned<Exit>,
        implementation: &str,
    ) -> Result<(ExpectedEnd, Option<Delay>), SuiteError> {
        let (span, exit) = (exit.span(), exit.get_ref());
        let end = match (&exit.code, &exit.signal, exit.hang) {
            (None, None, true) => ExpectedEnd::Hang,
            (Some(code), None, false) => {
                ExpectedEnd::code(self.of("exit code", code, implementation)?.0)
            }
            (None, Some(signal), false) => {
                ExpectedEnd::signal(*self.of("signal", signal, implementation)?)
            }
            (None, None, false) => ExpectedEnd::code(0),
            _ => {
                return Err(self
                    .error("a subject ends in one way only")
                    .at(span, "one of `code`, `signal` and `hang`"));
            }
        };
        if end == ExpectedEnd::Hang && (exit.after.is_some() || exit.delay.is_some()) {
            return Err(self
                .error("a subject that hangs has no exit that comes after something")
                .at(span, "either `hang`, or `after` and `delay`"));
        }
        let delay = match (&exit.after, &exit.delay) {
            (None, None) => None,
            (from, Some(delay)) => {
                let from = from.clone().map_or(Mark::Start, Mark::from);
                let about = self.of("exit delay", delay, implementation)?.0;
                let slack = exit.slack.map_or_else(|| self.slack(), |span| span.0);
                Some(Delay::about(from, Mark::Exit, about).slack(slack))
            }
            (Some(_), None) => {
                return Err(self
                    .error("how long `after` the line is not said")
                    .at(span, "`after` needs a `delay`")
                    .help("add `delay = \"2s\"`, say; or `delay = \"0s\"`: at once"));
            }
        };
        Ok((end, delay))
    }

    /// The value for an implementation.
    fn of<'v, T>(
        &self,
        what: &str,
        value: &'v Spanned<PerImplementation<T>>,
        implementation: &str,
    ) -> Result<&'v T, SuiteError> {
        value.get_ref().of(implementation).ok_or_else(|| {
            let message = format!("no {what} is said for implementation `{implementation}`");
            let help = format!("add `{implementation} = …`, or `default = …` for all others");
            self.error(message)
                .at(value.span(), "it is not in here")
                .help(help)
        })
    }
}
