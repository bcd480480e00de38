//! One thing that was expected beside what was observed, as data. The sentences are the `Display` of it.

mod words;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(super) use words::{kept, quoted};

use super::Verdict;
use super::expect::{
    Count, Delay, ExpectedEnd, ExpectedFile, ExpectedRequest, Mark, Pattern, ThreadEnds,
};
use crate::record::{Ends, EventName, Exchange, Exit, FileState, Process, Signal, Stream, seconds};

/// One thing that was expected, beside what was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Check {
    /// Whether it was observed.
    pub verdict: Verdict,
    /// What was expected.
    pub expected: Expected,
    /// What was observed.
    pub observed: Observed,
    /// For an inconclusive check: why the observation is no proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// The index of the event where it shows, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<usize>,
}

/// One thing that can be expected of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Expected {
    /// The subject ends so.
    End(ExpectedEnd),
    /// Something takes so long.
    Delay(Delay),
    /// This line comes.
    Line(Pattern),
    /// What an action, or readiness, has waited for is a whole line; in words.
    WholeLine(String),
    /// This line does not come.
    NoLine(Pattern),
    /// This line comes so often.
    Count(Count),
    /// This line comes after others.
    LineAfter {
        /// The line.
        line: Pattern,
        /// The lines of the step before; none at the start.
        after: Vec<Pattern>,
        /// Whether no other line may stand between.
        directly: bool,
    },
    /// This line does not come between two others.
    NoLineBetween {
        /// The line.
        line: Pattern,
        /// The text of the line before, or the start.
        after: Option<String>,
        /// The text of the line after, or the end.
        before: Option<String>,
    },
    /// No line comes that no step names.
    NoOtherLines,
    /// An event comes after another one.
    InOrder {
        /// The event.
        mark: Mark,
        /// The one before it.
        after: Mark,
    },
    /// The subject is ready before it ends.
    Ready,
    /// An action is done, as planned.
    Done(EventName),
    /// A request ends so.
    Request(ExpectedRequest),
    /// This has become of a file.
    File(ExpectedFile),
    /// A client runs.
    ClientRuns(String),
    /// This is expected of a client.
    OfClient {
        /// The name of the client.
        name: String,
        /// What is expected of it.
        expected: Box<Expected>,
    },
    /// No process outlives the subject.
    NoSurvivors,
    /// The threads end so.
    Threads(ThreadEnds),
    /// This signal is sent, as planned.
    SignalSent(Signal),
}

/// What was observed where something was expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Observed {
    /// The subject ended by itself.
    Exit {
        /// How.
        exit: Exit,
        /// When, in seconds when serialised.
        #[serde(with = "seconds")]
        at: Duration,
    },
    /// The subject was still running at its timeout, and was ended then.
    StillRunning {
        /// The timeout, in seconds when serialised.
        #[serde(with = "seconds")]
        timeout: Duration,
    },
    /// On a virtual clock: at its timeout nothing was left that could ever have happened, and the subject was ended then.
    HangsForEver {
        /// The timeout, in seconds when serialised.
        #[serde(with = "seconds")]
        timeout: Duration,
        /// What keeps it: who waits for whom, as far as that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept_by: Option<String>,
    },
    /// The subject ended by itself, but after its timeout: the harness looked too late to end it.
    ExitAfterTimeout {
        /// How.
        exit: Exit,
        /// When, in seconds when serialised.
        #[serde(with = "seconds")]
        at: Duration,
        /// The timeout, in seconds when serialised.
        #[serde(with = "seconds")]
        timeout: Duration,
    },
    /// The subject was ended by the harness before it ended by itself.
    EndedByHarness,
    /// No exit was seen.
    NoExit,
    /// So much time passed, in seconds; less than zero if the second instant came first.
    Elapsed(f64),
    /// An instant never came.
    NoMark(Mark),
    /// A line came.
    Line {
        /// When, in seconds when serialised.
        #[serde(with = "seconds")]
        at: Duration,
    },
    /// No such line came.
    NoLine {
        /// The text of the line that came in its place.
        instead: Option<String>,
    },
    /// Lines came so often.
    Times(u64),
    /// A line came before the line that it should follow.
    TooEarly {
        /// When, in seconds when serialised.
        #[serde(with = "seconds")]
        at: Duration,
        /// The text of the line that it should follow.
        before: Option<String>,
    },
    /// An event came before the one that it should follow.
    Before {
        /// When, in seconds when serialised.
        #[serde(with = "seconds")]
        at: Duration,
        /// The one that it should follow.
        other: Mark,
    },
    /// This line came where another should have come.
    Other(String),
    /// Lines came that no step names.
    OtherLines {
        /// The text of the first of them.
        first: String,
        /// Whether a step names that text, and it came once more.
        again: bool,
        /// How many came one after the other.
        lines: u64,
    },
    /// Processes outlived the subject.
    Survivors(Vec<Process>),
    /// No process outlived the subject.
    NoSurvivors,
    /// A signal was not sent.
    SignalNotSent,
    /// The threads ended so.
    Threads(Ends),
    /// The run was not traced.
    NotTraced,
    /// An action was not done.
    NotDone,
    /// This became of a request.
    Exchange(Exchange),
    /// A request was sent, and nothing more came of it.
    NoAnswer,
    /// A file when the run was over.
    File(FileState),
    /// Something could not be done, for this reason.
    Problem(String),
}

/// Why an observation is no proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Doubt {
    /// The machine, or the harness, was late by up to this long, in seconds when serialised.
    Lag(#[serde(with = "seconds")] Duration),
    /// Part of the output was not kept.
    Cut,
    /// The subject buffers its output, so arrival times say nothing.
    Buffered,
    /// The run was interrupted.
    Interrupted,
    /// A line came on the other stream so shortly before or after that the order is unknown.
    TooClose {
        /// The text of that line.
        other: String,
        /// The time between the two, in seconds; less than zero if the other line came later.
        gap: f64,
    },
    /// A line on the other stream may stand between two lines, though it arrived elsewhere.
    MayStandBetween,
    /// The streams were merged, so lines of this one are not known apart.
    Merged(Stream),
    /// The times in the log could not be read, so it is unknown which lines are log.
    UnreadTimes,
    /// The subject was ended by the harness, so what it would have left behind is unknown.
    EndedByHarness,
    /// A client was ended by the harness, since it was still there a settling period after the subject had ended.
    EndedWithSubject,
    /// The event, or the state, that an action waits for never came.
    NoMoment,
    /// How threads end is seen only in a run that is traced.
    NotTraced,
    /// Another event came so shortly before or after, by another way, that the order is unknown.
    Unordered {
        /// That event.
        other: Mark,
        /// The time between the two, in seconds; less than zero if the other one came later.
        gap: f64,
    },
}

impl Check {
    fn new(verdict: Verdict, expected: Expected, observed: Observed) -> Self {
        Self {
            verdict,
            expected,
            observed,
            doubt: None,
            event: None,
        }
    }

    pub(super) fn held(expected: Expected, observed: Observed) -> Self {
        Self::new(Verdict::Held, expected, observed)
    }

    pub(super) fn broken(expected: Expected, observed: Observed) -> Self {
        Self::new(Verdict::Broken, expected, observed)
    }

    pub(super) fn inconclusive(expected: Expected, observed: Observed, doubt: Doubt) -> Self {
        Self {
            doubt: Some(doubt),
            ..Self::new(Verdict::Inconclusive, expected, observed)
        }
    }

    /// Broken, unless there is a doubt.
    pub(super) fn broken_unless(
        doubt: Option<Doubt>,
        expected: Expected,
        observed: Observed,
    ) -> Self {
        match doubt {
            Some(doubt) => Self::inconclusive(expected, observed, doubt),
            None => Self::broken(expected, observed),
        }
    }

    /// Held, unless there is a doubt.
    pub(super) fn held_unless(
        doubt: Option<Doubt>,
        expected: Expected,
        observed: Observed,
    ) -> Self {
        match doubt {
            Some(doubt) => Self::inconclusive(expected, observed, doubt),
            None => Self::held(expected, observed),
        }
    }

    pub(super) fn at(self, event: impl Into<Option<usize>>) -> Self {
        Self {
            event: event.into(),
            ..self
        }
    }

    /// Whether another, quieter run may tell more.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(
            self.doubt,
            Some(
                Doubt::Lag(_) | Doubt::NoMoment | Doubt::EndedWithSubject | Doubt::Unordered { .. }
            )
        )
    }

    /// What was observed, in words, and if that is no proof, why.
    #[must_use]
    pub fn observation(&self) -> String {
        match (&self.observed, &self.doubt) {
            (Observed::EndedByHarness, Some(Doubt::Interrupted)) => {
                return "the run was interrupted".into();
            }
            (Observed::EndedByHarness, Some(Doubt::EndedWithSubject)) => {
                return "it was still there a settling period after the subject, and was ended then".into();
            }
            (Observed::EndedByHarness, Some(Doubt::EndedByHarness)) => {
                return "the harness ended the subject first".into();
            }
            (Observed::SignalNotSent | Observed::NotDone, Some(Doubt::NoMoment)) => {
                return "the moment for it never came".into();
            }
            (Observed::Line { .. }, Some(doubt @ Doubt::TooClose { .. })) => {
                return format!("it came {doubt}");
            }
            _ => {}
        }
        let observed = match (&self.observed, self.verdict) {
            // An exit that is as expected needs no time beside it.
            (Observed::Exit { exit, .. }, Verdict::Held) => exit.to_string(),
            (observed, _) => observed.to_string(),
        };
        match &self.doubt {
            Some(doubt) => format!("{observed}, {doubt}"),
            None => observed,
        }
    }
}
