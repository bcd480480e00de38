//! The order of a log across two streams: closer than the slack, nobody can tell.

use exeunt::judge::{Verdict, judge};
use exeunt::millis;
use exeunt::record::Stream::{Stderr as Err, Stdout as Out};

use super::hand::{among, any_order, failures, holds, next, not, only, split, then};

#[test]
fn far_apart_the_order_is_told() {
    let expectation = only([then("a"), then("b")]);
    holds(&split([(100, Out, "a"), (300, Err, "b")]), &expectation);
    assert_eq!(
        failures(&split([(300, Out, "a"), (100, Err, "b")]), &expectation),
        ["broken: `b` after `a`, but it came too early, at 0.100 s, before `a`"]
    );
}

#[test]
fn close_together_it_is_neither_green_nor_red() {
    let expectation = only([then("a"), then("b")]);
    assert_eq!(
        failures(&split([(100, Out, "a"), (101, Err, "b")]), &expectation),
        [
            "inconclusive: `b` after `a`, but it came 0.001 s after `a` on the other stream: too close to tell the order"
        ]
    );
    assert_eq!(
        failures(&split([(101, Out, "a"), (100, Err, "b")]), &expectation),
        [
            "inconclusive: `b` after `a`, but it came 0.001 s before `a` on the other stream: too close to tell the order"
        ]
    );
}

#[test]
fn on_one_stream_any_distance_is_enough() {
    holds(
        &split([(100, Out, "a"), (100, Out, "b")]),
        &only([then("a"), then("b")]),
    );
    assert_eq!(
        failures(
            &split([(100, Err, "b"), (100, Err, "a")]),
            &only([then("a"), then("b")])
        ),
        ["broken: `b` after `a`, but it came too early, at 0.100 s, before `a`"]
    );
}

#[test]
fn the_machines_lag_widens_what_is_too_close() {
    let mut record = split([(100, Out, "a"), (300, Err, "b")]);
    let expectation = only([then("a"), then("b")]);
    record.lag.canary = millis(100);
    assert_eq!(
        judge(&record, &expectation).verdict(),
        Verdict::Inconclusive
    );
    record.lag.canary = millis(99);
    holds(&record, &expectation);
}

#[test]
fn every_line_that_was_to_come_earlier_is_compared() {
    // `c` came on the stream of `b`, which came last, but `a` of the other stream is as close.
    let record = split([(100, Out, "a"), (110, Err, "b"), (120, Err, "c")]);
    assert_eq!(
        failures(&record, &only([any_order(["a", "b"]), then("c")])),
        [
            "inconclusive: `c` after `a` and `b`, but it came 0.020 s after `a` on the other stream: too close to tell the order"
        ]
    );
}

#[test]
fn in_any_order_close_lines_are_no_claim() {
    let expectation = only([any_order(["a", "b"])]);
    holds(&split([(100, Out, "a"), (101, Err, "b")]), &expectation);
    holds(&split([(100, Out, "b"), (101, Err, "a")]), &expectation);
}

#[test]
fn within_a_sequence_they_are() {
    let expectation = only([any_order(["a1, a2", "b"])]);
    assert_eq!(
        failures(
            &split([(100, Out, "a1"), (101, Err, "a2"), (500, Out, "b")]),
            &expectation
        ),
        [
            "inconclusive: `a2` after `a1`, but it came 0.001 s after `a1` on the other stream: too close to tell the order"
        ]
    );
    assert_eq!(
        failures(
            &split([(100, Err, "a2"), (101, Out, "a1"), (500, Out, "b")]),
            &expectation
        ),
        [
            "inconclusive: `a2` after `a1`, but it came 0.001 s before `a1` on the other stream: too close to tell the order"
        ]
    );
}

const BETWEEN: &str = "too close to tell the order";

#[test]
fn what_may_have_come_between_is_not_told_for_next() {
    let expectation = among([then("a"), next("b")]);
    let verdict = |record| {
        let failures = failures(&record, &expectation);
        assert!(
            failures
                .iter()
                .all(|f| f.contains(BETWEEN) || f.starts_with("broken"))
        );
        judge(&record, &expectation).verdict()
    };
    // x came last, or between, or first; on the other stream it may have been written elsewhere.
    let near = [
        split([(100, Out, "a"), (400, Out, "b"), (410, Err, "x")]),
        split([(100, Out, "a"), (390, Err, "x"), (400, Out, "b")]),
        split([(100, Out, "a"), (110, Err, "x"), (400, Out, "b")]),
        split([(100, Err, "x"), (110, Out, "a"), (400, Out, "b")]),
    ];
    assert_eq!(near.map(verdict), [Verdict::Inconclusive; 4]);
    let far = [
        split([(100, Out, "a"), (400, Out, "b"), (600, Err, "x")]),
        split([(100, Err, "x"), (300, Out, "a"), (400, Out, "b")]),
    ];
    assert_eq!(far.map(verdict), [Verdict::Held; 2]);
    let between = split([(100, Out, "a"), (250, Err, "x"), (400, Out, "b")]);
    assert_eq!(verdict(between), Verdict::Broken);
    let same_stream = split([(100, Out, "a"), (101, Out, "x"), (102, Out, "b")]);
    assert_eq!(verdict(same_stream), Verdict::Broken);
}

#[test]
fn what_may_have_come_between_is_not_told_for_not() {
    let expectation = among([then("a"), not("x"), then("b")]);
    let verdict = |record| judge(&record, &expectation).verdict();
    let near = [
        split([(100, Out, "a"), (400, Out, "b"), (410, Err, "x")]),
        split([(100, Out, "a"), (390, Err, "x"), (400, Out, "b")]),
        split([(100, Out, "a"), (110, Err, "x"), (400, Out, "b")]),
        split([(100, Err, "x"), (110, Out, "a"), (400, Out, "b")]),
    ];
    assert_eq!(near.map(verdict), [Verdict::Inconclusive; 4]);
    let far = [
        split([(100, Out, "a"), (400, Out, "b"), (600, Err, "x")]),
        split([(100, Err, "x"), (300, Out, "a"), (400, Out, "b")]),
    ];
    assert_eq!(far.map(verdict), [Verdict::Held; 2]);
    let between = split([(100, Out, "a"), (250, Err, "x"), (400, Out, "b")]);
    assert_eq!(verdict(between), Verdict::Broken);
    let same_stream = split([(100, Out, "a"), (101, Out, "x"), (102, Out, "b")]);
    assert_eq!(verdict(same_stream), Verdict::Broken);
}

#[test]
fn a_line_too_many_is_one_on_either_stream() {
    assert_eq!(
        failures(
            &split([(100, Out, "a"), (101, Err, "x")]),
            &only([then("a")])
        ),
        ["broken: no other line, but `x` came, unexpected"]
    );
}
