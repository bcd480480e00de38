//! How the subject ended, and what it left behind.

use exeunt::expect::{Expectation, ExpectedEnd, ExpectedExchange, Survivors};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{
    Dropped, EventKind, Exchange, Exit, Finding, Line, Process, RequestSeen, Signal, SignalReason,
    SignalSent, Stream, Termination,
};
use exeunt::{Record, millis, secs};

use super::hand::{among, failures, holds, hung, nothing, only, read, said, then};

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

/// A proof, which no slowness of the machine makes doubtful. Without it, as much lag does.
#[test]
fn a_hang_for_ever() {
    let mut forever = hung();
    forever.lag.subject_waited = secs(9);
    assert!(!failures(&forever, &end(ExpectedEnd::Hang)).is_empty());
    forever.findings.push(Finding::HangsForEver);
    holds(&forever, &end(ExpectedEnd::Hang));
    let said = "broken: exit code 0, but it hangs for ever: each thread waits for another or for input, and none for a time \
                (still running after 10 s, and ended then)";
    assert_eq!(failures(&forever, &end(ExpectedEnd::code(0))), [said]);
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

/// gunicorn takes SIGABRT, the question of where a Python stands, for an order to end, and its master then exits with 0.
#[test]
fn the_exit_after_the_question_where_it_stands_is_not_the_subjects() {
    let asked = SignalSent {
        signal: Signal::ABRT,
        to: vec![2],
        reason: SignalReason::AtTimeout,
    };
    let ended = |exit| hung().with(secs(10), asked.clone()).with(secs(11), exit);
    let expected = end(ExpectedEnd::code(0));
    assert_eq!(
        failures(&ended(Exit::Code(0)), &expected),
        ["broken: exit code 0, but still running after 10 s, and ended then"]
    );
    let aborted = ended(Exit::Signal(Signal::ABRT));
    holds(&aborted, &end(ExpectedEnd::Hang));
    assert_eq!(
        failures(&aborted, &end(ExpectedEnd::signal(Signal::ABRT))),
        ["broken: killed by SIGABRT, but still running after 10 s, and ended then"]
    );
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

/// A run that hung, and did these things only when the harness ended it at its limit of 10 s.
fn ended_at_its_limit(late: impl IntoIterator<Item = EventKind>) -> Record {
    let mut record = hung().with(
        secs(10),
        SignalSent {
            signal: Signal::TERM,
            to: vec![7],
            reason: SignalReason::Timeout,
        },
    );
    for (i, kind) in (1..).zip(late) {
        record = record.with(secs(10) + millis(i), kind);
    }
    read(record.with(secs(11), Exit::Code(0)))
}

fn line(text: &str) -> EventKind {
    Line::new(Stream::Merged, text).into()
}

#[test]
fn what_a_subject_does_because_it_is_ended_is_not_its_own() {
    let hangs = || end(ExpectedEnd::Hang);
    let bye = ended_at_its_limit([line("00:00:00: bye")]);
    holds(&bye, &among([then("start")]).end(ExpectedEnd::Hang));
    holds(&bye, &only([then("start")]).end(ExpectedEnd::Hang));
    holds(&bye, &hangs().no_line("bye"));
    assert_eq!(
        failures(&bye, &hangs().line("bye")),
        ["broken: a line `bye`, but it never came"]
    );
    assert_eq!(
        failures(&bye, &end(ExpectedEnd::code(0))),
        ["broken: exit code 0, but still running after 10 s, and ended then"]
    );
    let closed = |exchange| [RequestSeen::new("r", exchange).into()];
    let cut_off = closed(Exchange::CutOff {
        received: 0,
        why: "the connection was closed".into(),
    });
    let sent = Exchange::Sent {
        to: "127.0.0.1:80".into(),
        what: "GET /".into(),
    };
    let mut record = ended_at_its_limit(cut_off);
    let sent = Record::new(["subject"]).with(secs(1), RequestSeen::new("r", sent));
    record.events.insert(1, sent.events[0].clone());
    let lost = hangs().request("r", ExpectedExchange::CutOff);
    assert_eq!(
        failures(&record, &lost),
        ["broken: request `r` cut off, but sent, and nothing more came of it"]
    );
    let ready = ended_at_its_limit([EventKind::Ready { since: secs(10) }]);
    assert_eq!(
        failures(&ready, &hangs()),
        [
            "broken: the subject is ready before it ends, but still running after 10 s, and ended then"
        ]
    );
}

#[test]
fn a_subject_that_ends_when_it_is_asked_where_it_stands_has_hung() {
    let abrt = Signal::from_number(ABRT).unwrap();
    let asked = SignalSent {
        signal: abrt,
        to: vec![7],
        reason: SignalReason::AtTimeout,
    };
    let record = hung()
        .with(secs(10), asked)
        .with(secs(10) + millis(1), line("00:00:00: here I stand"))
        .with(secs(10) + millis(2), Exit::Signal(abrt));
    let record = read(record);
    holds(&record, &end(ExpectedEnd::Hang).line("here I stand"));
    assert_eq!(
        failures(&record, &end(ExpectedEnd::signal(abrt))),
        ["broken: killed by SIGABRT, but still running after 10 s, and ended then"]
    );
}

#[test]
fn dropped_output_is_not_forgotten_where_it_is_told_late() {
    let dropped = Dropped {
        lines: 7,
        bytes: 70,
    };
    let flood = ended_at_its_limit([dropped.into()]);
    let absent = end(ExpectedEnd::Hang).no_line("bye");
    let [told] = &failures(&flood, &absent)[..] else {
        panic!("one");
    };
    assert!(told.starts_with("inconclusive"), "{told}");
}

#[test]
fn only_what_was_left_behind_was_ready() {
    let ready = |since, at| {
        Record::new(["subject"])
            .with(millis(100), Exit::Code(0))
            .with(at, EventKind::Ready { since })
    };
    assert_eq!(
        failures(&ready(millis(150), millis(160)), &nothing()),
        ["broken: the subject is ready before it ends, but exit code 0 after 0.100 s"]
    );
    // It may have been ready before its end, and was seen to be after it.
    holds(&ready(millis(95), millis(105)), &nothing());
}

/// The limit that counts is the one that the subject has asked for, as long as it asked in time.
#[test]
fn an_exit_within_the_time_that_the_subject_asked_for_is_in_time() {
    let record = |by: u64| {
        let extends = EventKind::ExtendsTimeout { by: secs(by) };
        let mut record = Record::new(["service"])
            .with(millis(100), extends)
            .with(secs(4), Exit::Code(0));
        record.timeout = Some(secs(1));
        record
    };
    let ends = Expectation::new().end(Exit::Code(0));
    assert_eq!(judge(&record(5), &ends).verdict(), Verdict::Held);
    assert_eq!(judge(&record(3), &ends).verdict(), Verdict::Inconclusive);
}

/// Something was left, though no look has found it.
#[test]
fn what_outlives_the_subject_unseen_is_no_less_there() {
    let mut record = Record::new(["service"]).with(secs(1), Exit::Code(0));
    record.findings.push(Finding::Survivors { count: 1 });
    let judgement = judge(&record, &Expectation::new().end(Exit::Code(0)));
    assert_eq!(judgement.verdict(), Verdict::Broken);
}
