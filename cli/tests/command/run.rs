//! `exeunt run`

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdout, Stdio};

use assert_cmd::Command;
use exeunt::cargo_bin;
use exeunt::record::{Exit, Record, Termination};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::support::{exeunt, json_lines, line};

#[test]
fn run_shows_a_timeline_and_explains_the_exit() {
    exeunt(&["run", "--", "sh", "-c", "echo hello; sleep 0.2; exit 101"])
        .assert()
        .code(101)
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
    .code(124)
    .stdout(contains("SIGTERM to pids").and(contains("the time limit was reached")))
    .stdout(contains(
        "still running after 0.3 s, and ended with all that descends from it",
    ));
}

#[test]
fn run_tells_what_was_left_behind() {
    exeunt(&["run", "--", "sh", "-c", "sleep 50 & exit 0"])
        .assert()
        .code(123)
        .stdout(contains("it left a process behind, which was ended"))
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
    let [start, events @ .., line] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(start["type"], "start");
    assert_eq!(start["command"][0], "sh");
    assert_eq!(line["type"], "run");
    let record: Record = serde_json::from_value(line["record"].clone()).unwrap();
    assert_eq!(serde_json::to_value(&record).unwrap(), line["record"]);
    assert_eq!(start["pid"], record.pid);
    // Each event is a line of its own as well; there, lines are not yet read as lines of log.
    let kinds = |events: &[Value]| {
        events
            .iter()
            .map(|e| e["event"].clone())
            .collect::<Vec<_>>()
    };
    let recorded = line["record"]["events"].as_array().unwrap();
    assert!(events.iter().all(|event| event["type"] == "event"));
    assert_eq!(kinds(events), kinds(recorded));
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
        .stderr("code 0\n");
}

#[test]
fn a_report_that_cannot_be_written_is_told() {
    for format in ["text", "json"] {
        let script = format!("\"$0\" run --format {format} -- echo hello > /dev/full");
        Command::new("sh")
            .args(["-c", &script, cargo_bin!("exeunt")])
            .assert()
            .code(125)
            .stderr("error: failed to write the report: No space left on device (os error 28)\n");
    }
}

// # Its exit code

#[test]
fn run_hands_on_the_exit_code_of_the_program() {
    for (script, code) in [
        ("exit 0", 0),
        ("exit 3", 3),
        ("exit 255", 255),
        ("kill -KILL $$", 137),
        ("kill -SEGV $$", 139),
        // A failure of its own says more than what it left behind.
        ("sleep 50 & exit 4", 4),
    ] {
        for format in ["text", "json"] {
            exeunt(&["run", "--format", format, "sh", "-c", script])
                .assert()
                .code(code);
        }
    }
}

#[test]
fn run_has_exit_codes_of_its_own_where_nothing_was_run() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let plain = file("plain", "#!/bin/sh\n", 0o644);
    let broken = file("broken", "#!/no/such/interpreter\n", 0o755);
    for (program, code, told) in [
        (
            "exeunt-no-such-program",
            127,
            "it is in no directory of PATH",
        ),
        ("/no/such/program", 127, "no executable file at this path"),
        (&broken, 127, "interpreter is missing"),
        (&plain, 126, "not marked as executable"),
        ("/", 126, "could not execute `/`"),
    ] {
        exeunt(&["run", program])
            .assert()
            .code(code)
            .stdout("")
            .stderr(contains(told));
    }
}

// # Its options

#[test]
fn the_command_needs_no_dashes() {
    exeunt(&[
        "run",
        "sh",
        "-c",
        "echo \"$*\"; exit 4",
        "--",
        "-q",
        "--timeout",
    ])
    .assert()
    .code(4)
    .stdout(line("[0-9.]+ +output +-q --timeout\n"));
    exeunt(&[
        "run",
        "--streams",
        "split",
        "sh",
        "-c",
        "echo \"$0\"",
        "--streams",
    ])
    .assert()
    .success()
    .stdout(line("[0-9.]+ +stdout +--streams\n"));
    // What is no option of ours is no program either.
    exeunt(&["run", "--time", "3s", "true"])
        .assert()
        .code(125)
        .stderr(contains("--timeout"));
}

#[test]
fn there_is_no_limit_unless_one_is_given() {
    for (args, limit) in [
        (vec!["true"], None),
        (vec!["--timeout", "90s", "true"], Some(exeunt::secs(90))),
    ] {
        let lines = json_lines(&mut exeunt(
            &[&["run", "--format", "json"], &args[..]].concat(),
        ));
        let record = lines.last().unwrap()["record"].clone();
        let record: Record = serde_json::from_value(record).unwrap();
        assert_eq!(record.timeout, limit);
    }
}

#[test]
fn a_program_may_show_where_it_stands_before_it_is_ended() {
    let script =
        "trap 'echo here' USR1; trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done";
    let limits = [
        "--timeout",
        "300ms",
        "--at-timeout",
        "USR1",
        "--grace",
        "2s",
    ];
    exeunt(&[&["run"], &limits[..], &["sh", "-c", script]].concat())
        .assert()
        .code(124)
        .stdout(contains("SIGUSR1 to pid").and(line("[0-9.]+ +output +here\n")))
        .stdout(line("[0-9.]+ +output +bye\n"));
}

#[test]
fn the_grace_and_the_settling_period_can_be_set() {
    let stubborn = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
    exeunt(&[
        "run",
        "--timeout",
        "500ms",
        "--grace",
        "0s",
        "sh",
        "-c",
        stubborn,
    ])
    .assert()
    .code(124)
    .stdout(contains("exit       killed by SIGKILL"));
    let late = "sleep 0.6 & exit 0";
    exeunt(&["run", "--settle", "20s", "sh", "-c", late])
        .assert()
        .success();
    exeunt(&["run", "--settle", "0s", "sh", "-c", late])
        .assert()
        .code(123);
}

#[test]
fn a_scratch_directory_is_given_where_tmpdir_is_not_set() {
    let dir = tempfile::tempdir().unwrap();
    let ours = dir.path().to_str().unwrap();
    let run = |extra: &[&str]| {
        let script = "[ -d \"$TMPDIR\" ] && echo \"<$TMPDIR>\"";
        exeunt(&[&["run"], extra, &["sh", "-c", script]].concat())
    };
    run(&[])
        .env("TMPDIR", ours)
        .assert()
        .success()
        .stdout(contains(format!("<{ours}>")));
    run(&["--clean-env"])
        .env("TMPDIR", ours)
        .assert()
        .success()
        .stdout(contains(format!("<{ours}/exeunt-")));
    run(&[])
        .env_remove("TMPDIR")
        .assert()
        .success()
        .stdout(contains("<").and(contains("/exeunt-")));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

// # While it runs

/// A run that goes on, and whose subject waits for a line from us.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        let mut child = std::process::Command::new(cargo_bin!("exeunt"))
            .arg("run")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// What was written up to and with this text. Waits for ever for what never comes.
    #[track_caller]
    fn reads(&mut self, text: &str) -> String {
        let mut read = String::new();
        while !read.contains(text) {
            let n = self.stdout.read_line(&mut read).unwrap();
            assert!(n > 0, "it ended without `{text}`: {read}");
        }
        read
    }

    fn answer(&mut self) {
        let mut stdin = self.child.stdin.take().unwrap();
        stdin.write_all(b"go on\n").unwrap();
    }
}

#[test]
fn the_timeline_grows_while_the_program_runs() {
    let script = "echo first; printf 'Name: '; read name; echo \"$name\"; exit 5";
    let mut running = Running::start(&["sh", "-c", script]);
    let read = running.reads("(so far)");
    let rows: Vec<_> = read
        .lines()
        .map(|row| row.split_whitespace().nth(1))
        .collect();
    assert_eq!(
        rows,
        [Some("start"), Some("output"), Some("output")],
        "{read}"
    );
    assert!(
        read.contains("first") && read.contains("Name:  (so far)"),
        "{read}"
    );
    assert!(read.contains("(pid "), "{read}");
    running.answer();
    let read = running.reads("exit code 5: ");
    assert!(read.contains("output     Name: go on\n"), "{read}");
    assert_eq!(running.child.wait().unwrap().code(), Some(5));
}

#[test]
fn each_event_is_a_line_of_json_while_the_program_runs() {
    let script = "printf 'Name: '; read name; exit 5";
    let mut running = Running::start(&["--format", "json", "sh", "-c", script]);
    let read = running.reads("partial");
    let lines: Vec<Value> = read
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["type"], "start");
    assert_eq!(lines[1]["type"], "event");
    assert_eq!(lines[1]["event"], "partial");
    assert_eq!(lines[1]["bytes"], "Name: ");
    running.answer();
    running.reads("\"type\":\"run\"");
    assert_eq!(running.child.wait().unwrap().code(), Some(5));
}

/// Where the locale has no UTF-8, what is drawn is drawn with ASCII; what programs read is left as it is.
#[test]
fn a_locale_without_utf_8_gets_ascii() {
    let run = |locale: &str, format: &str| {
        let mut command = exeunt(&["run", "--format", format, "sh", "-c", "sleep 0.3; echo ü"]);
        command.env_remove("LC_ALL").env("LC_CTYPE", locale);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let plain = run("C", "text");
    assert!(
        plain.is_ascii() && plain.contains(": 0.3") && plain.contains("\\u{fc}"),
        "{plain}"
    );
    let drawn = run("C.UTF-8", "text");
    assert!(drawn.contains('┊') && drawn.contains('ü'), "{drawn}");
    assert!(run("C", "json").contains('ü'));
    // What nobody set says nothing.
    assert!(run("", "text").contains('ü') || std::env::var_os("LANG").is_some());
}
