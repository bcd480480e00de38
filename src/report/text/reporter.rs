//! One line a case, and beneath it what must be said.

use std::io::{self, Write};
use std::time::Duration;

use super::case::{Widths, case_on, line, summary};
use super::page::Page;
use crate::outcome::{CaseId, Outcome, Status, Summary};
use crate::report::Reporter;

/// The report for a terminal: a line for each case, the timelines of those that are not as expected, a summary. After many
/// cases, those that are not as expected are told again at the end, where one looks first. The text has ANSI styles; `anstream`
/// takes them out where they are not wanted.
#[derive(Debug)]
pub struct Text<W> {
    out: W,
    page: Page,
    verbose: bool,
    widths: Widths,
    cases: usize,
    not_as_expected: Vec<Outcome>,
}

/// After so many cases, the first may be out of sight.
const MANY: usize = 20;
/// So many cases are told again with their timelines, more only in a line each.
const FEW: usize = 5;

impl<W: Write> Text<W> {
    /// Writes to `out`. If `verbose`, with the timelines of all cases.
    pub fn new(out: W, verbose: bool, page: Page) -> Self {
        Self {
            out,
            page,
            verbose,
            widths: Widths::default(),
            cases: 0,
            not_as_expected: Vec::new(),
        }
    }

    fn again(&mut self) -> io::Result<()> {
        let again = std::mem::take(&mut self.not_as_expected);
        if self.cases <= MANY || again.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\nNot as expected:\n")?;
        for outcome in &again {
            let text = match again.len() <= FEW {
                true => case_on(outcome, self.widths, false, self.page),
                false => line(outcome, self.widths, self.page),
            };
            write!(self.out, "{text}")?;
        }
        Ok(())
    }
}

impl<W: Write> Reporter for Text<W> {
    fn begin(&mut self, cases: &[CaseId]) -> io::Result<()> {
        self.widths = Widths::of(cases);
        Ok(())
    }

    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        let text = case_on(outcome, self.widths, self.verbose, self.page);
        self.cases += 1;
        let unwell = [
            Status::Broken,
            Status::DeviatesNoMore,
            Status::Inconclusive,
            Status::Failed,
        ];
        if unwell.contains(&outcome.status) {
            self.not_as_expected.push(outcome.clone());
        }
        write!(self.out, "{text}")
    }

    fn end(&mut self, counts: &Summary, elapsed: Duration) -> io::Result<()> {
        self.again()?;
        writeln!(self.out, "\n{}", summary(counts, elapsed.as_secs_f64()))?;
        self.out.flush()
    }
}
