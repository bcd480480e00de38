//! Requests and signals on a machine that was late.

use std::num::NonZeroU32;

use exeunt::expect::{Expectation, ExpectedExchange, Mark, Occurrence};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{
    Answer, EventKind, Exchange, Exit, Listening, RequestSeen, Signal, SignalReason, SignalSent,
    Termination,
};
use exeunt::{Record, millis, secs};

fn request_sent() -> RequestSeen {
    let to = "127.0.0.1:80".into();
    let what = "GET /readyz".into();
    RequestSeen::new("ready", Exchange::Sent { to, what })
}

fn sent(at: u64, record: Record) -> Record {
    record.with(millis(at), request_sent())
}

fn answered(at: u64, record: Record) -> Record {
    let answer = Exchange::Answered(Answer::new(200, ""));
    record.with(millis(at), RequestSeen::new("ready", answer))
}

fn signalled(at: u64, record: Record) -> Record {
    let signal = SignalSent {
        signal: Signal::TERM,
        to: vec![1],
        reason: SignalReason::Planned,
    };
    record.with(millis(at), signal)
}

fn verdict(lag: u64, record: Record) -> Verdict {
    let mut record = record.with(secs(3), Exit::Code(0));
    record.lag.canary = millis(lag);
    let unready = Expectation::new().request("ready", ExpectedExchange::Status(503));
    let judgement = judge(&record, &unready);
    assert!(judgement.verdict() != Verdict::Inconclusive || judgement.retryable());
    judgement.verdict()
}

fn begun() -> Record {
    Record::new(["server"])
}

#[test]
fn one_that_came_as_soon_as_the_machine_was_late_tells_nothing() {
    let record = || answered(1110, sent(1100, signalled(1000, begun())));
    assert_eq!(verdict(101, record()), Verdict::Inconclusive);
    assert_eq!(verdict(100, record()), Verdict::Broken);
}

/// It has heard of the signal, however late the machine was.
#[test]
fn one_that_came_when_the_subject_had_begun_to_stop_is_not_excused() {
    let stops = Listening::new("127.0.0.1:80", millis(1040));
    let stopped = signalled(1000, begun()).with(millis(1050), EventKind::StopsListening(stops));
    let record = answered(1110, sent(1100, stopped));
    assert_eq!(verdict(2000, record), Verdict::Broken);
}

#[test]
fn one_that_was_under_way_before_the_signal_is_not_excused() {
    let record = answered(1100, signalled(1010, sent(1000, begun())));
    assert_eq!(verdict(2000, record), Verdict::Broken);
}

#[test]
fn a_signal_of_the_harness_at_the_end_is_none_of_the_plan() {
    let end = SignalSent {
        signal: Signal::TERM,
        to: vec![1],
        reason: SignalReason::Interrupted,
    };
    let record = answered(1110, sent(1100, begun().with(millis(1000), end)));
    assert_eq!(verdict(2000, record), Verdict::Broken);
}

#[test]
fn one_that_was_refused_counts_from_its_own_instant() {
    let why = "connection refused".into();
    let refused = RequestSeen::new("ready", Exchange::Refused { why });
    let record = || signalled(1000, begun()).with(millis(1100), refused.clone());
    assert_eq!(verdict(101, record()), Verdict::Inconclusive);
    assert_eq!(verdict(100, record()), Verdict::Broken);
}

/// It was to come while the subject still answered.
#[test]
fn one_that_was_sent_too_late_to_be_answered_tells_nothing() {
    let why = "connection refused".to_owned();
    let refused = || RequestSeen::new("ready", Exchange::Refused { why: why.clone() });
    let stops = || EventKind::StopsListening(Listening::new("127.0.0.1:80", millis(2990)));
    let record = |late: u64| {
        let stopped = signalled(1000, begun()).with(millis(2995), stops());
        let mut sent = request_sent();
        sent.late = millis(late);
        stopped
            .with(millis(3100), sent)
            .with(millis(3101), refused())
    };
    let verdict = |record: Record, end: ExpectedExchange| {
        let record = record.with(secs(4), Exit::Code(0));
        judge(&record, &Expectation::new().request("ready", end)).verdict()
    };
    let unready = || ExpectedExchange::Status(503);
    assert_eq!(verdict(record(106), unready()), Verdict::Inconclusive);
    assert_eq!(verdict(record(105), unready()), Verdict::Broken);
    // It was to be refused at another time than that at which it was.
    assert_eq!(
        verdict(record(106), ExpectedExchange::Refused),
        Verdict::Inconclusive
    );
    assert_eq!(
        verdict(record(105), ExpectedExchange::Refused),
        Verdict::Held
    );
    // One that was to be refused would have been answered all the more.
    let wrong = answered(
        3101,
        sent(3100, signalled(1000, begun()).with(millis(2995), stops())),
    );
    assert_eq!(verdict(wrong, ExpectedExchange::Refused), Verdict::Broken);
}

fn lost() -> Expectation {
    Expectation::new().request("ready", ExpectedExchange::CutOff)
}

fn verdict_of_lost(lag: u64, record: Record) -> Verdict {
    let mut record = record.with(secs(3), Exit::Code(0));
    record.lag.canary = millis(lag);
    judge(&record, &lost()).verdict()
}

/// The signal was to come while it was under way, and came when it was over.
#[test]
fn an_answer_at_the_time_of_a_signal_that_came_late_tells_nothing() {
    let with = |signal: u64| {
        let sent = sent(100, begun());
        match signal < 1000 {
            true => answered(1000, signalled(signal, sent)),
            false => signalled(signal, answered(1000, sent)),
        }
    };
    for signal in [950, 1000, 1050] {
        assert_eq!(
            verdict_of_lost(60, with(signal)),
            Verdict::Inconclusive,
            "{signal}"
        );
    }
    for signal in [900, 1100] {
        assert_eq!(
            verdict_of_lost(60, with(signal)),
            Verdict::Broken,
            "{signal}"
        );
    }
}

/// A server that drops what is under way does so right at the signal.
#[test]
fn one_that_was_dropped_at_the_signal_is_not_excused() {
    let cut = RequestSeen::new(
        "ready",
        Exchange::CutOff {
            received: 0,
            why: "x".into(),
        },
    );
    let record = signalled(1000, sent(100, begun())).with(millis(1001), cut);
    assert_eq!(verdict(2000, record), Verdict::Broken);
}

/// What the harness cut off itself, when it ended the subject at its limit, says only that there was no answer by then.
#[test]
fn one_that_the_harness_cut_off_at_the_time_limit_tells_nothing_of_a_machine_that_was_late() {
    let end = SignalSent {
        signal: Signal::TERM,
        to: vec![1],
        reason: SignalReason::Timeout,
    };
    let cut = RequestSeen::new(
        "ready",
        Exchange::CutOff {
            received: 0,
            why: "x".into(),
        },
    );
    let verdict = |lag| {
        let mut record = sent(100, begun()).with(secs(4), end.clone());
        record = record.with(millis(4001), cut.clone());
        record = record.with(millis(4002), Exit::Signal(Signal::TERM));
        record.termination = Termination::TimedOut { limit: secs(4) };
        record.lag.canary = lag;
        let wanted = Expectation::nothing().request("ready", ExpectedExchange::Status(200));
        judge(&record, &wanted).verdict()
    };
    assert_eq!(verdict(millis(2001)), Verdict::Inconclusive);
    assert_eq!(verdict(millis(1900)), Verdict::Broken);
}

/// The second signal was to come 300 ms after the first, and the harness was too late for it.
#[test]
fn a_signal_for_which_the_harness_was_too_late_is_not_missed_by_the_subject() {
    let term = |nth| Mark::Signal(Signal::TERM, Occurrence::Nth(nth));
    let wanted = Expectation::new().in_order([
        term(NonZeroU32::MIN),
        term(NonZeroU32::MIN.saturating_add(1)),
    ]);
    let verdict = |lag| {
        let mut record = signalled(1000, begun()).with(millis(1400), Exit::Code(0));
        record.lag.harness = millis(lag);
        judge(&record, &wanted).verdict()
    };
    assert_eq!(verdict(401), Verdict::Inconclusive);
    assert_eq!(verdict(400), Verdict::Broken);
}
