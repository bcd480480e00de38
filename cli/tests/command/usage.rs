//! Wrong usage, and the help.

use std::fs;

use predicates::prelude::*;
use predicates::str::{contains, starts_with};

use crate::support::{SUITE, Suite, exeunt};

#[test]
fn a_filter_that_matches_nothing_is_a_mistake() {
    let suite = Suite::new();
    suite
        .exeunt(&["nonsense"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("matches `nonsense`"))
        .stderr(contains("`exeunt list` shows what there is"));
    for (args, meant) in [
        (vec!["by/one"], "did you mean `bye/one`?"),
        (vec!["wrng"], "did you mean `wrong`?"),
        (vec!["bye::tow"], "did you mean `bye/two`?"),
        (vec!["--scenario", "by"], "did you mean `bye`?"),
        (vec!["--implementation", "tow"], "did you mean `two`?"),
    ] {
        suite.exeunt(&args).assert().code(2).stderr(contains(meant));
    }
    suite
        .exeunt(&["--scenario", "by"])
        .assert()
        .code(2)
        .stderr(contains(
            "there is no scenario `by`; there are: bye, code, wrong",
        ));
    suite
        .exeunt(&["list", "--implementation", "three"])
        .assert()
        .code(2)
        .stderr(contains(
            "there is no implementation `three`; there are: one, two, missing",
        ));
}

#[test]
fn no_suite_is_a_mistake() {
    let empty = tempfile::tempdir().unwrap();
    exeunt(&[])
        .current_dir(empty.path())
        .assert()
        .code(2)
        .stderr(contains("no exeunt.toml in"))
        .stderr(contains("`exeunt run COMMAND`"));
    exeunt(&["--suite", "no/such.toml"])
        .current_dir(empty.path())
        .assert()
        .code(2)
        .stderr(contains("no/such.toml").and(contains("could not read the suite")));
}

#[test]
fn a_wrong_suite_is_a_mistake_and_its_line_is_shown() {
    let suite = Suite::new();
    fs::write(
        suite.0.path().join("exeunt.toml"),
        format!("{SUITE}timeuot = \"2s\"\n"),
    )
    .unwrap();
    suite
        .exeunt(&[])
        .assert()
        .code(2)
        .stderr(contains("timeuot = \"2s\"").and(contains("exeunt.toml:")));
}

#[test]
fn a_build_that_fails_is_a_mistake() {
    let suite = Suite::new();
    let broken = SUITE.replace(
        "[implementation.two]",
        "[implementation.two]\nbuild = [\"sh\", \"-c\", \"echo no compiler >&2; exit 4\"]",
    );
    fs::write(suite.0.path().join("exeunt.toml"), broken).unwrap();
    suite
        .exeunt(&["bye"])
        .assert()
        .code(2)
        .stderr(contains("implementation `two` could not be built"))
        .stderr(contains("no compiler"));
    // What is not asked for is not built.
    suite.exeunt(&["bye/one"]).assert().success();
}

#[test]
fn a_wrong_command_line_is_a_mistake() {
    let suite = Suite::new();
    for (args, told) in [
        (vec!["--no-such-option"], "--no-such-option"),
        (vec!["--format", "xml"], "xml"),
        (vec!["--implementation-command", "one"], "NAME=CMD"),
        (
            vec!["--implementation-command", "one=sh 'x"],
            "a quotation in the command is not closed",
        ),
        (
            vec!["--implementation-command", "one=sh {nonsense}"],
            "`{nonsense}` is no placeholder here",
        ),
    ] {
        suite
            .exeunt(&args)
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains(told));
    }
}

#[test]
fn a_wrong_command_line_of_run_has_a_code_that_programs_seldom_have() {
    for (args, told) in [
        (vec!["run"], "required"),
        (vec!["run", "--timeout", "5", "true"], "unit is missing"),
        (
            vec!["run", "--timeout", "0s", "true"],
            "nothing can run in no time",
        ),
        (vec!["run", "--at-timeout", "USR1", "true"], "--timeout"),
        (
            vec!["run", "--timeout", "1s", "--at-timeout", "BYE", "true"],
            "`BYE` is not a signal",
        ),
        (
            vec!["run", "--streams", "both", "--", "true"],
            "one of `merged`, `split` and `terminal`",
        ),
    ] {
        exeunt(&args)
            .assert()
            .code(125)
            .stdout("")
            .stderr(contains(told));
    }
}

#[test]
fn the_help_tells_the_exit_codes() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    for (command, codes) in [
        (vec!["--help"], 20),
        (vec!["test", "--help"], 6),
        (vec!["list", "--help"], 6),
        (vec!["show", "--help"], 6),
        (vec!["judge", "--help"], 6),
        (vec!["run", "--help"], 6),
        (vec!["guard", "--help"], 8),
    ] {
        let help = exeunt(&command).output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        let rows = exit_codes(&help);
        assert_eq!(rows.len(), codes, "{help}");
        for (code, meaning) in rows {
            let row = format!("| {code} | {meaning} |");
            assert!(readme.contains(&row), "the README has no row `{row}`");
        }
    }
    exeunt(&["--version"])
        .assert()
        .success()
        .stdout(starts_with("exeunt "));
}

/// The codes in a help, and what they mean. A line that is wrapped is one.
fn exit_codes(help: &str) -> Vec<(String, String)> {
    let lines = help
        .lines()
        .skip_while(|line| !line.starts_with("Exit codes"));
    let mut rows: Vec<(String, String)> = Vec::new();
    for line in lines.filter(|line| line.starts_with(' ')) {
        let text = line.trim();
        match (text.split_once("  "), rows.last_mut()) {
            (Some((code, meaning)), _) => rows.push((code.into(), meaning.into())),
            (None, Some((_, meaning))) => *meaning = format!("{meaning} {text}"),
            (None, None) => panic!("no code: {line}"),
        }
    }
    rows
}
