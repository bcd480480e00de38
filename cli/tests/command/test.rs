//! `exeunt test`

use std::fs;

use exeunt::outcome::Summary;
use exeunt::record::Record;
use predicates::prelude::*;
use predicates::str::{contains, is_match, starts_with};
use serde_json::Value;

use crate::support::{SUITE, Suite, exeunt, json_lines, line};

#[test]
fn the_suite_is_found_in_a_parent_directory() {
    let suite = Suite::new();
    let held = "2 cases in";
    suite
        .exeunt(&["bye"])
        .assert()
        .success()
        .stdout(contains(held));
    suite
        .exeunt(&["test", "bye"])
        .assert()
        .success()
        .stdout(contains(held));
    let below = suite.0.path().join("below");
    // Subjects start beside the suite all the same.
    suite
        .exeunt(&["bye"])
        .current_dir(below)
        .assert()
        .success()
        .stdout(contains(held));
}

#[test]
fn a_suite_can_be_named() {
    let suite = Suite::new();
    let path = suite.0.path().join("exeunt.toml");
    exeunt(&["test", "bye", "--suite", path.to_str().unwrap()])
        .current_dir("/")
        .assert()
        .success()
        .stdout(line("held  bye +one +exit code 0\n"));
}

/// A subject starts in the suite's directory, where a path from another one leads astray.
#[test]
fn the_root_is_the_same_from_wherever_the_suite_is_named() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("below")).unwrap();
    fs::write(
        directory.path().join("below/exeunt.toml"),
        "[implementation.x]\n\
         command = ['sh', '-c', 'cd $AT && test -f exeunt.toml && test -f {root}/exeunt.toml']\n\
         env = { AT = '{root}' }\n\
         build = ['test', '-f', '{root}/exeunt.toml']\n\
         probe = ['test', '-f', '{root}/exeunt.toml']\n\
         [[scenario]]\n\
         name = 'there'\n",
    )
    .unwrap();
    exeunt(&["test", "--suite", "below/exeunt.toml"])
        .current_dir(directory.path())
        .assert()
        .success()
        .stdout(line("held  there +x +exit code 0\n"));
}

#[test]
fn filters_choose_cases() {
    let suite = Suite::new();
    for (args, count) in [
        (vec!["bye"], 2),
        (vec!["bye/one"], 1),
        (vec!["bye::one"], 1),
        (vec!["bye/one", "code/two"], 2),
        (vec!["--scenario", "bye", "--scenario", "code"], 4),
        (vec!["--implementation", "two", "code"], 1),
        (vec!["--scenario", "bye", "--implementation", "one"], 1),
    ] {
        let cases = if count == 1 { "case" } else { "cases" };
        suite.exeunt(&args).assert().success().stdout(line(&format!(
            r"{count} {cases} in \d+\.\d\d s: .*{count} held\n"
        )));
    }
}

#[test]
fn what_is_broken_gives_exit_code_1_and_its_timeline() {
    let suite = Suite::new();
    suite
        .exeunt(&["wrong/one"])
        .assert()
        .code(1)
        .stdout(line("broken  wrong +one"))
        .stdout(line("[0-9.]+ +output +wrong\n"))
        .stdout(contains("expected a line `right`"))
        .stdout(contains("observed it never came"))
        .stdout(contains("1 case in").and(contains("1 broken")))
        .stderr("");
}

#[test]
fn a_broken_case_tells_where_it_is_written() {
    let suite = Suite::new();
    let line = SUITE
        .lines()
        .position(|line| line == "name = \"wrong\"")
        .unwrap()
        + 1;
    suite
        .exeunt(&["wrong/one"])
        .assert()
        .code(1)
        .stdout(contains(format!("  at exeunt.toml:{line}\n")));
    // What is well need not be looked up.
    suite
        .exeunt(&["bye", "--verbose"])
        .assert()
        .success()
        .stdout(contains("exeunt.toml").not());
}

#[test]
fn a_table_can_be_of_what_differs_only() {
    let suite = Suite::new();
    suite
        .exeunt(&["bye", "code", "--matrix=markdown", "--differing"])
        .assert()
        .success()
        .stdout(contains("| `code` |").and(contains("| `bye` |").not()));
    suite
        .exeunt(&["bye", "code", "--matrix=markdown"])
        .assert()
        .success()
        .stdout(contains("| `code` |").and(contains("| `bye` |")));
    // Of a report without a table there is nothing to leave out.
    suite.exeunt(&["bye", "--differing"]).assert().code(2);
}

#[test]
fn a_table_can_have_versions_in_its_head() {
    let suite = Suite::new();
    let command = "command = [\"sh\", \"{scenario}.sh\", \"two\"]\n";
    let probe = "probe = [\"echo\", \"two 2.1.7\"]\n";
    let text = SUITE.replace(command, &format!("{command}{probe}"));
    fs::write(suite.0.path().join("exeunt.toml"), text).unwrap();
    let table = |more: &[&str], head: &str| {
        let args = [&["bye", "--matrix=markdown"], more].concat();
        let mut exeunt = suite.exeunt(&args);
        exeunt.assert().success().stdout(contains(head));
    };
    table(&["--versions"], "| scenario | one | two 2.1.7 |");
    table(&[], "| scenario | one | two |");
}

#[test]
fn what_cannot_be_told_gives_exit_code_3() {
    let suite = Suite::new();
    suite
        .exeunt(&["buffered"])
        .assert()
        .code(3)
        .stdout(line("inconclusive  buffered +one"))
        .stdout(contains("the subject buffers its output"))
        .stdout(contains("1 inconclusive"));
    // What is broken is worse than what cannot be told.
    suite.exeunt(&["buffered", "wrong/one"]).assert().code(1);
}

#[test]
fn a_known_deviation_is_well_and_tells_its_reason() {
    let suite = Suite::new();
    suite
        .exeunt(&["wrong/two"])
        .assert()
        .success()
        .stdout(line("deviates  wrong +two"))
        .stdout(contains("it has always been so"))
        .stdout(contains("1 known deviation"));
}

#[test]
fn a_known_deviation_that_is_mended_is_broken() {
    let suite = Suite::new();
    suite
        .exeunt(&["mended"])
        .assert()
        .code(1)
        .stdout(line("deviates no more  mended +one"))
        .stdout(contains("it used to be so"))
        .stdout(contains("1 broken"));
}

#[test]
fn an_implementation_that_is_missing_is_skipped_loudly() {
    let suite = Suite::new();
    suite
        .exeunt(&["abs", "bye/one"])
        .assert()
        .success()
        .stdout(line("skipped  absent +missing"))
        .stdout(contains("1 held, 1 skipped"))
        .stderr(starts_with("warning: implementation missing was skipped: "))
        .stderr(contains("program `exeunt-no-such-tool` not found"));
}

#[test]
fn skipped_cases_can_be_denied() {
    let suite = Suite::new();
    suite
        .exeunt(&["abs", "bye/one", "--deny-skipped"])
        .assert()
        .code(4)
        .stdout(contains("1 held, 1 skipped"));
    suite
        .exeunt(&["bye/one", "--deny-skipped"])
        .assert()
        .success();
    // What is broken is worse.
    suite
        .exeunt(&["abs", "wrong/one", "--deny-skipped"])
        .assert()
        .code(1);
}

#[test]
fn nothing_judged_is_no_success() {
    let suite = Suite::new();
    suite
        .exeunt(&["abs"])
        .assert()
        .code(4)
        .stdout(contains("1 case in").and(contains("1 skipped")));
}

#[test]
fn what_is_asked_for_by_name_is_never_skipped() {
    let suite = Suite::new();
    for (args, told) in [
        // A scenario all of whose implementations are missing.
        (
            vec!["absent"],
            "scenario `absent` was asked for, and none of its cases can be run",
        ),
        (
            vec!["--scenario", "absent"],
            "scenario `absent` was asked for",
        ),
        (
            vec!["--implementation", "missing"],
            "implementation `missing`, which was asked for, is not there",
        ),
        (
            vec!["missing", "bye"],
            "implementation `missing`, which was asked for, is not there",
        ),
        (
            vec!["absent/missing", "bye"],
            "implementation `missing`, which was asked for, is not there",
        ),
        (
            vec!["absent::missing"],
            "implementation `missing`, which was asked for, is not there",
        ),
        (
            vec![
                "bye",
                "--implementation-command",
                "missing=exeunt-no-such-tool-either",
            ],
            "",
        ),
        (
            vec![
                "absent",
                "--implementation-command",
                "missing=exeunt-no-such-tool-either",
            ],
            "`exeunt-no-such-tool-either` not found",
        ),
    ] {
        let assert = suite.exeunt(&args).assert();
        match told {
            // A column that no case is run of is not looked for.
            "" => assert.success(),
            told => assert.code(2).stdout("").stderr(contains(told)),
        };
    }
}

#[test]
fn a_probe_that_crashes_is_an_error() {
    let suite = Suite::new();
    let path = suite.0.path().join("exeunt.toml");
    let crashing = crate::support::SUITE.replace(
        "probe = [\"{program}\", \"--version\"]",
        "probe = [\"sh\", \"-c\", \"kill -SEGV $$\"]",
    );
    fs::write(path, crashing).unwrap();
    suite
        .exeunt(&["abs", "bye/one"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("is there and does not work").and(contains("killed by SIGSEGV")));
}

#[test]
fn the_timelines_of_cases_that_are_well_are_shown_on_request() {
    let suite = Suite::new();
    let said = || line("[0-9.]+ +output +bye\n");
    suite
        .exeunt(&["bye"])
        .assert()
        .success()
        .stdout(said().not());
    suite
        .exeunt(&["bye", "-v"])
        .assert()
        .success()
        .stdout(said());
    suite
        .exeunt(&["test", "bye", "--verbose"])
        .assert()
        .success()
        .stdout(said());
}

#[test]
fn what_goes_on_fits_into_a_narrow_terminal() {
    let suite = Suite::new();
    let scenarios = (0..8).map(|n| format!("[[scenario]]\nname = \"sleeps_for_a_while_{n}\"\n"));
    let text = format!(
        "[implementation.sleeper]\ncommand = [\"sleep\", \"1.2\"]\n{}",
        scenarios.collect::<String>()
    );
    fs::write(suite.0.path().join("exeunt.toml"), text).unwrap();
    let script = format!(
        "stty cols 60 rows 20; exec {}",
        exeunt::cargo_bin!("exeunt")
    );
    let output = std::process::Command::new("script")
        .args(["--quiet", "--return", "--command", &script, "/dev/null"])
        .current_dir(suite.0.path())
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    let plain = |line: &str| anstream::adapter::strip_str(line).to_string();
    let lines: Vec<_> = shown.split(['\r', '\n']).map(plain).collect();
    let progress: Vec<_> = lines.iter().filter(|line| line.contains(" left")).collect();
    let says = |text: &str| progress.iter().any(|line| line.contains(text));
    assert!(
        says("0/8, 8 left: sleeps_for_a_while_0/sleeper 1 s, 7 more"),
        "{lines:#?}"
    );
    let widest = progress.iter().map(|line| line.chars().count()).max();
    assert!(widest <= Some(60), "{lines:#?}");
}

#[test]
fn cases_are_reported_in_the_order_of_the_suite_however_many_run_at_once() {
    let suite = Suite::new();
    for jobs in ["1", "8"] {
        suite
            .exeunt(&["bye", "code", "--jobs", jobs])
            .assert()
            .success()
            .stdout(is_match(r"(?s)bye +one.*bye +two.*code +one.*code +two").unwrap());
    }
}

#[test]
fn a_command_on_the_command_line_replaces_an_implementation() {
    let suite = Suite::new();
    suite
        .exeunt(&[
            "bye/one",
            "--implementation-command",
            "one=sh -c 'echo \"not $0\"' {scenario}",
        ])
        .assert()
        .code(1)
        .stdout(contains("output     not bye"));
    // Even one whose tool is missing.
    suite
        .exeunt(&["abs", "--implementation-command", "missing=true"])
        .assert()
        .success()
        .stdout(contains("1 held"));
}

#[test]
fn a_command_on_the_command_line_adds_an_implementation() {
    let suite = Suite::new();
    fs::write(
        suite.0.path().join("exeunt.toml"),
        "[implementation.one]\ncommand = [\"sh\", \"{scenario}.sh\"]\n[[scenario]]\nname = \"bye\"\npresent = [\"bye\"]\n",
    )
    .unwrap();
    // By a whole command, or by a program that takes the place of another.
    for new in ["new=sh {scenario}.sh", "new:one=/bin/sh"] {
        suite
            .exeunt(&["--implementation-command", new])
            .assert()
            .success()
            .stdout(line("held  bye +one").and(line("held  bye +new")));
        suite
            .exeunt(&["--implementation-command", new, "--implementation", "new"])
            .assert()
            .success()
            .stdout(contains("1 case in"));
    }
}

#[test]
fn a_report_for_programs_has_every_record() {
    let suite = Suite::new();
    let lines = json_lines(&mut suite.exeunt(&["--format", "json"]));
    let (summary, cases) = lines.split_last().unwrap();
    let status = |case: &Value| {
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        assert_eq!(case["type"], "case");
        (
            format!("{}/{}", text("scenario"), text("implementation")),
            text("status"),
        )
    };
    let statuses: Vec<_> = cases.iter().map(status).collect();
    let expected = [
        ("bye/one", "held"),
        ("bye/two", "held"),
        ("code/one", "held"),
        ("code/two", "held"),
        ("wrong/one", "broken"),
        ("wrong/two", "deviates"),
        ("mended/one", "deviates-no-more"),
        ("buffered/one", "inconclusive"),
        ("absent/missing", "skipped"),
    ];
    assert_eq!(
        statuses,
        expected.map(|(case, status)| (case.to_owned(), status.to_owned()))
    );
    for case in cases.iter().filter(|case| case["status"] != "skipped") {
        let record: Record = serde_json::from_value(case["record"].clone()).unwrap();
        assert_eq!(record.command[0], "sh");
        let judgement: exeunt::judge::Judgement =
            serde_json::from_value(case["judgement"].clone()).unwrap();
        assert!(!judgement.checks.is_empty());
    }
    assert_eq!(summary["type"], "summary");
    let summary: Summary = serde_json::from_value(summary.clone()).unwrap();
    let expected = Summary {
        held: 4,
        deviates: 1,
        broken: 2,
        inconclusive: 1,
        skipped: 1,
        interrupted: 0,
    };
    assert_eq!(summary, expected);
}

#[test]
fn colour_is_for_terminals() {
    let suite = Suite::new();
    let colour = || contains("\u{1b}[");
    suite
        .exeunt(&["bye"])
        .assert()
        .success()
        .stdout(colour().not());
    suite
        .exeunt(&["bye"])
        .env("CLICOLOR_FORCE", "1")
        .assert()
        .stdout(colour());
    suite
        .exeunt(&["bye"])
        .env("NO_COLOR", "1")
        .assert()
        .stdout(colour().not());
    suite
        .exeunt(&["nonsense"])
        .assert()
        .code(2)
        .stderr(colour().not());
}

/// Machines that only run what others have built have no cargo.
#[test]
fn nothing_is_built_where_that_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let at = |path: &str| directory.path().join(path);
    std::fs::write(
        at("exeunt.toml"),
        "[implementation.worker]\ncargo = { package = 'no-such-package', bin = 'worker-{scenario}' }\n\
         [implementation.script]\ncommand = ['./script']\nbuild = ['touch', 'built']\n\
         [[scenario]]\nname = 'one'\n",
    )
    .unwrap();
    let exeunt = |args: &[&str]| {
        let mut command = assert_cmd::Command::new(exeunt::cargo_bin!("exeunt"));
        command.current_dir(directory.path()).args(args);
        command.env_remove("CARGO_TARGET_DIR");
        command
    };
    exeunt(&["--no-build"]).assert().code(2).stderr(
        contains("binary `worker-one` of package `no-such-package` is not there")
            .and(contains("/target/debug/worker-one")),
    );
    std::fs::create_dir_all(at("target/debug")).unwrap();
    std::fs::copy("/bin/true", at("target/debug/worker-one")).unwrap();
    std::fs::copy("/bin/true", at("script")).unwrap();
    exeunt(&["--no-build"])
        .assert()
        .success()
        .stdout(contains("2 held"));
    assert!(!at("built").exists());
    exeunt(&["script"]).assert().success();
    assert!(at("built").exists());
}
