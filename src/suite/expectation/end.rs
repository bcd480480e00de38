//! How a subject is to end, and how long things may take.

use toml::Spanned;

use super::{Layers, no_event};
use crate::expect::{Bound, DEFAULT_SLACK, Delay, ExpectedEnd, Mark, Pattern};
use crate::suite::error::{Source, SuiteError};
use crate::suite::file::{Delay as DelayTable, Exit, ExitTable};
use crate::suite::lines::MarkSpec;
use crate::suite::selector::Condition;
use crate::suite::values::{PerImplementation, Span};

impl<'f> Layers<'_, 'f> {
    pub(super) fn exit(
        &self,
        source: &Source,
        exit: &Spanned<Exit>,
    ) -> Result<(ExpectedEnd, Vec<Delay>), SuiteError> {
        let wrong = |message: &str| SuiteError::new(source, message);
        let table = match exit.get_ref() {
            Exit::Table(table) => table,
            Exit::Succeeds(delay) => {
                let from = self.exit_after.clone().ok_or_else(|| {
                    wrong("how long after what?")
                        .at(exit.span(), "there is no `exit-after`")
                        .help("write `exit-after = \"a line\"` in the scenario or in `[suite]`, or `exit = { after = \"a line\", delay = \"2s\" }`")
                })?;
                let delay = self.delay(from, Mark::Exit, Bound::About(delay.0), None);
                return Ok((ExpectedEnd::code(0), vec![delay]));
            }
        };
        let end = self.end(source, exit.span(), table)?;
        let bounds = self.bounds(
            source,
            [&table.delay, &table.within, &table.at_least],
            "delay",
        )?;
        if end == ExpectedEnd::Hang && (table.after.is_some() || !bounds.is_empty()) {
            return Err(
                wrong("a subject that hangs has no exit that comes after something")
                    .at(exit.span(), "either `hang`, or a delay"),
            );
        }
        let after = match &table.after {
            None => self.exit_after.clone(),
            Some(after) if bounds.is_empty() => {
                return Err(wrong("`after` needs a `delay`")
                    .at(after.span(), "how long after this?")
                    .help("add `delay = \"2s\"`, or `delay = \"0s\"` for at once; `within` and `at-least` are bounds on one side"));
            }
            Some(after) => Some(self.mark(source, after, Mark::Exit)?),
        };
        let from = after.unwrap_or(Mark::Start);
        let delays = bounds.into_iter();
        let delays = delays.map(|bound| self.delay(from.clone(), Mark::Exit, bound, table.slack));
        Ok((end, delays.collect()))
    }

    fn end(
        &self,
        source: &Source,
        span: std::ops::Range<usize>,
        table: &ExitTable,
    ) -> Result<ExpectedEnd, SuiteError> {
        let mut code = self.maybe(source, table.code.as_ref())?;
        let mut signal = self.maybe(source, table.signal.as_ref())?;
        // What is said of the target by name counts more than what is said of all others.
        if let (Some((code_fit, _)), Some((signal_fit, _))) = (code, signal) {
            code = code.filter(|_| code_fit >= signal_fit);
            signal = signal.filter(|_| signal_fit >= code_fit);
        }
        let wrong = |message: String| SuiteError::new(source, message);
        let several = match &table.one_of {
            Some(ends) if ends.get_ref().len() < 2 => {
                return Err(wrong("`one-of` needs two ends at least".into())
                    .at(ends.span(), "codes and signals, such as `[0, \"SIGTERM\"]`"));
            }
            ends => ends.as_ref(),
        };
        let ways = [
            code.is_some(),
            signal.is_some(),
            table.hang,
            several.is_some(),
        ];
        match (code, signal, several) {
            _ if ways.iter().filter(|way| **way).count() > 1 => {
                Err(wrong("a subject ends in one way only".into())
                    .at(span, "one of `code`, `signal`, `hang` and `one-of`"))
            }
            (Some((_, code)), ..) => Ok(ExpectedEnd::code(code.0)),
            (_, Some((_, signal)), _) => Ok(ExpectedEnd::signal(*signal)),
            (.., Some(ends)) => Ok(ExpectedEnd::OneOf(
                ends.get_ref().iter().map(|end| (*end).into()).collect(),
            )),
            _ if table.hang => Ok(ExpectedEnd::Hang),
            // Said of others only.
            _ => match (&table.code, &table.signal) {
                (Some(_), Some(_)) => {
                    let like = self.target.like;
                    Err(wrong(format!(
                        "neither an exit code nor a signal for implementation `{like}`"
                    ))
                    .at(span, "it is in neither table")
                    .help(format!(
                        "add `{like} = …` to `code` or to `signal`, or `default = …` to `code`"
                    )))
                }
                (Some(code), None) => Err(self.missing(source, "exit code", code.span())),
                (None, Some(signal)) => Err(self.missing(source, "signal", signal.span())),
                (None, None) => Ok(ExpectedEnd::code(0)),
            },
        }
    }

    pub(super) fn delays(&self) -> Result<Vec<Delay>, SuiteError> {
        let Some((source, tables)) = self.first(|expects| expects.delays) else {
            return Ok(Vec::new());
        };
        let mut delays = Vec::new();
        for table in tables {
            let condition = Condition {
                only: table.get_ref().r#if.clone(),
                unless: table.get_ref().unless.clone(),
            };
            if self.allows(&condition) {
                delays.extend(self.line_delays(source, table)?);
            }
        }
        Ok(delays)
    }

    fn line_delays(
        &self,
        source: &Source,
        table: &Spanned<DelayTable>,
    ) -> Result<Vec<Delay>, SuiteError> {
        let (span, table) = (table.span(), table.get_ref());
        let wrong = |span: std::ops::Range<usize>, label: &str| {
            Err(SuiteError::new(source, "this delay can never be measured").at(span, label))
        };
        if matches!(table.from.get_ref().mark, Mark::Exit) {
            return wrong(table.from.span(), "nothing comes after the exit");
        }
        if matches!(table.to.get_ref().mark, Mark::Start) {
            return wrong(table.to.span(), "nothing comes before the start");
        }
        let bounds = self.bounds(
            source,
            [&table.about, &table.within, &table.at_least],
            "about",
        )?;
        if bounds.is_empty() {
            return Err(SuiteError::new(source, "how long is the delay?")
                .at(span, "one of `about`, `within` and `at-least` is missing"));
        }
        let from = self.mark(source, &table.from, Mark::Start)?;
        let to = self.mark(source, &table.to, Mark::Start)?;
        let bounds = bounds.into_iter();
        Ok(bounds
            .map(|bound| self.delay(from.clone(), to.clone(), bound, table.slack))
            .collect())
    }

    /// The bounds of a delay: about so long, or at most and at least.
    fn bounds(
        &self,
        source: &Source,
        [about, within, at_least]: [&Option<Spanned<PerImplementation<Span>>>; 3],
        name: &str,
    ) -> Result<Vec<Bound>, SuiteError> {
        if let (Some(about), true) = (about, within.is_some() || at_least.is_some()) {
            return Err(
                SuiteError::new(source, format!("`{name}` beside `within` or `at-least`"))
                    .at(about.span(), "it bounds the time on both sides already"),
            );
        }
        let about = self.of(source, "delay", about.as_ref())?.map(Bound::About);
        let within = self
            .of(source, "limit", within.as_ref())?
            .map(Bound::Within);
        let at_least = self
            .of(source, "limit", at_least.as_ref())?
            .map(Bound::AtLeast);
        Ok([about, within, at_least].into_iter().flatten().collect())
    }

    fn delay(&self, from: Mark, to: Mark, bound: Bound, slack: Option<Span>) -> Delay {
        let slack = slack.map(|span| span.0).or(self.slack);
        Delay {
            from,
            to,
            bound,
            slack: slack.unwrap_or(DEFAULT_SLACK),
        }
    }

    /// A mark that can be found in the run, and is not this one.
    pub(super) fn mark(
        &self,
        source: &Source,
        mark: &Spanned<MarkSpec>,
        not: Mark,
    ) -> Result<Mark, SuiteError> {
        let found = self.events.mark(mark.get_ref());
        match &found {
            Mark::Exit if not == Mark::Exit => {
                Err(SuiteError::new(source, "the exit cannot come after itself")
                    .at(mark.span(), "a mark before the exit")
                    .help("a line whose text is `exit` is written `{ line = \"exit\" }`"))
            }
            Mark::Event(name, _) if !self.events.has(name) => Err(no_event(source, name, self.events, mark.span())),
            Mark::Signal(signal, _) if !self.events.signals.contains(signal) => {
                Err(SuiteError::new(source, format!("the subject is never sent {signal}"))
                    .at(mark.span(), "not among the `signals` of the scenario")
                    .help(format!(
                        "add `signals = [{{ send = \"{signal}\" }}]`; a line whose text is `{signal}` is written `{{ line = \"{signal}\" }}`"
                    )))
            }
            Mark::Line(Pattern { stream: Some(stream), .. }, _) => {
                self.streams.check(source, *stream, mark.span())?;
                Ok(found)
            }
            _ => Ok(found),
        }
    }
}
