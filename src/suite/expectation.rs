//! What is expected of a case, from all tables that say something of it.

mod end;

use std::time::Duration;

use toml::Spanned;

use super::error::{Source, SuiteError};
use super::events::Events;
use super::file::{Allowance, ClientSpec, End, Exit, Expects, Threads};
use super::known_streams::KnownStreams;
use super::lines::{Line, MarkSpec, Step as StepSpec, StepKind};
use super::names::{Fit, Names, Target};
use super::requests::RequestSpec;
use super::selector::{Condition, Selector};
use super::values::{PerImplementation, Span};
use crate::expect::{
    Count, Expectation, ExpectedClient, ExpectedEnd, ExpectedFile, ExpectedRequest, LogExpectation,
    Mark, OtherLines, Pattern, Step, Survivors, ThreadEnds,
};
use crate::record::{EventName, Exit as Ended};

/// A table that says something of an expectation, and the file that it is in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layer<'f> {
    pub(super) source: &'f Source,
    pub(super) expects: Expects<'f>,
}

/// All tables that say something of a target's expectation. What one does not say, the next does.
pub(super) struct Layers<'a, 'f> {
    pub(super) names: &'a Names<'f>,
    /// From the closest to the scenario itself.
    pub(super) layers: &'a [Layer<'f>],
    pub(super) target: Target<'a>,
    pub(super) exit_after: Option<Mark>,
    pub(super) slack: Option<Duration>,
    pub(super) streams: KnownStreams,
    pub(super) events: &'a Events,
    pub(super) requests: &'a [Spanned<RequestSpec>],
    pub(super) clients: &'a [Spanned<ClientSpec>],
}

impl<'f> Expects<'f> {
    /// All names of implementations and sets in it.
    pub(super) fn selectors(&self) -> Vec<&'f Spanned<Selector>> {
        let lines = [self.present, self.absent].into_iter().flatten().flatten();
        let counts = self.count.into_iter().flatten();
        let steps = self.log.into_iter().flatten();
        let inner = steps.clone().flat_map(StepSpec::inner);
        let conditions = lines
            .chain(inner)
            .map(|line| &line.condition)
            .chain(counts.map(|count| &count.condition))
            .chain(steps.map(|step| &step.condition))
            .flat_map(Condition::selectors);
        let delays = self.delays.into_iter().flatten().map(Spanned::get_ref);
        let delays = delays.flat_map(|delay| {
            let bounds = [&delay.about, &delay.within, &delay.at_least]
                .into_iter()
                .flatten();
            let named = bounds.flat_map(|bound| bound.get_ref().selectors());
            let conditions = [&delay.r#if, &delay.unless].into_iter().flatten();
            named.chain(conditions.flat_map(|list| &list.0))
        });
        let exit = self.exit.map(Spanned::get_ref);
        conditions
            .chain(delays)
            .chain(exit.into_iter().flat_map(Exit::selectors))
            .collect()
    }
}

impl StepSpec {
    /// The lines in it that have conditions of their own.
    fn inner(&self) -> impl Iterator<Item = &Line> {
        let groups = match &self.kind {
            StepKind::AnyOrder(groups) => groups.as_slice(),
            _ => &[],
        };
        groups.iter().flat_map(|group| &group.0)
    }
}

impl Exit {
    fn selectors(&self) -> Vec<&Spanned<Selector>> {
        let Self::Table(table) = self else {
            return Vec::new();
        };
        let code = table
            .code
            .iter()
            .flat_map(|value| value.get_ref().selectors());
        let signal = table
            .signal
            .iter()
            .flat_map(|value| value.get_ref().selectors());
        let bounds = [&table.delay, &table.within, &table.at_least]
            .into_iter()
            .flatten();
        let bounds = bounds.flat_map(|value| value.get_ref().selectors());
        code.chain(signal).chain(bounds).collect()
    }
}

fn threads(ends: Threads) -> ThreadEnds {
    let Threads {
        returned,
        exited,
        killed,
        signalled,
    } = ends;
    let mut threads = ThreadEnds::new();
    threads.returned = returned.map(Into::into);
    threads.exited = exited.map(Into::into);
    threads.killed = killed.map(Into::into);
    threads.signalled = signalled.map(Into::into);
    threads
}

impl<'f> Layers<'_, 'f> {
    pub(super) fn expectation(&self) -> Result<Expectation, SuiteError> {
        let (end, mut delays) = match self.first(|expects| expects.exit) {
            Some((source, exit)) => self.exit(source, exit)?,
            // No `exit` key means exit code 0.
            None => (ExpectedEnd::code(0), Vec::new()),
        };
        delays.extend(self.delays()?);
        Ok(Expectation {
            log: self.log()?,
            present: self.lines(|expects| expects.present)?,
            absent: self.lines(|expects| expects.absent)?,
            counts: self.counts()?,
            end: Some(end),
            delays,
            threads: self
                .first(|expects| expects.threads)
                .map(|(_, ends)| threads(ends)),
            order: self.order()?,
            requests: self.requests()?,
            clients: self.clients()?,
            files: self.files(),
            survivors: match self.first(|expects| expects.survivors) {
                Some((_, Allowance::Allowed)) => Survivors::Allowed,
                _ => Survivors::Forbidden,
            },
        })
    }

    /// What the closest layer says that says it.
    fn first<T>(&self, get: impl Fn(&Expects<'f>) -> Option<T>) -> Option<(&'f Source, T)> {
        let mut all = self.layers.iter();
        all.find_map(|layer| Some((layer.source, get(&layer.expects)?)))
    }

    fn log(&self) -> Result<Option<LogExpectation>, SuiteError> {
        let Some((source, log)) = self.first(|expects| expects.log) else {
            return Ok(None);
        };
        let others = match self.first(|expects| expects.other_lines) {
            Some((_, Allowance::Allowed)) => OtherLines::Allowed,
            _ => OtherLines::Forbidden,
        };
        let wanted = log.iter().filter(|step| self.allows(&step.condition));
        let steps = wanted.map(|step| self.step(source, step));
        let steps: Vec<_> = steps
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        Ok(Some(LogExpectation { steps, others }))
    }

    /// The step for this target. `None` if nothing of it is left.
    fn step(&self, source: &Source, step: &StepSpec) -> Result<Option<Step>, SuiteError> {
        Ok(Some(match &step.kind {
            StepKind::Then(pattern) => Step::Then(self.streams.pattern(source, pattern)?),
            StepKind::Next(pattern) => Step::Next(self.streams.pattern(source, pattern)?),
            StepKind::Not(pattern) => Step::Not(self.streams.pattern(source, pattern)?),
            StepKind::AnyOrder(groups) => {
                let groups = groups.iter().map(|group| self.wanted(source, &group.0));
                let mut groups = groups.collect::<Result<Vec<_>, _>>()?;
                groups.retain(|group| !group.is_empty());
                match groups.is_empty() {
                    true => return Ok(None),
                    false => Step::AnyOrder(groups),
                }
            }
        }))
    }

    fn lines(
        &self,
        get: impl Fn(&Expects<'f>) -> Option<&'f [Line]>,
    ) -> Result<Vec<Pattern>, SuiteError> {
        match self.first(get) {
            Some((source, lines)) => self.wanted(source, lines),
            None => Ok(Vec::new()),
        }
    }

    /// Those of the lines that the target has.
    fn wanted(&self, source: &Source, lines: &[Line]) -> Result<Vec<Pattern>, SuiteError> {
        lines
            .iter()
            .filter(|line| self.allows(&line.condition))
            .map(|line| self.streams.pattern(source, &line.pattern))
            .collect()
    }

    fn counts(&self) -> Result<Vec<Count>, SuiteError> {
        let Some((source, counts)) = self.first(|expects| expects.count) else {
            return Ok(Vec::new());
        };
        let counts = counts.iter().filter(|count| self.allows(&count.condition));
        counts
            .map(|count| {
                Ok(Count::new(
                    self.streams.pattern(source, &count.pattern)?,
                    count.times,
                ))
            })
            .collect()
    }

    fn allows(&self, condition: &Condition) -> bool {
        self.names.allows(condition, self.target)
    }

    /// What has become of files.
    fn files(&self) -> Vec<ExpectedFile> {
        let said = self.first(|expects| expects.files);
        let files = said.into_iter().flat_map(|(_, files)| files);
        files
            .map(|(path, end)| ExpectedFile::new(path, *end))
            .collect()
    }

    /// What is expected of the programs beside the subject.
    fn clients(&self) -> Result<Vec<ExpectedClient>, SuiteError> {
        let clients = self.clients.iter().map(Spanned::get_ref);
        let expected = clients.map(|spec| {
            Ok(ExpectedClient {
                name: spec.name.get_ref().clone(),
                expectation: spec.expectation(self.client_end(spec)?),
            })
        });
        expected.collect()
    }

    /// How a program beside the subject ends, where it is said.
    fn client_end(&self, spec: &ClientSpec) -> Result<Option<End>, SuiteError> {
        // The scenario itself is the last layer, and clients are its own.
        let (Some(layer), Some(exit)) = (self.layers.last(), &spec.exit) else {
            return Ok(None);
        };
        match self.maybe(layer.source, Some(exit))? {
            Some((_, end)) => Ok(Some(*end)),
            None => Err(self.missing(layer.source, "end of the client", exit.span())),
        }
    }

    /// What becomes of the requests.
    fn requests(&self) -> Result<Vec<ExpectedRequest>, SuiteError> {
        let said = self.first(|expects| expects.answers);
        let names = || {
            self.requests
                .iter()
                .map(|spec| spec.get_ref().name.get_ref())
        };
        if let Some((source, answers)) = said
            && let Some(unknown) = answers
                .keys()
                .find(|key| !names().any(|name| name == key.get_ref()))
        {
            let known: Vec<_> = names().map(|name| format!("`{name}`")).collect();
            let message = format!("the scenario has no request `{}`", unknown.get_ref());
            return Err(SuiteError::new(source, message)
                .at(unknown.span(), format!("there are {}", known.join(", "))));
        }
        let end = |spec: &Spanned<RequestSpec>| {
            let name = spec.get_ref().name.get_ref();
            let own = said.and_then(|(_, answers)| answers.get(name.as_str()));
            let end = own
                .map(|own| own.0)
                .or_else(|| spec.get_ref().usual_end())?;
            Some(ExpectedRequest::new(name, end))
        };
        Ok(self.requests.iter().filter_map(end).collect())
    }

    /// The marks that come one after the other.
    fn order(&self) -> Result<Vec<Mark>, SuiteError> {
        let Some((source, marks)) = self.first(|expects| expects.order) else {
            return Ok(Vec::new());
        };
        let mark = |spec: &Spanned<MarkSpec>| self.mark(source, spec, Mark::Start);
        marks.iter().map(mark).collect()
    }

    /// The value for the target, which must be there if there is a table at all.
    fn of(
        &self,
        source: &Source,
        what: &str,
        value: Option<&Spanned<PerImplementation<Span>>>,
    ) -> Result<Option<Duration>, SuiteError> {
        match (self.maybe(source, value)?, value) {
            (Some((_, span)), _) => Ok(Some(span.0)),
            (None, None) => Ok(None),
            (None, Some(table)) => Err(self.missing(source, what, table.span())),
        }
    }

    /// The value for the target, if there is one.
    fn maybe<'v, T>(
        &self,
        source: &Source,
        value: Option<&'v Spanned<PerImplementation<T>>>,
    ) -> Result<Option<(Option<Fit>, &'v T)>, SuiteError> {
        match value {
            None => Ok(None),
            Some(value) => self.names.pick(source, value.get_ref(), self.target),
        }
    }

    fn missing(&self, source: &Source, what: &str, span: std::ops::Range<usize>) -> SuiteError {
        let like = self.target.like;
        SuiteError::new(source, format!("no {what} for implementation `{like}`"))
            .at(span, "it is not in here")
            .help(format!("add `{like} = …`, or `default = …` for all others"))
    }
}

/// The error of a name that stands for no event of the scenario.
pub(super) fn no_event(
    source: &Source,
    name: &EventName,
    events: &Events,
    span: std::ops::Range<usize>,
) -> SuiteError {
    SuiteError::new(source, format!("the scenario has no event `{name}`"))
        .at(span, format!("there are {}", events.list()))
        .help("add what makes the event: an action, a request, or `ready`")
}

impl From<End> for Ended {
    fn from(end: End) -> Self {
        match end {
            End::Code(code) => Self::Code(code),
            End::Signal(signal) => Self::Signal(signal),
        }
    }
}

/// The lines that an expectation wants to be there.
pub(super) fn wanted_lines(expectation: &Expectation) -> Vec<Pattern> {
    let steps = expectation.log.iter().flat_map(|log| &log.steps);
    steps
        .flat_map(Step::wanted)
        .chain(&expectation.present)
        .cloned()
        .collect()
}

/// The events besides lines that an expectation names, and its files.
pub(super) fn events_of(expectation: &Expectation) -> Vec<EventName> {
    let ends = expectation
        .delays
        .iter()
        .flat_map(|delay| [&delay.from, &delay.to]);
    let marks = ends.chain(&expectation.order);
    let named = marks.filter_map(|mark| match mark {
        Mark::Event(name, _) => Some(name.clone()),
        _ => None,
    });
    let files = expectation.files.iter();
    let files = files.map(|file| EventName::File(file.path.clone()));
    named.chain(files).collect()
}

/// The files among events.
pub(super) fn files_of(events: &[EventName]) -> Vec<String> {
    let files = events.iter().filter_map(|name| match name {
        EventName::File(path) => Some(path.clone()),
        _ => None,
    });
    let files: std::collections::BTreeSet<_> = files.collect();
    files.into_iter().collect()
}
