//! Births and deaths of threads and processes.

use exeunt::expect::{Expectation, ThreadEnds};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{EventKind, Lives, Record, TaskEnd};
use exeunt::{Signal, Subject};

use super::support::{built, program, sh};

fn lives(record: &Record) -> Lives {
    record
        .lives
        .unwrap_or_else(|| panic!("{:?}", record.findings))
}

fn run(subject: Subject) -> Record {
    subject.lives().run().unwrap()
}

/// Returned, exited, killed, signalled.
fn ends(words: [&str; 3]) -> [u64; 4] {
    let threads = lives(&run(program("threads").args(words))).threads;
    [
        threads.returned,
        threads.exited,
        threads.killed,
        threads.signalled,
    ]
}

#[test]
fn each_thread_ends_in_its_way() {
    assert_eq!(ends(["3", "0", "return"]), [3, 0, 0, 0]);
    assert_eq!(ends(["3", "2", "return"]), [3, 0, 2, 0]);
    assert_eq!(ends(["0", "2", "signal"]), [0, 0, 0, 2]);
    assert_eq!(ends(["1", "2", "exec"]), [1, 0, 2, 0]);
    assert_eq!(ends(["1", "2", "thread"]), [1, 1, 2, 0]);
}

#[test]
fn a_static_program_is_traced_too() {
    let subject = Subject::new(built("threads", &["-static"])).args(["2", "1"]);
    let threads = lives(&run(subject)).threads;
    assert_eq!((threads.returned, threads.killed), (2, 1));
}

#[test]
fn processes_are_counted_and_told() {
    let record = run(sh("(exit 3); sh -c 'kill -9 $$'; true & wait"));
    record.assert().success();
    let processes = lives(&record).processes;
    assert_eq!(processes.began, 4, "{record:#?}");
    assert_eq!((processes.exited, processes.signalled), (3, 1));
    let killed = |kind: &EventKind| matches!(kind, EventKind::Ended(ended) if ended.end == TaskEnd::Signal(Signal::KILL));
    assert_eq!(
        record
            .events
            .iter()
            .filter(|event| killed(&event.kind))
            .count(),
        1
    );
}

#[test]
fn what_is_expected_of_threads_is_judged() {
    let record = run(program("threads").args(["3", "2"]));
    let verdict = |ends| judge(&record, &Expectation::new().threads(ends));
    let right = ThreadEnds::new().returned(3).killed(1..);
    assert_eq!(verdict(right).verdict(), Verdict::Held);
    let wrong = verdict(ThreadEnds::new().killed(0));
    assert_eq!(wrong.verdict(), Verdict::Broken);
    let said: Vec<_> = wrong.failures().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "expected threads: 0 killed by the end of their process, observed 3 returned, 2 were killed by the end of their process"
        ]
    );
}

#[test]
fn a_run_that_is_not_traced_tells_nothing_of_threads() {
    let record = program("threads").args(["3", "0"]).run().unwrap();
    assert_eq!(record.lives, None);
    let expectation = Expectation::new().threads(ThreadEnds::new().returned(3));
    assert_eq!(
        judge(&record, &expectation).verdict(),
        Verdict::Inconclusive
    );
}
