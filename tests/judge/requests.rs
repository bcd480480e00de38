//! Requests that were sent so soon after a signal that the subject may not have heard of it.

use exeunt::expect::{Expectation, ExpectedExchange};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{Answer, Exchange, Exit, RequestSeen, Signal, SignalReason, SignalSent};
use exeunt::{Record, millis, secs};

fn sent(at: u64, record: Record) -> Record {
    let to = "127.0.0.1:80".into();
    let what = "GET /readyz".into();
    let seen = RequestSeen::new("ready", Exchange::Sent { to, what });
    record.with(millis(at), seen)
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
        reason: SignalReason::Survived,
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
