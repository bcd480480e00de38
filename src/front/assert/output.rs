//! What it wrote, as a whole.

use predicates_core::Predicate;

use super::{Assert, AssertError, assertions};
use crate::judge::Verdict;
use crate::record::{Stream, Streams};

/// # What it wrote, as a whole
impl Assert<'_> {
    assertions! {
        /// All of its output, of both streams, is this text or satisfies this predicate (of the crate `predicates`). With
        /// [`Streams::Split`], what came on stdout stands first.
        ///
        /// ```
        /// use predicates::prelude::*;
        /// # use exeunt::{Record, millis};
        /// # let record = Record::new(["worker"]).with(millis(1), "hello");
        /// record.assert().output("hello\n").output(predicate::str::contains("panicked").not());
        /// assert!(record.assert().try_output("hello").is_err(), "the newline is missing");
        /// ```
        output, try_output<M>(assert, expected: impl OutputPredicate<M>) {
            let streams: &[Stream] = match assert.record.streams {
                Streams::Merged | Streams::Terminal => &[Stream::Merged],
                Streams::Split => &[Stream::Stdout, Stream::Stderr],
            };
            let parts = streams.iter().filter_map(|stream| assert.record.output(*stream));
            assert.text("output", &parts.collect::<String>(), &expected)
        }

        /// Its standard output is this text or satisfies this predicate. Needs a run with [`Streams::Split`].
        ///
        /// ```
        /// use exeunt::{Streams, Subject};
        ///
        /// let record = Subject::new("echo").arg("hello").streams(Streams::Split).run()?;
        /// record.assert().stdout("hello\n").stderr("");
        /// # Ok::<(), exeunt::RunError>(())
        /// ```
        stdout, try_stdout<M>(assert, expected: impl OutputPredicate<M>) {
            assert.stream(Stream::Stdout, &expected)
        }

        /// Its standard error is this text or satisfies this predicate. Needs a run with [`Streams::Split`].
        ///
        /// ```
        /// use exeunt::{Streams, Subject};
        /// use predicates::prelude::*;
        ///
        /// let record = Subject::new("sh").args(["-c", "echo oops >&2"]).streams(Streams::Split).run()?;
        /// record.assert().stderr(predicate::str::starts_with("oops")).stdout("");
        /// # Ok::<(), exeunt::RunError>(())
        /// ```
        stderr, try_stderr<M>(assert, expected: impl OutputPredicate<M>) {
            assert.stream(Stream::Stderr, &expected)
        }
    }

    fn stream<M>(
        self,
        stream: Stream,
        expected: &impl OutputPredicate<M>,
    ) -> Result<Self, AssertError> {
        match self.record.output(stream) {
            Some(text) => self.text(&stream.to_string(), &text, expected),
            None => Err(self.error(
                Verdict::Inconclusive,
                format!("{stream} {}", expected.describe()),
                format!(
                    "the run has its streams merged, so {stream} alone is not known: \
                     run the subject with `.streams(Streams::Split)`, or use `.output(…)`"
                ),
            )),
        }
    }

    fn text<M>(
        self,
        name: &str,
        text: &str,
        expected: &impl OutputPredicate<M>,
    ) -> Result<Self, AssertError> {
        let (verdict, observed) = match (self.record.is_cut(), expected.accepts(text)) {
            (false, true) => return Ok(self),
            (false, false) => (Verdict::Broken, quoted(text)),
            (true, _) => (
                Verdict::Inconclusive,
                "part of the output was not kept".into(),
            ),
        };
        Err(self.error(verdict, format!("{name} {}", expected.describe()), observed))
    }
}

/// Output that is expected: a text, which the output must be as a whole, or a predicate (of the crate `predicates`).
///
/// The parameter tells the implementations apart; it is never named.
pub trait OutputPredicate<M>: sealed::Sealed<M> {
    #[doc(hidden)]
    fn accepts(&self, output: &str) -> bool;
    #[doc(hidden)]
    fn describe(&self) -> String;
}

mod sealed {
    pub trait Sealed<M> {}
}

#[doc(hidden)]
#[derive(Debug)]
pub struct Text;
#[doc(hidden)]
#[derive(Debug)]
pub struct Predicated;

impl sealed::Sealed<Text> for &str {}
impl OutputPredicate<Text> for &str {
    fn accepts(&self, output: &str) -> bool {
        output == *self
    }

    fn describe(&self) -> String {
        format!("is {}", quoted(self))
    }
}

impl sealed::Sealed<Text> for String {}
impl OutputPredicate<Text> for String {
    fn accepts(&self, output: &str) -> bool {
        output == self
    }

    fn describe(&self) -> String {
        self.as_str().describe()
    }
}

impl<P: Predicate<str>> sealed::Sealed<Predicated> for P {}
impl<P: Predicate<str>> OutputPredicate<Predicated> for P {
    fn accepts(&self, output: &str) -> bool {
        self.eval(output)
    }

    fn describe(&self) -> String {
        format!("satisfies {self}")
    }
}

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
