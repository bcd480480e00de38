//! Break it and it tells: programs that imitate the seed's, each wrong in one way, under the expectations of this
//! repository's own suite. Each comes back broken, for its own reason; the correct one holds.

use std::collections::HashMap;
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::thread;

use assert_cmd::assert::{Assert, OutputAssertExt};
use exeunt::cargo_bin;
use predicates::prelude::*;

const CASES: [&str; 13] = [
    "non_daemon/correct",
    "daemon/correct",
    "join/correct",
    "daemon/ignores-daemon",
    "join/skips-join",
    "non_daemon/skips-wait",
    "non_daemon/exits-1",
    "non_daemon/prints-twice",
    "non_daemon/swaps-lines",
    "non_daemon/leaves-a-grandchild",
    "non_daemon/never-ends",
    "join/ends-late",
    "join/kills-itself",
];

/// What the command says of one case. They mostly sleep, so the first who asks has them all run at once.
fn exeunt_test(case: &str) -> Assert {
    static OUTPUTS: LazyLock<HashMap<&str, Output>> = LazyLock::new(|| {
        thread::scope(|scope| {
            let runs = CASES.map(|case| (case, scope.spawn(move || run(case))));
            runs.map(|(case, run)| (case, run.join().unwrap())).into()
        })
    });
    OUTPUTS[case].clone().assert()
}

fn run(case: &str) -> Output {
    let (scenario, implementation) = case.split_once('/').unwrap();
    Command::new(cargo_bin!("exeunt"))
        .args(["test", "--suite", "tests/broken/exeunt.toml"])
        .args(["--scenario", scenario, "--implementation", implementation])
        .output()
        .unwrap()
}

/// The case is broken, and this is the spot.
#[track_caller]
fn is_broken(case: &str, expected: &str, observed: &str) {
    let spot = format!(r"(?m)╰─ broken +expected {expected}\n[ │]+observed {observed}$");
    exeunt_test(case)
        .code(1)
        .stdout(predicate::str::is_match(spot).unwrap())
        .stdout(predicate::str::contains("1 broken"));
}

#[track_caller]
fn holds(case: &str, said: &str) {
    exeunt_test(case)
        .success()
        .stdout(predicate::str::is_match(said).unwrap())
        .stdout(predicate::str::ends_with(" 1 held\n"));
}

#[test]
fn the_correct_program_waits_for_its_thread() {
    holds(
        "non_daemon/correct",
        r"exit code 0, [01]\.\d{3} s after `Main : all done`",
    );
}

#[test]
fn the_correct_program_does_not_wait_for_its_daemon() {
    holds(
        "daemon/correct",
        r"exit code 0, 0\.\d{3} s after `Main : all done`, no `Thread 1 : finishing`",
    );
}

#[test]
fn the_correct_program_joins_its_thread() {
    holds(
        "join/correct",
        r"exit code 0, 0\.\d{3} s after `Main : all done`",
    );
}

#[test]
fn a_program_that_waits_for_its_daemon_is_broken() {
    let case = "daemon/ignores-daemon";
    is_broken(
        case,
        "no line `Thread 1 : finishing`",
        r"it came at \d\.\d{3} s",
    );
    is_broken(
        case,
        "no other line",
        "`Thread 1 : finishing` came, unexpected",
    );
}

#[test]
fn a_program_that_skips_the_join_is_broken() {
    is_broken(
        "join/skips-join",
        "`Main : all done` after `Thread 1 : finishing`",
        r"it came too early, at \d\.\d{3} s, before `Thread 1 : finishing`",
    );
}

#[test]
fn a_program_that_skips_the_wait_is_broken() {
    is_broken(
        "non_daemon/skips-wait",
        "`Thread 1 : finishing` after .*",
        "it never came",
    );
}

#[test]
fn a_program_that_exits_with_another_code_is_broken() {
    is_broken(
        "non_daemon/exits-1",
        "exit code 0",
        r"exit code 1 after \d\.\d{3} s",
    );
}

#[test]
fn a_program_that_is_killed_is_broken() {
    is_broken(
        "join/kills-itself",
        "exit code 0",
        r"killed by SIGKILL after \d\.\d{3} s",
    );
}

#[test]
fn a_line_too_many_is_broken() {
    is_broken(
        "non_daemon/prints-twice",
        "no other line",
        "`Main : wait for the thread to finish` came, once more than expected",
    );
}

#[test]
fn two_lines_in_the_wrong_order_are_broken() {
    is_broken(
        "non_daemon/swaps-lines",
        "`Thread 1 : starting` after `Main : Before running thread`",
        r"it came too early, at \d\.\d{3} s, before `Main : Before running thread`",
    );
}

#[test]
fn a_grandchild_left_behind_is_broken() {
    let case = "non_daemon/leaves-a-grandchild";
    is_broken(
        case,
        "no process outlives the subject",
        r"pid \d+ `sleep 50`, holds output",
    );
}

#[test]
fn a_program_that_never_ends_is_broken_and_ended() {
    let case = "non_daemon/never-ends";
    is_broken(
        case,
        "exit code 0",
        "still running after 2 s, and ended then",
    );
    exeunt_test(case).stdout(predicate::str::contains("SIGTERM to pids"));
}

#[test]
fn a_program_that_ends_late_is_broken() {
    let delay = r"the exit 0\.00 s after `Main : all done` \(± 0\.50 s\)";
    is_broken("join/ends-late", delay, r"3\.\d{3} s");
}
