//! How the subject ended, and what it left behind.

use exeunt::expect::{Expectation, ExpectedEnd, Survivors};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{Exit, Finding, Process, Signal, Stream, Termination};
use exeunt::{Record, millis, secs};

use super::hand::{among, failures, holds, hung, nothing, said, then};

const ABRT: i32 = 6;

fn end(end: ExpectedEnd) -> Expectation {
    nothing().end(end)
}

fn exited(exit: Exit) -> Record {
    Record::new(["subject"]).with(millis(1500), exit)
}

fn killed_by(number: i32) -> Record {
    exited(Exit::Signal(Signal::from_number(number).unwrap()))
}

#[test]
fn exit_codes() {
    holds(&exited(Exit::Code(0)), &end(ExpectedEnd::code(0)));
    holds(&exited(Exit::Code(3)), &end(ExpectedEnd::code(3)));
    assert_eq!(
        failures(&exited(Exit::Code(1)), &end(ExpectedEnd::code(0))),
        ["broken: exit code 0, but exit code 1 after 1.500 s"]
    );
}

#[test]
fn a_signal_is_not_the_code_by_which_a_shell_tells_of_it() {
    let int = ExpectedEnd::signal(Signal::INT);
    holds(&killed_by(2), &end(int.clone()));
    holds(&exited(Exit::Code(130)), &end(ExpectedEnd::code(130)));
    assert_eq!(
        failures(&exited(Exit::Code(130)), &end(int.clone())),
        ["broken: killed by SIGINT, but exit code 130 after 1.500 s"]
    );
    assert_eq!(
        failures(&killed_by(2), &end(ExpectedEnd::code(130))),
        ["broken: exit code 130, but killed by SIGINT after 1.500 s"]
    );
    let abort = ExpectedEnd::signal(Signal::ABRT);
    assert_eq!(
        failures(&exited(Exit::Code(134)), &end(abort)),
        ["broken: killed by SIGABRT, but exit code 134 after 1.500 s"]
    );
    assert_eq!(
        failures(&killed_by(ABRT), &end(ExpectedEnd::code(134))),
        ["broken: exit code 134, but killed by SIGABRT after 1.500 s"]
    );
    assert_eq!(
        failures(&killed_by(15), &end(int.clone())),
        ["broken: killed by SIGINT, but killed by SIGTERM after 1.500 s"]
    );
}

#[test]
fn a_hang() {
    holds(&hung(), &end(ExpectedEnd::Hang));
    assert_eq!(
        failures(&exited(Exit::Code(0)), &end(ExpectedEnd::Hang)),
        ["broken: a hang, but exit code 0 after 1.500 s"]
    );
    assert_eq!(
        failures(&hung(), &end(ExpectedEnd::code(0))),
        ["broken: exit code 0, but still running after 10 s, and ended then"]
    );
}

#[test]
fn the_exit_that_the_harness_brought_about_is_not_the_subjects() {
    let ended = hung().with(secs(10), Exit::Signal(Signal::TERM));
    holds(&ended, &end(ExpectedEnd::Hang));
    assert_eq!(
        failures(&ended, &end(ExpectedEnd::signal(Signal::TERM))),
        ["broken: killed by SIGTERM, but still running after 10 s, and ended then"]
    );
    let handled = hung().with(secs(10), Exit::Code(0));
    assert_eq!(failures(&handled, &end(ExpectedEnd::code(0))).len(), 1);
}

#[test]
fn a_timeout_on_a_machine_that_slept_for_more_than_half_of_it() {
    let slow = |lag| {
        let mut record = hung();
        record.lag.canary = lag;
        record
    };
    let verdict = |lag, expected| judge(&slow(lag), &end(expected));
    assert_eq!(
        verdict(secs(5), ExpectedEnd::code(0)).verdict(),
        Verdict::Broken
    );
    assert_eq!(verdict(secs(5), ExpectedEnd::Hang).verdict(), Verdict::Held);
    let just_more = secs(5) + millis(1);
    for expected in [ExpectedEnd::code(0), ExpectedEnd::Hang] {
        let judgement = verdict(just_more, expected.clone());
        assert_eq!(judgement.verdict(), Verdict::Inconclusive, "{expected}");
        assert!(judgement.retryable(), "{expected}");
    }
}

#[test]
fn what_a_subject_without_a_processor_did_not_say_does_not_break_it() {
    let mut record = hung();
    record.lag.subject_waited = secs(6);
    let expectation = among([then("start"), then("late")])
        .end(ExpectedEnd::code(0))
        .line("late")
        .no_line("error");
    let judgement = judge(&record, &expectation);
    assert_eq!(judgement.verdict(), Verdict::Inconclusive);
    assert!(judgement.retryable(), "{judgement:#?}");
    record.lag.subject_waited = secs(4);
    assert_eq!(judge(&record, &expectation).verdict(), Verdict::Broken);
}

#[test]
fn an_interrupted_run_tells_nothing_of_the_end() {
    let mut record = hung();
    record.termination = Termination::Interrupted;
    for expected in [
        ExpectedEnd::code(0),
        ExpectedEnd::Hang,
        ExpectedEnd::signal(Signal::TERM),
    ] {
        let judgement = judge(&record, &end(expected));
        assert_eq!(judgement.verdict(), Verdict::Inconclusive);
        assert!(!judgement.retryable());
    }
    assert_eq!(
        failures(&record, &end(ExpectedEnd::code(0))),
        ["inconclusive: exit code 0, but the run was interrupted"]
    );
}

fn leaves_nothing() -> Expectation {
    end(ExpectedEnd::code(0)).survivors(Survivors::Forbidden)
}

fn survivor(pid: u32) -> Process {
    Process {
        pid,
        command: "sleep 8".into(),
        open_streams: vec![Stream::Stdout, Stream::Stderr],
        threads: Vec::new(),
        handles: Vec::new(),
    }
}

#[test]
fn survivors() {
    let mut record = exited(Exit::Code(0));
    holds(&record, &leaves_nothing());
    record.survivors = vec![survivor(7), survivor(8)];
    record.survivors[1].open_streams.clear();
    assert_eq!(
        failures(&record, &leaves_nothing()),
        [
            "broken: no process outlives the subject, but pid 7 `sleep 8`, holds stdout and stderr; pid 8 `sleep 8`"
        ]
    );
    holds(&record, &end(ExpectedEnd::code(0)));
}

#[test]
fn who_was_ended_left_nothing_behind() {
    let hangs = end(ExpectedEnd::Hang).survivors(Survivors::Forbidden);
    holds(&hung(), &hangs);
}

#[test]
fn what_would_have_outlived_a_subject_that_hung_is_not_known() {
    // Nothing is said of the end, so no other check tells that it is not the subject's own.
    assert_eq!(
        failures(&hung(), &Expectation::default()),
        ["inconclusive: no process outlives the subject, but the harness ended the subject first"]
    );
}

#[test]
fn a_signal_that_was_not_sent() {
    let mut record = exited(Exit::Code(0));
    record.findings = vec![Finding::SignalNotSent {
        signal: Signal::INT,
    }];
    assert_eq!(
        failures(&record, &nothing()),
        ["inconclusive: SIGINT is sent, but the moment for it never came"]
    );
    assert!(judge(&record, &nothing()).retryable());
}

#[test]
fn nothing_expected_always_holds() {
    for record in [said([]), hung(), killed_by(9)] {
        holds(&record, &nothing());
    }
}

#[test]
fn the_worst_check_is_the_verdict() {
    assert!(Verdict::Held < Verdict::Inconclusive);
    assert!(Verdict::Inconclusive < Verdict::Broken);
}
