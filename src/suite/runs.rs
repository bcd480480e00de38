//! What a scenario says of its runs: how long they may take, and what is done meanwhile.

use std::num::NonZeroU32;
use std::time::Duration;

use toml::Spanned;

use super::error::SuiteError;
use super::file;
use super::resolve::Reader;
use crate::expect::{Mark, Occurrence, Pattern};
use crate::stage::{Action, Bounds};

/// How long a subject may run, unless the suite says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Reader<'_> {
    /// A subject that is expected to be there still at its time limit is not asked why.
    pub(super) fn bounds(&self, may_hang: bool) -> Bounds {
        let (scenario, defaults) = (self.scenario, &self.defaults);
        let standard = Bounds::default();
        let timeout = scenario.timeout.or(defaults.timeout);
        let grace = scenario.grace.or(defaults.grace);
        let settle = scenario.settle.or(defaults.settle);
        Bounds {
            timeout: Some(timeout.map_or(TIMEOUT, |limit| limit.0)),
            grace: grace.map_or(standard.grace, |span| span.0),
            settle: settle.map_or(standard.settle, |span| span.0),
            at_timeout: scenario.at_timeout,
            ask: !may_hang,
        }
    }

    pub(super) fn actions(&self) -> Result<Vec<Action>, SuiteError> {
        let action = |action: &file::Action| {
            let on = match &action.on {
                Some(on) => self.trigger(on)?,
                None => None,
            };
            let mut planned = Action::signal(action.send);
            if let Some((pattern, n)) = on {
                planned = planned.on_nth(n, pattern);
            }
            if let Some(after) = action.after {
                planned = planned.after(after.0);
            }
            if action.when == Some(file::When::Blocked) {
                planned = planned.when_blocked();
            }
            Ok(match action.group {
                true => planned.to_group(),
                false => planned,
            })
        };
        self.scenario.signals.iter().map(action).collect()
    }

    /// The line that a signal waits for, and the how manieth; none for the start. What only the end shows cannot be one.
    pub(super) fn trigger(
        &self,
        on: &Spanned<super::lines::MarkSpec>,
    ) -> Result<Option<(Pattern, NonZeroU32)>, SuiteError> {
        let wrong = |label: &str| {
            Err(self
                .error("a signal cannot wait for this")
                .at(on.span(), label)
                .help("name a line, or `\"start\"`"))
        };
        match &on.get_ref().0 {
            Mark::Start => Ok(None),
            Mark::Line(_, Occurrence::Last) => {
                wrong("that a line was the last is known only after the exit")
            }
            Mark::Line(pattern, Occurrence::First) => Ok(Some((pattern.clone(), NonZeroU32::MIN))),
            Mark::Line(pattern, Occurrence::Nth(n)) => Ok(Some((pattern.clone(), *n))),
            Mark::Exit => wrong("after the exit there is nothing to send a signal to"),
            Mark::Signal(..) => wrong("another signal"),
        }
    }

    /// The signals that a mark can name.
    pub(super) fn sent(&self) -> Vec<crate::Signal> {
        let sent = self.scenario.signals.iter().map(|action| action.send);
        sent.chain(self.scenario.at_timeout).collect()
    }
}
