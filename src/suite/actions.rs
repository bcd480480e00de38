//! What a scenario has done to its subject, and when.

use std::num::NonZeroU32;

use toml::Spanned;

use super::error::SuiteError;
use super::expectation::no_event;
use super::file::{self, Closes, Deed, Ends};
use super::lines::MarkSpec;
use super::placeholder;
use super::requests::RequestSpec;
use super::resolve::Reader;
use crate::expect::{Mark, Occurrence};
use crate::record::{EventName, Stream};
use crate::stage::{Act, Action, Trigger};

impl Reader<'_> {
    /// All actions, those of `signals` first. Placeholders get their values.
    pub(super) fn actions(&self, values: &[(&str, &str)]) -> Result<Vec<Action>, SuiteError> {
        let signal = |action: &file::Action| {
            let planned = Action::signal(self.events.signal(action.send));
            let planned = self.when(planned, &action.on, action.after, action.when)?;
            Ok(match action.group {
                true => planned.to_group(),
                false => planned,
            })
        };
        let signals = self.scenario.signals.iter().map(signal);
        let deeds = self.scenario.actions.iter();
        let deeds = deeds.map(|deed| self.deed(deed, |text| placeholder::expand(text, values)));
        let requests = self.scenario.requests.iter().map(|spec| self.request(spec));
        let clients = self.scenario.clients.iter();
        let clients =
            clients.map(|spec| self.client(spec, |text| placeholder::expand(text, values)));
        signals
            .chain(deeds)
            .chain(requests)
            .chain(clients)
            .collect()
    }

    fn request(&self, spec: &Spanned<RequestSpec>) -> Result<Action, SuiteError> {
        let own = spec.get_ref();
        let wrong = |why: String| {
            self.error(format!("request `{}` cannot be sent", own.name.get_ref()))
                .at(spec.span(), why)
        };
        let request = own.request().map_err(wrong)?;
        self.when(Action::request(request), &own.on, own.after, own.when)
    }

    /// Requests have names of their own, and can be sent.
    pub(super) fn check_requests(&self) -> Result<(), SuiteError> {
        let mut seen = std::collections::BTreeSet::new();
        for spec in &self.scenario.requests {
            let name = &spec.get_ref().name;
            if !seen.insert(name.get_ref()) {
                let message = format!("two requests are named `{}`", name.get_ref());
                return Err(self.error(message).at(name.span(), "choose another name"));
            }
            let _sound = self.request(spec)?;
        }
        Ok(())
    }

    /// The actions besides signals, with their placeholders.
    pub(super) fn deeds(&self) -> Result<Vec<Action>, SuiteError> {
        let deeds = self.scenario.actions.iter();
        deeds.map(|deed| self.deed(deed, str::to_owned)).collect()
    }

    fn deed(
        &self,
        deed: &Spanned<Deed>,
        expand: impl Fn(&str) -> String,
    ) -> Result<Action, SuiteError> {
        let Deed {
            write,
            close,
            end,
            on,
            after,
            when,
        } = deed.get_ref();
        let write = write.as_ref().map(|text| expand(text.get_ref()));
        let acts = [
            write.map(|text| Act::Write(text.as_str().into())),
            close.map(|closes| match closes {
                Closes::Stdin => Act::CloseStdin,
                Closes::Stdout => Act::CloseOutput(Stream::Stdout),
                Closes::Stderr => Act::CloseOutput(Stream::Stderr),
            }),
            end.map(|Ends::Parent| Act::EndParent),
        ];
        let mut acts = acts.into_iter().flatten();
        let (Some(act), None) = (acts.next(), acts.next()) else {
            return Err(self
                .error("an action does one thing")
                .at(deed.span(), "one of `write`, `close` and `end`"));
        };
        self.when(Action::new(act), on, *after, *when)
    }

    pub(super) fn when(
        &self,
        mut action: Action,
        on: &Option<Spanned<MarkSpec>>,
        after: Option<super::values::Span>,
        when: Option<file::When>,
    ) -> Result<Action, SuiteError> {
        if let Some(on) = on {
            action = action.on(self.trigger(on)?);
        }
        if let Some(after) = after {
            action = action.after(after.0);
        }
        Ok(match when {
            Some(file::When::Blocked) => action.when_blocked(),
            None => action,
        })
    }

    /// What an action waits for. What only the end shows cannot be it.
    pub(super) fn trigger(&self, on: &Spanned<MarkSpec>) -> Result<Trigger, SuiteError> {
        let wrong = |label: &str| {
            Err(self
                .error("an action cannot wait for this")
                .at(on.span(), label)
                .help("name a line, an event, or `\"start\"`"))
        };
        let nth = |occurrence: Occurrence| match occurrence {
            Occurrence::First => Some(NonZeroU32::MIN),
            Occurrence::Nth(n) => Some(n),
            Occurrence::Last => None,
        };
        let (trigger, occurrence) = match self.events.mark(on.get_ref()) {
            Mark::Start => return Ok(Trigger::Start),
            Mark::Exit => return wrong("after the exit there is nothing to act on"),
            Mark::Line(pattern, occurrence) => {
                if let Some(stream) = pattern.stream {
                    self.streams().check(&self.part.source, stream, on.span())?;
                }
                (Trigger::from(pattern), occurrence)
            }
            Mark::Signal(signal, occurrence) => {
                (Trigger::from(EventName::Signal(signal)), occurrence)
            }
            Mark::Event(name, occurrence) => (Trigger::from(name), occurrence),
        };
        if let Trigger::Event(name, _) = &trigger
            && !self.events.has(name)
        {
            return Err(no_event(&self.part.source, name, &self.events, on.span()));
        }
        match nth(occurrence) {
            Some(n) => Ok(trigger.nth(n)),
            None => wrong("that it was the last is known only after the exit"),
        }
    }
}
