//! Records and expectations by hand, and judgements as text.

use exeunt::expect::{Expectation, LogExpectation, OtherLines, Pattern, Step};
use exeunt::judge::{Judgement, Verdict, judge};
use exeunt::record::{Dropped, Exit, Line, Stream, Termination};
use exeunt::{LogFormat, Record, Streams, millis, secs};

/// A run that logged these messages, 10 ms apart from 10 ms on, and exited with 0.
pub(crate) fn said<const N: usize>(messages: [&str; N]) -> Record {
    let mut at = 0;
    let mut record = Record::new(["subject"]);
    for message in messages {
        at += 10;
        record = record.with(millis(at), log_line(Stream::Merged, message));
    }
    read(record.with(millis(at + 10), Exit::Code(0)))
}

/// A run with split streams that logged these messages, at times in ms, and exited with 0 after 9 s.
pub(crate) fn split<const N: usize>(messages: [(u64, Stream, &str); N]) -> Record {
    let mut record = Record::new(["subject"]);
    record.streams = Streams::Split;
    for (at, stream, message) in messages {
        record = record.with(millis(at), log_line(stream, message));
    }
    read(record.with(secs(9), Exit::Code(0)))
}

/// A run that logged a start, at 10 ms, and was ended at its limit of 10 s.
pub(crate) fn hung() -> Record {
    let mut record = Record::new(["subject"]).with(millis(10), "00:00:00: start");
    record.termination = Termination::TimedOut { limit: secs(10) };
    read(record)
}

/// A run whose output was too much to keep: of all lines, only the first and the last are known.
pub(crate) fn cut() -> Record {
    let dropped = Dropped {
        lines: 7,
        bytes: 70,
    };
    read(
        Record::new(["subject"])
            .with(millis(10), "00:00:00: first")
            .with(millis(20), dropped)
            .with(millis(20), "00:00:00: last")
            .with(millis(30), Exit::Code(0)),
    )
}

fn log_line(stream: Stream, message: &str) -> Line {
    Line::new(stream, format!("00:00:00: {message}").as_str())
}

pub(crate) fn read(mut record: Record) -> Record {
    LogFormat::clock().read(&mut record);
    // These tests are of the order and the times of lines, not of their stamps.
    record.findings.clear();
    record
}

/// These steps, and no other line.
pub(crate) fn only<const N: usize>(steps: [Step; N]) -> Expectation {
    log(steps.into(), OtherLines::Forbidden)
}

/// These steps, and whatever else.
pub(crate) fn among<const N: usize>(steps: [Step; N]) -> Expectation {
    log(steps.into(), OtherLines::Allowed)
}

fn log(steps: Vec<Step>, others: OtherLines) -> Expectation {
    nothing().order(LogExpectation::new(steps, others))
}

/// Expects nothing at all.
pub(crate) fn nothing() -> Expectation {
    Expectation::nothing()
}

pub(crate) fn then(message: &str) -> Step {
    Step::Then(message.into())
}

pub(crate) fn next(message: &str) -> Step {
    Step::Next(message.into())
}

pub(crate) fn not(message: &str) -> Step {
    Step::Not(message.into())
}

/// Sequences in any order, each written as `"a, b"`.
pub(crate) fn any_order<const N: usize>(sequences: [&str; N]) -> Step {
    let sequence = |s: &str| s.split(", ").map(Pattern::text).collect();
    Step::AnyOrder(sequences.iter().map(|s| sequence(s)).collect())
}

/// The checks that did not hold, in words. The verdict goes with them.
pub(crate) fn failures(record: &Record, expectation: &Expectation) -> Vec<String> {
    words(&judge(record, expectation))
}

pub(crate) fn words(judgement: &Judgement) -> Vec<String> {
    let word = |verdict| match verdict {
        Verdict::Held => "held",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Broken => "broken",
    };
    let failures = judgement.failures();
    failures
        .map(|c| {
            format!(
                "{}: {}, but {}",
                word(c.verdict),
                c.expected,
                c.observation()
            )
        })
        .collect()
}

#[track_caller]
pub(crate) fn holds(record: &Record, expectation: &Expectation) {
    let judgement = judge(record, expectation);
    assert_eq!(words(&judgement), [""; 0]);
    assert_eq!(judgement.verdict(), Verdict::Held);
}
