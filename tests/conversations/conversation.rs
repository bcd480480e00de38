//! What the harness does to a subject on events, and the order and delays of events.

use crate::python;

use std::num::NonZeroU32;

use exeunt::expect::{Delay, Expectation, Mark, Occurrence, Pattern};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{EventKind, EventName, Exit, Finding};
use exeunt::stage::{Action, Framing};
use exeunt::{Record, Signal, Subject, millis, secs};

fn sh(script: &str) -> Subject {
    Subject::new("sh").args(["-c", script]).timeout(secs(20))
}

/// How often an event of a name is in a record.
fn count(record: &Record, name: &EventName) -> usize {
    record.named(name).count()
}

#[test]
fn half_a_line_is_written_and_then_the_rest() {
    let record = sh("read line; echo got $line; cat; echo end")
        .action(Action::write("half"))
        .action(
            Action::write(" and half\nmore\n")
                .on(EventName::StdinWritten)
                .after(millis(100)),
        )
        .action(Action::close_stdin().on("more").after(millis(100)))
        .run()
        .unwrap();
    record
        .assert()
        .success()
        .output("got half and half\nmore\nend\n")
        .in_order([
            EventName::StdinWritten.into(),
            "got half and half".into(),
            EventName::StdinClosed.into(),
            Mark::from("end"),
            Mark::Exit,
        ])
        .follows_after(EventName::StdinWritten, "got half and half", millis(100))
        .exits_within(EventName::StdinClosed, secs(1));
    assert_eq!(count(&record, &EventName::StdinWritten), 2);
}

/// A server that answers a message with a message, then waits. No newline ends what it sends.
const MESSAGES: &str = r#"
import sys
def answer(text):
    sys.stdout.buffer.write(b'Content-Length: %d\r\n\r\n%s' % (len(text), text))
    sys.stdout.flush()
print('a line of log', flush=True)
while header := sys.stdin.buffer.readline():
    length = int(header.split(b':')[1])
    sys.stdin.buffer.readline()
    answer(b'got ' + sys.stdin.buffer.read(length))
"#;

/// A line ends with the next header, which is too late.
#[test]
fn a_message_has_come_when_its_last_byte_has() {
    if !python::is_here() {
        return;
    }
    let run = |framing| {
        let write = |text: &str| match framing {
            Framing::Lines => {
                Action::write(format!("Content-Length: {}\r\n\r\n{text}", text.len()))
            }
            _ => Action::write(text),
        };
        let answer = |text: &str| Pattern::contains(&format!("got {text}"));
        Subject::new("python3")
            .args(["-c", MESSAGES])
            .timeout(secs(20))
            .framing(framing)
            .action(write("hello"))
            .action(write("bye").on(answer("hello")).after(millis(300)))
            .action(Action::close_stdin().on(answer("bye")))
            .run()
            .unwrap()
    };
    let second = Occurrence::Nth(NonZeroU32::new(2).unwrap());
    let order = || {
        [
            Mark::from(Pattern::contains("got hello")),
            Mark::Event(EventName::StdinWritten, second),
            Pattern::contains("got bye").into(),
            Mark::Exit,
        ]
    };
    let record = run(Framing::ContentLength);
    record
        .assert()
        .success()
        .output("a line of log\ngot hello\ngot bye\n")
        .in_order(order());
    // The counter-example: as lines, the first answer ends where the second begins.
    let lines = run(Framing::Lines);
    let error = lines.assert().try_in_order(order()).unwrap_err();
    assert_eq!(error.verdict(), Verdict::Broken, "{error}");
}

#[test]
fn an_input_that_no_action_closes_stays_open() {
    let record = sh("cat >/dev/null; echo end")
        .keep_stdin_open()
        .timeout(millis(300))
        .run()
        .unwrap();
    let judgement = judge(&record, &Expectation::new().line("end"));
    assert_ne!(judgement.verdict(), Verdict::Held);
    // The same, closed: it ends.
    let closed = sh("cat >/dev/null; echo end").action(Action::close_stdin());
    closed.run().unwrap().assert().success().line("end");
}

#[test]
fn a_subject_that_ignores_the_end_of_its_input_is_found() {
    let record = sh("exec sleep 30")
        .action(Action::close_stdin().after(millis(50)))
        .timeout(secs(1))
        .run()
        .unwrap();
    let error = record
        .assert()
        .try_exits_within(EventName::StdinClosed, millis(200));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("still running after 1 s"), "{error}");
}

#[test]
fn a_write_after_our_end_was_closed_fails() {
    let script = "echo one; trap '' PIPE; read line; echo two 2>/dev/null || exit 7; exit 0";
    let closed = sh(script)
        .action(Action::close_stdout().on("one"))
        .action(Action::write("go\n").on(EventName::OutputClosed(exeunt::record::Stream::Stdout)));
    let record = closed.run().unwrap();
    record.assert().code(7).output("one\n");
    let open = sh(script).action(Action::write("go\n").on("one"));
    open.run().unwrap().assert().success().output("one\ntwo\n");
}

#[test]
fn what_a_subject_does_not_take_is_told() {
    let script = "exec 0</dev/null; echo closed; sleep 0.3";
    let record = sh(script)
        .action(Action::write("x").on("closed"))
        .run()
        .unwrap();
    let refused = |kind: &EventKind| matches!(kind, EventKind::StdinRefused { bytes: 1 });
    assert!(
        record.events.iter().any(|event| refused(&event.kind)),
        "{record:?}"
    );
    assert_eq!(count(&record, &EventName::StdinWritten), 0);
    // More than a pipe holds, and nobody reads it: not done, and said so.
    let record = sh("sleep 0.2")
        .action(Action::write(vec![b'x'; 1 << 20]))
        .run()
        .unwrap();
    let what = EventName::StdinWritten;
    assert!(
        record.findings.contains(&Finding::NotDone { what })
            || record
                .events
                .iter()
                .any(|e| matches!(e.kind, EventKind::StdinRefused { .. })),
        "{record:?}"
    );
}

#[test]
fn an_action_whose_event_never_comes_makes_the_run_inconclusive() {
    let close = Action::close_stdin().on(EventName::StdinWritten);
    let record = sh("echo hi").action(close).run().unwrap();
    let what = EventName::StdinClosed;
    assert_eq!(record.findings, [Finding::NotDone { what }]);
    let judgement = judge(&record, &Expectation::new().line("hi"));
    assert_eq!(judgement.verdict(), Verdict::Inconclusive);
}

#[test]
fn a_signal_follows_another_signal() {
    let script =
        "trap 'echo hup' HUP; trap 'echo term; exit 3' TERM; echo up; while :; do sleep 0.02; done";
    let hup = EventName::Signal(Signal::HUP);
    let record = sh(script)
        .action(Action::signal(Signal::HUP).on("up"))
        .action(
            Action::signal(Signal::TERM)
                .on(hup.clone())
                .after(millis(300)),
        )
        .run()
        .unwrap();
    let term = EventName::Signal(Signal::TERM);
    record.assert().code(3).in_order([
        Mark::from("up"),
        hup.clone().into(),
        "hup".into(),
        term.clone().into(),
        "term".into(),
        Mark::Exit,
    ]);
    record.assert().follows_after(hup, term, millis(300));
}

#[test]
fn an_order_that_is_not_kept_is_broken_and_names_both() {
    let record = Record::new(["x"])
        .with(secs(1), "one")
        .with(secs(2), EventKind::StdinClosed)
        .with(secs(3), Exit::Code(0));
    let order = |marks: [Mark; 2]| judge(&record, &Expectation::nothing().in_order(marks));
    let closed = || Mark::from(EventName::StdinClosed);
    assert_eq!(order(["one".into(), closed()]).verdict(), Verdict::Held);
    let judgement = order([closed(), "one".into()]);
    let failures: Vec<_> = judgement.failures().map(ToString::to_string).collect();
    assert_eq!(
        failures,
        ["expected `one` after stdin closed, observed it came at 1.000 s, before stdin closed"]
    );
    let judgement = order([closed(), EventName::Ready.into()]);
    let failures: Vec<_> = judgement.failures().map(ToString::to_string).collect();
    assert_eq!(
        failures,
        ["expected ready after stdin closed, observed ready never came"]
    );
}

#[test]
fn an_order_that_cannot_be_told_is_inconclusive() {
    use exeunt::record::{Answer, Exchange, Listening, RequestSeen};
    let answered = || RequestSeen::new("slow", Exchange::Answered(Answer::new(200, "")));
    let stops = |since| EventKind::StopsListening(Listening::new("127.0.0.1:80", since));
    let record = Record::new(["x"])
        .with(millis(1000), EventKind::StdinClosed)
        .with(millis(1050), stops(millis(1040)))
        .with(millis(1500), "line")
        .with(millis(1510), answered())
        .with(millis(2000), stops(millis(1990)))
        .with(millis(2005), Exit::Code(0));
    let verdict = |record: &Record, marks: [Mark; 2]| {
        judge(record, &Expectation::nothing().in_order(marks)).verdict()
    };
    let closed = || Mark::from(EventName::StdinClosed);
    let stop = || Mark::from(EventName::StopsListening);
    let second_stop = || {
        let two = std::num::NonZeroU32::new(2).unwrap();
        Mark::Event(
            EventName::StopsListening,
            exeunt::expect::Occurrence::Nth(two),
        )
    };
    let answer = || Mark::from(EventName::Answered("slow".into()));
    // The look before saw it still: the grain is 10 ms, and the action was before it.
    assert_eq!(verdict(&record, [closed(), stop()]), Verdict::Held);
    assert_eq!(verdict(&record, [stop(), closed()]), Verdict::Broken);
    // By two ways, 10 ms apart.
    assert_eq!(
        verdict(&record, ["line".into(), answer()]),
        Verdict::Inconclusive
    );
    assert_eq!(
        verdict(&record, [answer(), "line".into()]),
        Verdict::Inconclusive
    );
    assert_eq!(verdict(&record, [stop(), answer()]), Verdict::Held);
    // Before the exit, or by it? It had ended before, at a look.
    assert_eq!(verdict(&record, [second_stop(), Mark::Exit]), Verdict::Held);
    let by_exit = Record::new(["x"])
        .with(millis(1000), Exit::Code(0))
        .with(millis(1000), stops(millis(995)));
    assert_eq!(
        verdict(&by_exit, [stop(), Mark::Exit]),
        Verdict::Inconclusive
    );
    // The grain counts as lag of a delay.
    let within = |most| {
        let delay = Delay::within(EventName::StdinClosed, stop(), millis(most)).slack(millis(0));
        judge(&record, &Expectation::nothing().delay(delay)).verdict()
    };
    assert_eq!(within(50), Verdict::Held);
    assert_eq!(within(45), Verdict::Inconclusive);
    assert_eq!(within(35), Verdict::Broken);
}

#[test]
fn an_action_that_the_harness_did_too_late_breaks_no_order() {
    let mut record = Record::new(["x"])
        .with(secs(1), "answered")
        .with(millis(1200), EventKind::StdinClosed)
        .with(secs(2), Exit::Code(0));
    let order = [Mark::from(EventName::StdinClosed), "answered".into()];
    let expected = Expectation::nothing().in_order(order);
    record.lag.harness = millis(250);
    assert_eq!(judge(&record, &expected).verdict(), Verdict::Inconclusive);
    record.lag.harness = millis(150);
    assert_eq!(judge(&record, &expected).verdict(), Verdict::Broken);
}

#[test]
fn an_old_record_is_still_read_and_a_newer_one_is_refused() {
    let mut json = serde_json::to_value(Record::new(["x"]).with(secs(1), Exit::Code(0))).unwrap();
    json["schema"] = 1.into();
    let record: Record = serde_json::from_value(json.clone()).unwrap();
    record.assert().success();
    json["schema"] = 3.into();
    let error = serde_json::from_value::<Record>(json)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("a record of schema 3") && error.contains("1 to 2"),
        "{error}"
    );
}

#[test]
fn a_plan_with_events_survives_json() {
    let subject = sh("cat")
        .keep_stdin_open()
        .action(Action::write("x").on(EventName::Ready).after(millis(1)))
        .action(Action::close_stdin().on("line"));
    let json = serde_json::to_string(subject.plan()).unwrap();
    assert_eq!(
        &serde_json::from_str::<exeunt::stage::Plan>(&json).unwrap(),
        subject.plan()
    );
    let delay = Delay::within(EventName::StdinClosed, Mark::Exit, secs(1));
    let json = serde_json::to_string(&delay).unwrap();
    assert!(json.contains("\"stdin closed\""), "{json}");
    assert_eq!(serde_json::from_str::<Delay>(&json).unwrap(), delay);
}

#[test]
fn a_file_is_written_left_or_gone() {
    use exeunt::expect::FileEnd::{Absent, There, Written};
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    for old in ["old", "changed", "kept", "removed"] {
        std::fs::write(path(old), "x").unwrap();
    }
    let mut subject =
        sh("echo y >changed; touch -r kept time; echo longer >kept; touch -r time kept; echo z >new; rm removed; exit 0")
            .current_dir(directory.path());
    for name in ["old", "changed", "kept", "removed", "new", "never"] {
        subject = subject.watch_file(name);
    }
    let record = subject.run().unwrap();
    let verdict =
        |name: &str, end| judge(&record, &Expectation::nothing().file(name, end)).verdict();
    for (name, there, written, absent) in [
        ("old", true, false, false),
        ("changed", true, true, false),
        ("kept", true, true, false),
        ("new", true, true, false),
        ("removed", false, false, true),
        ("never", false, false, true),
    ] {
        for (end, holds) in [(There, there), (Written, written), (Absent, absent)] {
            let expected = if holds {
                Verdict::Held
            } else {
                Verdict::Broken
            };
            assert_eq!(verdict(name, end), expected, "{name} {end}");
        }
    }
    let judgement = judge(&record, &Expectation::nothing().file("old", Written));
    let text = judgement.failures().next().unwrap().to_string();
    assert_eq!(
        text,
        "expected file `old` written during the run, observed it is there, as it was before the run"
    );
    // One that was not looked at says nothing.
    assert_eq!(verdict("other", Absent), Verdict::Inconclusive);
}

#[test]
fn a_line_that_came_while_the_subject_became_ready_is_in_no_wrong_order() {
    let said = |ms| {
        let ready = EventKind::Ready {
            since: millis(1000),
        };
        Record::new(["x"])
            .with(millis(ms), "listening")
            .with(millis(1010), ready)
            .with(millis(2000), Exit::Code(0))
    };
    let verdict = |record: &Record, marks: [Mark; 2]| {
        judge(record, &Expectation::nothing().in_order(marks)).verdict()
    };
    let ready = || Mark::from(EventName::Ready);
    let order = || [ready(), "listening".into()];
    assert_eq!(verdict(&said(1005), order()), Verdict::Inconclusive);
    assert_eq!(verdict(&said(990), order()), Verdict::Broken);
    assert_eq!(verdict(&said(1015), order()), Verdict::Held);
}

#[test]
fn a_link_to_nowhere_is_there() {
    use exeunt::expect::FileEnd::{Absent, Written};
    let directory = tempfile::tempdir().unwrap();
    let locks = "ln -s nobody:1 lock; exit 0";
    let subject = sh(locks).current_dir(directory.path()).watch_file("lock");
    let record = subject.run().unwrap();
    let verdict = |end| judge(&record, &Expectation::nothing().file("lock", end)).verdict();
    assert_eq!(verdict(Written), Verdict::Held);
    assert_eq!(verdict(Absent), Verdict::Broken);
}

#[test]
fn what_was_heard_with_the_exit_may_have_come_after_it() {
    let said = |ms| {
        Record::new(["x"])
            .with(millis(ms), "a child says")
            .with(millis(1000), Exit::Code(0))
    };
    let verdict = |record: &Record, marks: [Mark; 2]| {
        judge(record, &Expectation::nothing().in_order(marks)).verdict()
    };
    let child = || Mark::from("a child says");
    let after = || [Mark::Exit, child()];
    assert_eq!(verdict(&said(1000), after()), Verdict::Inconclusive);
    assert_eq!(verdict(&said(999), after()), Verdict::Broken);
    assert_eq!(verdict(&said(1001), after()), Verdict::Held);
    assert_eq!(verdict(&said(1000), [child(), Mark::Exit]), Verdict::Held);
}
