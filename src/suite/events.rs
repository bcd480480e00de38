//! The events of a scenario that have names, and which of its texts mean one.

use toml::Spanned;

use super::file::{Closes, Scenario};
use super::lines::MarkSpec;
use super::ready::Ready;
use super::signals::SignalSpec;
use crate::expect::{Mark, Occurrence};
use crate::record::{EventName, Signal, Stream};
use crate::stage::Readiness;

/// The events that a scenario can have.
#[derive(Debug, Clone)]
pub(super) struct Events {
    /// The signals that the subject is sent.
    pub(super) signals: Vec<Signal>,
    /// What the implementation is stopped by, and whether that is how the scenario sends it.
    stop: Signal,
    sends_stop: bool,
    named: Vec<EventName>,
}

impl Events {
    /// Those that it has with an implementation that is stopped by `stop`.
    pub(super) fn of(scenario: &Scenario, stop: Signal) -> Self {
        let sends = || scenario.signals.iter().map(|action| action.send);
        let sent = sends().map(|signal| signal.of(stop));
        let signals = sent.chain(scenario.at_timeout).collect();
        let mut named = vec![EventName::Listens, EventName::StopsListening];
        for deed in scenario.actions.iter().map(Spanned::get_ref) {
            if deed.write.is_some() {
                named.push(EventName::StdinWritten);
            }
            if deed.end.is_some() {
                named.push(EventName::ParentEnds);
            }
            named.extend(deed.close.map(|closes| match closes {
                Closes::Stdin => EventName::StdinClosed,
                Closes::Stdout => EventName::OutputClosed(Stream::Stdout),
                Closes::Stderr => EventName::OutputClosed(Stream::Stderr),
            }));
        }
        for client in &scenario.clients {
            let name = || client.get_ref().name.get_ref().clone();
            named.extend([
                EventName::ClientStarts(name()),
                EventName::ClientEnds(name()),
            ]);
        }
        for request in &scenario.requests {
            let name = || request.get_ref().name.get_ref().clone();
            named.extend([
                EventName::Sent(name()),
                EventName::Answered(name()),
                EventName::CutOff(name()),
                EventName::Refused(name()),
                EventName::ConnectionClosed(name()),
            ]);
        }
        if let Some(ready) = &scenario.ready {
            named.push(EventName::Ready);
            if let Ready::Other(Readiness::Notify) = ready.get_ref() {
                named.extend([EventName::Stopping, EventName::ExtendsTimeout]);
            }
        }
        let sends_stop = sends().any(|signal| signal == SignalSpec::Stop);
        Self {
            signals,
            stop,
            sends_stop,
            named,
        }
    }

    /// Which signal is meant.
    pub(super) fn signal(&self, spec: SignalSpec) -> Signal {
        spec.of(self.stop)
    }

    pub(super) fn has(&self, name: &EventName) -> bool {
        match name {
            EventName::Signal(signal) => self.signals.contains(signal),
            // Whatever is named is looked for.
            EventName::File(_) => true,
            name => self.named.contains(name),
        }
    }

    /// The names of all, as errors list them.
    pub(super) fn list(&self) -> String {
        let named = self.named.iter().map(|name| format!("`{name}`"));
        let signals = self.signals.iter().map(|signal| format!("`{signal}`"));
        named.chain(signals).collect::<Vec<_>>().join(", ")
    }

    /// What a text or table means in this scenario: a text that is the name of one of its events means that event, any other
    /// is a line.
    pub(super) fn mark(&self, spec: &MarkSpec) -> Mark {
        if let Some(occurrence) = spec.stop
            && self.sends_stop
        {
            return Mark::Signal(self.stop, occurrence);
        }
        match &spec.event {
            Some(name) if self.has(name) => Mark::Event(name.clone(), Occurrence::First),
            _ => spec.mark.clone(),
        }
    }
}
