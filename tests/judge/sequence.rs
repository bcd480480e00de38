//! The order of events of any kind.

use exeunt::expect::{Expectation, Mark, Occurrence};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{Answer, EventKind, EventName, Exchange, Exit, Listening, RequestSeen};
use exeunt::{Record, millis};

fn order<const N: usize>(record: &Record, marks: [Mark; N]) -> Verdict {
    judge(record, &Expectation::new().in_order(marks)).verdict()
}

fn request(exchange: Exchange) -> RequestSeen {
    RequestSeen::new("ask", exchange)
}

fn sent() -> RequestSeen {
    let to = "127.0.0.1:80".into();
    let what = "GET /".into();
    request(Exchange::Sent { to, what })
}

fn answered() -> RequestSeen {
    request(Exchange::Answered(Answer::new(200, "")))
}

fn listens() -> EventKind {
    EventKind::Listens(Listening::new("127.0.0.1:80", millis(95)))
}

/// What was asked once something was seen was answered after it, however close the two are.
#[test]
fn an_answer_comes_after_what_was_seen_before_it_was_asked_for() {
    let began = || Record::new(["server"]).with(millis(100), listens());
    let marks = || {
        [
            EventName::Listens.into(),
            EventName::Answered("ask".into()).into(),
        ]
    };
    let record = began()
        .with(millis(101), sent())
        .with(millis(102), answered());
    assert_eq!(order(&record, marks()), Verdict::Held);
    let [listens, answer] = marks();
    assert_eq!(order(&record, [answer, listens]), Verdict::Broken);
    // It was asked for before: it may have been answered between two looks.
    let record = began()
        .with(millis(90), sent())
        .with(millis(102), answered());
    assert_eq!(order(&record, marks()), Verdict::Inconclusive);
    let record = began()
        .with(millis(90), sent())
        .with(millis(150), answered());
    assert_eq!(order(&record, marks()), Verdict::Held);
}

/// Another request of the same name tells nothing of this one.
#[test]
fn an_answer_belongs_to_the_request_before_it() {
    let record = Record::new(["server"])
        .with(millis(10), sent())
        .with(millis(20), answered())
        .with(millis(90), sent())
        .with(millis(100), listens())
        .with(millis(101), answered())
        .with(millis(102), sent());
    let second = Mark::Event(EventName::Answered("ask".into()), Occurrence::Last);
    let marks = [EventName::Listens.into(), second];
    assert_eq!(order(&record, marks), Verdict::Inconclusive);
}

/// The harness has heard and seen what there was when it sends one.
#[test]
fn what_was_there_when_a_request_was_sent_came_before_it() {
    let record = Record::new(["server"])
        .with(millis(100), "up")
        .with(millis(101), listens())
        .with(millis(102), sent());
    let sends = || Mark::from(EventName::Sent("ask".into()));
    assert_eq!(order(&record, ["up".into(), sends()]), Verdict::Held);
    assert_eq!(
        order(&record, [EventName::Listens.into(), sends()]),
        Verdict::Held
    );
    assert_eq!(order(&record, [sends(), "up".into()]), Verdict::Broken);
}

/// A client is heard of once its own record is whole.
#[test]
fn the_end_of_a_client_may_have_been_a_little_earlier() {
    let ends = |at: u64| {
        let name = "load".to_owned();
        let starts = EventKind::ClientStarts { name: name.clone() };
        let exit = Some(Exit::Code(0));
        Record::new(["server"])
            .with(millis(10), starts)
            .with(millis(at), EventKind::ClientEnds { name, exit })
            .with(millis(100), Exit::Code(0))
    };
    let marks = || [EventName::ClientEnds("load".into()).into(), Mark::Exit];
    assert_eq!(order(&ends(50), marks()), Verdict::Held);
    assert_eq!(order(&ends(103), marks()), Verdict::Inconclusive);
    assert_eq!(order(&ends(150), marks()), Verdict::Broken);
}
