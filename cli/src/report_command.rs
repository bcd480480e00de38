//! `exeunt report`

use std::io::{self, Write};
use std::time::Duration;

use exeunt::outcome::CaseId;
use exeunt::report::{InOrder, Results};

use crate::args::ReportCommand;
use crate::exit_status::ExitStatus;
use crate::files::files;
use crate::kept;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::report::{Report, reporter};
use crate::select::suite_root;

pub(crate) fn report(args: &ReportCommand) -> Result<ExitStatus, Problem> {
    let runs = kept::read_all(&args.runs, || suite_root(None))?;
    let missing = missing_shards(&runs);
    let results = Results::merged(runs);
    let progress = Progress::none();
    let mut reporters = files(&args.report.files, &results)?;
    reporters.insert(0, Box::new(InOrder::new(reporter(&args.report, &progress))));
    let mut report = Report::begin(reporters, &args.report, &results.cases);
    results
        .outcomes
        .iter()
        .for_each(|outcome| report.case(outcome));
    let unfinished: Vec<_> = results.unfinished().collect();
    tell_unfinished(&unfinished, &missing)?;
    let status = report.end(results.elapsed.unwrap_or(Duration::ZERO))?;
    Ok(status.unless_unfinished(!unfinished.is_empty() || results.elapsed.is_none()))
}

/// The shards that the runs are shards beside.
fn missing_shards(runs: &[Results]) -> Vec<String> {
    let shards: Vec<_> = runs.iter().filter_map(|run| run.shard.as_ref()).collect();
    let count = shards.iter().map(|shard| shard.count).max().unwrap_or(0);
    let there = |number: &usize| shards.iter().any(|shard| shard.number == *number);
    let missing = (1..=count).filter(|number| !there(number));
    missing.map(|number| format!("{number}/{count}")).collect()
}

/// What has no outcome is easily overlooked among what held.
fn tell_unfinished(cases: &[&CaseId], missing: &[String]) -> io::Result<()> {
    if cases.is_empty() {
        return Ok(());
    }
    let style = anstyle::AnsiColor::Yellow.on_default().bold();
    let shown: Vec<_> = cases.iter().take(5).map(ToString::to_string).collect();
    let more = match cases.len().saturating_sub(shown.len()) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let why = match missing {
        [] => "the run was ended before they were over".into(),
        [one] => format!("shard {one} is missing"),
        several => format!("shards {} are missing", several.join(", ")),
    };
    writeln!(
        anstream::stderr(),
        "{style}warning{style:#}: without an outcome, since {why}: {}{more}",
        shown.join(", ")
    )
}
