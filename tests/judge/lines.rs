//! Lines that must be there, and lines that must not.

use exeunt::expect::{Expectation, Pattern};
use exeunt::record::{Exit, Line, Stream, Termination};
use exeunt::{Record, millis};

use super::hand::{cut, failures, holds, hung, nothing, read, said};

fn present(pattern: impl Into<Pattern>) -> Expectation {
    nothing().line(pattern)
}

fn absent(pattern: impl Into<Pattern>) -> Expectation {
    nothing().no_line(pattern)
}

#[test]
fn a_line_is_there_or_missing() {
    holds(&said(["a", "b"]), &present("b"));
    assert_eq!(
        failures(&said(["a", "bb"]), &present("b")),
        ["broken: a line `b`, but it never came"]
    );
    holds(&said(["a", "bb"]), &present(Pattern::contains("b")));
}

#[test]
fn a_line_is_absent_or_came() {
    holds(&said(["a", "bb"]), &absent("b"));
    assert_eq!(
        failures(&said(["a", "b", "b"]), &absent("b")),
        ["broken: no line `b`, but it came at 0.020 s"]
    );
    assert_eq!(
        failures(&said(["a bb"]), &absent(Pattern::regex("b+$").unwrap())),
        ["broken: no line /b+$/, but it came at 0.010 s"]
    );
}

#[test]
fn a_line_that_is_no_log_counts_too() {
    let record = Record::new(["subject"])
        .with(
            millis(1),
            Line::new(Stream::Merged, "thread 'main'\tpanicked\r"),
        )
        .with(millis(2), Exit::Code(101));
    holds(&read(record), &present("thread 'main' panicked"));
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let bytes = b"caf\xe9".to_vec();
    let record = Record::new(["subject"])
        .with(millis(1), Line::new(Stream::Merged, bytes))
        .with(millis(2), Exit::Code(0));
    holds(&record, &present("caf\u{fffd}"));
    holds(&record, &absent("café"));
}

#[test]
fn what_may_have_been_cut_is_not_told() {
    const CUT: &str = "it never came, but part of the output was not kept";
    holds(&cut(), &present("last"));
    assert_eq!(
        failures(&cut(), &present("x")),
        [format!("inconclusive: a line `x`, but {CUT}")]
    );
    assert_eq!(
        failures(&cut(), &absent("x")),
        [format!("inconclusive: no line `x`, but {CUT}")]
    );
    assert_eq!(
        failures(&cut(), &absent("last")),
        ["broken: no line `last`, but it came at 0.020 s"]
    );
}

#[test]
fn a_line_that_was_cut_short_may_have_been_the_one() {
    let mut long = Line::new(Stream::Merged, "begin");
    long.cut_from = Some(2000);
    let record = Record::new(["subject"]).with(millis(1), long);
    assert_eq!(failures(&record, &absent("begin and end")).len(), 1);
    assert_eq!(failures(&record, &present("begin and end")).len(), 1);
}

#[test]
fn what_an_interrupted_run_would_have_said_is_not_told() {
    let mut record = hung();
    record.termination = Termination::Interrupted;
    const INTERRUPTED: &str = "it never came, and the run was interrupted";
    holds(&record, &present("start"));
    assert_eq!(
        failures(&record, &present("x")),
        [format!("inconclusive: a line `x`, but {INTERRUPTED}")]
    );
    assert_eq!(
        failures(&record, &absent("x")),
        [format!("inconclusive: no line `x`, but {INTERRUPTED}")]
    );
}

#[test]
fn a_subject_that_hangs_says_no_more() {
    holds(&hung(), &absent("x"));
    assert_eq!(
        failures(&hung(), &present("x")),
        ["broken: a line `x`, but it never came"]
    );
}
