//! The report of a run of cases, and what is told beside it.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Duration;

use exeunt::outcome::{CaseId, Outcome, Status, Summary};
use exeunt::report::{self, MatrixOptions, MatrixReport, Reporter};

use crate::args::{Format, MatrixFormat, ReportArgs};
use crate::exit_status::ExitStatus;
use crate::output::{columns, page};
use crate::progress::Progress;

/// What is written to stdout, by a format of the library's, and what is told beside it.
pub(crate) struct Report<R> {
    reporter: R,
    deny_skipped: bool,
    summary: Summary,
    skipped: BTreeSet<String>,
    /// The first failure to write. The cases go on: their verdicts are the exit code's concern too.
    written: io::Result<()>,
}

impl<R: Reporter> Report<R> {
    pub(crate) fn begin(mut reporter: R, args: &ReportArgs, cases: &[CaseId]) -> Self {
        Self {
            written: reporter.begin(cases),
            reporter,
            deny_skipped: args.deny_skipped,
            summary: Summary::default(),
            skipped: BTreeSet::new(),
        }
    }

    pub(crate) fn case(&mut self, outcome: &Outcome) {
        self.summary.count(outcome.status);
        if outcome.status == Status::Skipped {
            let why = outcome.why.as_deref().unwrap_or_default();
            let implementation = &outcome.case.implementation;
            self.skipped.insert(format!(
                "implementation {implementation} was skipped: {why}"
            ));
        }
        self.note(|reporter| reporter.case(outcome));
    }

    /// Keeps the first failure to write.
    fn note(&mut self, write: impl FnOnce(&mut R) -> io::Result<()>) {
        let written = write(&mut self.reporter);
        if self.written.is_ok() {
            self.written = written;
        }
    }

    pub(crate) fn end(mut self, elapsed: Duration) -> io::Result<ExitStatus> {
        let summary = self.summary;
        self.note(|reporter| reporter.end(&summary, elapsed));
        std::mem::replace(&mut self.written, Ok(()))?;
        self.warn();
        Ok(self.status())
    }

    /// A case that was not run is easily overlooked among those that held.
    fn warn(&self) {
        let style = anstyle::AnsiColor::Yellow.on_default().bold();
        for skipped in &self.skipped {
            let _ = writeln!(anstream::stderr(), "{style}warning{style:#}: {skipped}");
        }
    }

    fn status(&self) -> ExitStatus {
        match ExitStatus::from(&self.summary) {
            ExitStatus::Held if self.deny_skipped && self.summary.skipped > 0 => {
                ExitStatus::NothingJudged
            }
            status => status,
        }
    }
}

/// The format that was asked for, written beside a progress line.
pub(crate) fn reporter(args: &ReportArgs, progress: &Progress) -> Box<dyn Reporter> {
    let (out, page) = (progress.stdout(), page());
    let text = out.clone().into_text();
    let options = MatrixOptions::new()
        .differing(args.differing)
        .versions(args.versions)
        .columns(columns());
    match (args.format, args.matrix) {
        (Format::Json, None) => Box::new(report::Json::new(out.into_data())),
        (Format::Text, None) => Box::new(report::Text::new(text, args.verbose, page)),
        (Format::Json, Some(format)) => {
            let table = MatrixReport::new(out.clone(), io::sink(), kind(format), options, page);
            let reports: Vec<Box<dyn Reporter>> = vec![
                Box::new(table),
                Box::new(report::Json::new(out.into_data())),
            ];
            Box::new(reports)
        }
        (Format::Text, Some(format @ MatrixFormat::Text)) => Box::new(MatrixReport::new(
            text.clone(),
            text,
            kind(format),
            options,
            page,
        )),
        // A page is often written to a file.
        (Format::Text, Some(format @ MatrixFormat::Markdown)) => Box::new(MatrixReport::new(
            out,
            progress.stderr().into_text(),
            kind(format),
            options,
            page,
        )),
    }
}

fn kind(format: MatrixFormat) -> report::MatrixFormat {
    match format {
        MatrixFormat::Text => report::MatrixFormat::Text,
        MatrixFormat::Markdown => report::MatrixFormat::Markdown,
    }
}
