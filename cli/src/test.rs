//! `exeunt test`

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use exeunt::outcome::{Outcome, Status, Summary};
use exeunt::report::{self, InOrder, MatrixOptions, MatrixReport, Page, Reporter};
use exeunt::runner::{self, Jobs};
use exeunt::stage::Real;
use exeunt::suite::Case;

use crate::args::{Format, MatrixFormat, Test};
use crate::exit_status::ExitStatus;
use crate::interrupt::{OnInterrupt, cancel_on_signals};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::select::{load, select};

pub(crate) fn test(args: &Test) -> Result<ExitStatus, Problem> {
    let suite = load(&args.selection)?;
    let cases = select(&suite, &args.selection)?;
    let progress = Progress::new(
        cases.len(),
        args.format == Format::Text && std::io::stderr().is_terminal(),
    );
    // Before the builds: an interruption of theirs is one of ours.
    let cancel = cancel_on_signals(OnInterrupt::Terminate)?;
    let prepared = match suite.prepare(&cases, &Real, Some(&cancel), |what| progress.tell(what)) {
        Ok(prepared) => prepared,
        Err(_) if cancel.is_cancelled() => {
            progress.finish();
            return Ok(ExitStatus::Interrupted);
        }
        Err(error) => {
            progress.finish();
            return Err(error.into());
        }
    };
    let begun = Instant::now();
    let mut report = Report::new(&cases, args, progress)?;
    let mut failed = Ok(());
    runner::run(
        &prepared,
        &cases,
        args.jobs.map_or_else(Jobs::default, Jobs::from),
        &cancel,
        |event| match event {
            runner::Progress::Begun(case) => report.progress.begun(case),
            runner::Progress::Ended(outcome) => {
                let written = report.ended(&outcome);
                failed = std::mem::replace(&mut failed, Ok(())).and(written);
            }
        },
    );
    failed
        .and_then(|()| report.finish(begun.elapsed()))
        .map_err(|error| format!("failed to write the report: {error}").into())
}

/// The report that was asked for, in the order of the suite, and what is told beside it.
struct Report {
    progress: Progress,
    reporter: InOrder<Box<dyn Reporter>>,
    summary: Summary,
    skipped: BTreeSet<String>,
}

impl Report {
    fn new(cases: &[&Case], args: &Test, progress: Progress) -> Result<Self, Problem> {
        let ids: Vec<_> = cases.iter().map(|case| case.id()).collect();
        let mut reporter = InOrder::new(reporter(args, &progress));
        reporter
            .begin(&ids)
            .map_err(|error| format!("failed to write the report: {error}"))?;
        Ok(Self {
            progress,
            reporter,
            summary: Summary::default(),
            skipped: BTreeSet::new(),
        })
    }

    fn ended(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.progress.ended(&outcome.case);
        self.summary.count(outcome.status);
        if outcome.status == Status::Skipped {
            let why = outcome.why.as_deref().unwrap_or_default();
            let implementation = &outcome.case.implementation;
            self.skipped.insert(format!(
                "implementation {implementation} was skipped: {why}"
            ));
        }
        self.reporter.case(outcome)
    }

    fn finish(mut self, elapsed: Duration) -> io::Result<ExitStatus> {
        self.progress.finish();
        self.reporter.end(&self.summary, elapsed)?;
        // A case that was not run is easily overlooked among those that held.
        for skipped in &self.skipped {
            let style = anstyle::AnsiColor::Yellow.on_default().bold();
            anstream::eprintln!("{style}warning{style:#}: {skipped}");
        }
        Ok(ExitStatus::from(&self.summary))
    }
}

fn reporter(args: &Test, progress: &Progress) -> Box<dyn Reporter> {
    let (out, page) = (progress.stdout(), Page::default());
    let options = MatrixOptions::default();
    match (args.format, args.matrix) {
        (Format::Json, None) => Box::new(report::Json::new(out)),
        (Format::Text, None) => Box::new(report::Text::new(out, args.verbose, page)),
        (Format::Json, Some(format)) => {
            let table = MatrixReport::new(out.clone(), io::sink(), kind(format), options, page);
            let reports: Vec<Box<dyn Reporter>> =
                vec![Box::new(table), Box::new(report::Json::new(out))];
            Box::new(reports)
        }
        (Format::Text, Some(format @ MatrixFormat::Text)) => Box::new(MatrixReport::new(
            out.clone(),
            out,
            kind(format),
            options,
            page,
        )),
        // A page is often written to a file.
        (Format::Text, Some(format @ MatrixFormat::Markdown)) => Box::new(MatrixReport::new(
            out,
            progress.stderr(),
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
