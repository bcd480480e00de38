//! The command, as people and CI use it.

use std::fs;

use assert_cmd::Command;
use exeunt::cargo_bin;
use exeunt::outcome::Summary;
use exeunt::record::{Exit, Record, Termination};
use predicates::prelude::*;
use predicates::str::{contains, is_match, starts_with};
use serde_json::Value;
use tempfile::TempDir;

/// A directory with a suite. Each scenario is a script; its implementations differ by the argument.
struct Suite(TempDir);

const SUITE: &str = r#"
[implementation.one]
command = ["sh", "{scenario}.sh", "one"]

[implementation.two]
command = ["sh", "{scenario}.sh", "two"]

[implementation.missing]
command = ["exeunt-no-such-tool"]
probe = ["{program}", "--version"]

[[scenario]]
name = "bye"
implementations = ["one", "two"]
present = ["bye"]

[[scenario]]
name = "code"
implementations = ["one", "two"]
exit = { code = { default = 0, two = 3 } }

[[scenario]]
name = "wrong"
implementations = ["one", "two"]
present = ["right"]
deviates.two = { why = "it has always been so", present = ["wrong"] }

[[scenario]]
name = "mended"
implementations = ["one"]
present = ["right"]
deviates.one = { why = "it used to be so", present = ["wrong"] }

[[scenario]]
name = "buffered"
implementations = ["one"]
exit = { code = 0, after = "Main : all done", delay = "0s" }

[[scenario]]
name = "absent"
implementations = ["missing"]
"#;

const SCRIPTS: [(&str, &str); 5] = [
    ("bye", "echo bye"),
    ("code", "[ $1 = two ] && exit 3; exit 0"),
    ("wrong", "echo wrong"),
    ("mended", "echo right"),
    // A line that was logged half a minute before it comes.
    (
        "buffered",
        "s=$(($(date +%s) - 30))\n\
         printf '%02d:%02d:%02d: Main : all done\\n' $((s / 3600 % 24)) $((s / 60 % 60)) $((s % 60))",
    ),
];

impl Suite {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("exeunt.toml"), SUITE).unwrap();
        for (name, script) in SCRIPTS {
            fs::write(dir.path().join(format!("{name}.sh")), script).unwrap();
        }
        fs::create_dir(dir.path().join("below")).unwrap();
        Self(dir)
    }

    fn exeunt(&self, args: &[&str]) -> Command {
        let mut command = exeunt(args);
        command.current_dir(self.0.path());
        command
    }
}

fn exeunt(args: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("exeunt"));
    command.args(args).env("TZ", "UTC");
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR"] {
        command.env_remove(name);
    }
    command
}

fn line(pattern: &str) -> impl Predicate<str> {
    is_match(format!("(?m)^[ ╭│╰]*{pattern}")).unwrap()
}

fn json_lines(command: &mut Command) -> Vec<Value> {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

// # `exeunt test`

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

#[test]
fn filters_choose_cases() {
    let suite = Suite::new();
    for (args, count) in [
        (vec!["bye"], 2),
        (vec!["bye/one"], 1),
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
        .exeunt(&["absent", "bye/one"])
        .assert()
        .success()
        .stdout(line("skipped  absent +missing"))
        .stdout(contains("1 held, 1 skipped"))
        .stderr(starts_with("warning: implementation missing was skipped: "))
        .stderr(contains("program `exeunt-no-such-tool` not found"));
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
        .exeunt(&["absent", "--implementation-command", "missing=true"])
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

// # `exeunt list`

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

// # Wrong usage: exit code 2

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
        .stderr(contains("`exeunt run -- COMMAND`"));
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
        (vec!["run"], "required"),
        (
            vec!["run", "--timeout", "5", "--", "true"],
            "unit is missing",
        ),
        (
            vec!["run", "--streams", "both", "--", "true"],
            "either `merged` or `split`",
        ),
        (
            vec!["run", "--", "exeunt-no-such-program"],
            "it is in no directory of PATH",
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
fn the_help_tells_the_exit_codes() {
    for args in [
        vec!["--help"],
        vec!["test", "--help"],
        vec!["list", "--help"],
        vec!["run", "--help"],
    ] {
        exeunt(&args)
            .assert()
            .success()
            .stdout(contains("130  interrupted"));
    }
    exeunt(&["--version"])
        .assert()
        .success()
        .stdout(starts_with("exeunt "));
}

// # `exeunt run`

#[test]
fn run_shows_a_timeline_and_explains_the_exit() {
    exeunt(&["run", "--", "sh", "-c", "echo hello; sleep 0.2; exit 101"])
        .assert()
        .success()
        .stdout(line(r"0\.000 +start +sh -c .*exit 101.*  \(pid \d+\)\n"))
        .stdout(line(r"0\.\d{3} +output +hello\n"))
        .stdout(line(r"┊ \d\.\d\d s of silence(, then the end)?\n"))
        .stdout(line(r"\d\.\d{3} +exit +exit code 101\n"))
        .stdout(line("exit code 101: a panic in a Rust main ends so\n"))
        .stderr("");
}

#[test]
fn run_ends_what_does_not_end() {
    exeunt(&[
        "run",
        "--timeout",
        "300ms",
        "--",
        "sh",
        "-c",
        "sleep 50 & sleep 50",
    ])
    .assert()
    .code(1)
    .stdout(contains("SIGTERM to pids").and(contains("the time limit was reached")))
    .stdout(contains(
        "still running after 0.3 s, and ended with all that descends from it",
    ));
}

#[test]
fn run_tells_what_was_left_behind() {
    exeunt(&["run", "--", "sh", "-c", "sleep 50 & exit 0"])
        .assert()
        .success()
        .stdout(line(r"survivor +pid \d+ `sleep 50`, holds output\n"));
}

#[test]
fn run_gives_a_record_that_can_be_judged() {
    let script = "printf 'out\\377\\n'; sleep 0.1; echo err >&2; (sleep 50) & kill -34 $$";
    let args = [
        "run",
        "--format",
        "json",
        "--streams",
        "split",
        "--",
        "sh",
        "-c",
        script,
    ];
    let lines = json_lines(&mut exeunt(&args));
    let [line] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(line["type"], "run");
    let record: Record = serde_json::from_value(line["record"].clone()).unwrap();
    assert_eq!(serde_json::to_value(&record).unwrap(), line["record"]);
    assert_eq!(record.termination, Termination::OnItsOwn);
    let rt = exeunt::Signal::from_number(34).unwrap();
    assert_eq!(record.exit().unwrap(), Exit::Signal(rt));
    record
        .assert()
        .signal(rt)
        .stderr(predicate::eq("err\n"))
        .line("out\u{fffd}");
    assert_eq!(record.survivors.len(), 1);
}

#[test]
fn run_passes_on_its_standard_input_and_environment() {
    let run = |extra: &[&str]| {
        let script = ["--", "sh", "-c", "cat; echo \"<$MINE>\""];
        let mut command = exeunt(&[&["run"], extra, &script].concat());
        command.env("MINE", "mine").write_stdin("from outside\n");
        command
    };
    run(&[])
        .assert()
        .success()
        .stdout(contains("from outside").and(contains("<mine>")));
    run(&["--clean-env"])
        .assert()
        .success()
        .stdout(contains("<>"));
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let script = r#"{ "$0" run -- echo hello; echo "code $?" >&2; } | exec true"#;
    Command::new("sh")
        .args(["-c", script, cargo_bin!("exeunt")])
        .assert()
        .stderr(contains("panicked").not())
        .stderr(contains("code 0"));
}
