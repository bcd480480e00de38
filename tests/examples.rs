//! Each example does what it says.

use std::fs;
use std::path::Path;

use exeunt::{Record, Subject, secs};

/// Builds an example where it is not up to date, with the features that this test has, and runs it.
fn run(name: &str, args: &[&str]) -> Record {
    let features = [
        ("suite", cfg!(feature = "suite")),
        ("libtest", cfg!(feature = "libtest")),
    ];
    let features = features.iter().filter(|(_, has)| *has);
    let features: Vec<_> = features.map(|(name, _)| *name).collect();
    Subject::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", "--quiet", "--example", name, "--features"])
        .arg(features.join(","))
        .arg("--")
        .args(args)
        // Cargo's own settings: where it builds, and from where it gets crates.
        .inherit_env()
        .timeout(secs(600))
        .run()
        .expect("cargo runs")
}

#[test]
fn a_server_is_asked_to_end_while_it_answers() {
    let record = run("shutdown_of_a_server", &[]);
    record
        .assert()
        .success()
        .output(predicates::str::contains("request answered"))
        .output(predicates::str::contains("SIGTERM"));
}

#[test]
fn a_saved_record_is_judged() {
    let by_hand = run("judge_a_saved_record", &[]);
    by_hand.assert().success().line("broken");

    // As `exeunt run --format json` saves it.
    let record = Subject::new("echo").arg("all done").run().expect("a run");
    let saved = serde_json::json!({ "type": "run", "record": record });
    let place = tempfile::tempdir().expect("a directory");
    let path = place.path().join("run.json");
    fs::write(&path, format!("{saved}\n")).expect("a file");
    let path = path.to_str().expect("a path in UTF-8");
    let judged = run("judge_a_saved_record", &[path]);
    judged.assert().success().line("held");

    fs::write(place.path().join("empty"), "{}\n").expect("a file");
    let empty = place.path().join("empty");
    let nothing = run("judge_a_saved_record", &[empty.to_str().expect("a path")]);
    nothing
        .assert()
        .code(1)
        .output(predicates::str::contains("no record in this file"));
}

#[test]
fn every_example_is_run_by_a_test() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = ["tests/examples.rs", "cli/tests/programs/examples.rs"];
    let tests = tests.map(|path| fs::read_to_string(here.join(path)).expect("a test"));
    for entry in fs::read_dir(here.join("examples")).expect("examples") {
        let name = entry.expect("an entry").path();
        let name = name.file_stem().unwrap_or_default().to_string_lossy();
        assert!(
            tests.iter().any(|test| test.contains(&*name)),
            "no test runs {name}"
        );
    }
}
