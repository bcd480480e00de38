//! Parts of a run, and runners that ask for them by variables.

use std::collections::BTreeSet;
use std::fs;

use predicates::prelude::*;
use predicates::str::contains;

use crate::support::{Suite, json_lines};

/// The cases that a run of these arguments has.
fn cases(suite: &Suite, args: &[&str]) -> Vec<String> {
    let lines = json_lines(&mut suite.exeunt(&[&["test", "--format", "json"], args].concat()));
    let cases = lines.iter().filter(|line| line["type"] == "case");
    cases
        .map(|case| format!("{}/{}", case["scenario"], case["implementation"]).replace('"', ""))
        .collect()
}

#[test]
fn parts_are_the_whole_together() {
    let suite = Suite::new();
    let all: BTreeSet<_> = cases(&suite, &["bye", "code", "wrong"])
        .into_iter()
        .collect();
    for kind in ["hash", "slice", "timings"] {
        let part = |n: usize| {
            cases(
                &suite,
                &[
                    "bye",
                    "code",
                    "wrong",
                    "--partition",
                    &format!("{kind}:{n}/3"),
                ],
            )
        };
        let parts: Vec<_> = [1, 2, 3].into_iter().flat_map(part).collect();
        assert_eq!(parts.len(), all.len(), "{kind}");
        assert_eq!(parts.into_iter().collect::<BTreeSet<_>>(), all, "{kind}");
    }
    suite
        .exeunt(&["bye", "--partition", "count:1/2"])
        .assert()
        .code(2)
        .stderr(contains("hash:M/N"));
}

#[test]
fn a_part_without_cases_is_well() {
    let suite = Suite::new();
    suite
        .exeunt(&["bye/one", "--partition", "slice:2/2"])
        .assert()
        .success()
        .stdout(contains("0 cases in"));
}

#[test]
fn a_whole_is_not_well_while_a_part_is_missing() {
    let suite = Suite::new();
    for n in ["1", "2", "3"] {
        let part = format!("slice:{n}/3");
        suite
            .exeunt(&["bye", "code", "--partition", &part, "--save", n])
            .assert()
            .success();
    }
    suite
        .exeunt(&["report", "1", "2", "3"])
        .assert()
        .success()
        .stdout(contains("4 cases in"))
        .stderr("");
    suite
        .exeunt(&["report", "1", "3", "--junit", "report.xml"])
        .assert()
        .code(3)
        .stdout(contains("3 held"))
        .stderr(contains(
            "warning: without an outcome, since shard 2/3 is missing: bye/two",
        ));
    let junit = fs::read_to_string(suite.0.path().join("report.xml")).unwrap();
    assert!(
        junit.contains(r#"tests="4" skipped="0" failures="0" errors="1""#),
        "{junit}"
    );
    // Not even one that was ended before its time.
    let path = suite.0.path().join("2/run.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let torn = text.lines().next().unwrap();
    fs::write(&path, format!("{torn}\n{{\"type\":\"outc")).unwrap();
    suite
        .exeunt(&["report", "1", "2", "3"])
        .assert()
        .code(3)
        .stderr(contains("the run was ended before they were over: bye/two"));
}

#[test]
fn bazel_s_variables_are_heeded() {
    let suite = Suite::new();
    let at = |name: &str| suite.0.path().join(name);
    fs::create_dir(at("outputs")).unwrap();
    let mut all = BTreeSet::new();
    for index in ["0", "1"] {
        let lines = json_lines(
            suite
                .exeunt(&["test", "--format", "json"])
                .env("TEST_TOTAL_SHARDS", "2")
                .env("TEST_SHARD_INDEX", index)
                .env("TEST_SHARD_STATUS_FILE", at("status"))
                .env("XML_OUTPUT_FILE", at("test.xml"))
                .env("TEST_UNDECLARED_OUTPUTS_DIR", at("outputs"))
                .env("TEST_PREMATURE_EXIT_FILE", at("premature"))
                .env("TESTBRIDGE_TEST_ONLY", "bye,code"),
        );
        let cases = lines.iter().filter(|line| line["type"] == "case");
        let ids: Vec<_> = cases
            .map(|case| format!("{}/{}", case["scenario"], case["implementation"]))
            .collect();
        assert_eq!(ids.len(), 2);
        all.extend(ids);
        for file in [
            "status",
            "test.xml",
            "outputs/exeunt.html",
            "outputs/exeunt/run.jsonl",
        ] {
            assert!(at(file).exists(), "{file}");
        }
        assert!(!at("premature").exists());
    }
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn variables_that_are_wrong_are_an_error() {
    let suite = Suite::new();
    for (count, index) in [("2", "2"), ("two", "0"), ("2", "-1")] {
        suite
            .exeunt(&["bye"])
            .env("TEST_TOTAL_SHARDS", count)
            .env("TEST_SHARD_INDEX", index)
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains("TEST_"));
    }
}

#[test]
fn googletest_s_variables_are_heeded_and_what_is_typed_counts_first() {
    let suite = Suite::new();
    let mut command = suite.exeunt(&["bye", "--partition", "slice:2/2"]);
    command
        .env("GTEST_TOTAL_SHARDS", "5")
        .env("GTEST_SHARD_INDEX", "0")
        .env("GTEST_OUTPUT", "xml:reports.xml")
        .env("GTEST_SHARD_STATUS_FILE", suite.0.path().join("status"));
    command.assert().success().stdout(contains("1 case in"));
    assert!(suite.0.path().join("reports.xml").exists() && suite.0.path().join("status").exists());
}

#[test]
fn googletest_s_filter_chooses_cases() {
    let suite = Suite::new();
    for (filter, cases) in [
        ("bye.*:code.one-bye.two", "2 cases in"),
        ("no.such", "0 cases in"),
    ] {
        let mut command = suite.exeunt(&["test"]);
        command.env("GTEST_FILTER", filter);
        command.assert().success().stdout(contains(cases));
    }
}

/// What the machine did not allow to tell is no failure of the program's.
#[test]
fn an_inconclusive_run_is_a_failure_of_the_infrastructure() {
    let suite = Suite::new();
    let file = suite.0.path().join("infrastructure");
    let run = |filter: &str| {
        let mut command = suite.exeunt(&[filter]);
        command.env("TEST_INFRASTRUCTURE_FAILURE_FILE", &file);
        command
    };
    run("wrong").assert().code(1);
    assert!(!file.exists());
    run("buffered").assert().code(3);
    assert!(fs::read_to_string(&file).unwrap().starts_with("exeunt\n"));
    assert!(predicate::path::is_file().eval(&file));
}

/// The script checks what Bazel checks; here it is checked that it runs everything, and tells what failed.
#[test]
fn the_script_that_plays_bazel_puts_the_whole_together() {
    let suite = Suite::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../ci/bazel");
    let play = |args: &[&str]| {
        let mut command = assert_cmd::Command::new(script);
        command
            .args(args)
            .env("EXEUNT", exeunt::cargo_bin!("exeunt"))
            .current_dir(suite.0.path());
        command
    };
    let held = play(&["3", "bye", "code"]).assert().success();
    held.stdout(contains("shard 2: exit code 0, ").and(contains(r#""held":4"#)));
    play(&["2", "bye", "wrong"])
        .assert()
        .code(1)
        .stdout(contains(r#""broken":1"#));
}
