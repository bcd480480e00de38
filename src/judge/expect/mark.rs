use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::log::{Occurrence, Pattern};
use crate::record::{EventName, Signal, seconds};

/// An instant of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Mark {
    /// The start of the subject.
    Start,
    /// A line comes.
    Line(Pattern, Occurrence),
    /// The harness sends this signal because the plan says so.
    Signal(Signal, Occurrence),
    /// Something else that has a name.
    Event(EventName, Occurrence),
    /// The subject's exit.
    Exit,
}

impl From<EventName> for Mark {
    /// The first event of this name.
    fn from(name: EventName) -> Self {
        Self::Event(name, Occurrence::First)
    }
}

impl<P: Into<Pattern>> From<P> for Mark {
    /// The first line that matches.
    fn from(pattern: P) -> Self {
        Self::Line(pattern.into(), Occurrence::First)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (occurrence, what): (_, &dyn fmt::Display) = match self {
            Self::Start => return f.write_str("the start"),
            Self::Exit => return f.write_str("the exit"),
            Self::Line(pattern, occurrence) => (occurrence, pattern),
            Self::Signal(signal, occurrence) => (occurrence, signal),
            Self::Event(name, occurrence) => (occurrence, name),
        };
        match occurrence {
            Occurrence::First => what.fmt(f),
            occurrence => write!(f, "the {occurrence} {what}"),
        }
    }
}

/// How long it takes from one instant to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Delay {
    /// From here,
    pub from: Mark,
    /// to here,
    pub to: Mark,
    /// this long.
    pub bound: Bound,
    /// How far the observed time may be from that, on a machine without lag.
    #[serde(with = "seconds")]
    pub slack: Duration,
}

/// How long something takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Bound {
    /// This long, a slack more or less.
    About(#[serde(with = "seconds")] Duration),
    /// This long or shorter.
    Within(#[serde(with = "seconds")] Duration),
    /// This long or longer.
    AtLeast(#[serde(with = "seconds")] Duration),
}

impl Bound {
    /// The shortest time that is as expected, slack aside.
    #[must_use]
    pub fn least(self) -> Duration {
        match self {
            Self::About(time) | Self::AtLeast(time) => time,
            Self::Within(_) => Duration::ZERO,
        }
    }
}

/// `2 s`, `≤ 2 s` or `≥ 2 s`.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::About(time) => write!(f, "{} s", time.as_secs_f64()),
            Self::Within(time) => write!(f, "≤ {} s", time.as_secs_f64()),
            Self::AtLeast(time) => write!(f, "≥ {} s", time.as_secs_f64()),
        }
    }
}

impl Delay {
    /// A delay with the slack [`DEFAULT_SLACK`].
    #[must_use]
    pub fn new(from: impl Into<Mark>, to: impl Into<Mark>, bound: Bound) -> Self {
        Self {
            from: from.into(),
            to: to.into(),
            bound,
            slack: DEFAULT_SLACK,
        }
    }

    /// It takes about this long.
    #[must_use]
    pub fn about(from: impl Into<Mark>, to: impl Into<Mark>, time: Duration) -> Self {
        Self::new(from, to, Bound::About(time))
    }

    /// It takes this long at most.
    #[must_use]
    pub fn within(from: impl Into<Mark>, to: impl Into<Mark>, time: Duration) -> Self {
        Self::new(from, to, Bound::Within(time))
    }

    /// It takes this long at least.
    #[must_use]
    pub fn at_least(from: impl Into<Mark>, to: impl Into<Mark>, time: Duration) -> Self {
        Self::new(from, to, Bound::AtLeast(time))
    }

    /// How far the observed time may be off, on a machine without lag.
    #[must_use]
    pub fn slack(self, slack: Duration) -> Self {
        Self { slack, ..self }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            from,
            to,
            bound,
            slack,
        } = self;
        let slack = exact(*slack);
        match bound {
            Bound::About(time) => write!(f, "{to} {} s after {from} (± {slack} s)", exact(*time)),
            Bound::Within(time) => {
                write!(
                    f,
                    "{to} within {} s after {from} (+ {slack} s)",
                    exact(*time)
                )
            }
            Bound::AtLeast(time) => write!(
                f,
                "{to} at least {} s after {from} (- {slack} s)",
                exact(*time)
            ),
        }
    }
}

/// Seconds, with further digits where two would round: a slack of 5 ms is not 0.01 s.
fn exact(time: Duration) -> String {
    let micros = time.as_micros();
    let digits = match micros {
        _ if micros.is_multiple_of(10_000) => 2,
        1_000.. => 3,
        _ => 6,
    };
    format!("{:.digits$}", time.as_secs_f64())
}

/// The slack of a delay, unless the expectation says otherwise: 0.2 s. `docs/timing.md` tells how it was measured.
pub const DEFAULT_SLACK: Duration = Duration::from_millis(200);
