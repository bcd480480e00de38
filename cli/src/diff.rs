//! `exeunt diff`

use std::io::Write;

use exeunt::outcome::{CaseId, Outcome};
use exeunt::report::{Change, DiffOptions, Results, compare};
use serde::Serialize;

use crate::args::{Diff, Format};
use crate::exit_status::ExitStatus;
use crate::kept;
use crate::output;
use crate::problem::Problem;

/// A case of the first run beside one of the second.
struct Pair<'r> {
    before: &'r CaseId,
    after: CaseId,
}

/// A case and what changed.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    before: &'a CaseId,
    after: &'a CaseId,
    change: &'static str,
    told: Vec<String>,
}

pub(crate) fn diff(args: &Diff) -> Result<ExitStatus, Problem> {
    let (before, after) = (kept::read(&args.before)?, kept::read(&args.after)?);
    let (before, after) = (Results::merged([before]), Results::merged([after]));
    let pairs = pairs(args, &before, &after);
    if pairs.is_empty() {
        return Err("the runs have no case in common that was asked for"
            .to_owned()
            .into());
    }
    let options = DiffOptions::new().lines(args.lines);
    let mut out = match args.format {
        Format::Text => output::stdout().into_text(),
        Format::Json => output::stdout().into_data(),
    };
    let (mut differ, mut unknown) = (0, 0);
    for pair in &pairs {
        let outcomes = (before.outcome(pair.before), after.outcome(&pair.after));
        let change = changed(outcomes, options);
        match &change {
            Change::Differs(_) => differ += 1,
            Change::Unknown(_) => unknown += 1,
            _ => {}
        }
        write!(out, "{}", text(args.format, pair, &change))?;
    }
    if args.format == Format::Text {
        let total = pairs.len();
        let cases = if total == 1 { "case" } else { "cases" };
        let same = total - differ - unknown;
        writeln!(
            out,
            "{total} {cases}: {differ} different, {same} the same, {unknown} that cannot be told"
        )?;
    }
    out.flush()?;
    Ok(match (differ, unknown) {
        (1.., _) => ExitStatus::Broken,
        (0, 1..) => ExitStatus::Failed,
        (0, 0) => ExitStatus::Held,
    })
}

/// The cases of both runs, and those of one, whose counterpart is missed.
fn pairs<'r>(args: &Diff, before: &'r Results, after: &'r Results) -> Vec<Pair<'r>> {
    let renamed = |case: &CaseId| match &args.implementation {
        Some((old, new)) if case.implementation == *old => Some(CaseId {
            implementation: new.clone(),
            ..case.clone()
        }),
        Some(_) => None,
        None => Some(case.clone()),
    };
    let asked = |case: &CaseId| {
        let id = case.to_string();
        let mut filters = args.filter.iter().map(|filter| filter.replace("::", "/"));
        args.filter.is_empty() || filters.any(|filter| id.contains(&filter))
    };
    let cases = before.cases.iter().filter(|case| asked(case));
    let mut pairs: Vec<_> = cases
        .filter_map(|before| {
            Some(Pair {
                before,
                after: renamed(before)?,
            })
        })
        .collect();
    if args.implementation.is_none() {
        let new = after
            .cases
            .iter()
            .filter(|case| !before.cases.contains(case));
        pairs.extend(new.filter(|case| asked(case)).map(|case| Pair {
            before: case,
            after: case.clone(),
        }));
    }
    pairs
}

fn changed(outcomes: (Option<&Outcome>, Option<&Outcome>), options: DiffOptions) -> Change {
    let unknown = |why: &str| Change::Unknown(why.into());
    match outcomes {
        (Some(before), Some(after)) => compare(before, after, options),
        (None, Some(_)) => unknown("the first run does not have it"),
        (Some(_), None) => unknown("the second run does not have it"),
        (None, None) => unknown("neither run has it to its end"),
    }
}

fn text(format: Format, pair: &Pair<'_>, change: &Change) -> String {
    let (word, told) = match change {
        Change::Differs(told) => ("differs", told.clone()),
        Change::Unknown(why) => ("unknown", vec![why.clone()]),
        _ => ("same", Vec::new()),
    };
    match (format, told.is_empty()) {
        (Format::Json, _) => {
            let line = Line {
                kind: "change",
                before: pair.before,
                after: &pair.after,
                change: word,
                told,
            };
            serde_json::to_string(&line).unwrap_or_default() + "\n"
        }
        (Format::Text, true) => String::new(),
        (Format::Text, false) => {
            let style = match change {
                Change::Differs(_) => anstyle::AnsiColor::Red,
                _ => anstyle::AnsiColor::Yellow,
            };
            let style = style.on_default().bold();
            let name = match *pair.before == pair.after {
                true => pair.before.to_string(),
                false => format!("{} → {}", pair.before, pair.after.implementation),
            };
            let told = told
                .iter()
                .map(|line| format!("              {}\n", escaped(line)));
            format!(
                "{style}{word:>12}{style:#}  {name}\n{}",
                told.collect::<String>()
            )
        }
    }
}

/// Lines of subjects are quoted in sentences: what controls a terminal is shown.
fn escaped(text: &str) -> String {
    let shown = text.chars().map(|c| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    });
    shown.collect()
}
