//! What people are told, as whole output.

use exeunt::expect::{Delay, Expectation, ExpectedEnd, Mark, Step};
use exeunt::judge::judge;
use exeunt::outcome::{Outcome, Status, Summary};
use exeunt::record::{
    Dropped, EventKind, Exit, Finding, Line, Process, Signal, SignalReason, SignalSent, Stream,
    Termination, ThreadSeen, ThreadState,
};
use exeunt::report::{self, Widths};
use exeunt::suite::{Case, Suite};
use exeunt::{LogFormat, Record, Streams, millis, secs};

fn plain(styled: &str) -> String {
    anstream::adapter::strip_str(styled).to_string()
}

/// The timeline of a record that was judged by this.
fn timeline(record: &Record, expectation: &Expectation) -> String {
    let judgement = judge(record, expectation);
    plain(&report::timeline(record, Some(&judgement)))
}

/// A whole text, compared line by line so that a failure shows both.
#[track_caller]
fn same(observed: &str, expected: &str) {
    let expected = expected.strip_prefix('\n').unwrap_or(expected);
    assert!(
        observed == expected,
        "--- observed\n{observed}--- expected\n{expected}---"
    );
}

fn read(mut record: Record) -> Record {
    LogFormat::clock().read(&mut record);
    record
}

/// A main that is done at once, while its thread has two seconds to go.
fn begun() -> Record {
    Record::new(["target/debug/worker", "two words"])
        .with(millis(2), "00:00:00: Main\t:\tbefore")
        .with(millis(3), "00:00:00: Thread 1 : starting")
        .with(millis(3), "00:00:00: Main : all done")
}

fn waited() -> Record {
    read(
        begun()
            .with(millis(2003), "00:00:02: Thread 1 : finishing")
            .with(millis(2004), closed())
            .with(millis(2005), Exit::Code(0)),
    )
}

fn closed() -> EventKind {
    EventKind::Closed {
        stream: Stream::Merged,
    }
}

/// What is right for it: it waits for its thread.
fn waits() -> Expectation {
    says([
        "Main : before",
        "Thread 1 : starting",
        "Main : all done",
        "Thread 1 : finishing",
    ])
    .delay(Delay::about("Main : all done", Mark::Exit, secs(2)))
}

/// These lines and no others, and exit code 0.
fn says<const N: usize>(lines: [&str; N]) -> Expectation {
    Expectation::new()
        .whole_log(lines)
        .end(ExpectedEnd::code(0))
}

fn process(pid: u32, command: &str) -> Process {
    Process {
        pid,
        command: command.into(),
        open_streams: Vec::new(),
        threads: Vec::new(),
        handles: Vec::new(),
    }
}

fn sent(signal: Signal, to: &[u32], reason: SignalReason) -> SignalSent {
    let to = to.to_vec();
    SignalSent { signal, to, reason }
}

#[test]
fn a_run_as_expected() {
    same(
        &timeline(&waited(), &waits()),
        "
    0.000  start      target/debug/worker 'two words'  (pid 1)
    0.002  Main       before
    0.003  Thread 1   starting
╭   0.003  Main       all done
│         ┊ 2.00 s of silence
│   2.003  Thread 1   finishing
╰   2.005  exit       exit code 0, 2.00 s after Main's last line `all done`
",
    );
}

#[test]
fn without_a_judgement_nothing_is_marked() {
    let record = read(begun().with(millis(5), Exit::Code(1)));
    let text = plain(&report::timeline(&record, None));
    assert!(!text.contains('╰'), "{text}");
    assert!(timeline(&record, &waits()).contains("╰─ broken"));
}

#[test]
fn an_early_exit_and_a_missing_line() {
    same(
        &timeline(&read(begun().with(millis(5), Exit::Code(0))), &waits()),
        "
    0.000  start      target/debug/worker 'two words'  (pid 1)
    0.002  Main       before
    0.003  Thread 1   starting
    0.003  Main       all done
    0.005  exit       exit code 0, 0.00 s after Main's last line `all done`
        ╰─ broken  expected the exit 2.00 s after `Main : all done` (± 0.20 s)
                   observed 0.002 s
        ╰─ broken  expected `Thread 1 : finishing` after `Main : all done`
                   observed it never came
",
    );
}

#[test]
fn an_exit_that_may_be_the_machines_fault() {
    let mut record = read(
        begun()
            .with(millis(2600), "00:00:02: Thread 1 : finishing")
            .with(millis(2605), Exit::Code(0)),
    );
    record.lag.canary = secs(1);
    same(
        &timeline(&record, &waits()),
        "
    0.000  start      target/debug/worker 'two words'  (pid 1)
    0.002  Main       before
    0.003  Thread 1   starting
╭   0.003  Main       all done
│         ┊ 2.60 s of silence
│   2.600  Thread 1   finishing
╰   2.605  exit       exit code 0, 2.60 s after Main's last line `all done`
        ╰─ inconclusive  expected the exit 2.00 s after `Main : all done` (± 0.20 s)
                         observed 2.602 s, on a machine that was up to 1.00 s late
",
    );
}

#[test]
fn a_survivor() {
    let mut record = waited()
        .with(
            millis(2300),
            sent(Signal::TERM, &[7], SignalReason::Survived),
        )
        .with(millis(2500), closed());
    let mut sleep = process(7, "sleep 8");
    sleep.open_streams = vec![Stream::Merged];
    record.survivors = vec![sleep];
    record.findings = vec![
        Finding::Survivors { count: 1 },
        Finding::StreamHeld {
            stream: Stream::Merged,
        },
    ];
    same(
        &timeline(&record, &waits()),
        "
    0.000  start      target/debug/worker 'two words'  (pid 1)
    0.002  Main       before
    0.003  Thread 1   starting
╭   0.003  Main       all done
│         ┊ 2.00 s of silence
│   2.003  Thread 1   finishing
╰   2.005  exit       exit code 0, 2.00 s after Main's last line `all done`
        ╰─ broken  expected no process outlives the subject
                   observed pid 7 `sleep 8`, holds output
          ┊ 0.29 s of silence
    2.300  signal     SIGTERM to pid 7: left behind by the subject
           survivor   pid 7 `sleep 8`, holds output
           finding    a process outlived the subject
           finding    output was still open after the subject had ended
",
    );
}

#[test]
fn a_hang() {
    let mut record = read(
        begun()
            .with(secs(10), sent(Signal::TERM, &[1, 7], SignalReason::Timeout))
            .with(
                millis(10_300),
                sent(Signal::KILL, &[7], SignalReason::GraceOver),
            )
            .with(millis(10_301), Exit::Signal(Signal::KILL)),
    );
    record.termination = Termination::TimedOut { limit: secs(10) };
    let mut worker = process(1, "target/debug/worker");
    worker.threads = vec![ThreadSeen {
        tid: 1,
        name: "main".into(),
        state: ThreadState::Blocked {
            call: Some("futex".into()),
        },
        waits_for: None,
        stack: Vec::new(),
    }];
    record.ended_by_harness = vec![worker];
    same(
        &timeline(&record, &waits()),
        "
    0.000  start      target/debug/worker 'two words'  (pid 1)
    0.002  Main       before
    0.003  Thread 1   starting
    0.003  Main       all done
          ┊ 10.00 s of silence
   10.000  signal     SIGTERM to pids 1, 7: the time limit was reached
          ┊ 0.30 s of silence
   10.300  signal     SIGKILL to pid 7: still there after the grace period
   10.301  exit       killed by SIGKILL
           ended      pid 1 `target/debug/worker`
             thread   main  blocked in futex: a lock, a join or a condition
        ╰─ broken  expected exit code 0
                   observed still running after 10 s, and ended then
        ╰─ broken  expected `Thread 1 : finishing` after `Main : all done`
                   observed it never came
",
    );
}

#[test]
fn a_signal_of_its_own_and_a_torn_line() {
    let mut torn = Line::new(Stream::Merged, "00:00:00: Main : al");
    torn.newline = false;
    let record = read(
        Record::new(["crash"])
            .with(millis(4), torn)
            .with(millis(500), Exit::Signal(Signal::from_number(11).unwrap())),
    );
    same(
        &timeline(&record, &says(["Main : all done"])),
        "
    0.000  start      crash  (pid 1)
╭   0.004  Main       al (no newline)
│       ╰─ broken  expected no other line
│                  observed `Main : al` came, unexpected
│         ┊ 0.50 s of silence, then the end
╰   0.500  exit       killed by SIGSEGV, 0.50 s after Main's last line `al`
        ╰─ broken  expected exit code 0
                   observed killed by SIGSEGV after 0.500 s
           finding    a line of log has no newline: it was torn
        ╰─ broken  expected `Main : all done` after the start
                   observed it never came
",
    );
}

#[test]
fn what_a_subject_writes_does_not_reach_the_terminal() {
    let mut record = read(
        Record::new(["sh", "-c", "printf '\u{1b}[31m'\necho"])
            .with(millis(1), "\u{1b}[31mred\u{7}\u{202e}\u{9b}\0")
            .with(millis(2), "00:00:00: Ma\u{1b}]0;in : all\u{1b}[2J\rdone")
            .with(millis(3), Exit::Code(0)),
    );
    record.survivors = vec![process(7, "evil\u{1b}[1m\n")];
    same(
        &timeline(&record, &says([])),
        r"
    0.000  start      sh -c 'printf '\''\u{1b}[31m'\''\necho'  (pid 1)
    0.001  output     red\u{7}\u{202e}\u{9b}\u{0}
    0.002  Ma\u{1b}]0;in all\u{1b}[2J\rdone
        ╰─ broken  expected no other line
                   observed `Ma\u{1b}]0;in : all\u{1b}[2J done` came, unexpected
    0.003  exit       exit code 0, 0.00 s after Ma\u{1b}]0;in's last line `all\u{1b}[2J\rdone`
        ╰─ broken  expected no process outlives the subject
                   observed pid 7 `evil\n`
           survivor   pid 7 `evil\u{1b}[1m\n`
",
    );
}

#[test]
fn long_lines_are_shortened() {
    let long = "ä".repeat(5000);
    let mut cut = Line::new(Stream::Merged, "begin");
    cut.cut_from = Some(123_456);
    let record = read(
        Record::new(["subject", &long])
            .with(millis(1), long.as_str())
            .with(millis(2), cut)
            .with(millis(3), format!("00:00:00: {long}").as_str())
            .with(millis(4), Exit::Code(0)),
    );
    let text = timeline(&record, &says([]));
    assert!(
        text.lines().all(|line| line.chars().count() < 200),
        "{text}"
    );
    assert!(
        text.contains(&format!("  output     {}…\n", "ä".repeat(160))),
        "{text}"
    );
    assert!(
        text.contains("  output     begin … (cut; 123456 bytes)\n"),
        "{text}"
    );
    assert!(
        text.contains(&format!("observed `{}…` came, unexpected", "ä".repeat(120))),
        "{text}"
    );
}

fn counting(lines: u64) -> Record {
    let mut record = Record::new(["count"]);
    for i in 0..lines {
        record = record.with(millis(i), format!("00:00:00: line {i}").as_str());
    }
    read(record)
}

#[test]
fn the_middle_of_a_long_record_is_left_out() {
    let text = plain(&report::timeline(&counting(90), None));
    assert_eq!(text.lines().count(), 91, "ninety are not too many");
    let text = plain(&report::timeline(&counting(1000), None));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 82);
    assert_eq!(lines[40], "    0.039  output     line 39");
    assert_eq!(
        lines[41],
        "           ⋮          920 events are not shown (the record has them)"
    );
    assert_eq!(lines[42], "    0.960  output     line 960");
}

#[test]
fn what_broke_is_shown_even_in_the_middle() {
    let record = read(counting(200).with(millis(100), "00:00:00: odd"));
    let lines: Vec<_> = (0..200)
        .map(|i| Step::Then(format!("line {i}").into()))
        .collect();
    let expectation = Expectation::new().whole_log(lines);
    let text = timeline(&record, &expectation);
    let middle: Vec<_> = text.lines().skip(41).take(5).collect();
    assert_eq!(
        middle,
        [
            "           ⋮          61 events are not shown (the record has them)",
            "    0.100  output     odd",
            "        ╰─ broken  expected no other line",
            "                   observed `odd` came, unexpected",
            "           ⋮          59 events are not shown (the record has them)",
        ],
        "{text}"
    );
}

#[test]
fn of_very_many_failures_some_are_shown() {
    let missing = (0..1000).map(|i| format!("missing {i}"));
    let expectation = says([]).whole_log(missing);
    let text = timeline(&counting(1000), &expectation);
    assert_eq!(text.matches("╰─ broken").count(), 20);
    let last = "           ⋮          and 982 more failed expectations\n";
    assert!(text.ends_with(last), "{text}");
    assert!(
        text.contains("expected exit code 0\n"),
        "the end is among the first: {text}"
    );
}

#[test]
fn a_run_of_which_nothing_is_known() {
    same(
        &timeline(&Record::new(["nothing"]), &says([])),
        "
    0.000  start      nothing  (pid 1)
        ╰─ broken  expected exit code 0
                   observed its exit was never seen
",
    );
}

#[test]
fn two_streams_one_closed_early_and_output_that_was_not_kept() {
    let mut record = Record::new(["split"])
        .with(millis(1), Line::new(Stream::Stdout, "out"))
        .with(millis(2), Line::new(Stream::Stderr, "err"))
        .with(
            millis(10),
            EventKind::Closed {
                stream: Stream::Stderr,
            },
        )
        .with(
            millis(50),
            Dropped {
                lines: 3,
                bytes: 90,
            },
        )
        .with(millis(60), Line::new(Stream::Stdout, "end"))
        .with(
            millis(995),
            EventKind::Closed {
                stream: Stream::Stdout,
            },
        )
        .with(millis(1000), Exit::Code(3));
    record.streams = Streams::Split;
    same(
        &plain(&report::timeline(&record, None)),
        "
    0.000  start      split  (pid 1)
    0.001  stdout     out
    0.002  stderr     err
    0.010  closed     stderr was closed while the subject ran
           ⋮          3 lines (90 bytes) were not kept
    0.060  stdout     end
          ┊ 0.94 s of silence, then the end
    1.000  exit       exit code 3
",
    );
}

/// One case for each of the implementations `py` and `old`; of `old` it is known that it does not wait.
fn cases() -> Vec<Case> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("exeunt.toml");
    let text = r#"
        implementation.old.command = ["old"]
        implementation.py.command = ["py"]
        [[scenario]]
        name = "waits"
        log = ["Main : before", "Thread 1 : starting", "Main : all done", "Thread 1 : finishing"]
        exit = { code = 0, after = "Main : all done", delay = "2s" }
        [scenario.deviates.old]
        why = "It ends with main."
        log = ["Main : before", "Thread 1 : starting", "Main : all done"]
        exit = { code = 0, after = "Main : all done", delay = "0s" }
        [[scenario]]
        name = "daemon"
        implementations = ["py"]
        absent = ["Thread 1 : finishing"]
    "#;
    std::fs::write(&path, text).unwrap();
    let mut cases = Suite::load(&path).unwrap().cases().to_vec();
    for case in &mut cases {
        case.place.file = "exeunt.toml".into();
    }
    cases
}

fn named<'c>(cases: &'c [Case], name: &str) -> &'c Case {
    let is = |case: &&Case| format!("{}/{}", case.scenario, case.implementation) == name;
    cases.iter().find(is).unwrap()
}

fn report(cases: &[Case], outcome: &Outcome, verbose: bool) -> String {
    let ids: Vec<_> = cases.iter().map(Case::id).collect();
    plain(&report::case(outcome, Widths::of(&ids), verbose))
}

#[test]
fn a_case_that_held() {
    let cases = cases();
    let outcome = Outcome::of(named(&cases, "waits/py"), None, waited());
    same(
        &report(&cases, &outcome, false),
        "        held  waits   py   exit code 0, 2.002 s after `Main : all done`\n",
    );
    let verbose = report(&cases, &outcome, true);
    assert_eq!(verbose.lines().count(), 8, "{verbose}");
    let daemon = Outcome::of(
        named(&cases, "daemon/py"),
        None,
        read(begun().with(millis(5), Exit::Code(0))),
    );
    same(
        &report(&cases, &daemon, false),
        "        held  daemon  py   exit code 0, no `Thread 1 : finishing`\n",
    );
}

#[test]
fn findings_are_told_of_a_case_that_held_too() {
    let cases = cases();
    let mut record = waited();
    record.findings = vec![Finding::OtherClock { ahead: 3600 }];
    let outcome = Outcome::of(named(&cases, "waits/py"), None, record);
    same(
        &report(&cases, &outcome, false),
        "        held  waits   py   exit code 0, 2.002 s after `Main : all done`
              finding  the log's clock is +3600 s from ours (another time zone?)
",
    );
}

#[test]
fn a_case_that_broke() {
    let cases = cases();
    let record = read(begun().with(millis(5), Exit::Code(0)));
    let outcome = Outcome::of(named(&cases, "waits/py"), None, record);
    same(
        &report(&cases, &outcome, false),
        "
      broken  waits   py   exit code 0, 0.002 s after `Main : all done`
              at exeunt.toml:5
                0.000  start      target/debug/worker 'two words'  (pid 1)
                0.002  Main       before
                0.003  Thread 1   starting
                0.003  Main       all done
                0.005  exit       exit code 0, 0.00 s after Main's last line `all done`
                    ╰─ broken  expected the exit 2.00 s after `Main : all done` (± 0.20 s)
                               observed 0.002 s
                    ╰─ broken  expected `Thread 1 : finishing` after `Main : all done`
                               observed it never came
",
    );
}

#[test]
fn a_case_that_deviates_and_one_that_does_no_more() {
    let cases = cases();
    let case = named(&cases, "waits/old");
    let early = read(begun().with(millis(5), Exit::Code(0)));
    same(
        &report(&cases, &Outcome::of(case, None, early), false),
        "    deviates  waits   old  exit code 0, 0.002 s after `Main : all done`
              It ends with main.
",
    );
    let fixed = report(&cases, &Outcome::of(case, None, waited()), false);
    let head: Vec<_> = fixed.lines().take(2).collect();
    assert_eq!(
        head,
        [
            "deviates no more  waits   old  exit code 0, 2.002 s after `Main : all done`",
            "              take the known deviation out of the suite: \"It ends with main.\" is no longer so",
        ]
    );
}

#[test]
fn a_case_that_hung_and_one_that_left_something_behind() {
    let cases = cases();
    let case = named(&cases, "waits/py");
    let mut hung = read(begun());
    hung.termination = Termination::TimedOut { limit: secs(10) };
    let text = report(&cases, &Outcome::of(case, None, hung), false);
    let first = "      broken  waits   py   ended after 10 s";
    assert_eq!(text.lines().next(), Some(first));
    let mut left = waited();
    left.survivors = vec![process(7, "sleep 8"), process(8, "sleep 8")];
    let text = report(&cases, &Outcome::of(case, None, left), false);
    let first =
        "      broken  waits   py   exit code 0, 2.002 s after `Main : all done`, 2 left behind";
    assert_eq!(text.lines().next(), Some(first));
}

#[test]
fn a_case_whose_delay_is_not_told_shows_the_bare_number() {
    let cases = cases();
    let mut record = waited();
    record.findings = vec![Finding::BuffersOutput {
        event: 1,
        late: secs(2),
    }];
    let text = report(
        &cases,
        &Outcome::of(named(&cases, "waits/py"), None, record),
        false,
    );
    let first = "inconclusive  waits   py   exit code 0, 2.002 s after `Main : all done`";
    assert_eq!(text.lines().next(), Some(first), "{text}");
}

#[test]
fn cases_that_were_not_run() {
    let cases = cases();
    let outcome =
        |status, why: Option<&str>| Outcome::without_run(&cases[0], status, why.map(Into::into));
    let skipped = outcome(Status::Skipped, Some("probe `old`: not found"));
    same(
        &report(&cases, &skipped, false),
        "     skipped  waits   old  probe `old`: not found\n",
    );
    let failed = outcome(Status::Failed, Some("could not start"));
    same(
        &report(&cases, &failed, false),
        "      failed  waits   old  could not start\n              at exeunt.toml:5\n",
    );
    let interrupted = outcome(Status::Interrupted, None);
    same(
        &report(&cases, &interrupted, false),
        " interrupted  waits   old  not run\n",
    );
}

#[test]
fn a_case_that_was_run_again() {
    let cases = cases();
    let mut outcome = Outcome::of(named(&cases, "waits/py"), None, waited());
    outcome.runs = 3;
    same(
        &report(&cases, &outcome, false),
        "        held  waits   py   exit code 0, 2.002 s after `Main : all done` (run 3 times)\n",
    );
}

#[test]
fn the_summary() {
    let summary = |summary: Summary| plain(&report::summary(&summary, 2.345));
    let one = Summary {
        held: 1,
        ..Summary::default()
    };
    assert_eq!(summary(one), "1 case in 2.35 s: 1 held");
    let all = Summary {
        held: 1,
        deviates: 1,
        broken: 2,
        inconclusive: 3,
        skipped: 4,
        interrupted: 5,
    };
    assert_eq!(
        summary(all),
        "16 cases in 2.35 s: 1 held, 1 known deviation, 2 broken, 3 inconclusive, 4 skipped, 5 interrupted"
    );
    let two = Summary {
        deviates: 2,
        ..Summary::default()
    };
    assert_eq!(summary(two), "2 cases in 2.35 s: 2 known deviations");
    // How long a run took that was killed is not known.
    assert_eq!(plain(&report::summary(&one, 0.0)), "1 case: 1 held");
    assert_eq!(
        summary(Summary::default()),
        "0 cases in 2.35 s: nothing was run"
    );
}

#[test]
fn after_many_cases_what_is_not_well_is_told_again() {
    let cases = cases();
    let broken = read(begun().with(millis(5), Exit::Code(0)));
    let held = Outcome::of(named(&cases, "waits/py"), None, waited());
    let broken = Outcome::of(named(&cases, "waits/py"), None, broken);
    assert_eq!(broken.status, Status::Broken);
    let report = |held_cases, broken_cases| {
        use exeunt::report::Reporter as _;
        let mut out = Vec::new();
        let mut text = report::Text::new(&mut out, false, report::Page::default());
        for _ in 0..broken_cases {
            text.case(&broken).unwrap();
        }
        for _ in 0..held_cases {
            text.case(&held).unwrap();
        }
        text.end(&Summary::default(), secs(1)).unwrap();
        plain(&String::from_utf8(out).unwrap())
    };
    let count = |text: &str, what| text.matches(what).count();
    let (few, many, worse) = (report(2, 1), report(20, 1), report(20, 6));
    assert_eq!(count(&few, "      broken  waits"), 1);
    assert!(!few.contains("Not as expected"));
    assert_eq!(count(&many, "      broken  waits"), 2);
    let (_, again) = many.split_once("\nNot as expected:\n\n").unwrap();
    assert!(again.contains("╰─ broken"), "{again}");
    assert!(!report(30, 0).contains("Not as expected"));
    let (_, again) = worse.split_once("\nNot as expected:\n\n").unwrap();
    assert_eq!(count(again, "broken  waits"), 6);
    assert!(!again.contains("╰─"), "only lines: {again}");
}

#[test]
fn the_report_for_programs() {
    let cases = cases();
    let outcome = Outcome::of(
        named(&cases, "waits/old"),
        None,
        read(begun().with(millis(5), Exit::Code(0))),
    );
    let json = report::json::case(&outcome);
    assert!(!json.contains('\n'), "one line");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["type"], "case");
    assert_eq!(json["scenario"], "waits");
    assert_eq!(json["implementation"], "old");
    assert_eq!(json["status"], "deviates");
    assert_eq!(json["why"], "It ends with main.");
    assert_eq!(json["runs"], 1);
    assert_eq!(json["judgement"]["checks"][0]["verdict"], "held");
    let record: Record = serde_json::from_value(json["record"].clone()).unwrap();
    assert_eq!(
        Some(&record),
        outcome.observed.as_ref().map(|observed| &observed.record)
    );

    let run: serde_json::Value = serde_json::from_str(&report::json::run(&record)).unwrap();
    assert_eq!(run["type"], "run");
    assert_eq!(run["record"]["command"][0], "target/debug/worker");

    let summary = Summary {
        held: 2,
        ..Summary::default()
    };
    assert_eq!(
        report::json::summary(&summary, 1.5),
        r#"{"type":"summary","held":2,"deviates":0,"broken":0,"inconclusive":0,"skipped":0,"interrupted":0,"seconds":1.5}"#
    );
}

#[test]
fn exits_in_words() {
    let explain = report::explain;
    assert_eq!(explain(Exit::Code(0)), "success");
    assert!(explain(Exit::Code(130)).contains("SIGINT"));
    assert!(explain(Exit::Code(134)).contains("SIGABRT"));
    assert!(explain(Exit::Code(137)).contains("by itself"));
    assert!(explain(Exit::Signal(Signal::INT)).contains("Ctrl-C"));
    assert!(!explain(Exit::Signal(Signal::INT)).contains("by itself"));
    for code in 0..=255 {
        assert!(!explain(Exit::Code(code)).is_empty());
    }
    for number in 1..=64 {
        assert!(!explain(Exit::Signal(Signal::from_number(number).unwrap())).is_empty());
    }
}

#[test]
fn the_matrix() {
    let cases = cases();
    let early = || read(begun().with(millis(5), Exit::Code(0)));
    let outcomes = [
        Outcome::of(named(&cases, "waits/py"), None, waited()),
        Outcome::of(named(&cases, "waits/old"), None, early()),
        Outcome::of(named(&cases, "daemon/py"), None, waited()),
    ];
    let matrix = report::Matrix::of(&outcomes);
    same(
        &plain(&matrix.text()),
        "
        py         old
waits   0, T 2 s   deviates: 0, T 0 s, 1 line missing
daemon  broken: 0  –
",
    );
    same(
        &matrix.markdown(),
        "
| scenario | py | old |
|---|---|---|
| `waits` | 0, T 2 s | deviates: 0, T 0 s, 1 line missing |
| `daemon` | broken: 0 | – |
",
    );
    // A broken cell shows what was observed, not what was expected.
    let broken = [Outcome::of(named(&cases, "waits/py"), None, early())];
    let cell = "| `waits` | broken: 0, T 0.00 s, 1 line missing |";
    let markdown = report::Matrix::of(&broken).markdown();
    assert!(markdown.contains(cell), "{markdown}");
}

#[test]
fn the_matrix_tells_of_lines_too_many_and_of_versions() {
    let cases = cases();
    let extra = read(
        begun()
            .with(millis(10), "00:00:00: Thread 1 : crash")
            .with(millis(11), "00:00:00: Thread 1 : crash again")
            .with(millis(2003), "00:00:02: Thread 1 : finishing")
            .with(millis(2005), Exit::Code(0)),
    );
    let version = "3.15.0".parse().ok();
    let outcomes = [
        Outcome::of(named(&cases, "waits/py"), version.as_ref(), extra),
        Outcome::of(named(&cases, "daemon/py"), version.as_ref(), begun()),
    ];
    let matrix = report::Matrix::of(&outcomes);
    let options = report::MatrixOptions::new().versions(true);
    same(
        &plain(&matrix.text_with(options)),
        "
        py 3.15.0
waits   broken: 0, T 2.00 s, 2 lines too many
daemon  broken: no end
",
    );
}

#[test]
fn the_matrix_can_leave_out_rows_that_are_all_alike() {
    let cases = cases();
    let early = || read(begun().with(millis(5), Exit::Code(0)));
    let outcomes = [
        Outcome::of(named(&cases, "waits/py"), None, waited()),
        Outcome::of(named(&cases, "waits/old"), None, early()),
        Outcome::of(named(&cases, "daemon/py"), None, early()),
    ];
    let options = report::MatrixOptions::new().differing(true);
    let table = report::Matrix::of(&outcomes).markdown_with(options);
    assert!(
        table.contains("`waits`") && !table.contains("`daemon`"),
        "{table}"
    );
}

#[test]
fn cells_are_as_wide_as_they_look() {
    let cases = cases();
    let mut wide = Outcome::of(named(&cases, "waits/py"), None, waited());
    wide.case.scenario = "日本".into();
    let mut combining = wide.clone();
    combining.case.scenario = "e\u{301}".into();
    let text = plain(&report::Matrix::of([&wide, &combining]).text());
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines,
        ["      py", "日本  0, T 2 s", "e\u{301}     0, T 2 s"]
    );
}

#[test]
fn a_case_that_breaks_in_another_way_tells_of_the_known_deviation() {
    let cases = cases();
    let crashed = read(begun().with(millis(5), Exit::Code(1)));
    let outcome = Outcome::of(named(&cases, "waits/old"), None, crashed);
    assert_eq!(outcome.status, Status::Broken);
    let text = report(&cases, &outcome, false);
    assert_eq!(
        text.lines().nth(1),
        Some(
            "              not as the known deviation says either, by which it is judged here: It ends with main."
        ),
        "{text}"
    );
}

#[test]
fn a_hint_is_told_only_where_something_is_wrong() {
    let cases = cases();
    let mut record = waited();
    record.findings = vec![Finding::MayBufferOutput {
        event: 0,
        lines: 3,
        silence: secs(2),
    }];
    let held = Outcome::of(named(&cases, "waits/py"), None, record.clone());
    assert!(!report(&cases, &held, false).contains("finding"));
    record.termination = Termination::TimedOut { limit: secs(3) };
    let broken = Outcome::of(named(&cases, "waits/py"), None, record);
    assert!(report(&cases, &broken, false).contains("the subject may buffer its output"));
}

#[test]
fn threads_that_do_the_same_are_folded() {
    let thread = |tid, name: &str, call: &str| ThreadSeen {
        tid,
        name: name.into(),
        state: ThreadState::Blocked {
            call: Some(call.into()),
        },
        waits_for: None,
        stack: Vec::new(),
    };
    let mut record = Record::new(["pool"]);
    record.termination = Termination::TimedOut { limit: secs(1) };
    let mut process = process(7, "pool");
    process.threads = vec![
        thread(7, "main", "futex"),
        thread(8, "worker", "futex"),
        thread(9, "worker", "futex"),
        thread(10, "worker", "read"),
        thread(11, "worker", "futex"),
    ];
    record.ended_by_harness = vec![process];
    same(
        &plain(&report::timeline(&record, None)),
        "
    0.000  start      pool  (pid 1)
           ended      pid 7 `pool`
             thread   main  blocked in futex: a lock, a join or a condition
             thread   3 × worker  blocked in futex: a lock, a join or a condition
             thread   worker  blocked in read
",
    );
}

#[test]
fn a_line_after_the_exit_says_so() {
    let record = read(
        begun()
            .with(millis(5), Exit::Code(0))
            .with(millis(205), "00:00:00: Thread 1 : still here"),
    );
    let text = plain(&report::timeline(&record, None));
    assert!(
        text.ends_with("    0.205  Thread 1   still here (+0.20 s after the exit)\n"),
        "{text}"
    );
    let delay = Delay::about("Thread 1 : still here", Mark::Exit, secs(1));
    let expectation = Expectation::new().delay(delay);
    assert_eq!(
        report::observation(&expectation, &record),
        "exit code 0, 0.200 s before `Thread 1 : still here`"
    );
}

#[test]
fn colours_of_the_subject_are_left_out() {
    let record = Record::new(["cargo"])
        .with(millis(1), "\u{1b}[1m\u{1b}[32mCompiling\u{1b}[0m x")
        .with(millis(2), Exit::Code(0));
    let expectation = Expectation::new().log(["\u{1b}[31merror"]).whole_log(["x"]);
    let text = timeline(&record, &expectation);
    assert!(text.contains("  output     Compiling x\n"), "{text}");
    assert!(
        text.contains("observed `Compiling x` came, unexpected"),
        "{text}"
    );
}

#[test]
fn bytes_before_their_newline_are_shown() {
    let partial = exeunt::record::Partial::new(Stream::Merged, "Password: ");
    let record = Record::new(["login"])
        .with(millis(100), EventKind::Partial(partial))
        .with(secs(1), "Password: ok");
    let text = plain(&report::timeline(&record, None));
    assert!(
        text.contains("    0.100  output     Password:  (so far)\n"),
        "{text}"
    );
}

#[test]
fn everything_fits_a_narrow_page() {
    let long = "a rather long message of many words ".repeat(5);
    let mut record = waited()
        .with(millis(1500), long.as_str())
        .with(millis(1600), "wörd".repeat(40).as_str());
    record.command.push(long.clone());
    record.survivors = vec![process(7, &long)];
    record.findings = vec![Finding::BuffersOutput {
        event: 0,
        late: secs(1),
    }];
    let expectation = waits().no_line(long.as_str()).line("nowhere ".repeat(20));
    let judgement = judge(&record, &expectation);
    for columns in [60, 80, 120] {
        let page = report::Page::new(columns);
        let text = plain(&report::timeline_on(&record, Some(&judgement), page));
        for line in text.lines() {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
        assert!(text.contains("nowhere"), "{text}");
    }
}

/// On a narrow page the names stand in no columns, and what was observed goes on in further lines.
#[test]
fn a_case_fits_a_narrow_page() {
    use exeunt::report::Reporter;
    let cases = cases();
    let mut outcome = Outcome::of(named(&cases, "waits/py"), None, read(begun()));
    outcome.runs = 3;
    let text = |columns| {
        let mut out = Vec::new();
        let mut report = report::Text::new(&mut out, false, report::Page::new(columns));
        report.begin(&[outcome.case.clone()]).unwrap();
        report.case(&outcome).unwrap();
        plain(&String::from_utf8(out).unwrap())
    };
    for columns in [40, 50, 60, 80] {
        for line in text(columns).lines() {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
    assert!(text(40).contains("(run 3 times)"), "{}", text(40));
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&text(40)).starts_with(&words(text(183).lines().next().unwrap())));
}

#[test]
fn a_report_in_the_order_of_the_suite() {
    use exeunt::report::{InOrder, Reporter};

    let cases = cases();
    let outcomes: Vec<_> = cases
        .iter()
        .map(|case| Outcome::without_run(case, Status::Skipped, Some("why".into())))
        .collect();
    let ids: Vec<_> = cases.iter().map(Case::id).collect();
    let mut out = Vec::new();
    let mut reporter = InOrder::new(report::Json::new(&mut out));
    reporter.begin(&ids).unwrap();
    reporter.case(&outcomes[2]).unwrap();
    reporter.case(&outcomes[0]).unwrap();
    // The second never comes.
    reporter.end(&Summary::default(), millis(1500)).unwrap();
    drop(reporter);
    let text = String::from_utf8(out).unwrap();
    let names: Vec<String> = text
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            format!("{}/{}", line["scenario"], line["implementation"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        names,
        [
            ids[0].to_string(),
            ids[2].to_string(),
            "null/null".to_owned()
        ]
    );
}

#[test]
fn an_outcome_is_plain_data() {
    let cases = cases();
    let early = read(begun().with(millis(5), Exit::Code(0)));
    let outcome = Outcome::of(named(&cases, "waits/old"), None, early);
    let json = serde_json::to_string(&outcome).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&json).unwrap(), outcome);
}
