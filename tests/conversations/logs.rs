//! Log files, tailed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use exeunt::expect::{Delay, Expectation, Mark};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{EventKind, EventName, Finding, Record, Stream};
use exeunt::stage::{Action, Readiness};
use exeunt::{LogFormat, Signal, Subject, expect::Pattern, millis, secs};
use tempfile::TempDir;

/// Runs a shell in a directory of its own, and tails `*.log`.
fn run_in(directory: &TempDir, script: &str) -> Record {
    subject(directory, script).run().unwrap()
}

fn subject(directory: &TempDir, script: &str) -> Subject {
    let subject = Subject::new("sh")
        .args(["-c", script])
        .current_dir(directory.path());
    subject.tail("*.log").timeout(secs(30))
}

/// The lines of files: the file, and the text; one that no newline ended has a `…`.
fn told(record: &Record) -> Vec<(String, String)> {
    let lines = record
        .lines()
        .map(|seen| seen.line)
        .filter(|line| line.stream == Stream::File);
    let text = |line: &exeunt::record::Line| {
        format!("{}{}", line.text(), if line.newline { "" } else { "…" })
    };
    lines
        .map(|line| (line.file.as_ref().unwrap().path.clone(), text(line)))
        .collect()
}

fn texts(record: &Record) -> Vec<String> {
    told(record).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn what_is_appended_is_a_line_and_what_was_there_is_not() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("old.log"), "before\n").unwrap();
    fs::write(directory.path().join("other.txt"), "").unwrap();
    let script = "
        echo one >> old.log; echo no >> other.txt; sleep 0.3
        echo two > late.log; printf half >> old.log; sleep 0.2; echo ', whole' >> old.log
        mkdir dir.log; mkfifo pipe.log; printf torn >> late.log";
    let record = run_in(&directory, script);
    let expected = [
        ("old.log", "one"),
        ("late.log", "two"),
        ("old.log", "half, whole"),
        ("late.log", "torn…"),
    ];
    assert_eq!(
        told(&record),
        expected.map(|(file, text)| (file.to_owned(), text.to_owned()))
    );
    assert!(record.findings.is_empty(), "{:?}", record.findings);
    // The output is not mixed with it.
    assert_eq!(record.output(Stream::Merged).as_deref(), Some(""));
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
}

#[test]
fn truncation_and_rotation_lose_nothing_and_repeat_nothing() {
    let directory = TempDir::new().unwrap();
    let script = "
        echo 'a long line before' > a.log; printf 'not ended' >> a.log; sleep 0.2
        echo after > a.log; sleep 0.2
        exec 3>> a.log
        mv a.log a-1.log; echo new > a.log; echo late >&3; sleep 0.2
        mv a.log a.log.1; echo newest > a.log; sleep 0.1; rm a.log";
    let record = run_in(&directory, script);
    let mut lines = texts(&record);
    // Of two files in one look, the order is not told.
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "a long line before",
            "after",
            "late",
            "new",
            "newest",
            "not ended…"
        ]
    );
    let late = told(&record)
        .into_iter()
        .find(|(_, text)| text == "late")
        .unwrap();
    assert_eq!(late.0, "a.log", "the name by which it was found");
}

#[test]
fn actions_and_orders_and_delays_name_its_lines() {
    let directory = TempDir::new().unwrap();
    let script = "
        trap 'echo bye >> app.log; sleep 0.3; exit 0' TERM
        sleep 0.2; echo up >> app.log; while :; do sleep 0.02; done";
    let in_file = |text: &str| Pattern::text(text).on(Stream::File);
    let term = Action::signal(Signal::TERM)
        .on(EventName::Ready)
        .after(millis(200));
    let record = subject(&directory, script)
        .ready(Readiness::Line(in_file("up")))
        .action(term)
        .run()
        .unwrap();
    record.assert().success().log(["up", "bye"]).in_order([
        Mark::from(in_file("up")),
        EventName::Ready.into(),
        EventName::Signal(Signal::TERM).into(),
        in_file("bye").into(),
        Mark::Exit,
    ]);
    let delay = Delay::within(EventName::Signal(Signal::TERM), in_file("bye"), secs(5));
    assert_eq!(
        judge(&record, &Expectation::new().delay(delay)).verdict(),
        Verdict::Held
    );
    // The other way round is broken, not in doubt.
    let wrong = Expectation::new().in_order([
        Mark::from(in_file("bye")),
        EventName::Signal(Signal::TERM).into(),
    ]);
    assert_eq!(judge(&record, &wrong).verdict(), Verdict::Broken);
    // Its lines are none of the output.
    let elsewhere = Expectation::new().line(Pattern::text("bye").on(Stream::Merged));
    assert_eq!(judge(&record, &elsewhere).verdict(), Verdict::Broken);
}

#[test]
fn the_order_with_the_output_is_in_doubt_where_the_two_are_close() {
    let directory = TempDir::new().unwrap();
    let order = |script: &str| {
        let mut record = run_in(&directory, script);
        LogFormat::default().read(&mut record);
        let in_order = |first, second: &str| {
            let marks = [
                Mark::from(Pattern::text(first)),
                Mark::from(Pattern::text(second)),
            ];
            judge(&record, &Expectation::new().in_order(marks)).verdict()
        };
        (
            in_order("in file", "in output"),
            in_order("in output", "in file"),
        )
    };
    let close = order("echo 'in file' >> a.log; echo 'in output'");
    assert_eq!(close, (Verdict::Inconclusive, Verdict::Inconclusive));
    let (right, wrong) = order("echo 'in file' >> b.log; sleep 1; echo 'in output'");
    // On a machine that is late, it is in doubt even so; never the wrong way round.
    assert!(
        right != Verdict::Broken && wrong != Verdict::Held,
        "{right:?} {wrong:?}"
    );
}

#[test]
fn a_huge_file_is_bounded_and_nothing_is_concluded_from_what_was_not_read() {
    let directory = TempDir::new().unwrap();
    let record = run_in(
        &directory,
        "echo first >> a.log; sleep 0.1; truncate -s 40G a.log",
    );
    assert_eq!(texts(&record)[0], "first");
    assert!(record.is_cut(), "{:?}", record.findings);
    let cut = record
        .events
        .iter()
        .any(|event| matches!(event.kind, EventKind::Cut(cut) if cut.bytes > 1 << 30));
    assert!(cut, "it was not read whole");
    let absent = Expectation::new().line("somewhere");
    assert_eq!(judge(&record, &absent).verdict(), Verdict::Inconclusive);
}

#[test]
fn what_is_not_text_or_cannot_be_read_is_said() {
    let directory = TempDir::new().unwrap();
    let mut record = run_in(&directory, r"printf 'a\377b\n' >> a.log; sleep 0.1");
    LogFormat::default().read(&mut record);
    assert_eq!(texts(&record), ["a\u{fffd}b"]);
    let is_invalid = |finding: &Finding| matches!(finding, Finding::InvalidUtf8 { .. });
    assert!(
        record.findings.iter().any(is_invalid),
        "{:?}",
        record.findings
    );
    let path = directory.path().join("b.log");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        eprintln!("warning: SKIPPED: rights do not bind this user");
        return;
    }
    let record = run_in(&directory, "sleep 0.1");
    let unread =
        |finding: &&Finding| matches!(finding, Finding::LogUnread { file, .. } if file == "b.log");
    assert_eq!(
        record.findings.iter().filter(unread).count(),
        1,
        "{:?}",
        record.findings
    );
}
