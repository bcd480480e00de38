//! `exeunt judge`

use std::fs;

use predicates::prelude::*;
use predicates::str::{contains, ends_with};
use serde_json::Value;

use crate::support::{Suite, exeunt, json_lines, line};

/// A suite whose implementation prints its version, by a file, and deviates in some.
const VERSIONED: &str = r#"
[implementation.sh]
command = ["sh", "-c", "cat version"]
probe = ["cat", "version"]

[[scenario]]
name = "new"
log = ["tool 2.0.0"]
deviates.sh = { version = "<2", why = "It came with 2.0.", log = ["tool 1.5.0"] }
"#;

fn verdicts(lines: &[Value]) -> Vec<(String, String, Value, u64)> {
    let cases = lines.iter().filter(|line| line["type"] == "case");
    let text = |case: &Value, key: &str| case[key].as_str().unwrap_or_default().to_owned();
    cases
        .map(|case| {
            let id = format!(
                "{}/{}",
                text(case, "scenario"),
                text(case, "implementation")
            );
            let checks = case["judgement"].clone();
            (
                id,
                text(case, "status"),
                checks,
                case["runs"].as_u64().unwrap(),
            )
        })
        .collect()
}

/// The report of a run of the whole suite, and its exit code.
fn saved(suite: &Suite, file: &str, args: &[&str]) -> (Vec<Value>, i32) {
    let output = suite
        .exeunt(&[&["--format", "json"], args].concat())
        .output()
        .unwrap();
    fs::write(suite.0.path().join(file), &output.stdout).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (lines.collect(), output.status.code().unwrap())
}

#[test]
fn saved_records_are_judged_as_they_were() {
    let suite = Suite::new();
    let (ran, code) = saved(&suite, "saved.json", &[]);
    assert_eq!(code, 1);
    // Nothing is run: what was run is not there any more.
    for script in ["bye", "code", "wrong", "mended", "buffered"] {
        fs::remove_file(suite.0.path().join(format!("{script}.sh"))).unwrap();
    }
    let judged = json_lines(&mut suite.exeunt(&["judge", "--format", "json", "saved.json"]));
    assert_eq!(verdicts(&judged), verdicts(&ran));
    suite
        .exeunt(&["judge", "saved.json"])
        .assert()
        .code(code)
        .stdout(contains("9 cases in").and(contains("4 held, 1 known deviation, 2 broken")))
        .stderr(contains("implementation missing was skipped"));
    suite
        .exeunt(&["judge", "-", "--matrix"])
        .pipe_stdin(suite.0.path().join("saved.json"))
        .unwrap()
        .assert()
        .code(code)
        .stdout(contains("scenario").or(contains("bye")));
}

#[test]
fn saved_records_are_judged_by_what_the_suite_says_now() {
    let suite = Suite::new();
    let (_, code) = saved(&suite, "saved.json", &["bye/one"]);
    assert_eq!(code, 0);
    let path = suite.0.path().join("exeunt.toml");
    let now = fs::read_to_string(&path).unwrap();
    fs::write(path, now.replace("[\"bye\"]", "[\"hello\"]")).unwrap();
    suite
        .exeunt(&["judge", "saved.json"])
        .assert()
        .code(1)
        .stdout(line("broken  bye +one"))
        .stdout(contains("expected a line `hello`"));
}

#[test]
fn the_recorded_version_is_what_counts() {
    let suite = Suite::new();
    let write = |name: &str, text: &str| fs::write(suite.0.path().join(name), text).unwrap();
    write("exeunt.toml", VERSIONED);
    write("version", "tool 1.5.0\n");
    let (ran, code) = saved(&suite, "old.json", &[]);
    assert_eq!((code, verdicts(&ran)[0].1.as_str()), (0, "deviates"));
    write("version", "tool 2.0.0\n");
    let (_, code) = saved(&suite, "new.json", &[]);
    assert_eq!(code, 0);
    suite
        .exeunt(&["judge", "old.json", "new.json"])
        .assert()
        .success()
        .stdout(contains("1 held, 1 known deviation"));
    // With another version, the same record is another verdict.
    let old = fs::read_to_string(suite.0.path().join("old.json")).unwrap();
    write(
        "forged.json",
        &old.replace("\"version\":\"1.5.0\"", "\"version\":\"2.0.0\""),
    );
    suite
        .exeunt(&["judge", "forged.json"])
        .assert()
        .code(1)
        .stdout(line("broken  new +sh"));
}

#[test]
fn a_column_from_the_command_line_is_judged_as_what_it_is_like() {
    let suite = Suite::new();
    let column = ["--implementation-command", "mine:one=sh"];
    let args = [&column[..], &["--implementation", "mine", "bye"]].concat();
    let (ran, code) = saved(&suite, "saved.json", &args);
    assert_eq!((code, verdicts(&ran)[0].0.as_str()), (0, "bye/mine"));
    suite
        .exeunt(&["judge", "saved.json"])
        .assert()
        .success()
        .stdout(line("held  bye +mine"));
}

#[test]
fn a_single_record_may_stand_on_several_lines() {
    let suite = Suite::new();
    let (ran, _) = saved(&suite, "saved.json", &["bye/one"]);
    let record = serde_json::to_string_pretty(&ran[0]["record"]).unwrap();
    fs::write(suite.0.path().join("record.json"), record).unwrap();
    suite
        .exeunt(&["judge", "record.json", "saved.json"])
        .assert()
        .success()
        .stdout(contains("2 cases in").and(contains("2 held")));
}

#[test]
fn what_cannot_be_judged_is_told_with_its_file_and_line() {
    let suite = Suite::new();
    let (ran, _) = saved(&suite, "saved.json", &["bye/one"]);
    let good = ran[0].to_string();
    let record = |key: &str, value: Value| {
        let mut case = ran[0].clone();
        case["record"][key] = value;
        case.to_string()
    };
    let other_case = |scenario: &str| good.replace("\"bye\"", &format!("\"{scenario}\""));
    for (second, told) in [
        (
            record("schema", 99.into()),
            "bad.json:2: no record: a record of schema 99, and this version of exeunt reads schemas 1 to 2",
        ),
        (
            other_case("gone"),
            "bad.json:2: the suite exeunt.toml has no case `gone/one`",
        ),
        (
            "{\"half\":".into(),
            "bad.json:2: no record: EOF while parsing",
        ),
        ("not json".into(), "bad.json:2: no record: expected"),
        (
            "{\"name\": 1}".into(),
            "bad.json:2: no record: it has no `schema`",
        ),
        (
            ran[0]["record"]
                .to_string()
                .replace("\"origin\"", "\"other\""),
            "bad.json:2: a record of no case",
        ),
        (
            record("events", 3.into()),
            "bad.json:2: no record: invalid type",
        ),
    ] {
        fs::write(
            suite.0.path().join("bad.json"),
            format!("{good}\n{second}\n"),
        )
        .unwrap();
        suite
            .exeunt(&["judge", "bad.json"])
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains(told));
    }
    fs::write(suite.0.path().join("empty.json"), "").unwrap();
    for (file, told) in [
        (
            "empty.json",
            "there is no record in what was given to judge\n",
        ),
        (
            "no-such.json",
            "failed to read no-such.json: No such file or directory (os error 2)\n",
        ),
    ] {
        suite
            .exeunt(&["judge", file])
            .assert()
            .code(2)
            .stderr(ends_with(told));
    }
    exeunt(&["judge"]).assert().code(2);
}
