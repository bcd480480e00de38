//! `exeunt report`

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use exeunt::Record;
use exeunt::outcome::CaseId;
use exeunt::report::{InOrder, Results, timeline_on};
use serde::Deserialize;
use serde_json::Value;

use crate::args::ReportCommand;
use crate::exit_status::ExitStatus;
use crate::files::files;
use crate::judge;
use crate::kept;
use crate::output::{self, page};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::report::{Report, reporter};
use crate::select::suite_root;

pub(crate) fn report(args: &ReportCommand) -> Result<ExitStatus, Problem> {
    if let Some(timelines) = timelines(&args.runs)? {
        let mut out = output::stdout().into_text();
        write!(out, "{timelines}")?;
        out.flush()?;
        return Ok(ExitStatus::Held);
    }
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

/// What is asked of a line of JSON here: a record, and its judgement if there is one.
#[derive(Deserialize)]
struct Recorded {
    record: Option<Record>,
    judgement: Option<Value>,
}

/// The timelines of records that are in no kept run: what `exeunt run` or `exeunt test` printed as JSON. `None` for kept runs.
fn timelines(paths: &[PathBuf]) -> Result<Option<String>, Problem> {
    let [path] = paths else {
        return Ok(None);
    };
    if path.is_dir() {
        return Ok(None);
    }
    let text = judge::read(path)?;
    let kind = |line: &str| {
        serde_json::from_str::<Value>(line)
            .ok()?
            .get("type")
            .cloned()
    };
    let first = text.lines().next().and_then(kind);
    if !["case", "run", "start", "event", "summary"]
        .map(Value::from)
        .iter()
        .any(|kind| Some(kind) == first.as_ref())
    {
        return Ok(None);
    }
    let mut out = String::new();
    for (i, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
    {
        let recorded: Recorded = serde_json::from_str(line)
            .map_err(|error| format!("{}:{}: no record: {error}", path.display(), i + 1))?;
        let judgement = recorded
            .judgement
            .and_then(|told| serde_json::from_value(told).ok());
        if let Some(record) = recorded.record {
            out += &timeline_on(&record, judgement.as_ref(), page());
        }
    }
    Ok(Some(out))
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
pub(crate) fn tell_unfinished(cases: &[&CaseId], missing: &[String]) -> io::Result<()> {
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
