//! What else can be expected: bounds, occurrences, counts, one of several ends, marks that are no lines, streams.

use exeunt::expect::{
    Bound, Delay, Expectation, ExpectedEnd, Mark, Occurrence, Pattern, Step, Times,
};
use exeunt::judge::{Doubt, Expected, Observed, Verdict, elapsed, judge};
use exeunt::record::{Exit, Line, Signal, SignalReason, SignalSent, Stream, Termination};
use exeunt::{LogFormat, Record, Streams, millis, secs};

use super::hand::{cut, failures, holds, hung, nothing, said, split, then};

use Verdict::{Broken as B, Held as H, Inconclusive as I};

/// A line at 1 s, and the exit these many ms later, on a machine that was 0.5 s late.
fn verdicts<const N: usize>(bound: Bound, exits: [u64; N]) -> [Verdict; N] {
    let expectation = nothing().delay(Delay::new("done", Mark::Exit, bound));
    exits.map(|ms| {
        let mut record = Record::new(["subject"])
            .with(secs(1), "done")
            .with(secs(1) + millis(ms), Exit::Code(0));
        record.lag.canary = millis(500);
        judge(&record, &expectation).verdict()
    })
}

#[test]
fn within_has_no_lower_edge() {
    let bound = Bound::Within(secs(2));
    let exits = [0, 2000, 2200, 2201, 2700, 2701];
    assert_eq!(verdicts(bound, exits), [H, H, H, I, I, B]);
}

#[test]
fn at_least_has_no_upper_edge() {
    let bound = Bound::AtLeast(secs(2));
    let exits = [1299, 1300, 1799, 1800, 2000, 60_000];
    assert_eq!(verdicts(bound, exits), [B, I, I, H, H, H]);
}

#[test]
fn within_is_broken_by_an_end_before_the_beginning_only_if_it_is_a_lower_bound() {
    let record = said(["b", "a"]);
    holds(&record, &nothing().delay(Delay::within("a", "b", secs(1))));
    let least = nothing().delay(Delay::at_least("a", "b", secs(1)));
    assert_eq!(
        failures(&record, &least),
        ["broken: `b` at least 1.00 s after `a` (- 0.20 s), but -0.010 s"]
    );
}

fn ticks() -> Record {
    Record::new(["subject"])
        .with(secs(1), "tick")
        .with(secs(2), "tick")
        .with(secs(4), "tick")
        .with(secs(8), Exit::Code(0))
}

fn tick(occurrence: Occurrence) -> Mark {
    Mark::Line("tick".into(), occurrence)
}

fn nth(n: u32) -> Occurrence {
    Occurrence::Nth(n.try_into().unwrap())
}

#[test]
fn the_nth_and_the_last_occurrence() {
    for (mark, after) in [
        (tick(Occurrence::First), 7),
        (tick(nth(1)), 7),
        (tick(nth(2)), 6),
        (tick(nth(3)), 4),
        (tick(Occurrence::Last), 4),
    ] {
        let delay = Delay::about(mark.clone(), Mark::Exit, secs(after));
        holds(&ticks(), &nothing().delay(delay.clone()));
        assert_eq!(elapsed(&ticks(), &delay), Some(f64::from(after as u32)));
        let other = Delay::about(mark, Mark::Exit, secs(after + 1));
        assert_eq!(failures(&ticks(), &nothing().delay(other)).len(), 1);
    }
    let fourth = Delay::about(tick(nth(4)), Mark::Exit, secs(1));
    assert_eq!(
        failures(&ticks(), &nothing().delay(fourth)),
        ["broken: the exit 1.00 s after the 4th `tick` (± 0.20 s), but the 4th `tick` never came"]
    );
}

#[test]
fn occurrences_in_words() {
    let words = [1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 111].map(|n| nth(n).to_string());
    assert_eq!(
        words,
        [
            "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "103rd", "111th"
        ]
    );
}

#[test]
fn how_often_a_line_comes() {
    let counts = |times: Times| failures(&ticks(), &nothing().count("tick", times));
    for times in [3.into(), (3..).into(), (0..=3).into(), (2..=4).into()] {
        assert_eq!(counts(times), [""; 0], "{times}");
    }
    assert_eq!(
        counts(2.into()),
        ["broken: `tick` 2 times, but it came 3 times"]
    );
    assert_eq!(
        counts((4..).into()),
        ["broken: `tick` at least 4 times, but it came 3 times"]
    );
    assert_eq!(
        failures(&ticks(), &nothing().count("tock", 1)),
        ["broken: `tock` once, but it came 0 times"]
    );
}

#[test]
fn a_count_of_what_may_have_been_cut_is_no_proof_unless_more_would_change_nothing() {
    let verdict = |times: Times| judge(&cut(), &nothing().count("first", times)).verdict();
    assert_eq!(verdict(1.into()), I, "it may have come again");
    assert_eq!(verdict(2.into()), I);
    assert_eq!(verdict((1..).into()), H, "more would be as well");
    assert_eq!(verdict((2..).into()), I);
    assert_eq!(verdict(0.into()), B, "once is too often already");
}

#[test]
fn one_of_several_ends() {
    let either = ExpectedEnd::OneOf(vec![Exit::Code(0), Exit::Signal(Signal::INT)]);
    let expectation = nothing().end(either);
    let ended = |exit| Record::new(["subject"]).with(secs(1), exit);
    holds(&ended(Exit::Code(0)), &expectation);
    holds(&ended(Exit::Signal(Signal::INT)), &expectation);
    assert_eq!(
        failures(&ended(Exit::Code(130)), &expectation),
        ["broken: exit code 0 or killed by SIGINT, but exit code 130 after 1.000 s"]
    );
    assert_eq!(failures(&hung(), &expectation).len(), 1);
}

#[test]
fn any_failure() {
    let expectation = nothing().end(ExpectedEnd::Failure);
    let ended = |exit| Record::new(["subject"]).with(secs(1), exit);
    holds(&ended(Exit::Code(1)), &expectation);
    holds(&ended(Exit::Signal(Signal::SEGV)), &expectation);
    assert_eq!(
        failures(&ended(Exit::Code(0)), &expectation),
        ["broken: a failure, but exit code 0 after 1.000 s"]
    );
    assert_eq!(failures(&hung(), &expectation).len(), 1, "a hang is none");
}

fn sent(signal: Signal, reason: SignalReason) -> SignalSent {
    SignalSent {
        signal,
        to: vec![1],
        reason,
    }
}

#[test]
fn from_a_signal_that_was_sent() {
    let record = Record::new(["subject"])
        .with(secs(1), sent(Signal::TERM, SignalReason::Planned))
        .with(secs(2), sent(Signal::TERM, SignalReason::Planned))
        .with(secs(5), Exit::Code(0))
        .with(secs(5), sent(Signal::KILL, SignalReason::Survived));
    let after = |signal, occurrence, time| {
        nothing().delay(Delay::about(
            Mark::Signal(signal, occurrence),
            Mark::Exit,
            secs(time),
        ))
    };
    holds(&record, &after(Signal::TERM, Occurrence::First, 4));
    holds(&record, &after(Signal::TERM, Occurrence::Last, 3));
    assert_eq!(
        failures(&record, &after(Signal::TERM, Occurrence::Last, 4)),
        ["broken: the exit 4.00 s after the last SIGTERM (± 0.20 s), but 3.000 s"]
    );
    assert_eq!(
        failures(&record, &after(Signal::KILL, Occurrence::First, 0)),
        ["broken: the exit 0.00 s after SIGKILL (± 0.20 s), but SIGKILL never came"],
        "the harness sent it on its own account"
    );
    // The subject's buffering says nothing of a signal.
    let mut buffered = record.clone();
    buffered
        .findings
        .push(exeunt::record::Finding::BuffersOutput {
            event: 0,
            late: secs(1),
        });
    holds(&buffered, &after(Signal::TERM, Occurrence::First, 4));
}

fn on(text: &str, stream: Stream) -> Pattern {
    Pattern::text(text).on(stream)
}

#[test]
fn a_pattern_of_one_stream() {
    let record = split([
        (100, Stream::Stdout, "a"),
        (400, Stream::Stderr, "a"),
        (800, Stream::Stdout, "b"),
    ]);
    let (out, err) = (Stream::Stdout, Stream::Stderr);
    let start = |stream, time| nothing().delay(Delay::about(Mark::Start, on("a", stream), time));
    holds(&record, &start(out, millis(100)).line(on("a", err)));
    holds(&record, &start(err, millis(400)).no_line(on("b", err)));
    holds(&record, &nothing().log([on("a", err), on("b", out)]));
    holds(&record, &nothing().count(on("a", err), 1).count("a", 2));
    holds(&record, &nothing().line(on("a", Stream::Merged)));
    assert_eq!(
        failures(&record, &nothing().line(on("b", err))),
        ["broken: a line `b` on stderr, but it never came"]
    );
    assert_eq!(
        failures(&record, &nothing().no_line(on("b", out))),
        ["broken: no line `b` on stdout, but it came at 0.800 s"]
    );
    assert_eq!(
        failures(&record, &nothing().log([on("b", out), on("a", err)])),
        [
            "broken: `a` on stderr after `b` on stdout, but it came too early, at 0.400 s, before `b`"
        ]
    );
}

#[test]
fn a_stream_is_not_known_apart_in_a_merged_run() {
    const WHY: &str =
        "but the run has its streams merged, so stderr alone is not known: split them";
    let record = said(["a"]);
    let a = on("a", Stream::Stderr);
    let of = |expectation: Expectation| failures(&record, &expectation);
    assert_eq!(
        of(nothing().line(a.clone())),
        [format!(
            "inconclusive: a line `a` on stderr, but it never came, {WHY}"
        )]
    );
    for expectation in [
        nothing().no_line(a.clone()),
        nothing().count(a.clone(), 0),
        nothing().log([a.clone()]),
        nothing().log([then("a"), Step::Not(a.clone())]),
        nothing().log([Step::Not(a.clone()), then("a")]),
        nothing().whole_log([a.clone()]),
        nothing().delay(Delay::about(a.clone(), Mark::Exit, secs(0))),
    ] {
        let judgement = judge(&record, &expectation);
        assert_eq!(judgement.verdict(), I, "{expectation:?}");
        let merged = Some(Doubt::Merged(Stream::Stderr));
        let mut failures = judgement.failures();
        assert!(failures.all(|check| check.doubt == merged), "{judgement:?}");
        assert!(!judgement.retryable(), "it would be merged again");
    }
}

/// A subject that ended by itself at 7 s, though it was given 6 s.
fn late(exit: Exit) -> Record {
    let mut record = Record::new(["subject"]).with(secs(7), exit);
    record.timeout = Some(secs(6));
    record.lag.harness = secs(2);
    record
}

#[test]
fn an_exit_after_the_timeout_that_the_harness_was_too_late_to_prevent() {
    let expectation = |end| nothing().end(end);
    for end in [ExpectedEnd::code(0), ExpectedEnd::Hang] {
        let judgement = judge(&late(Exit::Code(0)), &expectation(end.clone()));
        assert_eq!(judgement.verdict(), I, "{end}");
        assert!(judgement.retryable(), "{end}");
    }
    assert_eq!(
        failures(&late(Exit::Code(0)), &expectation(ExpectedEnd::code(0))),
        [
            "inconclusive: exit code 0, but exit code 0 after 7.000 s, later than the timeout of 6 s, on a machine that was up to 2.00 s late"
        ]
    );
    assert_eq!(
        failures(&late(Exit::Code(1)), &expectation(ExpectedEnd::code(0))),
        ["broken: exit code 0, but exit code 1 after 7.000 s"],
        "whenever it came, it is the wrong one"
    );
    let mut in_time = late(Exit::Code(0));
    in_time.timeout = Some(secs(8));
    holds(&in_time, &expectation(ExpectedEnd::code(0)));
    in_time.timeout = None;
    holds(&in_time, &expectation(ExpectedEnd::code(0)));
}

#[test]
fn a_subject_that_had_ended_before_the_harness_came_to_end_it_was_not_still_running() {
    let mut record = late(Exit::Code(0));
    record.termination = Termination::TimedOut { limit: secs(6) };
    let expectation = nothing().end(ExpectedEnd::code(0));
    // Nothing was left to be sent a signal,
    assert_eq!(judge(&record, &expectation).verdict(), I);
    // or the signal came too late.
    let timeout = sent(Signal::TERM, SignalReason::Timeout);
    let signalled = record.clone().with(secs(8), timeout.clone());
    assert_eq!(judge(&signalled, &expectation).verdict(), I);
    // Not so if the exit follows the signal.
    let ended = record.with(millis(6500), timeout);
    assert_eq!(
        failures(&ended, &expectation),
        ["broken: exit code 0, but still running after 6 s, and ended then"]
    );
}

#[test]
fn a_timeout_that_lag_may_have_brought_about_is_no_proof() {
    let mut record = Record::new(["subject"]).with(secs(1), "done");
    record.termination = Termination::TimedOut { limit: secs(4) };
    record.lag.canary = secs(1);
    let due = |time| {
        nothing()
            .end(ExpectedEnd::code(0))
            .delay(Delay::about("done", Mark::Exit, secs(time)))
    };
    assert_eq!(judge(&record, &due(2)).verdict(), I, "due at 3.2 s");
    assert_eq!(judge(&record, &due(1)).verdict(), B, "due at 2.2 s");
    assert_eq!(judge(&record, &due(4)).verdict(), B, "it was never due");
    record.lag.canary = millis(10);
    assert_eq!(judge(&record, &due(2)).verdict(), B);
}

#[test]
fn a_check_keeps_its_numbers() {
    let delay = Delay::about("tick", Mark::Exit, secs(1));
    let expectation = nothing().delay(delay.clone()).count("tick", 1);
    let judgement = judge(&ticks(), &expectation);
    let [count, took] = &judgement.checks[..] else {
        panic!("{judgement:?}");
    };
    assert_eq!(took.expected, Expected::Delay(delay));
    assert_eq!(took.observed, Observed::Elapsed(7.0));
    assert_eq!(count.observed, Observed::Times(3));
    assert_eq!(count.event, Some(2));
    let json = serde_json::to_value(took).unwrap();
    assert_eq!(json["observed"]["elapsed"], 7.0);
    assert_eq!(json["expected"]["delay"]["bound"]["about"], 1.0);
}

#[test]
fn an_expectation_is_plain_data() {
    let expectation = Expectation::new()
        .whole_log([
            Step::Then("a".into()),
            Step::Next(Pattern::contains("b").on(Stream::Stderr)),
            Step::Not(Pattern::regex("c+").unwrap()),
            Step::AnyOrder(vec![
                vec!["d".into(), "e".into()],
                vec![on("f", Stream::Stdout)],
            ]),
        ])
        .line(on("g", Stream::Stdout))
        .count("h", 2..)
        .end(ExpectedEnd::OneOf(vec![Exit::Code(0)]))
        .delay(Delay::at_least(
            Mark::Signal(Signal::TERM, nth(2)),
            tick(Occurrence::Last),
            millis(1500),
        ));
    let json = serde_json::to_string(&expectation).unwrap();
    let again: Expectation = serde_json::from_str(&json).unwrap();
    assert_eq!(again, expectation, "{json}");
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let steps = serde_json::json!([
        "a",
        { "next": { "contains": "b", "stream": "stderr" } },
        { "not": { "regex": "c+" } },
        { "any-order": [["d", "e"], [{ "line": "f", "stream": "stdout" }]] },
    ]);
    assert_eq!(value["log"]["steps"], steps);
    for wrong in [
        r#"{ "stream": "stdout" }"#,
        r#"{ "line": "a", "contains": "b" }"#,
        r#"{ "regex": "(" }"#,
        "{}",
    ] {
        assert!(serde_json::from_str::<Pattern>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn times_that_are_never_read_make_other_lines_undecided() {
    let format = LogFormat::new(r"^(?<time>\S+) (?<message>.*)$").unwrap();
    let mut record = Record::new(["subject"])
        .with(secs(1), "yesterday a")
        .with(secs(2), "yesterday stray")
        .with(secs(3), Exit::Code(0));
    format.read(&mut record);
    let none: [Step; 0] = [];
    assert_eq!(
        failures(&record, &nothing().whole_log(none)),
        [
            "inconclusive: no other line, but it never came, but the times in the log could not be read (see the finding)"
        ]
    );
}

#[test]
fn the_stream_of_a_line_is_part_of_its_pattern_in_any_order() {
    let record = split([(500, Stream::Stderr, "a"), (900, Stream::Stdout, "a")]);
    let groups = vec![vec![on("a", Stream::Stdout)], vec![on("a", Stream::Stderr)]];
    holds(&record, &nothing().whole_log([Step::AnyOrder(groups)]));
    let twice = vec![vec![on("a", Stream::Stdout)], vec![on("a", Stream::Stdout)]];
    let judgement = judge(&record, &nothing().log([Step::AnyOrder(twice)]));
    assert_eq!(judgement.verdict(), B);
}

#[test]
fn a_line_by_hand_is_of_a_stream_that_was_recorded() {
    let mut record = Record::new(["subject"])
        .with(secs(1), Line::new(Stream::Stdout, "out"))
        .with(secs(2), Exit::Code(0));
    assert_eq!(record.output(Stream::Stdout), None, "merged by default");
    record.streams = Streams::Split;
    assert_eq!(record.output(Stream::Stdout).as_deref(), Some("out\n"));
    assert_eq!(record.output(Stream::Stderr).as_deref(), Some(""));
    assert_eq!(record.output(Stream::Merged), None);
}
