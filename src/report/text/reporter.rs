//! One line a case, and beneath it what must be said.

use std::io::{self, Write};
use std::time::Duration;

use super::case::{Widths, case_on, summary};
use super::page::Page;
use crate::outcome::{CaseId, Outcome, Summary};
use crate::report::Reporter;

/// The report for a terminal: a line for each case, the timelines of those that are not as expected, a summary. The text has
/// ANSI styles; `anstream` takes them out where they are not wanted.
#[derive(Debug)]
pub struct Text<W> {
    out: W,
    page: Page,
    verbose: bool,
    widths: Widths,
}

impl<W: Write> Text<W> {
    /// Writes to `out`. If `verbose`, with the timelines of all cases.
    pub fn new(out: W, verbose: bool, page: Page) -> Self {
        Self {
            out,
            page,
            verbose,
            widths: Widths::default(),
        }
    }
}

impl<W: Write> Reporter for Text<W> {
    fn begin(&mut self, cases: &[CaseId]) -> io::Result<()> {
        self.widths = Widths::of(cases);
        Ok(())
    }

    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        let text = case_on(outcome, self.widths, self.verbose, self.page);
        write!(self.out, "{text}")
    }

    fn end(&mut self, counts: &Summary, elapsed: Duration) -> io::Result<()> {
        writeln!(self.out, "\n{}", summary(counts, elapsed.as_secs_f64()))?;
        self.out.flush()
    }
}
