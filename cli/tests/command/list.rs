//! `exeunt list` and `exeunt show`

use assert_cmd::Command;
use exeunt::cargo_bin;
use predicates::prelude::*;
use predicates::str::{contains, starts_with};
use serde_json::{Value, json};

use crate::support::{SUITE, Suite};

#[test]
fn list_shows_the_cases_that_would_run() {
    let suite = Suite::new();
    suite
        .exeunt(&["list"])
        .assert()
        .success()
        .stdout(starts_with("bye/one\nbye/two\ncode/one\n"))
        .stdout(contains("wrong/two  (a known deviation)\n"));
    suite
        .exeunt(&["list", "code", "--implementation", "two"])
        .assert()
        .success()
        .stdout("code/two\n");
}

#[test]
fn list_says_more_on_request() {
    let suite = Suite::new();
    suite
        .exeunt(&["list", "-v", "wrong"])
        .assert()
        .success()
        .stdout("wrong/one\nwrong/two\n    deviates: it has always been so\n");
}

#[test]
fn a_list_for_programs_has_a_case_a_line() {
    let suite = Suite::new();
    let output = suite.exeunt(&["list", "--format", "json"]).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let listed: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(listed.len(), 9);
    let find = |scenario: &str, implementation: &str| {
        let mut all = listed.iter();
        let found =
            all.find(|c| c["scenario"] == scenario && c["implementation"] == implementation);
        found.unwrap()
    };
    let case = find("wrong", "two");
    let line = SUITE
        .lines()
        .position(|line| line == "name = \"wrong\"")
        .unwrap()
        + 1;
    assert_eq!(case["type"], "listed");
    assert_eq!(
        case["place"],
        json!({ "file": "exeunt.toml", "line": line })
    );
    assert_eq!(
        case["deviations"],
        json!([{ "name": null, "version": null, "why": "it has always been so" }])
    );
    assert_eq!(case["timeout"], 10.0);
    assert_eq!(find("bye", "one")["deviations"], json!([]));
}

#[test]
fn show_writes_a_case_out() {
    let suite = Suite::new();
    suite
        .exeunt(&["show", "bye::one"])
        .assert()
        .success()
        .stdout(starts_with("# bye/one\n[implementation.one]\n"))
        .stdout(contains("command = [\"sh\", \"bye.sh\", \"one\"]"))
        .stdout(contains("present = "));
    suite
        .exeunt(&["show", "bye"])
        .assert()
        .success()
        .stdout(contains("# bye/one\n").and(contains("# bye/two\n")));
    suite
        .exeunt(&["show", "nonsense"])
        .assert()
        .code(2)
        .stdout("");
}

#[test]
fn a_list_that_nobody_reads_to_its_end_ends_quietly() {
    let suite = Suite::new();
    for command in ["list", "list -v", "show", "bye", "bye --format json"] {
        let script = format!("{{ \"$0\" {command}; echo \"code $?\" >&2; }} | exec true");
        Command::new("sh")
            .args(["-c", &script, cargo_bin!("exeunt")])
            .current_dir(suite.0.path())
            .assert()
            .stderr("code 0\n");
    }
}

#[test]
fn a_list_that_cannot_be_written_is_an_error() {
    let suite = Suite::new();
    for command in [
        "list",
        "show",
        "bye",
        "bye --format json",
        "bye --matrix",
        "--help",
    ] {
        let script = format!("\"$0\" {command} > /dev/full");
        let told = match command {
            "--help" => "",
            _ => "error: failed to write the report: No space left on device (os error 28)\n",
        };
        Command::new("sh")
            .args(["-c", &script, cargo_bin!("exeunt")])
            .current_dir(suite.0.path())
            .assert()
            .code(2)
            .stderr(told);
    }
}
