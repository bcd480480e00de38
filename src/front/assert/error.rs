//! What a failed assertion says.

use std::fmt;

use crate::judge::{Judgement, Verdict};
use crate::record::Record;
use crate::report::{escape, plain, timeline};

/// An assertion that did not hold.
///
/// ```
/// use exeunt::{Record, judge::Verdict, record::Exit, secs};
///
/// let record = Record::new(["worker"]).with(secs(1), Exit::Code(1));
/// let error = record.assert().try_success().unwrap_err();
/// assert_eq!(error.verdict(), Verdict::Broken);
/// assert!(error.to_string().contains("observed: exit code 1 after 1.000 s"));
/// ```
#[derive(Clone)]
pub struct AssertError {
    verdict: Verdict,
    text: String,
}

/// Failures that a message lists ahead of the timeline.
const LISTED: usize = 10;

impl AssertError {
    /// [`Broken`](Verdict::Broken) or [`Inconclusive`](Verdict::Inconclusive).
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Of what was expected and observed, each in words.
    pub(super) fn new(
        record: &Record,
        verdict: Verdict,
        mut failures: impl Iterator<Item = (String, String)>,
        judgement: Option<&Judgement>,
    ) -> Self {
        let sentence = |(expected, observed): (String, String)| {
            format!(
                "expected: {}\nobserved: {}",
                escape(&expected),
                escape(&observed)
            )
        };
        let mut said: Vec<_> = failures.by_ref().take(LISTED).map(sentence).collect();
        match failures.count() {
            0 => {}
            more => said.push(format!("and {more} more")),
        }
        let word = match verdict {
            Verdict::Inconclusive => "inconclusive",
            _ => "broken",
        };
        let timeline = timeline(record, judgement);
        let timeline = plain(&timeline);
        Self {
            verdict,
            text: format!("{word}\n{}\n\n{timeline}", said.join("\n")),
        }
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
