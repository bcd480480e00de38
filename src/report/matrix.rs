//! A table of all cases at the end, and before it what went wrong.

use std::io::{self, Write};
use std::time::Duration;

use super::Reporter;
use super::text::{self, Matrix, MatrixOptions, Page, Widths};
use crate::outcome::{CaseId, Outcome, Summary};

/// How a matrix is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MatrixFormat {
    /// For a terminal.
    Text,
    /// For a page.
    Markdown,
}

/// Scenarios × implementations. Cases that are not as expected are reported in full before it, since a cell has no room for
/// the reason; the summary follows it.
#[derive(Debug)]
pub struct MatrixReport<W, N> {
    out: W,
    notes: N,
    format: MatrixFormat,
    options: MatrixOptions,
    page: Page,
    widths: Widths,
    matrix: Matrix,
}

impl<W: Write, N: Write> MatrixReport<W, N> {
    /// Writes the table to `out`, and what is not part of it to `notes`: a table for a page is often written to a file.
    pub fn new(out: W, notes: N, format: MatrixFormat, options: MatrixOptions, page: Page) -> Self {
        Self {
            out,
            notes,
            format,
            options,
            page,
            widths: Widths::default(),
            matrix: Matrix::default(),
        }
    }
}

impl<W: Write, N: Write> Reporter for MatrixReport<W, N> {
    fn begin(&mut self, cases: &[CaseId]) -> io::Result<()> {
        self.widths = Widths::of(cases);
        Ok(())
    }

    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.matrix.add(outcome);
        if outcome.status.is_expected() || outcome.observed.is_none() {
            return Ok(());
        }
        let text = text::case_on(outcome, self.widths, false, self.page);
        write!(self.notes, "{text}")
    }

    fn end(&mut self, summary: &Summary, elapsed: Duration) -> io::Result<()> {
        let table = match self.format {
            MatrixFormat::Text => self.matrix.text_with(self.options),
            MatrixFormat::Markdown => self.matrix.markdown_with(self.options),
        };
        write!(self.out, "{table}")?;
        self.out.flush()?;
        let summary = text::summary(summary, elapsed.as_secs_f64());
        writeln!(self.notes, "\n{summary}")?;
        self.notes.flush()
    }
}
