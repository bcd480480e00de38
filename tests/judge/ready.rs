//! Subjects that were never ready.

use exeunt::expect::Expectation;
use exeunt::judge::{Verdict, judge};
use exeunt::record::{EventName, Exit, Finding, Termination};
use exeunt::{Record, millis, secs};

fn never_ready(grain: u64) -> Record {
    let mut record = Record::new(["server"]).with(secs(1), Exit::Code(0));
    record.findings.push(Finding::NeverReady {
        grain: millis(grain),
    });
    record
}

#[test]
fn what_may_have_been_ready_between_two_looks_is_no_fault() {
    let ends = Expectation::new().end(Exit::Code(0));
    let in_order = ends.clone().in_order([EventName::Ready]);
    for expectation in [&ends, &in_order] {
        let judgement = |grain| judge(&never_ready(grain), expectation);
        assert_eq!(judgement(50).verdict(), Verdict::Broken);
        assert_eq!(judgement(51).verdict(), Verdict::Inconclusive);
        assert!(judgement(51).retryable());
    }
    let marks = [EventName::StdinClosed, EventName::Listens];
    for mark in marks {
        let expectation = ends.clone().in_order([mark.clone()]);
        let verdict = judge(&never_ready(51), &expectation).verdict();
        let told = mark == EventName::StdinClosed;
        assert_eq!(verdict == Verdict::Broken, told, "{mark}");
    }
}

#[test]
fn one_that_had_to_be_ended_was_looked_at_long_enough() {
    let mut record = never_ready(51);
    record.events.clear();
    record.termination = Termination::TimedOut { limit: secs(10) };
    let judgement = judge(&record, &Expectation::new().end(Exit::Code(0)));
    assert_eq!(judgement.verdict(), Verdict::Broken);
}
