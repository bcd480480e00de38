//! Every deliberate fault of `exeunt-threading` is caught by the suite: see `docs/regressions.md`.

#[path = "support/mutants.rs"]
mod mutants;
#[path = "faults/programs.rs"]
mod programs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use exeunt::outcome::{Outcome, Status};
use exeunt::runner::{self, Progress};
use exeunt::suite::{Case, Suite};
use exeunt::{Cancel, millis};
use mutants::Fault;

/// The column without a fault, from the same build.
const SOUND: &str = "sound";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn faults() -> Vec<Fault> {
    mutants::load(&root().join("tests/faults/faults.toml"))
}

fn names(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| fault.name.clone()).collect()
}

/// The scenario that catches each fault, from the table.
fn table() -> BTreeMap<String, String> {
    let page = fs::read_to_string(root().join("docs/regressions.md")).expect("the page is there");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = |cell: &str| cell.trim_matches(['`', '|', ' ']).to_owned();
        Some((name(cells.next()?), name(cells.next()?)))
    });
    rows.collect()
}

/// A suite with a column for each fault, and one without.
fn suite(faults: &[String], program: &Path) -> Suite {
    let mut suite = Suite::load(&root().join("exeunt.toml")).expect("a suite");
    let program = program.to_str().expect("a readable path");
    for fault in faults.iter().map(String::as_str).chain([SOUND]) {
        let scenario = format!("{}={{scenario}}", programs::SCENARIO);
        let mut command = vec!["env".to_owned(), scenario];
        if fault != SOUND {
            command.push(format!("EXEUNT_FAULT={fault}"));
        }
        command.push(program.to_owned());
        suite
            .set_command(fault, Some("threading"), command)
            .expect("a command");
    }
    suite
}

fn run(suite: &Suite, chosen: impl Fn(&Case) -> bool) -> Vec<Outcome> {
    let cases: Vec<_> = suite.cases().iter().filter(|case| chosen(case)).collect();
    let prepared = suite
        .prepare(&cases, &exeunt::stage::Real, None, |_| {})
        .expect("nothing to build");
    let cancel = Cancel::new().expect("a pipe");
    let mut outcomes = Vec::new();
    runner::run(
        &prepared,
        &cases,
        runner::default_jobs(),
        &cancel,
        |progress| {
            if let Progress::Ended(outcome) = progress {
                outcomes.push(*outcome);
            }
        },
    );
    outcomes
}

/// Broken; or, on a machine that was late enough to excuse it, inconclusive, which fails a suite as well (exit code 3).
fn is_caught(outcome: &Outcome) -> bool {
    let late = |o: &Outcome| {
        o.observed
            .as_ref()
            .is_some_and(|observed| observed.record.lag.total() > millis(150))
    };
    match outcome.status {
        Status::Broken => true,
        Status::Inconclusive if late(outcome) => {
            eprintln!(
                "only inconclusive, on a busy machine: {} with {}",
                outcome.case.scenario, outcome.case.implementation
            );
            true
        }
        _ => false,
    }
}

#[test]
fn every_fault_is_caught() {
    let (edits, table) = (faults(), table());
    let faults = names(&edits);
    let listed: Vec<_> = table.keys().cloned().collect();
    let mut sorted = faults.clone();
    sorted.sort();
    assert_eq!(
        listed, sorted,
        "docs/regressions.md has a row for each fault"
    );

    let scenarios: BTreeSet<_> = table.values().map(String::as_str).collect();
    let scenarios: Vec<_> = scenarios.into_iter().collect();
    let suite = suite(&faults, &programs::build(root(), &edits, &scenarios));
    let outcomes = run(&suite, |case| {
        table.get(&case.implementation) == Some(&case.scenario)
            || case.implementation == SOUND && scenarios.contains(&case.scenario.as_str())
    });
    let wrong: Vec<_> = outcomes
        .iter()
        .filter(|o| match o.case.implementation.as_str() {
            SOUND => o.status != Status::Held,
            _ => !is_caught(o),
        })
        .map(|o| {
            format!(
                "{} with {}: {:?}",
                o.case.scenario, o.case.implementation, o.status
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(outcomes.len() > faults.len());
}

#[test]
#[ignore = "prints the table of docs/regressions.md: every scenario with every fault, some minutes"]
fn print_the_table() {
    let edits = faults();
    let faults = names(&edits);
    let plain = Suite::load(&root().join("exeunt.toml")).expect("a suite");
    let ours: Vec<_> = plain
        .cases()
        .iter()
        .filter(|c| c.implementation == "threading")
        .collect();
    let scenarios: Vec<_> = ours.iter().map(|c| c.scenario.as_str()).collect();
    let suite = suite(&faults, &programs::build(root(), &edits, &scenarios));
    let outcomes = run(&suite, |case| {
        case.implementation == SOUND || faults.contains(&case.implementation)
    });
    println!("| fault | caught by | and by |\n|---|---|---|");
    let table = table();
    for fault in &faults {
        let mut caught: Vec<_> = scenarios
            .iter()
            .filter(|scenario| {
                let its =
                    |o: &&Outcome| o.case.implementation == *fault && o.case.scenario == **scenario;
                outcomes
                    .iter()
                    .find(its)
                    .is_some_and(|o| o.status == Status::Broken)
            })
            .map(|scenario| format!("`{scenario}`"))
            .collect();
        // The one that the test runs stays the first.
        let chosen = table.get(fault).map(|name| format!("`{name}`"));
        caught.sort_by_key(|name| Some(name) != chosen.as_ref());
        let (first, rest) = caught
            .split_first()
            .map_or(("nothing", Vec::new()), |(f, r)| (f, r.to_vec()));
        println!("| `{fault}` | {first} | {} |", rest.join(", "));
    }
    let unsound = outcomes
        .iter()
        .filter(|o| o.case.implementation == SOUND && o.status != Status::Held);
    assert_eq!(unsound.count(), 0, "without a fault everything holds");
}
