//! A system that refuses to trace, as containers and Yama do: the run is made on the real clock, and that is said once.

use std::env;
use std::process::Command;

use exeunt::record::{Clock, Finding, Record};

use super::support::{built, program, sh};

/// Runs the test below in a harness for which a system call is refused.
fn with_refused(call: i32) {
    let output = Command::new(built("denied", &[]))
        .arg(call.to_string())
        .arg(env::current_exe().unwrap())
        .args(["--exact", "denied::in_a_harness_that_may_not", "--ignored"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{call}: {output:?}");
}

#[test]
fn ptrace_is_refused() {
    with_refused(101);
}

#[test]
fn seccomp_is_refused() {
    with_refused(317);
}

/// The counter-example: where a call is refused that is not needed, the virtual clock holds.
#[test]
#[should_panic(expected = "test result: FAILED")]
fn another_call_is_refused() {
    with_refused(9999);
}

fn not_traced(record: &Record) -> usize {
    let findings = record.findings.iter();
    findings
        .filter(|finding| matches!(finding, Finding::NotTraced { .. }))
        .count()
}

#[test]
#[ignore = "run by the others, in a harness of their own"]
fn in_a_harness_that_may_not() {
    for subject in [program("sleeps"), sh("sleep 0.2; echo done")] {
        let record = subject.clock(Clock::Virtual).run().unwrap();
        assert_eq!(record.clock, Clock::Monotonic);
        assert_eq!(not_traced(&record), 1, "{:?}", record.findings);
        record.assert().success();
    }
}
