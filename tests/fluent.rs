//! The assertions for `cargo test`, on records made by hand.

use std::panic::{AssertUnwindSafe, catch_unwind};

use exeunt::expect::{Expectation, ExpectedEnd, Mark, Step};
use exeunt::judge::Verdict;
use exeunt::record::{Dropped, Exit, Line, Process, Signal, Stream, Termination};
use exeunt::{AssertError, LogFormat, Record, Streams, millis, secs};
use predicates::prelude::*;

fn worker() -> Record {
    let mut record = Record::new(["worker"])
        .with(millis(10), "00:00:00: Main : all done")
        .with(millis(2010), "00:00:02: Thread 1 : finishing")
        .with(millis(2020), Exit::Code(0));
    LogFormat::default().read(&mut record);
    record
}

fn split() -> Record {
    let mut record = Record::new(["worker"])
        .with(millis(10), Line::new(Stream::Stdout, "result: 3"))
        .with(millis(20), Line::new(Stream::Stderr, "thread 'x' panicked"))
        .with(millis(30), Exit::Code(101));
    record.streams = Streams::Split;
    record
}

fn hung() -> Record {
    let mut record = Record::new(["worker"])
        .with(millis(10), "begin")
        .with(secs(1), "middle");
    record.termination = Termination::TimedOut { limit: secs(5) };
    record
}

/// The panic message of an assertion, where it panics.
fn panics(assertion: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).err()?;
    Some(panic.downcast_ref::<String>().unwrap().clone())
}

#[track_caller]
fn broken<T>(result: Result<T, AssertError>, expected: &str, observed: &str) {
    fails(Verdict::Broken, result, expected, observed);
}

#[track_caller]
fn fails<T>(verdict: Verdict, result: Result<T, AssertError>, expected: &str, observed: &str) {
    let error = result.err().expect("an assertion that fails");
    let text = error.to_string();
    assert_eq!(error.verdict(), verdict, "{text}");
    assert!(
        text.contains(&format!("expected: {expected}\nobserved: {observed}")),
        "{text}"
    );
    assert!(
        text.contains("start      worker  (pid 1)"),
        "the timeline: {text}"
    );
    assert_eq!(format!("{error:?}"), text);
}

#[test]
fn all_of_it_holds() {
    worker()
        .assert()
        .success()
        .code(0)
        .log(["Main : all done", "Thread 1 : finishing"])
        .log([
            Step::Then("Main : all done".into()),
            Step::Next("Thread 1 : finishing".into()),
        ])
        .whole_log(["Main : all done", "Thread 1 : finishing"])
        .line("Main : all done")
        .no_line("error")
        .output(predicate::str::contains("all done"))
        .exits_after("Main : all done", secs(2))
        .follows_after("Main : all done", "Thread 1 : finishing", secs(2))
        .takes(secs(2))
        .slack(millis(21))
        .takes(secs(2))
        .leaves_nothing_behind()
        .satisfies(&Expectation::new().end(ExpectedEnd::code(0)));
}

#[test]
fn the_message_shows_expected_beside_observed_and_the_timeline() {
    let error = worker().assert().try_code(3).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\
broken
expected: exit code 3
observed: exit code 0 after 2.020 s

    0.000  start      worker  (pid 1)
╭   0.010  Main       all done
│         ┊ 2.00 s of silence
│   2.010  Thread 1   finishing
╰   2.020  exit       exit code 0, 2.01 s after Main's last line `all done`
        ╰─ broken  expected exit code 3
                   observed exit code 0 after 2.020 s
"
    );
}

#[test]
fn the_panic_says_the_same_as_the_twin() {
    let record = worker();
    let message = panics(|| {
        record.assert().code(3);
    });
    let error = record.assert().try_code(3).unwrap_err();
    assert_eq!(message, Some(error.to_string()));
    assert_eq!(panics(|| _ = record.assert().success()), None);
}

#[test]
fn every_twin_breaks() {
    let record = worker();
    let a = record.assert();
    broken(a.try_code(1), "exit code 1", "exit code 0 after 2.020 s");
    broken(
        split().assert().try_success(),
        "exit code 0",
        "exit code 101",
    );
    broken(a.try_signal(Signal::INT), "killed by SIGINT", "exit code 0");
    broken(a.try_hangs(), "a hang", "exit code 0");
    broken(a.try_log(["x"]), "`x` after the start", "it never came");
    broken(
        a.try_log(["Thread 1 : finishing", "Main : all done"]),
        "`Main : all done` after `Thread 1 : finishing`",
        "it came too early",
    );
    broken(
        a.try_whole_log(["Main : all done"]),
        "no other line",
        "`Thread 1 : finishing` came, unexpected",
    );
    broken(a.try_line("x"), "a line `x`", "it never came");
    broken(
        a.try_no_line("Main : all done"),
        "no line `Main : all done`",
        "it came at 0.010 s",
    );
    broken(
        a.try_exits_after("Main : all done", secs(0)),
        "the exit 0.00 s after `Main : all done` (± 0.20 s)",
        "2.010 s",
    );
    broken(
        a.try_follows_after("Main : all done", "Thread 1 : finishing", secs(1)),
        "`Thread 1 : finishing` 1.00 s after `Main : all done` (± 0.20 s)",
        "2.000 s",
    );
    broken(
        a.try_takes(secs(1)),
        "the exit 1.00 s after the start (± 0.20 s)",
        "2.020 s",
    );
    broken(
        a.slack(millis(19)).try_takes(secs(2)),
        "the exit 2.00 s after the start (± 0.019 s)",
        "2.020 s",
    );
    let mut left = worker();
    left.survivors = vec![Process {
        pid: 7,
        command: "sleep 8".into(),
        open_streams: Vec::new(),
        threads: Vec::new(),
        handles: Vec::new(),
    }];
    broken(
        left.assert().try_leaves_nothing_behind(),
        "no process outlives the subject",
        "pid 7 `sleep 8`",
    );
    left.assert().success();
    let expectation = Expectation::new().end(ExpectedEnd::Hang);
    broken(a.try_satisfies(&expectation), "a hang", "exit code 0");
}

#[test]
fn predicates_on_output() {
    let record = split();
    let a = record.assert();
    a.stdout(predicate::str::starts_with("result").and(predicate::str::contains("panicked").not()))
        .stderr(predicate::str::contains("panicked"))
        .stdout(predicate::eq("result: 3\n"))
        .output(predicate::str::contains("result").and(predicate::str::contains("panicked")));
    broken(
        a.try_stderr(predicate::str::is_empty()),
        "stderr satisfies var.is_empty()",
        "\"thread 'x' panicked\\n\"",
    );
    broken(
        a.try_stdout(predicate::str::contains("panicked")),
        "stdout satisfies var.contains(panicked)",
        "\"result: 3\\n\"",
    );
    broken(
        a.try_output(predicate::str::contains("x").not()),
        "output satisfies (! var.contains(x))",
        "\"result: 3\\nthread 'x' panicked\\n\"",
    );
}

#[test]
fn long_output_is_not_poured_into_the_message() {
    let record = Record::new(["worker"]).with(millis(1), "x".repeat(100_000).as_str());
    let error = record
        .assert()
        .try_output(predicate::str::is_empty())
        .unwrap_err();
    assert!(
        error.to_string().len() < 2000,
        "{}",
        error.to_string().len()
    );
}

#[test]
fn one_stream_of_a_merged_run_explains_itself() {
    let record = worker();
    let error = record
        .assert()
        .try_stderr(predicate::str::is_empty())
        .unwrap_err();
    assert_eq!(error.verdict(), Verdict::Inconclusive);
    let text = error.to_string();
    assert!(
        text.starts_with(
            "inconclusive\n\
             expected: stderr satisfies var.is_empty()\n\
             observed: the run has its streams merged, so stderr alone is not known: \
             run the subject with `.streams(Streams::Split)`, or use `.output(…)`\n"
        ),
        "{text}"
    );
    let panic = panics(|| _ = record.assert().stdout(predicate::str::is_empty()));
    assert!(panic.unwrap().contains("stdout alone is not known"));
}

#[test]
fn what_is_not_told_fails_too_and_says_so() {
    let cut = worker().with(secs(1), Dropped { lines: 1, bytes: 1 });
    const CUT: &str = "it never came, but part of the output was not kept";
    fails(
        Verdict::Inconclusive,
        cut.assert().try_line("x"),
        "a line `x`",
        CUT,
    );
    fails(
        Verdict::Inconclusive,
        cut.assert().try_no_line("x"),
        "no line `x`",
        CUT,
    );
    fails(
        Verdict::Inconclusive,
        cut.assert().try_output(predicate::always()),
        "output satisfies true",
        "part of the output was not kept",
    );
    let text = panics(|| _ = cut.assert().line("x")).unwrap();
    assert!(text.starts_with("inconclusive\n"), "{text}");
}

#[test]
fn a_subject_that_hangs() {
    let record = hung();
    record
        .assert()
        .hangs()
        .line("begin")
        .follows_after("begin", "middle", millis(990));
    let still = "still running after 5 s, and ended then";
    broken(record.assert().try_success(), "exit code 0", still);
    broken(
        record.assert().try_exits_after("begin", secs(1)),
        "the exit 1.00 s after `begin` (± 0.20 s)",
        still,
    );
    broken(
        record.assert().try_takes(secs(5)),
        "the exit 5.00 s after the start (± 0.20 s)",
        still,
    );
    fails(
        Verdict::Inconclusive,
        record.assert().try_leaves_nothing_behind(),
        "no process outlives the subject",
        "the harness ended the subject first",
    );
}

#[test]
fn of_very_many_failures_the_message_lists_some() {
    let mut record = Record::new(["worker"]);
    for i in 0..1000 {
        record = record.with(millis(i), format!("00:00:00: line {i}").as_str());
    }
    LogFormat::default().read(&mut record);
    let error = record
        .assert()
        .try_log((0..1000).map(|i| format!("missing {i}")))
        .unwrap_err()
        .to_string();
    assert_eq!(error.matches("\nobserved: ").count(), 10);
    assert!(error.contains("\nand 990 more\n"), "{error}");
}

#[test]
fn what_a_subject_writes_does_not_reach_the_terminal() {
    let record = Record::new(["worker"]).with(millis(1), "\u{1b}[2Jx");
    for error in [
        record.assert().try_log([Step::Next("y".into())]),
        record.assert().try_output(predicate::str::is_empty()),
    ] {
        let text = error.unwrap_err().to_string();
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.contains("\\u{1b}[2Jx"), "{text}");
    }
}

#[test]
fn texts_and_codes_in_the_ways_of_assert_cmd() {
    let mut record = Record::new(["worker"])
        .with(millis(1), Line::new(Stream::Stdout, "hello"))
        .with(millis(2), Line::new(Stream::Stderr, "oops"))
        .with(millis(3), Exit::Code(3));
    record.streams = Streams::Split;
    let a = record.assert();
    a.failure()
        .code(3)
        .code([1, 3])
        .code(predicate::gt(2))
        .stdout("hello\n")
        .stderr(String::from("oops\n"))
        .output("hello\noops\n");
    assert_eq!(a.record(), &record);
    broken(a.try_success(), "exit code 0", "exit code 3 after 0.003 s");
    broken(
        a.try_code([0, 1]),
        "exit code 0 or exit code 1",
        "exit code 3 after 0.003 s",
    );
    broken(
        a.try_code(predicate::gt(3)),
        "an exit code that satisfies var > 3",
        "exit code 3 after 0.003 s",
    );
    broken(
        a.try_interrupted(),
        "killed by a signal",
        "exit code 3 after 0.003 s",
    );
    broken(
        a.try_stdout("hello"),
        r#"stdout is "hello""#,
        r#""hello\n""#,
    );
    let well = Record::new(["worker"]).with(millis(3), Exit::Code(0));
    broken(
        well.assert().try_failure(),
        "a failure",
        "exit code 0 after 0.003 s",
    );
    let killed = Record::new(["worker"]).with(millis(3), Exit::Signal(Signal::SEGV));
    killed.assert().failure().interrupted().signal(Signal::SEGV);
    broken(
        killed.assert().try_code(predicate::always()),
        "an exit code that satisfies true",
        "killed by SIGSEGV after 0.003 s",
    );
    let still = "still running after 5 s, and ended then";
    broken(
        hung().assert().try_code(predicate::always()),
        "an exit code that satisfies true",
        still,
    );
    broken(
        hung().assert().try_interrupted(),
        "killed by a signal",
        still,
    );
}

#[test]
fn counts_and_bounds() {
    let record = Record::new(["worker"])
        .with(secs(1), "tick")
        .with(secs(2), "tick")
        .with(secs(3), Exit::Code(0));
    let a = record.assert();
    a.count("tick", 2)
        .count("tick", 1..)
        .exits_within("tick", secs(2))
        .exits_within(Mark::Start, secs(5));
    broken(a.try_count("tick", 3), "`tick` 3 times", "it came 2 times");
    broken(
        a.try_exits_within("tick", secs(1)),
        "the exit within 1.00 s after `tick` (+ 0.20 s)",
        "2.000 s",
    );
}
