//! Every deliberate fault of `exeunt-threading` is caught by the suite: see `docs/regressions.md`.

#[path = "support/mutants.rs"]
mod mutants;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use exeunt::outcome::{Outcome, Status};
use exeunt::runner::{self, Progress};
use exeunt::suite::{Case, Suite};
use exeunt::{Cancel, millis};
use mutants::Fault;

/// Says, in the edited copy, which fault was asked for.
const SWITCH: &str = include_str!("faults/switch.rs");

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

/// Builds the fixtures with the faults in, beside the ordinary ones.
fn build(faults: &[Fault], scenarios: &[&str]) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
    let (copy, target) = (place.join("source"), place.join("target"));
    mutants::edited_copy(root(), &copy, "threading", SWITCH, faults);
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--package", "fixtures"])
        .args(["--config", "profile.dev.debug=0"])
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", "--cap-lints=allow")
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(&copy);
    for scenario in scenarios {
        cargo.args(["--bin", &format!("threading-{scenario}")]);
    }
    assert!(
        cargo.status().expect("cargo runs").success(),
        "the fixtures build"
    );
    target.join("debug")
}

/// A suite with a column for each fault, and one without.
fn suite(faults: &[String], programs: &Path) -> Suite {
    let mut suite = Suite::load(&root().join("exeunt.toml")).expect("a suite");
    let program = programs
        .join("threading-{scenario}")
        .to_str()
        .expect("a readable path")
        .to_owned();
    for fault in faults.iter().map(String::as_str).chain([SOUND]) {
        let mut command = vec!["env".to_owned()];
        if fault != SOUND {
            command.push(format!("EXEUNT_FAULT={fault}"));
        }
        command.push(program.clone());
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

    let scenarios: Vec<_> = table.values().map(String::as_str).collect();
    let suite = suite(&faults, &build(&edits, &scenarios));
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
    let suite = suite(&faults, &build(&edits, &scenarios));
    let outcomes = run(&suite, |case| {
        case.implementation == SOUND || faults.contains(&case.implementation)
    });
    println!("| fault | caught by | and by |\n|---|---|---|");
    for fault in &faults {
        let caught: Vec<_> = scenarios
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
