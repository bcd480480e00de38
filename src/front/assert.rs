//! Assertions on a record.

use std::fmt;
use std::time::Duration;

use predicates_core::Predicate;

use crate::expect::{
    DEFAULT_SLACK, Delay, Expectation, ExpectedEnd, LogExpectation, Mark, OtherLines, Pattern,
    Step, Survivors,
};
use crate::judge::{Judgement, Verdict, judge};
use crate::record::{Record, Stream, Streams};
use crate::report::{escape, plain, timeline};

/// Assertions on a [`Record`], one after the other.
///
/// Each panics if it is broken, and if it is inconclusive: the panic then says so, with the reason. Each has a twin that
/// begins with `try_` and returns an [`AssertError`] instead. The message shows the timeline with the broken spot marked.
#[derive(Debug, Clone, Copy)]
pub struct Assert<'r> {
    record: &'r Record,
    slack: Duration,
}

/// An assertion that did not hold.
#[derive(Clone)]
pub struct AssertError {
    verdict: Verdict,
    text: String,
}

impl AssertError {
    /// [`Broken`](Verdict::Broken) or [`Inconclusive`](Verdict::Inconclusive).
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }
}

impl fmt::Display for AssertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

// A test that returns `Result<(), AssertError>` shows this, so it must be readable.
impl fmt::Debug for AssertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for AssertError {}

impl Record {
    /// Begins to assert. Delays have a slack of [`DEFAULT_SLACK`], see [`Assert::slack`].
    #[must_use = "a record is judged by the methods of this"]
    pub fn assert(&self) -> Assert<'_> {
        Assert {
            record: self,
            slack: DEFAULT_SLACK,
        }
    }
}

/// Failures that a message lists ahead of the timeline.
const LISTED: usize = 10;

/// Output as messages quote it: escaped, the middle of a long one left out.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 300;
    let length = text.chars().count();
    if length <= 2 * SHOWN {
        return format!("{text:?}");
    }
    let head: String = text.chars().take(SHOWN).collect();
    let tail: String = text.chars().skip(length - SHOWN).collect();
    format!("{head:?} … {tail:?}")
}

/// Generates a panicking method from its `try_` twin.
macro_rules! panicking {
    ($($(#[$doc:meta])* $name:ident, $twin:ident ($($arg:ident: $type:ty),*);)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Panics
            /// If it is not so, or if that cannot be told.
            #[track_caller]
            pub fn $name(self, $($arg: $type),*) -> Self {
                match self.$twin($($arg),*) {
                    Ok(assert) => assert,
                    Err(error) => panic!("{error}"),
                }
            }
        )*
    };
}

/// # How it ended
impl<'r> Assert<'r> {
    panicking! {
        /// It ended by itself with exit code 0.
        success, try_success();
        /// It ended by itself with this exit code.
        code, try_code(code: i32);
        /// It was killed by this signal, which the harness did not send.
        signal, try_signal(signal: crate::Signal);
        /// It did not end: it was still there at its timeout.
        hangs, try_hangs();
        /// No process outlived it.
        leaves_nothing_behind, try_leaves_nothing_behind();
    }

    /// Twin of [`success`](Self::success).
    ///
    /// # Errors
    /// If it is not so, or if that cannot be told.
    pub fn try_success(self) -> Result<Self, AssertError> {
        self.try_code(0)
    }

    /// Twin of [`code`](Self::code).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_code(self, code: i32) -> Result<Self, AssertError> {
        self.try_end(ExpectedEnd::code(code))
    }

    /// Twin of [`signal`](Self::signal).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_signal(self, signal: crate::Signal) -> Result<Self, AssertError> {
        self.try_end(ExpectedEnd::signal(signal))
    }

    /// Twin of [`hangs`](Self::hangs).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_hangs(self) -> Result<Self, AssertError> {
        self.try_end(ExpectedEnd::Hang)
    }

    fn try_end(self, end: ExpectedEnd) -> Result<Self, AssertError> {
        self.try_only(Expectation {
            end: Some(end),
            ..Expectation::default()
        })
    }

    /// Twin of [`leaves_nothing_behind`](Self::leaves_nothing_behind).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_leaves_nothing_behind(self) -> Result<Self, AssertError> {
        self.try_satisfies(&Expectation::default())
    }
}

/// # What it said
impl<'r> Assert<'r> {
    panicking! {
        /// These lines came in this order; others may stand between them.
        log, try_log(steps: impl IntoIterator<Item = impl Into<Step>>);
        /// These lines came in this order, and no other line of log.
        whole_log, try_whole_log(steps: impl IntoIterator<Item = impl Into<Step>>);
        /// Such a line came.
        line, try_line(pattern: impl Into<Pattern>);
        /// No such line came.
        no_line, try_no_line(pattern: impl Into<Pattern>);
        /// All of its output, of both streams, satisfies a predicate (of the crate `predicates`).
        output, try_output(predicate: impl Predicate<str>);
        /// Its standard output satisfies a predicate. Needs a run with [`Streams::Split`].
        stdout, try_stdout(predicate: impl Predicate<str>);
        /// Its standard error satisfies a predicate. Needs a run with [`Streams::Split`].
        stderr, try_stderr(predicate: impl Predicate<str>);
    }

    /// Twin of [`log`](Self::log).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_log(
        self,
        steps: impl IntoIterator<Item = impl Into<Step>>,
    ) -> Result<Self, AssertError> {
        self.try_order(steps, OtherLines::Allowed)
    }

    /// Twin of [`whole_log`](Self::whole_log).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_whole_log(
        self,
        steps: impl IntoIterator<Item = impl Into<Step>>,
    ) -> Result<Self, AssertError> {
        self.try_order(steps, OtherLines::Forbidden)
    }

    fn try_order(
        self,
        steps: impl IntoIterator<Item = impl Into<Step>>,
        others: OtherLines,
    ) -> Result<Self, AssertError> {
        let steps = steps.into_iter().map(Into::into).collect();
        self.try_only(Expectation {
            log: Some(LogExpectation { steps, others }),
            ..Expectation::default()
        })
    }

    /// Twin of [`line`](Self::line).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_line(self, pattern: impl Into<Pattern>) -> Result<Self, AssertError> {
        self.try_only(Expectation {
            present: vec![pattern.into()],
            ..Expectation::default()
        })
    }

    /// Twin of [`no_line`](Self::no_line).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_no_line(self, pattern: impl Into<Pattern>) -> Result<Self, AssertError> {
        self.try_only(Expectation {
            absent: vec![pattern.into()],
            ..Expectation::default()
        })
    }

    /// Twin of [`output`](Self::output).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_output(self, predicate: impl Predicate<str>) -> Result<Self, AssertError> {
        let streams: &[Stream] = match self.record.streams {
            Streams::Merged => &[Stream::Merged],
            Streams::Split => &[Stream::Stdout, Stream::Stderr],
        };
        let text: String = streams
            .iter()
            .filter_map(|s| self.record.output(*s))
            .collect();
        self.try_text("output", &text, &predicate)
    }

    /// Twin of [`stdout`](Self::stdout).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_stdout(self, predicate: impl Predicate<str>) -> Result<Self, AssertError> {
        self.try_stream(Stream::Stdout, &predicate)
    }

    /// Twin of [`stderr`](Self::stderr).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_stderr(self, predicate: impl Predicate<str>) -> Result<Self, AssertError> {
        self.try_stream(Stream::Stderr, &predicate)
    }

    fn try_stream(
        self,
        stream: Stream,
        predicate: &dyn Predicate<str>,
    ) -> Result<Self, AssertError> {
        match self.record.output(stream) {
            Some(text) => self.try_text(&stream.to_string(), &text, predicate),
            None => Err(self.error(
                Verdict::Inconclusive,
                &format!(
                    "the run has its streams merged, so {stream} alone is not known: \
                     run the subject with `.streams(Streams::Split)`, or use `.output(…)`"
                ),
                None,
            )),
        }
    }

    fn try_text(
        self,
        name: &str,
        text: &str,
        predicate: &dyn Predicate<str>,
    ) -> Result<Self, AssertError> {
        if predicate.eval(text) && !self.record.is_cut() {
            return Ok(self);
        }
        let (verdict, observed) = match self.record.is_cut() {
            true => (
                Verdict::Inconclusive,
                "part of the output was not kept".into(),
            ),
            false => (Verdict::Broken, quoted(text)),
        };
        Err(self.error(
            verdict,
            &format!("expected: {name} satisfies {predicate}\nobserved: {observed}"),
            None,
        ))
    }
}

/// # How long it took
impl<'r> Assert<'r> {
    /// How far the times asserted from here on may be off on a machine without lag; by default [`DEFAULT_SLACK`].
    /// What the machine was late by, as measured during the run, is not broken but inconclusive.
    #[must_use = "it holds for what is asserted from here on"]
    pub fn slack(self, slack: Duration) -> Self {
        Self { slack, ..self }
    }

    panicking! {
        /// It ended this long after the line came.
        exits_after, try_exits_after(line: impl Into<Pattern>, about: Duration);
        /// The second line came this long after the first.
        follows_after, try_follows_after(first: impl Into<Pattern>, second: impl Into<Pattern>, about: Duration);
        /// It ended this long after its start.
        takes, try_takes(about: Duration);
    }

    /// Twin of [`exits_after`](Self::exits_after).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_exits_after(
        self,
        line: impl Into<Pattern>,
        about: Duration,
    ) -> Result<Self, AssertError> {
        self.try_delay(Mark::from(line), Mark::Exit, about)
    }

    /// Twin of [`follows_after`](Self::follows_after).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_follows_after(
        self,
        first: impl Into<Pattern>,
        second: impl Into<Pattern>,
        about: Duration,
    ) -> Result<Self, AssertError> {
        self.try_delay(Mark::from(first), Mark::from(second), about)
    }

    /// Twin of [`takes`](Self::takes).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_takes(self, about: Duration) -> Result<Self, AssertError> {
        self.try_delay(Mark::Start, Mark::Exit, about)
    }

    fn try_delay(self, from: Mark, to: Mark, about: Duration) -> Result<Self, AssertError> {
        let delays = vec![Delay::about(from, to, about).slack(self.slack)];
        self.try_only(Expectation {
            delays,
            ..Expectation::default()
        })
    }
}

/// # All at once
impl<'r> Assert<'r> {
    panicking! {
        /// The record satisfies `expectation`.
        satisfies, try_satisfies(expectation: &Expectation);
    }

    /// Twin of [`satisfies`](Self::satisfies).
    ///
    /// # Errors
    /// As [`try_success`](Self::try_success).
    pub fn try_satisfies(self, expectation: &Expectation) -> Result<Self, AssertError> {
        self.error_if_failed(&judge(self.record, expectation))?;
        Ok(self)
    }

    /// Only what is said, nothing by default.
    fn try_only(self, expectation: Expectation) -> Result<Self, AssertError> {
        self.try_satisfies(&Expectation {
            survivors: Survivors::Allowed,
            ..expectation
        })
    }

    fn error_if_failed(self, judgement: &Judgement) -> Result<(), AssertError> {
        match judgement.verdict() {
            Verdict::Held => Ok(()),
            verdict => {
                let checks = judgement.failures();
                let mut said: Vec<_> = checks
                    .take(LISTED)
                    .map(|c| format!("expected: {}\nobserved: {}", c.expected, c.observation()))
                    .collect();
                let more = judgement.failures().count() - said.len();
                if more > 0 {
                    said.push(format!("and {more} more"));
                }
                Err(self.error(verdict, &said.join("\n"), Some(judgement)))
            }
        }
    }

    fn error(self, verdict: Verdict, what: &str, judgement: Option<&Judgement>) -> AssertError {
        let word = match verdict {
            Verdict::Inconclusive => "inconclusive",
            _ => "broken",
        };
        let what: Vec<_> = what.lines().map(escape).collect();
        let what = what.join("\n");
        let timeline = timeline(self.record, judgement);
        let timeline = plain(&timeline);
        AssertError {
            verdict,
            text: format!("{word}\n{what}\n\n{timeline}"),
        }
    }
}
