//! The order of a log on one stream.

use std::time::Instant;

use exeunt::expect::{Pattern, Step};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{EventKind, Exit};
use exeunt::{LogFormat, Record, millis};

use super::hand::{among, any_order, cut, failures, holds, next, not, only, read, said, then};

#[test]
fn lines_come_one_after_the_other() {
    holds(
        &said(["a", "b", "c"]),
        &only([then("a"), then("b"), then("c")]),
    );
    holds(&said(["a", "x", "c"]), &among([then("a"), then("c")]));
}

#[test]
fn a_missing_line() {
    assert_eq!(
        failures(&said(["a", "c"]), &only([then("a"), then("b"), then("c")])),
        ["broken: `b` after `a`, but it never came"]
    );
    assert_eq!(
        failures(&said([]), &only([then("a")])),
        ["broken: `a` after the start, but it never came"]
    );
}

#[test]
fn an_unexpected_line() {
    assert_eq!(
        failures(&said(["a", "x", "b"]), &only([then("a"), then("b")])),
        ["broken: no other line, but `x` came, unexpected"]
    );
    assert_eq!(
        failures(&said(["x"]), &only([])),
        ["broken: no other line, but `x` came, unexpected"]
    );
    holds(&said(["a", "x", "b"]), &among([then("a"), then("b")]));
}

#[test]
fn a_line_that_is_no_log_is_no_line_too_many() {
    let record = Record::new(["subject"])
        .with(millis(1), "00:00:00: a")
        .with(millis(2), "thread 'main' panicked")
        .with(millis(3), Exit::Code(101));
    holds(&read(record), &only([then("a")]));
}

#[test]
fn a_line_that_came_twice() {
    assert_eq!(
        failures(&said(["a", "b", "b"]), &only([then("a"), then("b")])),
        ["broken: no other line, but `b` came, once more than expected"]
    );
    assert_eq!(
        failures(&said(["b", "a", "b"]), &only([then("a"), then("b")])),
        ["broken: no other line, but `b` came, once more than expected"]
    );
    holds(&said(["b", "b"]), &only([then("b"), then("b")]));
}

#[test]
fn swapped_lines_are_named_once() {
    assert_eq!(
        failures(&said(["b", "a"]), &only([then("a"), then("b")])),
        ["broken: `b` after `a`, but it came too early, at 0.010 s, before `a`"]
    );
    assert_eq!(
        failures(
            &said(["c", "b", "a"]),
            &only([then("a"), then("b"), then("c")])
        ),
        [
            "broken: `b` after `a`, but it came too early, at 0.020 s, before `a`",
            "broken: `c` after `b`, but it came too early, at 0.010 s, before `b`",
        ]
    );
}

#[test]
fn white_space_is_folded_on_both_sides() {
    let spaced = said(["Main\t\t:\tall  done "]);
    holds(&spaced, &only([then("Main : all done")]));
    holds(&spaced, &only([then("  Main :  all\tdone")]));
    let part = Step::Then(Pattern::contains(":   all"));
    holds(&spaced, &only([part]));
    let regex = Step::Then(Pattern::regex("^Main : all done$").unwrap());
    holds(&spaced, &only([regex]));
    // White space is folded, not taken out.
    assert_eq!(failures(&spaced, &among([then("Main: all done")])).len(), 1);
}

#[test]
fn next_is_directly_after() {
    holds(
        &said(["a", "b", "c"]),
        &only([then("a"), next("b"), next("c")]),
    );
    holds(&said(["a", "b"]), &only([next("a"), next("b")]));
    assert_eq!(
        failures(
            &said(["a", "x", "b", "c"]),
            &among([then("a"), next("b"), then("c")])
        ),
        ["broken: `b` directly after `a`, but `x` came there"]
    );
    assert_eq!(
        failures(&said(["x", "a"]), &among([next("a")])),
        ["broken: `a` directly after the start, but `x` came there"]
    );
}

#[test]
fn a_line_that_is_not_next_is_not_a_line_too_many_as_well() {
    assert_eq!(
        failures(
            &said(["a", "x", "b", "c"]),
            &only([then("a"), next("b"), then("c")])
        ),
        [
            "broken: `b` directly after `a`, but `x` came there",
            "broken: no other line, but `x` came, unexpected",
        ]
    );
    assert_eq!(
        failures(
            &said(["b", "a", "c"]),
            &only([then("a"), next("b"), then("c")])
        ),
        ["broken: `b` directly after `a`, but it came too early, at 0.010 s, before `a`"]
    );
}

#[test]
fn a_next_line_that_is_nowhere() {
    assert_eq!(
        failures(&said(["a", "c"]), &only([then("a"), next("b"), then("c")])),
        ["broken: `b` directly after `a`, but it never came, `c` came there"]
    );
    assert_eq!(
        failures(&said(["a"]), &only([then("a"), next("b")])),
        ["broken: `b` directly after `a`, but it never came"]
    );
}

#[test]
fn not_means_between_the_neighbours() {
    let expectation = among([then("a"), not("x"), then("b")]);
    holds(&said(["x", "a", "b", "x"]), &expectation);
    assert_eq!(
        failures(&said(["a", "x", "b"]), &expectation),
        ["broken: no `x` between `a` and `b`, but it came at 0.020 s"]
    );
}

#[test]
fn not_at_the_beginning_and_at_the_end() {
    let first = among([not("x"), then("a")]);
    holds(&said(["a", "x"]), &first);
    assert_eq!(
        failures(&said(["x", "a"]), &first),
        ["broken: no `x` between the start and `a`, but it came at 0.010 s"]
    );
    let last = among([then("a"), not("x")]);
    holds(&said(["x", "a", "b"]), &last);
    assert_eq!(
        failures(&said(["a", "b", "x"]), &last),
        ["broken: no `x` between `a` and the end, but it came at 0.030 s"]
    );
    assert_eq!(
        failures(&said(["x"]), &among([not("x")])),
        ["broken: no `x` between the start and the end, but it came at 0.010 s"]
    );
}

#[test]
fn several_nots_and_what_follows_them_name_the_line_before() {
    let expectation = among([then("a"), not("x"), not("y"), then("b")]);
    assert_eq!(
        failures(&said(["a", "x", "y", "b"]), &expectation),
        [
            "broken: no `x` between `a` and `b`, but it came at 0.020 s",
            "broken: no `y` between `a` and `b`, but it came at 0.030 s",
        ]
    );
    assert_eq!(
        failures(&said(["a"]), &expectation),
        ["broken: `b` after `a`, but it never came"]
    );
}

#[test]
fn a_not_is_judged_up_to_the_next_line_that_came() {
    // `b` is missing, so "between a and b" is not known to end before c.
    assert_eq!(
        failures(
            &said(["a", "x", "c"]),
            &among([then("a"), not("x"), then("b"), then("c")])
        ),
        [
            "broken: `b` after `a`, but it never came",
            "broken: no `x` between `a` and `c`, but it came at 0.020 s",
        ]
    );
    assert_eq!(
        failures(
            &said(["a", "x", "c"]),
            &among([then("a"), not("x"), any_order(["b"]), then("c")])
        ),
        [
            "broken: `b` after `a`, but it never came",
            "broken: no `x` between `a` and `c`, but it came at 0.020 s",
        ]
    );
}

#[test]
fn not_before_a_group_means_before_its_first_line() {
    let expectation = among([then("a"), not("x"), any_order(["b", "c"])]);
    holds(&said(["a", "c", "x", "b"]), &expectation);
    assert_eq!(
        failures(&said(["a", "x", "c", "b"]), &expectation),
        ["broken: no `x` between `a` and `c`, but it came at 0.020 s"]
    );
}

#[test]
fn any_order_takes_every_order() {
    let expectation = only([then("s"), any_order(["a", "b", "c"]), then("e")]);
    for [x, y, z] in [
        ["a", "b", "c"],
        ["a", "c", "b"],
        ["b", "a", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["c", "b", "a"],
    ] {
        holds(&said(["s", x, y, z, "e"]), &expectation);
    }
}

#[test]
fn a_line_of_a_group_that_is_missing() {
    let expectation = only([then("s"), any_order(["a", "b"]), then("e")]);
    assert_eq!(
        failures(&said(["s", "b", "e"]), &expectation),
        ["broken: `a` after `s`, but it never came"]
    );
    assert_eq!(
        failures(&said(["s", "e"]), &expectation),
        [
            "broken: `a` after `s`, but it never came",
            "broken: `b` after `s`, but it never came",
        ]
    );
}

#[test]
fn a_line_that_comes_before_or_after_its_group() {
    let expectation = only([then("s"), any_order(["a", "b"]), then("e")]);
    assert_eq!(
        failures(&said(["a", "s", "b", "e"]), &expectation),
        ["broken: `a` after `s`, but it came too early, at 0.010 s, before `s`"]
    );
    assert_eq!(
        failures(&said(["s", "a", "e", "b"]), &expectation),
        ["broken: `e` after `a` and `b`, but it came too early, at 0.030 s, before `b`"]
    );
}

#[test]
fn sequences_in_a_group_keep_their_own_order() {
    let expectation = only([any_order(["a1, a2", "b1, b2"])]);
    for lines in [
        ["a1", "a2", "b1", "b2"],
        ["a1", "b1", "a2", "b2"],
        ["b1", "a1", "a2", "b2"],
        ["b1", "b2", "a1", "a2"],
    ] {
        holds(&said(lines), &expectation);
    }
    assert_eq!(
        failures(&said(["a2", "b1", "a1", "b2"]), &expectation),
        ["broken: `a2` after `a1`, but it came too early, at 0.010 s, before `a1`"]
    );
}

#[test]
fn after_a_missing_line_the_rest_of_a_sequence_is_still_found() {
    assert_eq!(
        failures(
            &said(["b", "a2", "a3"]),
            &only([any_order(["a1, a2, a3", "b"])])
        ),
        ["broken: `a1` after the start, but it never came"]
    );
    assert_eq!(
        failures(
            &said(["a1", "a3", "b"]),
            &only([any_order(["a1, a2, a3", "b"])])
        ),
        ["broken: `a2` after `a1`, but it never came"]
    );
}

#[test]
fn a_line_that_could_serve_two_sequences_serves_the_one_that_needs_it() {
    let record = said(["x", "a", "x", "b"]);
    holds(&record, &only([any_order(["x, a", "x, b"])]));
    holds(&record, &only([any_order(["x, b", "x, a"])]));
    // The first `x` must be the second sequence's, whichever is tried first.
    holds(
        &said(["x", "b", "x", "a"]),
        &only([any_order(["x, a", "x, b"])]),
    );
    assert_eq!(
        failures(&said(["x", "a", "b"]), &only([any_order(["x, a", "x, b"])])),
        ["broken: `x` after the start, but it never came"]
    );
}

#[test]
fn a_narrow_pattern_is_not_robbed_by_a_wide_one() {
    let wide = || vec![Pattern::contains("done")];
    let narrow = || vec![Pattern::text("all done")];
    let record = said(["all done", "well done"]);
    holds(&record, &only([Step::AnyOrder(vec![wide(), narrow()])]));
    holds(&record, &only([Step::AnyOrder(vec![narrow(), wide()])]));
}

#[test]
fn many_alike_in_any_order_are_judged_at_once() {
    let begun = Instant::now();
    let ticks = Step::AnyOrder(vec![vec![Pattern::contains("tick")]; 24]);
    let record = said(["tick"; 23]);
    assert_eq!(
        failures(&record, &only([ticks])),
        ["broken: …`tick`… after the start, but it never came"]
    );
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
}

#[test]
fn a_long_log_is_judged_at_once() {
    let mut record = Record::new(["subject"]);
    let line = |i: u64| record::event(i, &format!("00:00:00: line {i}"));
    record.events = (0..20_000).map(line).collect();
    let steps = [
        then("line 0"),
        any_order(["line 7, line 19000", "line 8"]),
        next("line 19001"),
    ];
    let begun = Instant::now();
    assert_eq!(failures(&read(record), &among(steps)), [""; 0]);
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
}

mod record {
    use super::{EventKind, millis};
    use exeunt::record::Event;

    pub(super) fn event(at: u64, text: &str) -> Event {
        Event {
            at: millis(at),
            kind: EventKind::from(text),
        }
    }
}

#[test]
fn checks_point_at_the_event() {
    let record = said(["a", "x"]);
    let judgement = judge(&record, &only([then("a"), then("b")]));
    let events: Vec<_> = judgement.failures().map(|c| c.event).collect();
    assert_eq!(events, [None, Some(1)]);
}

#[test]
fn what_may_have_been_cut_is_not_told() {
    const CUT: &str = "it never came, but part of the output was not kept";
    let record = cut();
    holds(&record, &among([then("first"), then("last")]));
    assert_eq!(
        failures(
            &record,
            &among([then("first"), then("middle"), then("last")])
        ),
        [format!("inconclusive: `middle` after `first`, but {CUT}")]
    );
    assert_eq!(
        failures(&record, &among([not("x"), then("first")])),
        [""; 0],
        "nothing was cut before the first line"
    );
    assert_eq!(
        failures(&record, &among([then("first"), not("x"), then("last")])),
        [format!(
            "inconclusive: no `x` between `first` and `last`, but {CUT}"
        )]
    );
    assert_eq!(
        failures(&record, &only([then("first"), then("last")])),
        [format!("inconclusive: no other line, but {CUT}")]
    );
    assert_eq!(
        failures(&record, &among([then("first"), next("last")])),
        [
            "inconclusive: `last` directly after `first`, but it came at 0.020 s, but part of the output was not kept"
        ]
    );
    assert_eq!(
        failures(&record, &among([then("first"), next("middle")])),
        [format!(
            "inconclusive: `middle` directly after `first`, but {CUT}"
        )]
    );
    assert_eq!(
        failures(&record, &among([then("last"), then("first")])),
        [concat!(
            "inconclusive: `first` after `last`, but it came too early, at 0.010 s, before `last`, ",
            "but part of the output was not kept"
        )],
        "both may have come in what was cut"
    );
    assert_eq!(
        failures(&record, &among([then("first"), then("first")])),
        [format!("inconclusive: `first` after `first`, but {CUT}")]
    );
}

#[test]
fn a_line_too_many_is_one_even_where_output_was_cut() {
    assert_eq!(
        failures(&cut(), &only([then("first")])),
        ["broken: no other line, but `last` came, unexpected"]
    );
}

#[test]
fn a_swap_that_a_stall_explains_is_inconclusive() {
    let expected = only([then("a"), then("b")]);
    let mut record = said(["b", "a"]);
    record.lag.canary = millis(149);
    assert_eq!(
        failures(&record, &expected),
        ["broken: `b` after `a`, but it came too early, at 0.010 s, before `a`"]
    );
    record.lag.canary = millis(150);
    let judgement = judge(&record, &expected);
    assert_eq!(judgement.verdict(), Verdict::Inconclusive);
    assert!(judgement.retryable());
}

#[test]
fn a_swap_that_no_stall_explains_is_broken() {
    let expected = only([then("a"), then("b")]);
    let mut record = said([
        "b", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "a",
    ]);
    record.lag.canary = millis(160);
    assert_eq!(judge(&record, &expected).verdict(), Verdict::Broken);
}

fn stampless(lines: &[&str], format: &LogFormat) -> Record {
    let record = Record::new(["subject"]);
    let mut record = lines
        .iter()
        .fold(record, |record, line| record.with(millis(10), *line))
        .with(millis(20), Exit::Code(0));
    format.read(&mut record);
    record.findings.clear();
    record
}

#[test]
fn which_lines_are_log_is_said_by_the_format_and_not_by_what_was_printed() {
    let expected = only([then("Main : a")]);
    let stray = ["broken: no other line, but `Main : b` came, unexpected"];
    for format in [LogFormat::default(), LogFormat::plain()] {
        holds(&stampless(&["Main : a"], &format), &expected);
        let record = stampless(&["Main : a", "Main : b"], &format);
        assert_eq!(failures(&record, &expected), stray);
    }
    // One line with a stamp does not make the others no log.
    let mixed = ["00:00:00: Main : a", "Main : b"];
    assert_eq!(
        failures(&stampless(&mixed, &LogFormat::default()), &expected),
        stray
    );
    // Where the format says that lines of log have stamps, one without is none, whatever else there is.
    holds(&stampless(&mixed, &LogFormat::clock()), &expected);
    let none = only([]);
    holds(&stampless(&["Main : b"], &LogFormat::clock()), &none);
}

#[test]
fn of_many_unexpected_lines_one_check_tells_with_their_number() {
    let record = stampless(&["Traceback", "a", "b", "c"], &LogFormat::default());
    let expected = only([then("ready")]);
    assert_eq!(
        failures(&record, &expected),
        [
            "broken: `ready` after the start, but it never came",
            "broken: no other line, but `Traceback` and 3 more lines came, unexpected"
        ]
    );
    // A line that was expected stands between them.
    let record = stampless(&["x", "ready", "y", "z"], &LogFormat::default());
    assert_eq!(
        failures(&record, &expected),
        [
            "broken: no other line, but `x` came, unexpected",
            "broken: no other line, but `y` and 1 more line came, unexpected"
        ]
    );
}
