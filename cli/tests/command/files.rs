//! Report files beside the terminal.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::support::Suite;

const FILES: [&str; 10] = [
    "--junit",
    "junit.xml",
    "--ctrf",
    "ctrf.json",
    "--html",
    "page.html",
    "--trace",
    "trace.json",
    "--json",
    "lines.json",
];

fn read(suite: &Suite, name: &str) -> String {
    fs::read_to_string(suite.0.path().join(name)).unwrap()
}

#[test]
fn one_run_writes_any_number_of_files() {
    let suite = Suite::new();
    let args = [&["bye", "wrong", "absen"], FILES.as_slice()].concat();
    suite
        .exeunt(&args)
        .assert()
        .code(1)
        .stdout(line_of("5 cases in"));
    let junit = read(&suite, "junit.xml");
    for part in [
        r#"tests="5" skipped="1" failures="1" errors="0""#,
        "expected a line `right`, observed it never came",
    ] {
        assert!(junit.contains(part), "{part}\n{junit}");
    }
    let ctrf: Value = serde_json::from_str(&read(&suite, "ctrf.json")).unwrap();
    assert_eq!(ctrf["results"]["summary"]["tests"], 5);
    assert_eq!(ctrf["results"]["summary"]["extra"]["over"], true);
    assert!(read(&suite, "page.html").contains("id=\"wrong/one\" open"));
    let trace: Value = serde_json::from_str(&read(&suite, "trace.json")).unwrap();
    assert!(trace["traceEvents"].as_array().unwrap().len() > 10);
    let lines = read(&suite, "lines.json");
    assert_eq!(lines.lines().count(), 6);
    assert!(
        lines
            .lines()
            .last()
            .unwrap()
            .contains(r#""type":"summary""#)
    );
}

fn line_of(text: &'static str) -> impl Predicate<str> {
    contains(text)
}

#[test]
fn saved_records_are_reported_the_same() {
    let suite = Suite::new();
    suite
        .exeunt(&["wrong/one", "--json", "lines.json", "--junit", "then.xml"])
        .assert()
        .code(1);
    suite
        .exeunt(&[
            "judge",
            "lines.json",
            "--junit",
            "now.xml",
            "--html",
            "page.html",
        ])
        .assert()
        .code(1);
    // All but the time that the whole took.
    let cases = |name: &str| {
        let text = read(&suite, name);
        text.split_once("<testsuite ").unwrap().1.to_owned()
    };
    assert_eq!(cases("then.xml"), cases("now.xml"));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_before_anything_runs() {
    let suite = Suite::new();
    for option in ["--junit", "--ctrf", "--html", "--trace", "--json"] {
        suite
            .exeunt(&["bye", option, "no/such/place"])
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains(
                "failed to write the report: no/such/place: No such file or directory",
            ));
    }
}

#[test]
fn github_is_told_where_to_look() {
    let suite = Suite::new();
    let summary = suite.0.path().join("summary.md");
    fs::write(&summary, "of an earlier command\n").unwrap();
    suite
        .exeunt(&["wrong", "--github"])
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GITHUB_WORKSPACE", suite.0.path().parent().unwrap())
        .assert()
        .code(1)
        .stdout(contains("::error").not())
        .stderr(contains(format!(
            "::error file={}/exeunt.toml,line=23,title=wrong/one broken::expected a line `right`, observed it never came\n",
            suite.0.path().file_name().unwrap().to_str().unwrap()
        )));
    let summary = fs::read_to_string(summary).unwrap();
    assert!(
        summary.starts_with("of an earlier command\n## Exeunt\n"),
        "{summary}"
    );
    assert!(
        summary.contains("<summary><b>broken</b> <code>wrong/one</code>"),
        "{summary}"
    );
}

/// The harness is killed by SIGKILL while a case runs: what was known before is in all files, and none of them passes for whole.
#[test]
fn what_is_known_survives_a_kill_of_the_harness() {
    let suite = Suite::new();
    let script = suite.0.path().join("bye.sh");
    fs::write(script, "[ $1 = two ] && sleep 100; echo bye").unwrap();
    let args = [&["bye"], FILES.as_slice()].concat();
    let mut harness = std::process::Command::new(exeunt::cargo_bin!("exeunt"))
        .args(&args)
        .current_dir(suite.0.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let known = |name: &str| read(&suite, name).contains("exit code 0");
    let there = |name: &str| suite.0.path().join(name).exists();
    while !["junit.xml", "page.html", "trace.json", "ctrf.json"]
        .iter()
        .all(|f| there(f) && known(f))
    {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "nothing was written"
        );
        thread::sleep(Duration::from_millis(50));
    }
    kill(
        Pid::from_raw(harness.id().try_into().unwrap()),
        Signal::SIGKILL,
    )
    .unwrap();
    harness.wait().unwrap();
    let junit = read(&suite, "junit.xml");
    for part in [
        r#"tests="2" skipped="0" failures="0" errors="1""#,
        r#"message="it was not over when this report was written" type="unfinished""#,
    ] {
        assert!(junit.contains(part), "{part}\n{junit}");
    }
    let ctrf: Value = serde_json::from_str(&read(&suite, "ctrf.json")).unwrap();
    assert_eq!(ctrf["results"]["summary"]["pending"], 1);
    assert_eq!(ctrf["results"]["summary"]["extra"]["over"], false);
    let page = read(&suite, "page.html");
    assert!(page.contains("1 of 2 cases have no outcome") && page.ends_with("</html>\n"));
    let lines = read(&suite, "lines.json");
    assert!(
        lines
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
    assert!(lines.contains(r#""implementation":"one""#) && !lines.contains("summary"));
}
