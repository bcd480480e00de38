//! Client programs, beside signals on a machine that was late.

use std::time::{Duration, UNIX_EPOCH};

use exeunt::expect::{Expectation, ExpectedEnd};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{
    ClientSeen, EventKind, Exit, Listening, Signal, SignalReason, SignalSent, Termination,
};
use exeunt::{Record, millis, secs};

/// A client that was started at this time, in milliseconds, and ended with this code after as long.
struct Client {
    start: u64,
    lasts: u64,
    code: i32,
}

/// A run with a client and a signal that the plan had sent.
fn run(client: &Client, signal: u64) -> Record {
    let exit = Exit::Code(client.code);
    let mut own = Record::new(["client"]).with(millis(client.lasts), exit);
    own.started = UNIX_EPOCH + millis(client.start);
    let sent = SignalSent {
        signal: Signal::TERM,
        to: vec![1],
        reason: SignalReason::Planned,
    };
    let name = || "load".to_owned();
    let starts = EventKind::ClientStarts { name: name() };
    let ends = EventKind::ClientEnds {
        name: name(),
        exit: Some(exit),
    };
    let mut record = Record::new(["server"])
        .with(millis(client.start), starts)
        .with(millis(client.start + client.lasts), ends)
        .with(millis(signal), sent)
        .with(secs(3), Exit::Code(0));
    let seen = ClientSeen::new(name(), millis(client.start), Ok(own));
    record.clients.push(seen);
    record
}

fn verdict(record: &Record, end: ExpectedEnd) -> Verdict {
    let expected = Expectation::new().client("load", Expectation::new().end(end));
    let judgement = judge(record, &expected);
    assert!(judgement.verdict() != Verdict::Inconclusive || judgement.retryable());
    judgement.verdict()
}

fn late(mut record: Record, lag: Duration) -> Record {
    record.lag.canary = lag;
    record
}

/// It is started a little after the signal of these tests, and is answered.
const AFTER_SIGNAL: Client = Client {
    start: 1100,
    lasts: 10,
    code: 0,
};

/// It may have come before the subject heard of the signal.
#[test]
fn one_that_came_as_soon_as_the_machine_was_late_tells_nothing() {
    let verdict = |lag| {
        verdict(
            &late(run(&AFTER_SIGNAL, 1000), millis(lag)),
            Exit::Code(7).into(),
        )
    };
    assert_eq!(verdict(101), Verdict::Inconclusive);
    assert_eq!(verdict(100), Verdict::Broken);
}

#[test]
fn one_that_came_when_the_subject_had_begun_to_stop_is_not_excused() {
    let stops = EventKind::StopsListening(Listening::new("127.0.0.1:80", millis(1040)));
    let record = late(run(&AFTER_SIGNAL, 1000).with(millis(1050), stops), secs(2));
    assert_eq!(verdict(&record, Exit::Code(7).into()), Verdict::Broken);
}

/// The signal was to come while its work was under way, and came when that was done.
#[test]
fn work_that_was_done_before_a_late_signal_tells_nothing() {
    let answered = Client {
        start: 100,
        lasts: 900,
        code: 0,
    };
    let at = |signal, lag| late(run(&answered, signal), millis(lag));
    let lost = || Exit::Code(7).into();
    assert_eq!(verdict(&at(1050, 51), lost()), Verdict::Inconclusive);
    assert_eq!(verdict(&at(1050, 50), lost()), Verdict::Broken);
    // A signal has no part in what failed before it.
    let failed = Client {
        code: 7,
        ..answered
    };
    let record = late(run(&failed, 1050), millis(2000));
    assert_eq!(verdict(&record, Exit::Code(0).into()), Verdict::Broken);
}

/// It was still on its way to the subject when the signal came.
#[test]
fn one_that_began_late_itself_tells_nothing() {
    let refused = Client {
        start: 1000,
        lasts: 300,
        code: 7,
    };
    let record = || run(&refused, 1200);
    let answered = || ExpectedEnd::code(0);
    assert_eq!(verdict(&record(), answered()), Verdict::Broken);
    let with = |own: u64, subject: u64, executed: u64| {
        let mut record = record();
        record.lag.subject_waited = millis(subject);
        let client = record.clients[0].record.as_mut().unwrap();
        client.lag.subject_waited = millis(own);
        client.started = UNIX_EPOCH + millis(1000 + executed);
        verdict(&record, answered())
    };
    for (own, subject, executed) in [(201, 0, 0), (0, 201, 0), (0, 0, 201), (70, 70, 61)] {
        assert_eq!(with(own, subject, executed), Verdict::Inconclusive);
    }
    assert_eq!(with(70, 70, 60), Verdict::Broken);
    // That the subject's whole machine was late says nothing of a client that was not.
    assert_eq!(
        verdict(&late(record(), secs(2)), answered()),
        Verdict::Broken
    );
}

/// It was to come while the subject still listened.
#[test]
fn one_that_was_started_too_late_tells_nothing() {
    let refused = Client {
        start: 2000,
        lasts: 10,
        code: 7,
    };
    let stops = || EventKind::StopsListening(Listening::new("127.0.0.1:80", millis(1890)));
    let verdict = |late, end: ExpectedEnd| {
        let mut record = run(&refused, 1000).with(millis(1895), stops());
        record.clients[0].late = millis(late);
        verdict(&record, end)
    };
    assert_eq!(verdict(106, ExpectedEnd::code(0)), Verdict::Inconclusive);
    assert_eq!(verdict(105, ExpectedEnd::code(0)), Verdict::Broken);
    assert_eq!(verdict(106, ExpectedEnd::code(22)), Verdict::Broken);
}

#[test]
fn one_that_outlives_the_subject_is_told_as_such_and_tried_again() {
    let mut record = Record::new(["server"]).with(secs(1), Exit::Code(0));
    let mut own = Record::new(["client"]).with(secs(2), Exit::Signal(Signal::TERM));
    own.termination = Termination::Interrupted;
    record
        .clients
        .push(ClientSeen::new("load", millis(10), Ok(own)));
    let end = Expectation::new().end(Exit::Code(0)).line("done");
    let expected = Expectation::new().client("load", end);
    let judgement = judge(&record, &expected);
    assert_eq!(judgement.verdict(), Verdict::Inconclusive);
    assert!(judgement.retryable());
    let told: Vec<_> = judgement.failures().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "expected of client `load`: exit code 0, observed it was still there a settling period after the subject, and was ended then",
            "expected of client `load`: a line `done`, observed it never came, but it was still there a settling period after the subject, and was ended then",
        ]
    );
    record.termination = Termination::Interrupted;
    assert!(!judge(&record, &expected).retryable());
}
