//! Runs that are kept, reported, compared, and run again.

use std::fs;

use predicates::prelude::*;
use predicates::str::contains;

use crate::support::{Suite, line};

fn script(suite: &Suite, name: &str, text: &str) {
    fs::write(suite.0.path().join(format!("{name}.sh")), text).unwrap();
}

#[test]
fn a_kept_run_is_reported_as_it_was() {
    let suite = Suite::new();
    suite
        .exeunt(&["bye", "wrong", "--save", "run"])
        .assert()
        .code(1);
    // The suite may have changed since: a report is of what was.
    fs::write(suite.0.path().join("exeunt.toml"), "nothing that is read").unwrap();
    for run in ["run", "run/run.jsonl"] {
        suite
            .exeunt(&["report", run, "--junit", "report.xml"])
            .assert()
            .code(1)
            .stdout(line("held  bye +two"))
            .stdout(line("broken  wrong +one"))
            .stdout(contains("4 cases in").and(contains("2 held, 1 known deviation, 1 broken")));
    }
    let junit = fs::read_to_string(suite.0.path().join("report.xml")).unwrap();
    assert!(
        junit.contains(r#"tests="4" skipped="0" failures="1""#),
        "{junit}"
    );
    suite
        .exeunt(&["report", "elsewhere"])
        .assert()
        .code(2)
        .stderr(contains("failed to read elsewhere"));
}

#[test]
fn a_kept_run_is_judged_again() {
    let suite = Suite::new();
    suite
        .exeunt(&["wrong/one", "--save", "run"])
        .assert()
        .code(1);
    let path = suite.0.path().join("exeunt.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("present = [\"right\"]", "present = [\"wrong\"]"),
    )
    .unwrap();
    suite
        .exeunt(&["judge", "run"])
        .assert()
        .success()
        .stdout(line("held  wrong +one"));
}

#[test]
fn the_last_run_needs_no_name() {
    let suite = Suite::new();
    suite
        .exeunt(&["report"])
        .assert()
        .code(2)
        .stderr(contains("run `exeunt test` first"));
    suite.exeunt(&["bye"]).assert().success();
    suite
        .exeunt(&["report"])
        .assert()
        .success()
        .stdout(contains("2 cases in"));
    // It is none of the repository's.
    let ignore = fs::read_to_string(suite.0.path().join("target/exeunt/.gitignore")).unwrap();
    assert_eq!(ignore, "*\n");
}

#[test]
fn what_was_not_well_is_run_again() {
    let suite = Suite::new();
    suite
        .exeunt(&["test", "--last-failed", "bye"])
        .assert()
        .success()
        .stderr(contains("all are run"));
    suite.exeunt(&["bye", "wrong", "mended"]).assert().code(1);
    let again = |args: &[&str]| suite.exeunt(&[&["test", "--last-failed"], args].concat());
    again(&[])
        .assert()
        .code(1)
        .stdout(contains("2 cases in"))
        .stdout(line("broken  wrong +one"))
        .stdout(line("deviates no more  mended"));
    // A run of others forgets nothing.
    suite.exeunt(&["bye"]).assert().success();
    script(&suite, "wrong", "echo right");
    again(&["wrong"])
        .assert()
        .success()
        .stdout(contains("1 case in"));
    again(&[])
        .assert()
        .code(1)
        .stdout(contains("1 case in"))
        .stdout(line("deviates no more  mended"));
}

#[test]
fn nobody_is_troubled_where_the_last_run_cannot_be_kept() {
    let suite = Suite::new();
    fs::write(suite.0.path().join("target"), "a file").unwrap();
    suite.exeunt(&["bye"]).assert().success().stderr("");
    // What was asked for is another matter.
    suite
        .exeunt(&["bye", "--save", "target/run"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("target/run/run.jsonl"));
}

#[test]
fn a_difference_is_told_and_is_the_exit_code() {
    let suite = Suite::new();
    suite
        .exeunt(&["bye", "code", "--save", "before"])
        .assert()
        .success();
    suite
        .exeunt(&["diff", "before", "before"])
        .assert()
        .code(0)
        .stdout("4 cases: 0 different, 4 the same, 0 that cannot be told\n");
    script(&suite, "bye", "echo goodbye; exit 7");
    suite
        .exeunt(&["bye", "code", "--save", "after"])
        .assert()
        .code(1);
    suite
        .exeunt(&["diff", "before", "after"])
        .assert()
        .code(1)
        .stdout(line("differs  bye/one\n"))
        .stdout(contains(
            "it ended with exit code 0, and ends with exit code 7",
        ))
        .stdout(contains(
            "no more so: a line `bye` (observed it never came)",
        ))
        .stdout(contains("4 cases: 2 different, 2 the same"));
    suite
        .exeunt(&["diff", "before", "after", "code"])
        .assert()
        .code(0);
    let json = suite
        .exeunt(&["diff", "before", "after", "bye/one", "--format", "json"])
        .output()
        .unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (
            json["change"].as_str(),
            json["before"]["implementation"].as_str()
        ),
        (Some("differs"), Some("one"))
    );
}

#[test]
fn two_implementations_can_be_compared() {
    let suite = Suite::new();
    suite
        .exeunt(&["bye", "code", "--save", "run"])
        .assert()
        .success();
    suite
        .exeunt(&["diff", "run", "run", "--implementation", "one=two"])
        .assert()
        .code(1)
        .stdout(line("differs  code/one → two\n"))
        .stdout(contains("ends with exit code 3"))
        .stdout(contains("2 cases: 1 different, 1 the same"));
}

#[test]
fn what_cannot_be_told_is_skipped_in_a_bisection() {
    let suite = Suite::new();
    suite.exeunt(&["bye", "--save", "two"]).assert().success();
    suite
        .exeunt(&["bye/one", "--save", "one"])
        .assert()
        .success();
    suite
        .exeunt(&["buffered", "--save", "buffered"])
        .assert()
        .code(3);
    for (runs, why) in [
        (["two", "one"], "the second run does not have it"),
        (["one", "two"], "the first run does not have it"),
        (["buffered", "buffered"], "it was inconclusive before"),
    ] {
        suite
            .exeunt(&["diff", runs[0], runs[1]])
            .assert()
            .code(125)
            .stdout(contains(why));
    }
    // Nor is a mistake a difference.
    for args in [
        &["diff", "one"][..],
        &["diff", "one", "nowhere"],
        &["diff", "one", "one", "no_such_case"],
    ] {
        suite.exeunt(args).assert().code(125);
    }
}

#[test]
fn what_broke_stands_beside_what_held() {
    let suite = Suite::new();
    suite.exeunt(&["bye", "--save", "good"]).assert().success();
    script(&suite, "bye", "echo goodbye");
    suite
        .exeunt(&["bye", "--html", "page.html", "--beside", "good"])
        .assert()
        .code(1);
    let page = fs::read_to_string(suite.0.path().join("page.html")).unwrap();
    assert!(page.contains("the run beside it: held"));
}

#[test]
fn the_timeline_of_a_record_can_be_seen_later() {
    let suite = Suite::new();
    let run = suite
        .exeunt(&["run", "--format", "json", "sh", "bye.sh"])
        .output()
        .unwrap()
        .stdout;
    suite
        .exeunt(&["report", "-"])
        .write_stdin(run)
        .assert()
        .success()
        .stdout(line("[0-9.]+ +exit +exit code 0\n"))
        .stdout(line("[0-9.]+ +output +bye\n"));
    let cases = suite
        .exeunt(&["wrong/one", "--format", "json"])
        .output()
        .unwrap()
        .stdout;
    suite
        .exeunt(&["report", "-"])
        .write_stdin(cases)
        .assert()
        .success()
        .stdout(contains("observed it never came"));
    suite
        .exeunt(&["report", "-"])
        .write_stdin("{\"type\":\"run\",\"record\":1}\n")
        .assert()
        .code(2)
        .stderr(contains("-:1: no record"));
}

#[test]
fn a_kept_run_that_was_cut_off_is_not_judged_as_the_whole() {
    let suite = Suite::new();
    suite.exeunt(&["bye", "--save", "run"]).assert().success();
    let path = suite.0.path().join("run/run.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let two: Vec<_> = text.lines().take(2).collect();
    fs::write(&path, two.join("\n") + "\n").unwrap();
    for command in ["judge", "report"] {
        suite
            .exeunt(&[command, "run"])
            .assert()
            .code(3)
            .stdout(contains("1 held"))
            .stderr(contains("warning: without an outcome").and(contains(": bye/")));
    }
}

#[test]
fn a_case_that_was_skipped_since_is_still_one_that_was_not_well() {
    let suite = Suite::new();
    let path = suite.0.path().join("exeunt.toml");
    let text = "[implementation.sh]\ncommand = ['sh', '-c', 'exit 3']\nprobe = ['cat', 'there']\n\
                [[scenario]]\nname = 'ends'\n[[scenario]]\nname = 'well'\nexit.code = 3\n";
    fs::write(&path, text).unwrap();
    let there = suite.0.path().join("there");
    fs::write(&there, "1").unwrap();
    suite.exeunt(&["test"]).assert().code(1);
    fs::remove_file(&there).unwrap();
    suite.exeunt(&["test"]).assert().code(4);
    fs::write(&there, "1").unwrap();
    suite
        .exeunt(&["test", "--last-failed"])
        .assert()
        .code(1)
        .stdout(line("broken  ends +sh").and(contains("1 case in")));
}

#[test]
fn a_run_whose_build_fails_does_not_leave_an_older_one_in_its_place() {
    let suite = Suite::new();
    let path = suite.0.path().join("exeunt.toml");
    let text = |build: &str| {
        format!(
            "[implementation.sh]\ncommand = ['true']\nbuild = ['{build}']\n\
             [[scenario]]\nname = 'ends'\n"
        )
    };
    fs::write(&path, text("true")).unwrap();
    suite.exeunt(&["test", "--save", "run"]).assert().success();
    suite.exeunt(&["report", "run"]).assert().success();
    fs::write(&path, text("false")).unwrap();
    suite.exeunt(&["test", "--save", "run"]).assert().code(2);
    suite
        .exeunt(&["report", "run"])
        .assert()
        .code(3)
        .stderr(contains("without an outcome"));
}
