//! How long things took: held, inconclusive and broken, on both sides.

use std::time::Duration;

use exeunt::expect::{Delay, Expectation, ExpectedEnd, Mark};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{Clock, EventName, Exit, Finding, SignalReason, SignalSent, Termination};
use exeunt::{Record, Signal, millis, secs};

use super::hand::{cut, failures, holds, hung, nothing, read};

const SLACK: Duration = millis(200);

fn takes(from: Mark, to: Mark, about: Duration) -> Expectation {
    nothing().delay(Delay::about(from, to, about).slack(SLACK))
}

fn line(text: &str) -> Mark {
    Mark::from(text)
}

/// From the line at 1 s to the exit it takes 2 s.
fn exits_two_seconds_after() -> Expectation {
    takes(line("done"), Mark::Exit, secs(2))
}

fn exited_after(delay: Duration) -> Record {
    read(
        Record::new(["subject"])
            .with(secs(1), "00:00:01: done")
            .with(secs(1) + delay, Exit::Code(0)),
    )
}

fn verdicts(lag: Duration, delays: [u64; 6]) -> [Verdict; 6] {
    delays.map(|ms| {
        let mut record = exited_after(millis(ms));
        record.lag.canary = lag;
        judge(&record, &exits_two_seconds_after()).verdict()
    })
}

use Verdict::{Broken as B, Held as H, Inconclusive as I};

#[test]
fn without_lag_there_are_two_zones() {
    let edges = [0, 1799, 1800, 2200, 2201, 9000];
    assert_eq!(verdicts(Duration::ZERO, edges), [B, B, H, H, B, B]);
}

/// The same, on a virtual clock that the subject's work has moved so far.
fn on_virtual_clock(flow: Duration, slack: Duration, delays: [u64; 6]) -> [Verdict; 6] {
    let expectation = nothing().delay(Delay::about(line("done"), Mark::Exit, secs(2)).slack(slack));
    delays.map(|ms| {
        let mut record = exited_after(millis(ms));
        record.clock = Clock::Virtual;
        record.flow = Some(flow);
        judge(&record, &expectation).verdict()
    })
}

#[test]
fn on_a_virtual_clock_the_usual_slack_is_what_the_subject_has_worked() {
    let edges = [1989, 1990, 2000, 2010, 2011, 2200];
    assert_eq!(
        on_virtual_clock(millis(10), SLACK, edges),
        [B, H, H, H, B, B]
    );
    // Never more than it is on the real one.
    let edges = [1799, 1800, 2000, 2200, 2201, 2900];
    assert_eq!(on_virtual_clock(secs(1), SLACK, edges), [B, H, H, H, B, B]);
    assert_eq!(
        on_virtual_clock(Duration::ZERO, SLACK, [1999, 2000, 2000, 2000, 2001, 2200]),
        [B, H, H, H, B, B]
    );
}

#[test]
fn a_slack_that_is_named_holds_on_a_virtual_clock_too() {
    let edges = [1699, 1700, 2000, 2300, 2301, 2900];
    assert_eq!(
        on_virtual_clock(millis(10), millis(300), edges),
        [B, H, H, H, B, B]
    );
}

/// Two digits would tell of another expectation than the one that was judged.
#[test]
fn what_was_expected_is_told_as_exactly_as_it_was_written() {
    let told = |time, slack| {
        let delay = Delay::about(line("done"), Mark::Exit, time).slack(slack);
        delay.to_string()
    };
    assert_eq!(
        told(secs(2), millis(5)),
        "the exit 2.00 s after `done` (± 0.005 s)"
    );
    assert_eq!(
        told(millis(15), Duration::from_micros(50)),
        "the exit 0.015 s after `done` (± 0.000050 s)"
    );
    assert_eq!(
        Delay::within(line("a"), line("b"), millis(25)).to_string(),
        "`b` within 0.025 s after `a` (+ 0.20 s)"
    );
    assert_eq!(
        Delay::at_least(line("a"), line("b"), millis(125)).to_string(),
        "`b` at least 0.125 s after `a` (- 0.20 s)"
    );
}

#[test]
fn lag_makes_an_inconclusive_zone_on_both_sides() {
    let edges = [1299, 1300, 1799, 2201, 2700, 2701];
    assert_eq!(verdicts(millis(500), edges), [B, I, I, I, I, B]);
}

#[test]
fn lag_does_not_widen_what_holds() {
    let edges = [1799, 1800, 2000, 2000, 2200, 2201];
    assert_eq!(verdicts(secs(1), edges), [I, H, H, H, H, I]);
    assert_eq!(verdicts(millis(1), edges), [I, H, H, H, H, I]);
}

#[test]
fn what_the_subject_waited_for_a_processor_is_lag_too() {
    let mut record = exited_after(millis(2500));
    record.lag.canary = millis(100);
    record.lag.subject_waited = millis(250);
    assert_eq!(
        failures(&record, &exits_two_seconds_after()),
        [
            "inconclusive: the exit 2.00 s after `done` (± 0.20 s), but 2.500 s, on a machine that was up to 0.35 s late"
        ]
    );
    assert!(judge(&record, &exits_two_seconds_after()).retryable());
}

/// Python waited 1.66 s for the disk between two lines of a traceback, and its exit was called too late.
#[test]
fn what_the_subject_waited_for_a_disk_is_lag_in_full() {
    let mut record = exited_after(millis(3700));
    record.lag.pressure = millis(2190);
    record.lag.disk = millis(1660);
    let verdict = |record: &Record| judge(record, &exits_two_seconds_after()).verdict();
    assert_eq!(verdict(&record), I);
    // Of what others waited for, half a second at most.
    record.lag.disk = millis(900);
    assert_eq!(verdict(&record), B);
    record.lag.disk = Duration::ZERO;
    assert_eq!(verdict(&record), B);
}

/// On a crowded machine a Java program's threads waited 2 s for a processor after main's last line.
#[test]
fn what_the_subjects_threads_are_likely_to_have_queued_is_lag_too() {
    let verdict = |queued, waited, pressure| {
        let mut record = exited_after(millis(4500));
        record.lag.queued = millis(queued);
        record.lag.subject_waited = millis(waited);
        record.lag.pressure = millis(pressure);
        judge(&record, &exits_two_seconds_after()).verdict()
    };
    assert_eq!(verdict(2300, 0, 4000), I);
    // What the main thread waited is part of it.
    assert_eq!(verdict(2000, 300, 1700), B);
    // Not longer than some process waited at all.
    assert_eq!(verdict(60_000, 0, 2299), B);
    assert_eq!(verdict(0, 0, 60_000), B);
}

#[test]
fn a_time_is_not_counted_twice() {
    let mut record = exited_after(millis(2900));
    record.lag.pressure = millis(600);
    record.lag.disk = millis(600);
    assert_eq!(judge(&record, &exits_two_seconds_after()).verdict(), B);
}

#[test]
fn in_words() {
    assert_eq!(
        failures(&exited_after(millis(3)), &exits_two_seconds_after()),
        ["broken: the exit 2.00 s after `done` (± 0.20 s), but 0.003 s"]
    );
}

#[test]
fn from_the_start() {
    let record = Record::new(["subject"])
        .with(secs(1), "hello")
        .with(secs(2), Exit::Code(0));
    holds(&record, &takes(Mark::Start, Mark::Exit, secs(2)));
    holds(&record, &takes(Mark::Start, line("hello"), secs(1)));
    assert_eq!(
        failures(&record, &takes(Mark::Start, Mark::Exit, secs(1))),
        ["broken: the exit 1.00 s after the start (± 0.20 s), but 2.000 s"]
    );
}

#[test]
fn from_line_to_line() {
    let record = Record::new(["subject"])
        .with(secs(1), "a")
        .with(secs(4), "b")
        .with(secs(9), Exit::Code(0));
    holds(&record, &takes(line("a"), line("b"), secs(3)));
    assert_eq!(
        failures(&record, &takes(line("b"), line("a"), secs(3))),
        ["broken: `a` 3.00 s after `b` (± 0.20 s), but -3.000 s"]
    );
}

#[test]
fn a_mark_that_never_came() {
    let record = exited_after(secs(2));
    assert_eq!(
        failures(&record, &takes(line("x"), Mark::Exit, secs(2))),
        ["broken: the exit 2.00 s after `x` (± 0.20 s), but `x` never came"]
    );
    assert_eq!(
        failures(&record, &takes(line("done"), line("y"), secs(2))),
        ["broken: `y` 2.00 s after `done` (± 0.20 s), but `y` never came"]
    );
    assert_eq!(
        failures(&cut(), &takes(Mark::Start, line("x"), secs(0))),
        [
            "inconclusive: `x` 0.00 s after the start (± 0.20 s), but `x` never came, but part of the output was not kept"
        ]
    );
}

#[test]
fn buffered_output_tells_nothing_of_delays_between_lines() {
    let mut record = exited_after(secs(2));
    let late = Finding::BuffersOutput {
        event: 0,
        late: secs(1),
    };
    record.findings.push(late);
    // Even where the number is the expected one.
    assert_eq!(
        failures(&record, &exits_two_seconds_after()),
        [
            "inconclusive: the exit 2.00 s after `done` (± 0.20 s), but 2.000 s, but the subject buffers its output"
        ]
    );
    assert!(
        !judge(&record, &exits_two_seconds_after()).retryable(),
        "it would buffer again"
    );
    holds(&record, &takes(Mark::Start, Mark::Exit, secs(3)));
}

#[test]
fn a_delay_up_to_an_exit_that_was_not_the_subjects() {
    let late = takes(line("start"), Mark::Exit, secs(2));
    assert_eq!(
        failures(&hung(), &late),
        [
            "broken: the exit 2.00 s after `start` (± 0.20 s), but still running after 10 s, and ended then"
        ]
    );
    let mut interrupted = hung();
    interrupted.termination = Termination::Interrupted;
    assert_eq!(
        failures(&interrupted, &late),
        ["inconclusive: the exit 2.00 s after `start` (± 0.20 s), but the run was interrupted"]
    );
}

#[test]
fn it_is_said_once_that_the_exit_was_not_the_subjects() {
    let expectation = takes(line("start"), Mark::Exit, secs(2)).end(ExpectedEnd::code(0));
    assert_eq!(
        failures(&hung(), &expectation),
        ["broken: exit code 0, but still running after 10 s, and ended then"]
    );
}

#[test]
fn between_lines_a_delay_is_judged_though_the_subject_hangs() {
    let record = hung().with(secs(3), "more");
    holds(&record, &takes(Mark::Start, line("more"), secs(3)));
    assert_eq!(
        failures(&record, &takes(Mark::Start, line("more"), secs(1))).len(),
        1
    );
}

#[test]
fn what_came_before_did_not_come_within_a_time_after() {
    let said = |ms| {
        Record::new(["subject"])
            .with(
                secs(1),
                SignalSent {
                    signal: Signal::TERM,
                    to: vec![7],
                    reason: SignalReason::Planned,
                },
            )
            .with(millis(ms), "00:00:00: bye")
            .with(secs(2), Exit::Code(0))
    };
    let term = Mark::from(EventName::Signal(Signal::TERM));
    let soon = Delay::within(term, line("bye"), secs(3)).slack(SLACK);
    let verdicts = [0, 799, 800, 1000, 1900].map(|ms| {
        let record = read(said(ms));
        judge(&record, &nothing().delay(soon.clone())).verdict()
    });
    assert_eq!(verdicts, [B, B, H, H, H]);
    assert_eq!(
        failures(&read(said(500)), &nothing().delay(soon)),
        ["broken: `bye` within 3.00 s after SIGTERM (+ 0.20 s), but -0.500 s"]
    );
}
