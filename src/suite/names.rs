//! The names of a suite: implementations, sets of them and deviations, and what a name stands for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use super::error::{Source, SuiteError};
use super::file::{self, Defaults, File};
use super::implementation::{Implementation, check_name};
use super::selector::{Condition, Selector, Selectors};
use super::values::{ByName, PerImplementation};
use super::version::{Version, VersionReq};

/// The files of a suite: the one that was named, and those that it includes.
#[derive(Debug)]
pub(super) struct Files(pub(super) Vec<Part>);

/// One file of a suite.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) source: Arc<Source>,
    pub(super) file: File,
}

impl Files {
    /// The file that was named.
    pub(super) fn main(&self) -> &Part {
        &self.0[0]
    }

    pub(super) fn defaults(&self) -> Defaults {
        let suite = self.main().file.suite.as_ref();
        suite
            .map(|suite| suite.get_ref().clone())
            .unwrap_or_default()
    }

    /// All scenarios, each with its file.
    pub(super) fn scenarios(&self) -> impl Iterator<Item = (&Part, &file::Scenario)> {
        self.0.iter().flat_map(|part| {
            part.file
                .scenario
                .iter()
                .map(move |scenario| (part, scenario))
        })
    }
}

/// An implementation in a version: what an expectation is resolved for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// The implementation of the suite whose expectations hold.
    pub(super) like: &'a str,
    pub(super) version: &'a Version,
}

/// What all names stand for.
#[derive(Debug)]
pub(super) struct Names<'f> {
    /// By name: whether its version is found out.
    implementations: BTreeMap<&'f str, bool>,
    in_order: Vec<&'f str>,
    sets: BTreeMap<&'f str, (&'f Part, &'f file::Set)>,
    deviations: BTreeMap<&'f str, (&'f Part, &'f file::Deviation)>,
}

/// How closely a name fits a target: the closest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    Set,
    Implementation,
    Version,
}

impl<'f> Names<'f> {
    pub(super) fn new(
        files: &'f Files,
        implementations: &'f [Implementation],
    ) -> Result<Self, SuiteError> {
        let mut names = Self {
            implementations: implementations
                .iter()
                .map(|i| (i.name.as_str(), i.probe.is_some()))
                .collect(),
            in_order: implementations.iter().map(|i| i.name.as_str()).collect(),
            sets: BTreeMap::new(),
            deviations: BTreeMap::new(),
        };
        for part in &files.0 {
            for (name, set) in &part.file.set {
                names.check_set_name(part, name)?;
                names.sets.insert(name.get_ref(), (part, set));
            }
            for (name, deviation) in &part.file.deviation {
                if names
                    .deviations
                    .insert(name.get_ref(), (part, deviation))
                    .is_some()
                {
                    let message = format!("two deviations are named `{}`", name.get_ref());
                    return Err(SuiteError::new(&part.source, message)
                        .at(name.span(), "choose another name"));
                }
            }
        }
        names.check_sets()?;
        Ok(names)
    }

    fn check_set_name(&self, part: &Part, name: &Spanned<String>) -> Result<(), SuiteError> {
        let wrong =
            |why: String| SuiteError::new(&part.source, why).at(name.span(), "choose another name");
        check_name("a set", name.get_ref()).map_err(wrong)?;
        let name = name.get_ref().as_str();
        match (
            self.implementations.contains_key(name),
            self.sets.contains_key(name),
        ) {
            (true, _) => Err(wrong(format!(
                "`{name}` is an implementation already, so no set can have its name"
            ))),
            (_, true) => Err(wrong(format!("two sets are named `{name}`"))),
            _ => Ok(()),
        }
    }

    fn check_sets(&self) -> Result<(), SuiteError> {
        for (part, set) in self.sets.values() {
            if set.of.get_ref().is_empty() {
                return Err(SuiteError::new(&part.source, "a set without members")
                    .at(set.of.span(), "name an implementation"));
            }
            for member in set.of.get_ref().iter().chain(set.source.selectors()) {
                self.check(&part.source, member)?;
                let name = &member.get_ref().name;
                if self.sets.contains_key(name.as_str()) {
                    return Err(SuiteError::new(&part.source, "a set cannot contain a set")
                        .at(member.span(), format!("`{name}` is one"))
                        .help("name its implementations"));
                }
            }
            for key in set.source.selectors() {
                let name = &key.get_ref().name;
                if !set
                    .of
                    .get_ref()
                    .iter()
                    .any(|member| member.get_ref().name == *name)
                {
                    return Err(SuiteError::new(
                        &part.source,
                        "the source of an implementation that the set does not have",
                    )
                    .at(key.span(), format!("`{name}` is not in `of`")));
                }
            }
        }
        Ok(())
    }

    /// Checks that a name stands for something, and that its version can be known.
    pub(super) fn check(
        &self,
        source: &Source,
        selector: &Spanned<Selector>,
    ) -> Result<(), SuiteError> {
        let name = selector.get_ref().name.as_str();
        let wrong = |message: String, label: &str| {
            Err(SuiteError::new(source, message).at(selector.span(), label))
        };
        let versioned = selector.get_ref().version.is_some();
        match (self.implementations.get(name), self.sets.contains_key(name)) {
            (None, false) => wrong(
                format!("there is no implementation `{name}`"),
                &self.listed(),
            ),
            (None, true) if versioned => wrong(
                format!("`{name}` is a set, and a set has no version"),
                "a version belongs to an implementation",
            ),
            (Some(false), _) if versioned => Err(no_version(source, name, selector.span())),
            _ => Ok(()),
        }
    }

    fn listed(&self) -> String {
        let list = |names: Vec<&&str>| {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            names.join(", ")
        };
        let implementations = list(self.implementations.keys().collect());
        match self.sets.is_empty() {
            true => format!("the suite has {implementations}"),
            false => format!(
                "the suite has {implementations}; and the sets {}",
                list(self.sets.keys().collect())
            ),
        }
    }

    /// How a name fits a target, if it does.
    pub(super) fn fit(&self, selector: &Selector, target: Target<'_>) -> Option<Fit> {
        if selector.name == target.like {
            return match &selector.version {
                None => Some(Fit::Implementation),
                Some(wanted) => wanted.matches(target.version).then_some(Fit::Version),
            };
        }
        let (_, set) = self.sets.get(selector.name.as_str())?;
        let mut members = set.of.get_ref().iter();
        members
            .any(|member| {
                member.get_ref().name == target.like && member.get_ref().allows(target.version)
            })
            .then_some(Fit::Set)
    }

    /// Whether a condition lets a target have something.
    pub(super) fn allows(&self, condition: &Condition, target: Target<'_>) -> bool {
        let any = |list: &Selectors| {
            list.0
                .iter()
                .any(|selector| self.fit(selector.get_ref(), target).is_some())
        };
        condition.only.as_ref().is_none_or(any) && !condition.unless.as_ref().is_some_and(any)
    }

    /// The values that a table has for a target, the closest name first.
    ///
    /// Of conditions on versions, the first in the file is the closest.
    pub(super) fn all<'t, T>(
        &self,
        source: &Source,
        table: &'t ByName<T>,
        target: Target<'_>,
    ) -> Result<Vec<(Fit, &'t T)>, SuiteError> {
        let mut fitting: Vec<_> = table
            .0
            .iter()
            .filter_map(|(name, value)| Some((self.fit(name.get_ref(), target)?, name, value)))
            .collect();
        fitting.sort_by_key(|(fit, ..)| std::cmp::Reverse(*fit));
        let mut sets = fitting.iter().filter(|(fit, ..)| *fit == Fit::Set);
        if let (Some((_, first, _)), Some((_, second, _))) = (sets.next(), sets.next()) {
            let message = format!(
                "`{}` is in two sets: `{}` and `{}`",
                target.like,
                first.get_ref(),
                second.get_ref()
            );
            return Err(SuiteError::new(source, message)
                .at(second.span(), "which of the two counts?")
                .help(format!(
                    "give `{}` a value of its own, or take it out of one set",
                    target.like
                )));
        }
        Ok(fitting
            .into_iter()
            .map(|(fit, _, value)| (fit, value))
            .collect())
    }

    /// The value for a target, and how its name fits: none where the value is that of all, or of all others. `None` if the
    /// table has neither a name that fits nor `default`.
    pub(super) fn pick<'v, T>(
        &self,
        source: &Source,
        value: &'v PerImplementation<T>,
        target: Target<'_>,
    ) -> Result<Option<(Option<Fit>, &'v T)>, SuiteError> {
        let table = match value {
            PerImplementation::All(value) => return Ok(Some((None, value))),
            PerImplementation::By(table) => table,
        };
        // One that is named itself settles it, whatever sets it is in.
        let own = table.0.iter().filter_map(|(name, value)| {
            let fit = self.fit(name.get_ref(), target)?;
            (fit > Fit::Set).then_some((fit, value))
        });
        // `max_by_key` gives the last of equals, and the first is wanted.
        if let Some((fit, value)) = own.rev().max_by_key(|(fit, _)| *fit) {
            return Ok(Some((Some(fit), value)));
        }
        if let Some((fit, value)) = self.all(source, table, target)?.first() {
            return Ok(Some((Some(*fit), value)));
        }
        let default = table
            .0
            .iter()
            .find(|(name, _)| name.get_ref().name == "default");
        Ok(default.map(|(_, value)| (None, value)))
    }

    /// A deviation by its name.
    pub(super) fn deviation(&self, name: &str) -> Option<(&'f Part, &'f file::Deviation)> {
        self.deviations.get(name).copied()
    }

    /// The deviations that have names.
    pub(super) fn deviation_names(&self) -> impl Iterator<Item = &'f str> {
        self.deviations.keys().copied()
    }

    /// All named deviations, with their names.
    pub(super) fn named_deviations(&self) -> impl Iterator<Item = (&'f Part, &'f file::Deviation)> {
        self.deviations.values().copied()
    }

    /// A set by its name, where the target is in it.
    pub(super) fn set(&self, name: &str, target: Target<'_>) -> Option<&'f file::Set> {
        let selector = Selector {
            name: name.into(),
            version: None,
        };
        let (_, set) = self.sets.get(name)?;
        (self.fit(&selector, target) == Some(Fit::Set)).then_some(*set)
    }

    /// The implementations in the order of the files.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &'f str> {
        self.in_order.iter().copied()
    }

    /// The implementations that are in a set, in some version.
    pub(super) fn members(&self, set: &str) -> impl Iterator<Item = &'f str> {
        let set = self.sets.get(set).map(|(_, set)| *set);
        let members = set.into_iter().flat_map(|set| set.of.get_ref());
        members.map(|member| member.get_ref().name.as_str())
    }

    /// Whether the version of an implementation is found out.
    pub(super) fn has_version(&self, implementation: &str) -> bool {
        self.implementations
            .get(implementation)
            .is_some_and(|probe| *probe)
    }

    /// The conditions on versions of an implementation that sets make.
    pub(super) fn versions_in_sets<'a>(
        &'a self,
        implementation: &'a str,
    ) -> impl Iterator<Item = &'f VersionReq> + 'a {
        self.sets
            .values()
            .flat_map(|(_, set)| set.of.get_ref())
            .filter(move |member| member.get_ref().name == implementation)
            .filter_map(|member| member.get_ref().version.as_ref())
    }
}

/// A condition on a version that nothing finds out.
pub(super) fn no_version(source: &Source, implementation: &str, span: Range<usize>) -> SuiteError {
    SuiteError::new(source, format!("the version of `{implementation}` is not known"))
        .at(span, "a condition on it")
        .help(format!(
            "add a probe that prints it, such as `probe = [\"{{program}}\", \"--version\"]`, to `[implementation.{implementation}]`"
        ))
}
