//! `exeunt test`

use std::collections::{BTreeSet, HashMap};
use std::io::IsTerminal;
use std::time::Instant;

use exeunt::outcome::{Outcome, Status, Summary};
use exeunt::report::{self, Widths};
use exeunt::runner;
use exeunt::stage::Real;
use exeunt::suite::Case;

use super::args::{Format, MatrixFormat, Test};
use super::exit_status::ExitStatus;
use super::interrupt::cancel_on_signals;
use super::list::select;
use super::progress::Progress;
use super::{Problem, load};

pub(super) fn test(args: &Test) -> Result<ExitStatus, Problem> {
    let suite = load(&args.selection)?;
    let cases = select(&suite, &args.selection)?;
    let progress = Progress::new(
        cases.len(),
        args.format == Format::Text && std::io::stderr().is_terminal(),
    );
    // Before the builds: an interruption of theirs is one of ours.
    let cancel = cancel_on_signals()?;
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
    let mut report = Report::new(&cases, args, progress);
    runner::run(
        &prepared,
        &cases,
        args.jobs.unwrap_or_else(runner::default_jobs),
        &cancel,
        |event| match event {
            runner::Progress::Begun(case) => report.progress.begun(case),
            runner::Progress::Ended(outcome) => report.ended(*outcome),
        },
    );
    Ok(report.finish(begun.elapsed().as_secs_f64()))
}

/// Prints outcomes in the order of the suite, as soon as all before them are there.
struct Report<'s, 'a> {
    cases: &'a [&'s Case],
    args: &'a Test,
    progress: Progress,
    widths: Widths,
    waiting: HashMap<(&'s str, &'s str), Outcome<'s>>,
    printed: usize,
    summary: Summary,
    skipped: BTreeSet<String>,
    /// All outcomes, if a matrix is wanted.
    kept: Vec<Outcome<'s>>,
}

impl<'s, 'a> Report<'s, 'a> {
    fn new(cases: &'a [&'s Case], args: &'a Test, progress: Progress) -> Self {
        Self {
            cases,
            args,
            progress,
            widths: Widths::of(cases.iter().copied()),
            waiting: HashMap::new(),
            printed: 0,
            summary: Summary::default(),
            skipped: BTreeSet::new(),
            kept: Vec::new(),
        }
    }

    fn ended(&mut self, outcome: Outcome<'s>) {
        self.progress.ended(outcome.case);
        self.summary.count(outcome.status);
        self.waiting.insert(
            (&outcome.case.scenario, &outcome.case.implementation),
            outcome,
        );
        while let Some(case) = self.cases.get(self.printed)
            && let Some(outcome) = self
                .waiting
                .remove(&(case.scenario.as_str(), case.implementation.as_str()))
        {
            self.printed += 1;
            self.print(&outcome);
            if self.args.matrix.is_some() {
                self.kept.push(outcome);
            }
        }
    }

    fn print(&mut self, outcome: &Outcome<'_>) {
        if outcome.status == Status::Skipped {
            let why = outcome.why.as_deref().unwrap_or_default();
            self.skipped.insert(format!(
                "implementation {} was skipped: {why}",
                outcome.case.implementation
            ));
        }
        let well = outcome.status.is_expected();
        let text = match self.args.format {
            // In a matrix a cell has no room for the reason.
            Format::Text if self.args.matrix.is_some() && (well || outcome.observed.is_none()) => {
                return;
            }
            Format::Text => report::case(outcome, self.widths, self.args.verbose),
            Format::Json => format!("{}\n", report::json::case(outcome)),
        };
        self.progress.print(&text);
    }

    fn finish(self, seconds: f64) -> ExitStatus {
        self.progress.finish();
        let matrix = report::Matrix::of(&self.kept);
        match self.args.matrix {
            Some(MatrixFormat::Text) => anstream::print!("{}", matrix.text()),
            Some(MatrixFormat::Markdown) => anstream::print!("{}", matrix.markdown()),
            None => {}
        }
        match self.args.format {
            // A page is often written to a file.
            Format::Text if self.args.matrix == Some(MatrixFormat::Markdown) => {
                anstream::eprintln!("{}", report::summary(&self.summary, seconds));
            }
            Format::Text => anstream::println!("\n{}", report::summary(&self.summary, seconds)),
            Format::Json => anstream::println!("{}", report::json::summary(&self.summary, seconds)),
        }
        // A case that was not run is easily overlooked among those that held.
        for skipped in &self.skipped {
            let style = anstyle::AnsiColor::Yellow.on_default().bold();
            anstream::eprintln!("{style}warning{style:#}: {skipped}");
        }
        ExitStatus::from(&self.summary)
    }
}
