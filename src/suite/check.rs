//! What can be wrong with a scenario and the names in it, told before anything is resolved.

use std::collections::HashMap;

use toml::Spanned;

use super::error::{Source, SuiteError};
use super::file::{self, Deviates, Scenario};
use super::implementation::Implementation;
use super::names::{Files, Names, Part, Target, no_version};
use super::placeholder;
use super::resolve::Reader;
use super::selector::Selector;
use crate::expect::Mark;

pub(super) fn check_defaults(names: &Names<'_>, main: &Part) -> Result<(), SuiteError> {
    let Some(suite) = &main.file.suite else {
        return Ok(());
    };
    if let Some(implementations) = &suite.get_ref().implementations
        && let file::Names::These(list) = implementations.get_ref()
    {
        list.iter()
            .try_for_each(|name| names.check(&main.source, name))?;
    }
    check_values(&main.source, suite.get_ref())?;
    match &suite.get_ref().exit_after {
        Some(mark) => check_exit_after(&main.source, mark),
        None => Ok(()),
    }
}

/// A value is found by its name, which is no other placeholder's.
fn check_values(source: &Source, suite: &file::Defaults) -> Result<(), SuiteError> {
    let wrong = |name: &Spanned<String>| {
        let own = name.get_ref().as_str();
        match (
            placeholder::is_name(own),
            placeholder::SUBJECT.contains(&own),
        ) {
            (false, _) => Some("its name has lower-case letters, `-` and `_` alone"),
            (true, true) => Some("this placeholder has a value already"),
            (true, false) => None,
        }
    };
    let mut names = suite.values.keys();
    match names.find_map(|name| Some((name, wrong(name)?))) {
        None => Ok(()),
        Some((name, why)) => {
            let message = format!("`{}` cannot be the name of a value", name.get_ref());
            Err(SuiteError::new(source, message).at(name.span(), why))
        }
    }
}

/// The mark from which the delay of an exit is counted.
fn check_exit_after(
    source: &Source,
    mark: &Spanned<super::lines::MarkSpec>,
) -> Result<(), SuiteError> {
    match mark.get_ref().mark {
        Mark::Exit => Err(SuiteError::new(source, "the exit cannot come after itself")
            .at(mark.span(), "a mark before the exit")
            .help("a line whose text is `exit` is written `{ line = \"exit\" }`")),
        _ => Ok(()),
    }
}

pub(super) fn check_scenario_names(files: &Files) -> Result<(), SuiteError> {
    let mut seen: HashMap<&str, (&Part, usize)> = HashMap::new();
    for (part, scenario) in files.scenarios() {
        let name = scenario.name.get_ref();
        let wrong = |message: String, label: &str| {
            Err(SuiteError::new(&part.source, message).at(scenario.name.span(), label))
        };
        if name.trim().is_empty() {
            return wrong("a scenario needs a name".into(), "this one is empty");
        }
        if name.contains('/') {
            return wrong(
                format!("`{name}` cannot be the name of a scenario"),
                "`/` separates a scenario from its implementation",
            );
        }
        if let Some((other, start)) = seen.insert(name, (part, scenario.name.span().start)) {
            let line = other.source.line(start);
            let place = match other.source.path == part.source.path {
                true => format!("the first stands on line {line}"),
                false => format!(
                    "the first stands in {}, line {line}",
                    other.source.path.display()
                ),
            };
            return wrong(format!("two scenarios are named `{name}`"), &place);
        }
    }
    Ok(())
}

pub(super) fn check_named_deviations(names: &Names<'_>) -> Result<(), SuiteError> {
    for (part, deviation) in names.named_deviations() {
        if let Some(other) = &deviation.r#use {
            return Err(SuiteError::new(
                &part.source,
                "a deviation that has a name cannot be another one",
            )
            .at(other.span(), "`use` is for a scenario's deviations"));
        }
        if deviation.why.is_none() {
            let span = part
                .file
                .deviation
                .iter()
                .find(|(_, d)| std::ptr::eq(*d, deviation));
            let span = span.map(|(name, _)| name.span()).unwrap_or_default();
            return Err(SuiteError::new(&part.source, "missing field `why`")
                .at(span, "the reason of this deviation"));
        }
    }
    Ok(())
}

impl Reader<'_> {
    /// Every name stands for something that the scenario has, and everything that is said can be so.
    pub(super) fn check(&self, known: &[Implementation]) -> Result<(), SuiteError> {
        self.check_list()?;
        for (source, selector) in self.selectors() {
            self.names.check(source, selector)?;
        }
        self.check_deviations(known)?;
        self.check_had(self.scenario.differs.selectors(), known)?;
        self.check_had(self.scenario.deviates.selectors(), known)?;
        self.check_words()?;
        if let Some(mark) = &self.scenario.exit_after {
            check_exit_after(&self.part.source, mark)?;
        }
        self.check_signals()
    }

    fn check_list(&self) -> Result<(), SuiteError> {
        let Some(names) = &self.scenario.implementations else {
            return Ok(());
        };
        match names.get_ref() {
            file::Names::These(list) if list.is_empty() => Err(self
                .error(format!(
                    "scenario `{}` would never be run",
                    self.scenario.name.get_ref()
                ))
                .at(names.span(), "name an implementation, or write `\"all\"`")),
            file::Names::These(list) => list
                .iter()
                .try_for_each(|name| self.names.check(&self.part.source, name)),
            file::Names::All => Ok(()),
        }
    }

    /// A table about an implementation is about one that the scenario has, in some version.
    fn check_had<'s>(
        &self,
        mut selectors: impl Iterator<Item = &'s Spanned<Selector>>,
        known: &[Implementation],
    ) -> Result<(), SuiteError> {
        let had = |name: &str| {
            let mut members = known
                .iter()
                .filter(|i| i.name == name || self.is_in_set(name, &i.name));
            members.any(|i| {
                self.versions(&i.name).iter().any(|version| {
                    self.has(Target {
                        like: &i.name,
                        version,
                    })
                })
            })
        };
        match selectors.find(|selector| !had(&selector.get_ref().name)) {
            None => Ok(()),
            Some(selector) => {
                let message = format!(
                    "scenario `{}` does not have implementation `{}`",
                    self.scenario.name.get_ref(),
                    selector.get_ref().name
                );
                Err(self
                    .error(message)
                    .at(selector.span(), "not among its `implementations`"))
            }
        }
    }

    fn check_deviations(&self, known: &[Implementation]) -> Result<(), SuiteError> {
        for (selector, deviates) in self.deviations() {
            let name = match deviates {
                Deviates::Named(name) => Some((name, selector.span())),
                Deviates::Written(own) => own.r#use.as_ref().map(|n| (n.get_ref(), n.span())),
            };
            if let Some((name, span)) = name
                && self.names.deviation(name).is_none()
            {
                return Err(self.no_deviation(name, span));
            }
            let like = &selector.get_ref().name;
            let unknown = known
                .iter()
                .filter(|i| i.name == *like || self.is_in_set(like, &i.name))
                .find(|i| !self.names.has_version(&i.name));
            if let Some(implementation) = unknown
                && self.versions_of(deviates).next().is_some()
            {
                let span = match deviates {
                    Deviates::Written(own) => own.version.as_ref().map(Spanned::span),
                    Deviates::Named(_) => None,
                };
                return Err(no_version(
                    &self.part.source,
                    &implementation.name,
                    span.unwrap_or_else(|| selector.span()),
                ));
            }
        }
        Ok(())
    }

    fn no_deviation(&self, name: &str, span: std::ops::Range<usize>) -> SuiteError {
        let there: Vec<_> = self
            .names
            .deviation_names()
            .map(|n| format!("`{n}`"))
            .collect();
        let label = match there.is_empty() {
            true => "no deviation has a name".into(),
            false => format!("there are {}", there.join(", ")),
        };
        self.error(format!("there is no deviation `{name}`"))
            .at(span, label)
            .help(format!("add `[deviation.{name}]` with `why = \"…\"`"))
    }

    fn check_words(&self) -> Result<(), SuiteError> {
        let Scenario {
            args,
            env,
            stdin,
            directory,
            actions,
            ..
        } = self.scenario;
        let written = actions
            .iter()
            .filter_map(|deed| deed.get_ref().write.as_ref());
        let subject = args.iter().chain(env.values()).chain(stdin).chain(written);
        let own = self.defaults.values.keys();
        let known: Vec<&str> = placeholder::SUBJECT
            .iter()
            .copied()
            .chain(own.map(|name| name.get_ref().as_str()))
            .collect();
        let subject = subject.map(|word| (word, known.as_slice()));
        for (word, known) in subject.chain(directory.iter().map(|d| (d, placeholder::DIRECTORY))) {
            placeholder::check(word.get_ref(), known).map_err(|why| {
                self.error("a placeholder that is none")
                    .at(word.span(), why)
            })?;
        }
        Ok(())
    }

    fn check_signals(&self) -> Result<(), SuiteError> {
        for action in &self.scenario.signals {
            if let Some(on) = &action.on {
                self.trigger(on)?;
            }
        }
        self.deeds()?;
        self.check_clients()?;
        self.check_requests()
    }
}
