//! From the files to cases: everything is checked that can be checked without running anything.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;

use toml::Spanned;

use super::case::{Case, Place};
use super::check::{check_defaults, check_named_deviations, check_scenario_names};
use super::error::{Source, SuiteError};
use super::events::Events;
use super::expectation::{Layer, Layers, events_of, files_of, wanted_lines};
use super::file::{self, Defaults, Scenario};
use super::implementation::{Implementation, plain};
use super::known_streams::KnownStreams;
use super::names::{Files, Names, Part, Target};
use super::placeholder;
use super::selector::Selector;
use super::values::{ByName, OneOrMore};
use super::version::{Version, VersionReq};
use crate::expect::{Expectation, ExpectedEnd, Pattern};
use crate::record::{Clock, EventName, Signal};

/// Resolves all scenarios for all implementations.
///
/// `known` are the implementations of the files; `implementations` are those that are run, which may be others.
pub(super) fn cases(
    files: &Files,
    root: &Path,
    known: &[Implementation],
    implementations: &[Implementation],
) -> Result<Vec<Case>, SuiteError> {
    let names = Names::new(files, known)?;
    let main = files.main();
    check_defaults(&names, main)?;
    if files.scenarios().next().is_none() {
        return Err(SuiteError::new(&main.source, "the suite has no scenario")
            .help("add one: `[[scenario]]` with `name = \"…\"` and what is expected"));
    }
    check_scenario_names(files)?;
    check_named_deviations(&names)?;
    let mut cases = Vec::new();
    for (part, scenario) in files.scenarios() {
        let reader = |stop| Reader::new(&names, files, root, part, scenario, stop);
        reader(Signal::TERM).check(known)?;
        for implementation in implementations {
            cases.extend(reader(implementation.stop_signal).newest(implementation)?);
        }
    }
    Ok(cases)
}

/// Resolves one case for a version of its implementation. `None`: the scenario does not have it in this version.
pub(super) fn at_version(
    files: &Files,
    root: &Path,
    known: &[Implementation],
    implementation: &Implementation,
    scenario: &str,
    version: &Version,
) -> Result<Option<Case>, SuiteError> {
    let names = Names::new(files, known)?;
    let mut scenarios = files.scenarios();
    let found = scenarios.find(|(_, s)| s.name.get_ref() == scenario);
    match found {
        Some((part, scenario)) => {
            let stop = implementation.stop_signal;
            Reader::new(&names, files, root, part, scenario, stop).case(implementation, version)
        }
        None => Ok(None),
    }
}

/// Whether anything in the suite hangs on the version of an implementation.
pub(super) fn hangs_on_version(
    files: &Files,
    root: &Path,
    known: &[Implementation],
    scenario: &str,
    like: &str,
) -> Result<bool, SuiteError> {
    let names = Names::new(files, known)?;
    let mut scenarios = files.scenarios();
    let found = scenarios.find(|(_, s)| s.name.get_ref() == scenario);
    Ok(found.is_some_and(|(part, scenario)| {
        let reader = Reader::new(&names, files, root, part, scenario, Signal::TERM);
        !reader.conditions(like).is_empty()
    }))
}

/// One scenario, being read.
pub(super) struct Reader<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) defaults: Defaults,
    main: &'a Source,
    pub(super) root: &'a Path,
    pub(super) part: &'a Part,
    pub(super) scenario: &'a Scenario,
    pub(super) events: Events,
    place: Place,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        names: &'a Names<'a>,
        files: &'a Files,
        root: &'a Path,
        part: &'a Part,
        scenario: &'a Scenario,
        stop: Signal,
    ) -> Self {
        Self {
            names,
            defaults: files.defaults(),
            main: &files.main().source,
            root,
            part,
            scenario,
            events: Events::of(scenario, stop),
            place: Place {
                file: part.source.path.display().to_string(),
                line: part.source.line(scenario.name.span().start),
            },
        }
    }

    /// On which streams its lines are known apart.
    pub(super) fn streams(&self) -> KnownStreams {
        let streams = self.scenario.streams.or(self.defaults.streams);
        let files = !self.scenario.logs.is_empty();
        KnownStreams::new(streams.unwrap_or_default(), files)
    }

    pub(super) fn error(&self, message: impl Into<String>) -> SuiteError {
        SuiteError::new(&self.part.source, message)
    }

    /// The list of implementations that counts, and the file that it is in.
    fn implementations(&self) -> Option<(&Source, &Spanned<file::Names>)> {
        let own = self.scenario.implementations.as_ref();
        let own = own.map(|names| (&*self.part.source, names));
        own.or_else(|| Some((self.main, self.defaults.implementations.as_ref()?)))
    }

    /// Whether the scenario has a case with this implementation.
    pub(super) fn has(&self, target: Target<'_>) -> bool {
        match self.implementations().map(|(_, names)| names.get_ref()) {
            None | Some(file::Names::All) => true,
            Some(file::Names::These(names)) => names
                .iter()
                .any(|name| self.names.fit(name.get_ref(), target).is_some()),
        }
    }

    /// The conditions on the version of an implementation that the scenario makes, by itself or by sets.
    fn conditions(&self, like: &'a str) -> Vec<&VersionReq> {
        let named = self.selectors().into_iter().map(|(_, selector)| selector);
        let listed = match self.implementations().map(|(_, names)| names.get_ref()) {
            Some(file::Names::These(names)) => names.as_slice(),
            _ => &[],
        };
        let own = named
            .chain(listed)
            .filter(|selector| selector.get_ref().name == like)
            .filter_map(|selector| selector.get_ref().version.as_ref());
        let deviations = self.deviations().into_iter().filter(|(selector, ..)| {
            let name = &selector.get_ref().name;
            name == like || self.is_in_set(name, like)
        });
        let deviations = deviations.flat_map(|(_, deviation)| self.versions_of(deviation));
        own.chain(deviations)
            .chain(self.names.versions_in_sets(like))
            .collect()
    }

    /// All tables that say something of an expectation, each with its file.
    fn layers(&self) -> Vec<Layer<'a>> {
        let own = |expects| Layer {
            source: &self.part.source,
            expects,
        };
        let mut layers = vec![own(self.scenario.expects())];
        layers.extend(
            self.scenario
                .differs
                .0
                .iter()
                .map(|(_, d)| own(d.expects())),
        );
        for (_, deviates) in self.deviations() {
            let (written, named) = self.parts_of(deviates);
            layers.extend(written.map(|deviation| own(deviation.expects())));
            layers.extend(named.map(|(part, deviation)| Layer {
                source: &part.source,
                expects: deviation.expects(),
            }));
        }
        layers
    }

    /// All names of implementations and sets, each with its file. The list of implementations is not among them.
    pub(super) fn selectors(&self) -> Vec<(&'a Source, &'a Spanned<Selector>)> {
        let scenario = self.scenario;
        let own = [
            scenario.differs.selectors().collect::<Vec<_>>(),
            scenario.deviates.selectors().collect(),
            scenario.source.selectors().collect(),
        ];
        let clients = scenario.clients.iter().map(Spanned::get_ref);
        let ends = clients.filter_map(|client| client.exit.as_ref());
        let ends = ends.flat_map(|end| end.get_ref().selectors());
        let source: &Source = &self.part.source;
        let own = own.into_iter().flatten().chain(ends);
        let mut all: Vec<_> = own.map(|s| (source, s)).collect();
        for layer in self.layers() {
            all.extend(
                layer
                    .expects
                    .selectors()
                    .into_iter()
                    .map(|s| (layer.source, s)),
            );
        }
        all.retain(|(_, selector)| selector.get_ref().name != "default");
        all
    }

    /// Versions of an implementation, one for each that anything is said of, and the newest first.
    pub(super) fn versions(&self, like: &'a str) -> Vec<Version> {
        let conditions = self.conditions(like);
        let samples = conditions.iter().flat_map(|condition| condition.samples());
        let samples: BTreeSet<_> = samples.collect();
        [Version::NEWEST]
            .into_iter()
            .chain(samples.into_iter().rev())
            .collect()
    }

    /// The case as it is for the newest version that the scenario has. All versions are checked.
    fn newest(&self, implementation: &'a Implementation) -> Result<Option<Case>, SuiteError> {
        let mut newest = None;
        for version in self.versions(&implementation.like) {
            let case = self.case(implementation, &version)?;
            newest = newest.or(case);
        }
        Ok(newest)
    }

    /// The case with an implementation in a version, if the scenario has it.
    fn case(
        &self,
        implementation: &Implementation,
        version: &Version,
    ) -> Result<Option<Case>, SuiteError> {
        let target = Target {
            like: &implementation.like,
            version,
        };
        if !self.has(target) {
            return Ok(None);
        }
        let (scenario, defaults) = (self.scenario, &self.defaults);
        let layers = self.layers_for(target)?;
        let root = placeholder::root(self.root);
        let mut values = vec![
            ("scenario", scenario.name.get_ref().as_str()),
            ("implementation", &implementation.name),
            ("root", &root),
        ];
        let own = defaults.values.iter();
        values.extend(own.map(|(name, value)| (name.get_ref().as_str(), value.as_str())));
        let expand = |word: &str| placeholder::expand(word, &values);
        let own = plain(&scenario.env);
        let environment = implementation.environment.iter().chain(&own);
        let directory = scenario.directory.as_ref();
        let log = scenario
            .log_pattern
            .as_ref()
            .or(defaults.log_pattern.as_ref());
        let expectation = self.expectation(&layers, target)?;
        let deviations = self.known_deviations(&layers, target)?;
        let wanted: Vec<_> = [&expectation]
            .into_iter()
            .chain(deviations.iter().map(|known| &known.expectation))
            .flat_map(events_of)
            .collect();
        let is_port =
            |name: &EventName| matches!(name, EventName::Listens | EventName::StopsListening);
        let hangs = |expected: &Expectation| expected.end == Some(ExpectedEnd::Hang);
        let may_hang = hangs(&expectation) || deviations.iter().any(|d| hangs(&d.expectation));
        Ok(Some(Case {
            scenario: scenario.name.get_ref().clone(),
            about: scenario.about.clone(),
            place: self.place.clone(),
            implementation: implementation.name.clone(),
            like: implementation.like.clone(),
            ports: wanted.iter().any(is_port),
            files: files_of(&wanted),
            logs: scenario
                .logs
                .iter()
                .map(|path| expand(path.get_ref()))
                .collect(),
            ready: self.ready()?,
            expectation,
            usual_lines: self.usual_lines()?,
            deviations,
            sources: self.sources(target)?,
            repeat: scenario.repeat.unwrap_or(NonZeroU32::MIN),
            exclusive: scenario.exclusive,
            bounds: self.bounds(may_hang),
            clock: match scenario.clock.or(defaults.clock) {
                Some(file::Clock::Virtual) => Clock::Virtual,
                _ => Clock::Monotonic,
            },
            streams: scenario.streams.or(defaults.streams).unwrap_or_default(),
            framing: scenario.framing.or(defaults.framing).unwrap_or_default(),
            log: log.cloned().unwrap_or_default(),
            directory: directory
                .map_or_else(|| self.root.into(), |d| self.root.join(expand(d.get_ref()))),
            stdin: scenario.stdin.as_ref().map(|text| expand(text.get_ref())),
            environment: environment
                .map(|(name, value)| (name.clone(), expand(value)))
                .collect::<BTreeMap<_, _>>(),
            ignored_signals: scenario.ignore_signals.clone(),
            actions: self.actions(&values)?,
            stdin_open: scenario.stdin_open,
            locate: implementation.locate.clone(),
            probe: implementation.probe.clone(),
            start: implementation.start.of(
                &values,
                scenario.args.iter().map(|arg| expand(arg.get_ref())),
            ),
        }))
    }

    /// What is said of a target, from the closest to the scenario itself.
    pub(super) fn layers_for(&self, target: Target<'_>) -> Result<Vec<Layer<'a>>, SuiteError> {
        let source: &Source = &self.part.source;
        let own = self.names.all(source, &self.scenario.differs, target)?;
        let own = own.into_iter().map(|(_, difference)| difference.expects());
        let all = own.chain([self.scenario.expects()]);
        Ok(all.map(|expects| Layer { source, expects }).collect())
    }

    pub(super) fn expectation(
        &self,
        layers: &[Layer<'a>],
        target: Target<'_>,
    ) -> Result<crate::expect::Expectation, SuiteError> {
        let exit_after = self
            .scenario
            .exit_after
            .as_ref()
            .or(self.defaults.exit_after.as_ref());
        let slack = self.scenario.slack.or(self.defaults.slack);
        Layers {
            names: self.names,
            layers,
            target,
            exit_after: exit_after.map(|mark| self.events.mark(mark.get_ref())),
            slack: slack.map(|span| span.0),
            streams: self.streams(),
            events: &self.events,
            requests: &self.scenario.requests,
            clients: &self.scenario.clients,
        }
        .expectation()
    }

    /// The lines that are wanted of the first implementation of the suite that the scenario has.
    fn usual_lines(&self) -> Result<Vec<Pattern>, SuiteError> {
        let version = &Version::NEWEST;
        let mut all = self.names.in_order();
        let Some(like) = all.find(|like| self.has(Target { like, version })) else {
            return Ok(Vec::new());
        };
        let target = Target { like, version };
        let layers = self.layers_for(target)?;
        Ok(wanted_lines(&self.expectation(&layers, target)?))
    }

    /// The sources that the suite names for a target: the scenario's own, then those of the sets that it speaks of.
    fn sources(&self, target: Target<'_>) -> Result<Vec<String>, SuiteError> {
        let source = &self.part.source;
        let from = |table: &ByName<OneOrMore<String>>| -> Result<Vec<String>, SuiteError> {
            let lists = self.names.all(source, table, target)?;
            Ok(lists
                .into_iter()
                .flat_map(|(_, list)| list.0.clone())
                .collect())
        };
        let mut all = from(&self.scenario.source)?;
        for (_, difference) in self.names.all(source, &self.scenario.differs, target)? {
            all.extend(difference.source.iter().flat_map(|list| list.0.clone()));
        }
        let spoken_of: BTreeSet<_> = self
            .selectors()
            .into_iter()
            .map(|(_, s)| &s.get_ref().name)
            .collect();
        for name in spoken_of {
            if let Some(set) = self.names.set(name, target) {
                all.extend(from(&set.source)?);
            }
        }
        let mut seen = BTreeSet::new();
        all.retain(|source| seen.insert(source.clone()));
        Ok(all)
    }
}
