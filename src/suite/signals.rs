//! Signals as a suite file names them.

use serde::Deserialize;
use serde::de::Deserializer;

use crate::record::Signal;

/// What a file writes for the signal that an implementation is stopped by.
const STOP: &str = "stop-signal";

/// A signal by its name, or the one that the implementation is stopped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalSpec {
    Named(Signal),
    Stop,
}

impl SignalSpec {
    /// What a text names, if that is the stop signal of the implementation.
    pub(super) fn stop(text: &str) -> Option<Self> {
        (text == STOP).then_some(Self::Stop)
    }

    /// Which signal it is for an implementation that is stopped by `stop`.
    pub(super) fn of(self, stop: Signal) -> Signal {
        match self {
            Self::Named(signal) => signal,
            Self::Stop => stop,
        }
    }
}

impl<'de> Deserialize<'de> for SignalSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let named = || {
            text.parse()
                .map(Self::Named)
                .map_err(serde::de::Error::custom)
        };
        Self::stop(&text).map_or_else(named, Ok)
    }
}
