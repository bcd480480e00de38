//! `exeunt guard` and the places to which the command writes.

use std::time::Duration;

use assert_cmd::Command;
use predicates::str::contains;

/// A script of bash in which `$exeunt` is the command, with a bound to what would never end.
fn bash(script: &str) -> Command {
    let mut command = Command::new("bash");
    command
        .args(["-c", &format!("set -o pipefail; {script}")])
        .env("exeunt", assert_cmd::cargo::cargo_bin("exeunt"))
        .timeout(Duration::from_secs(40));
    command
}

#[test]
fn a_command_whose_reader_goes_away_ends_as_without_a_guard() {
    bash("timeout --signal=KILL 30 $exeunt guard -- yes | head -n 1")
        .assert()
        .code(141)
        .stdout("y\n")
        .stderr("");
    // Both streams in one place.
    bash("timeout --signal=KILL 30 $exeunt guard -- yes 2>&1 | head -n 1")
        .assert()
        .code(141)
        .stdout("y\n");
    // It is its next write that fails, not one that follows.
    bash("timeout --signal=KILL 30 $exeunt guard -- sh -c 'echo a; sleep 1; echo b; sleep 70' | head -n 1")
        .assert()
        .code(141)
        .stdout("a\n");
}

#[test]
fn the_other_stream_stays() {
    let script = "trap '' PIPE; echo a; sleep 1; echo b || echo failed >&2; exit 3";
    bash(&format!(
        "timeout --signal=KILL 30 $exeunt guard -- sh -c \"{script}\" | head -n 1"
    ))
    .assert()
    .code(3)
    .stdout("a\n")
    .stderr(contains("failed\n"));
    let script = "trap '' PIPE; echo a >&2; sleep 1; echo b >&2 || echo failed; exit 3";
    bash(&format!(
        "timeout --signal=KILL 30 $exeunt guard -- sh -c \"{script}\" 2> >(head -n 1 >&2)"
    ))
    .assert()
    .code(3)
    .stdout("failed\n");
}

#[test]
fn where_nothing_can_be_written_the_command_does_not_write_for_ever() {
    bash("timeout --signal=KILL 30 $exeunt guard -- yes >/dev/full")
        .assert()
        .code(125)
        .stderr(contains("No space left"));
}

#[test]
fn a_summary_needs_no_newline() {
    for end in ["", r"\r"] {
        let script = format!("printf '2 passed in 0.10s{end}'; sleep 70; exit 0");
        bash(&format!(
            "$exeunt guard --grace 1s --timeout 20s -- sh -c \"{script}\""
        ))
        .assert()
        .code(122)
        .stderr(contains("last word  2 passed in 0.10s\n"));
    }
}

/// A terminal that is closed, of a session whose leader is another: no SIGHUP comes of it.
#[test]
fn a_command_whose_terminal_is_closed_ends_as_without_a_guard() {
    if Command::new("python3").arg("--version").ok().is_err() {
        eprintln!("warning: SKIPPED: there is no python3");
        return;
    }
    let script = "
import os, pty, subprocess, sys
ours, theirs = pty.openpty()
guard = subprocess.Popen([sys.argv[1], 'guard', '--', 'yes'], stdout=theirs, stderr=theirs, start_new_session=True)
os.close(theirs)
os.read(ours, 1)
os.close(ours)
try:
    sys.exit(10 + guard.wait(20))
finally:
    guard.kill()
";
    Command::new("python3")
        .args(["-c", script])
        .arg(assert_cmd::cargo::cargo_bin("exeunt"))
        .timeout(Duration::from_secs(40))
        .assert()
        // `yes` has ended with 1: its write failed.
        .code(11);
}
