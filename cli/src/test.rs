//! `exeunt test`

use std::io::{self, IsTerminal};
use std::time::Instant;

use exeunt::build::Prepared;
use exeunt::report::{InOrder, Reporter, Results, Shard};
use exeunt::runner::{self, Jobs};
use exeunt::suite::{Case, Suite};

use crate::args::{Format, Selection, Test};
use crate::bazel::Bazel;
use crate::exit_status::ExitStatus;
use crate::files::files;
use crate::gtest_filter::GtestFilter;
use crate::interrupt::{OnInterrupt, cancel_on_signals};
use crate::kept::{self, KeepLast};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::report::{Report, reporter};
use crate::select::{load, named, select};
use crate::staged::Staged;

pub(crate) fn test(args: &Test) -> Result<ExitStatus, Problem> {
    let mut args = args.clone();
    let bazel = Bazel::new(&mut args)?;
    let status = run(&args, bazel.filter.as_ref())?;
    bazel.over(status)?;
    Ok(status)
}

fn run(args: &Test, filter: Option<&GtestFilter>) -> Result<ExitStatus, Problem> {
    let mut suite = load(&args.selection)?;
    request(&mut suite, &args.selection);
    let (cases, shard) = choose(&suite, args, filter)?;
    let expected = cases.iter();
    let expected = expected.map(|case| (case.id(), case.expected_time(), case.exclusive));
    let mut progress = Progress::new(
        expected.collect(),
        args.report.format == Format::Text && io::stderr().is_terminal(),
    );
    // Before the builds: an interruption of theirs is one of ours.
    let cancel = cancel_on_signals(OnInterrupt::Terminate)?;
    let ids: Vec<_> = cases.iter().map(|case| case.id()).collect();
    let mut results = Results::new(suite.path().display().to_string(), ids.clone());
    results.shard = shard;
    // Before the builds as well: where one of them fails, nobody takes an older run for this one.
    let kept = kept(&suite, args, &results)?;
    let stage = Staged { clock: args.clock };
    let prepared = match args.no_build {
        true => suite.prepare_built(&cases, &stage, Some(&cancel)),
        false => suite.prepare(&cases, &stage, Some(&cancel), |what| progress.tell(what)),
    };
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            progress.finish();
            return match cancel.is_cancelled() {
                true => Ok(ExitStatus::Interrupted),
                false => Err(error.into()),
            };
        }
    };
    check_scenarios(&prepared, &cases, &args.selection)?;
    let mut reporters: Vec<Box<dyn Reporter>> =
        vec![Box::new(InOrder::new(reporter(&args.report, &progress)))];
    reporters.extend(files(&args.report.files, &results)?);
    reporters.extend(kept);
    let begun = Instant::now();
    let mut report = Report::begin(reporters, &args.report, &ids);
    let jobs = args
        .jobs
        .map_or_else(|| Jobs::on(args.clock.unwrap_or_default()), Jobs::from);
    runner::run(&prepared, &cases, jobs, &cancel, |event| match event {
        runner::Progress::Begun(case) => progress.begun(case.id()),
        runner::Progress::Ended(outcome) => {
            progress.ended(&outcome.case);
            report.case(&outcome);
        }
    });
    progress.finish();
    Ok(report.end(begun.elapsed())?)
}

/// The cases that are run, and which part of the whole they are if they are one.
fn choose<'s>(
    suite: &'s Suite,
    args: &Test,
    filter: Option<&GtestFilter>,
) -> Result<(Vec<&'s Case>, Option<Shard>), Problem> {
    let mut cases = select(suite, &args.selection)?;
    if let Some(filter) = filter {
        cases.retain(|case| filter.matches(&case.scenario, &case.implementation));
    }
    if args.last_failed {
        cases = kept::last_failed(suite.root(), cases, |case| case.id());
    }
    let Some(partition) = &args.partition else {
        return Ok((cases, None));
    };
    let whole = cases.iter().map(|case| case.id()).collect();
    Ok((partition.of(cases), Some(partition.shard(whole))))
}

/// Keeps the run where it was asked for, and as the last of its suite.
fn kept(
    suite: &Suite,
    args: &Test,
    results: &Results,
) -> Result<impl Iterator<Item = Box<dyn Reporter>> + use<>, Problem> {
    let asked = args.save.as_ref();
    let asked = asked.map(|directory| kept::save(directory, results));
    let asked = asked.transpose()?;
    let last: Box<dyn Reporter> = Box::new(KeepLast::new(suite.root(), results.clone()));
    Ok(asked.into_iter().chain([last]))
}

/// An implementation that is asked for by its name must be there.
fn request(suite: &mut Suite, selection: &Selection) {
    let names = suite.implementations().iter().map(|i| i.name.clone());
    let asked = names.filter(|name| named(selection).any(|asked| asked == name));
    for name in asked.collect::<Vec<_>>() {
        suite.request(&name);
    }
    let ids = suite.cases().iter().map(Case::id);
    let ids: Vec<_> = ids
        .filter(|id| named(selection).any(|asked| asked.replace("::", "/") == id.to_string()))
        .collect();
    for id in ids {
        suite.request(&id.implementation);
    }
}

/// A scenario that is asked for by its name must have a case that is run.
fn check_scenarios(
    prepared: &Prepared<'_>,
    cases: &[&Case],
    selection: &Selection,
) -> Result<(), Problem> {
    for name in named(selection).chain(&selection.scenario) {
        let its = cases.iter().filter(|case| case.scenario == *name);
        let skipped: Vec<_> = its.map(|case| (case, prepared.skipped(case))).collect();
        let reasons: Option<Vec<_>> = skipped
            .into_iter()
            .map(|(case, why)| Some(format!("\n{}: {}", case.id(), why?)))
            .collect();
        if let Some(reasons) = reasons.filter(|reasons| !reasons.is_empty()) {
            return Err(Problem::Other(format!(
                "scenario `{name}` was asked for, and none of its cases can be run:{}",
                reasons.concat()
            )));
        }
    }
    Ok(())
}
