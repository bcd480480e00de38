//! When a subject is ready, and where it listens.

use crate::python;

use std::time::Duration;

use exeunt::expect::{Expectation, Mark};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{Event, EventKind, EventName, Exit, Finding, Termination};
use exeunt::stage::{Action, Control, Readiness, Real};
use exeunt::{Record, Signal, Subject, millis, secs};

fn sh(script: &str) -> Subject {
    Subject::new("sh").args(["-c", script]).timeout(secs(20))
}

fn python(script: &str) -> Subject {
    Subject::new("python3")
        .args(["-c", script])
        .timeout(secs(20))
}

/// When the subject was ready, and since when it can have been.
fn ready(record: &Record) -> (Duration, Duration) {
    let (_, event) = record
        .named(&EventName::Ready)
        .next()
        .expect("it was ready");
    (event.at, event.kind.since().unwrap())
}

/// How far apart the looks for readiness were, if the subject was never ready.
fn never_ready(record: &Record) -> Option<Duration> {
    record.findings.iter().find_map(|finding| match finding {
        Finding::NeverReady { grain } => Some(*grain),
        _ => None,
    })
}

fn is_never_ready(record: &Record) -> bool {
    never_ready(record).is_some()
}

fn term() -> Action {
    Action::signal(Signal::TERM).on(EventName::Ready)
}

#[test]
fn by_a_line() {
    let record = sh("sleep 0.2; echo up; exec sleep 9")
        .ready("up")
        .action(term())
        .run()
        .unwrap();
    let up = record.lines().next().unwrap().at;
    assert_eq!(ready(&record), (up, up));
    record.assert().signal(Signal::TERM).in_order([
        Mark::from("up"),
        EventName::Ready.into(),
        EventName::Signal(Signal::TERM).into(),
        Mark::Exit,
    ]);
}

#[test]
fn by_a_file_that_is_new() {
    let directory = tempfile::tempdir().unwrap();
    let file = |script: &str| {
        sh(script)
            .current_dir(directory.path())
            .ready(Readiness::File("app.pid".into()))
            .action(term())
    };
    let record = file("sleep 0.2; echo $$ >app.pid; exec sleep 9")
        .run()
        .unwrap();
    record.assert().signal(Signal::TERM);
    let (at, since) = ready(&record);
    assert!(at >= millis(200) && since < at, "{at:?} {since:?}");
    // It is still there: that of the run before says nothing.
    let record = file("exec sleep 0.2").run().unwrap();
    assert!(is_never_ready(&record), "{record:?}");
    let record = file("sleep 0.1; echo $$ >app.pid; exec sleep 9")
        .run()
        .unwrap();
    record.assert().signal(Signal::TERM);
}

#[test]
fn by_a_newline_on_a_descriptor() {
    for fd in [3, 7] {
        let script = format!(
            "sleep 0.1; printf x >&{fd}; sleep 0.1; echo >&{fd}; exec {fd}>&-; exec sleep 9"
        );
        let record = sh(&script)
            .ready(Readiness::Descriptor(fd))
            .action(term())
            .run()
            .unwrap();
        record.assert().signal(Signal::TERM);
        assert!(ready(&record).0 >= millis(200), "{record:?}");
    }
    // Closed without a newline: never ready.
    let record = sh("exec 3>&-; sleep 0.1")
        .ready(Readiness::Descriptor(3))
        .run()
        .unwrap();
    assert!(is_never_ready(&record));
}

#[test]
fn by_a_message_to_the_socket_of_systemd() {
    if !python::is_here() {
        return;
    }
    let script = "
import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'].replace('@', '\\0'))
s.send(b'STATUS=starting')
time.sleep(0.1)
s.send(b'READY=1\\nSTATUS=up')
time.sleep(0.1)
s.send(b'STOPPING=1')
time.sleep(0.1)
";
    let record = python(script).ready(Readiness::Notify).run().unwrap();
    record.assert().success().in_order([
        Mark::from(EventName::Ready),
        EventName::Stopping.into(),
        Mark::Exit,
    ]);
    let other = sh("test -z \"$NOTIFY_SOCKET\"").run().unwrap();
    other.assert().success();
}

/// As systemd does: a limit that is near is put off, by as much as the subject asks for, again and again.
/// It asks for as much time when it begins as its argument says, and for a minute when it is to end.
const ASKS_FOR_TIME: &str = "
import os, signal, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'].replace('@', '\\0'))
def end(*_):
    s.send(b'EXTEND_TIMEOUT_USEC=60000000')
    time.sleep(1)
    sys.exit(7)
signal.signal(signal.SIGTERM, end)
s.send(b'READY=1\\nEXTEND_TIMEOUT_USEC=' + sys.argv[1].encode())
time.sleep(3)
print('worked', flush=True)
time.sleep(60)
";

fn asks_for_time(extended: &str) -> Record {
    let subject = python(ASKS_FOR_TIME).arg(extended).ready(Readiness::Notify);
    subject.timeout(secs(2)).grace(millis(300)).run().unwrap()
}

#[test]
fn a_subject_that_asks_for_more_time_gets_it() {
    if !python::is_here() {
        return;
    }
    // The second request is one for its end: longer than the grace period, and so is the first limit.
    let record = asks_for_time("6000000");
    record
        .assert()
        .in_order([Mark::from(EventName::ExtendsTimeout), "worked".into()]);
    assert_eq!(record.exit(), Some(Exit::Code(7)), "{record:#?}");
    let Termination::TimedOut { limit } = record.termination else {
        panic!("{record:#?}");
    };
    assert!(limit >= secs(6) && limit < secs(60), "{limit:?}");
    assert_eq!(record.named(&EventName::ExtendsTimeout).count(), 2);
}

#[test]
fn what_a_subject_asks_for_is_no_shorter_limit() {
    if !python::is_here() {
        return;
    }
    let record = asks_for_time("1000");
    assert_eq!(record.termination, Termination::TimedOut { limit: secs(2) });
    assert_eq!(record.exit(), Some(Exit::Code(7)), "{record:#?}");
}

/// Listens after 0.2 s, and closes the listener when it is told to end; the process goes on for 0.3 s.
const SERVER: &str = "
import signal, socket, sys, time
time.sleep(0.2)
s = socket.create_server(('127.0.0.1', int(sys.argv[1])))
def end(*_):
    s.close()
    time.sleep(0.3)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
while True:
    c, _ = s.accept()
    print('connected', flush=True)
";

#[test]
fn by_listening_without_a_connection() {
    if !python::is_here() {
        return;
    }
    let server = || {
        python(SERVER)
            .arg("{port}")
            .free_port()
            .ready(Readiness::Listening)
    };
    let record = server().action(term().after(millis(50))).run().unwrap();
    let (at, since) = ready(&record);
    assert!(at >= millis(200) && since < at, "{since:?} {at:?}");
    let term = || Mark::from(EventName::Signal(Signal::TERM));
    record
        .assert()
        .success()
        .whole_log(Vec::<&str>::new())
        .in_order([
            Mark::from(EventName::Listens),
            EventName::Ready.into(),
            term(),
            EventName::StopsListening.into(),
            Mark::Exit,
        ])
        .exits_after(EventName::StopsListening, millis(300));
    // The other way round it is broken, not inconclusive.
    let wrong = Expectation::nothing().in_order([Mark::Exit, EventName::StopsListening.into()]);
    assert_eq!(judge(&record, &wrong).verdict(), Verdict::Broken);
    let port = format!("127.0.0.1:{}", record.command.last().unwrap());
    let place = record.events.iter().find_map(|event| match &event.kind {
        EventKind::Listens(change) => Some(change.address.clone()),
        _ => None,
    });
    assert_eq!(place, Some(port));
}

#[test]
fn a_socket_of_a_grandchild_counts_and_one_of_a_stranger_does_not() {
    if !python::is_here() {
        return;
    }
    let script = "
import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind('sock')
s.listen()
time.sleep(9)
";
    let directory = tempfile::tempdir().unwrap();
    let child = sh("python3 -c \"$0\" & wait")
        .arg(script)
        .current_dir(directory.path());
    let record = child
        .ready(Readiness::Listening)
        .action(Action::signal(Signal::KILL).on(EventName::Ready));
    let record = record.run().unwrap();
    assert!(ready(&record).0 > Duration::ZERO);
    let _stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = sh("sleep 0.1").ready(Readiness::Listening).run().unwrap();
    assert!(is_never_ready(&other), "{other:?}");
    assert_eq!(other.named(&EventName::Listens).count(), 0);
}

#[test]
fn a_subject_that_dies_before_it_is_ready_is_broken_at_once() {
    let record = sh("echo cannot bind; exit 3")
        .ready(Readiness::Listening)
        .action(term())
        .timeout(secs(60))
        .run()
        .unwrap();
    assert!(record.exit_event().unwrap().at < secs(30));
    let judgement = judge(&record, &Expectation::nothing());
    assert_eq!(judgement.verdict(), Verdict::Broken);
    let first = judgement.failures().next().unwrap().to_string();
    assert!(
        first.starts_with(
            "expected the subject is ready before it ends, observed exit code 3 after"
        ),
        "{first}"
    );
    let shown = exeunt::report::timeline(&record, Some(&judgement));
    assert!(shown.contains("cannot bind"), "{shown}");
}

#[test]
fn a_subject_that_is_never_ready_is_still_running_at_its_timeout() {
    let record = sh("exec sleep 30")
        .ready("up")
        .timeout(millis(500))
        .run()
        .unwrap();
    let judgement = judge(&record, &Expectation::nothing());
    let first = judgement.failures().next().unwrap().to_string();
    assert!(first.contains("still running after 0.5 s"), "{first}");
}

#[test]
fn a_parent_that_ends_leaves_an_orphan() {
    let follows = "p=$PPID; while kill -0 $p 2>/dev/null; do sleep 0.02; done; echo alone; exit 4";
    let end = || Action::end_parent().after(millis(100));
    let record = sh(follows).action(end()).run().unwrap();
    record
        .assert()
        .code(4)
        .in_order([
            Mark::from(EventName::ParentEnds),
            "alone".into(),
            Mark::Exit,
        ])
        .exits_within(EventName::ParentEnds, secs(1))
        .leaves_nothing_behind();
    // One that does not notice.
    let record = sh("exec sleep 30")
        .action(end())
        .timeout(secs(1))
        .run()
        .unwrap();
    let error = record
        .assert()
        .try_exits_within(EventName::ParentEnds, millis(300));
    assert!(
        error.unwrap_err().to_string().contains("still running"),
        "{record:?}"
    );
    // One whose child does not: it is named.
    let record = sh(&format!("sleep 30 & {follows}"))
        .action(end())
        .run()
        .unwrap();
    let [survivor] = &record.survivors[..] else {
        panic!("{record:?}");
    };
    assert_eq!(survivor.command, "sleep 30");
}

#[test]
fn with_a_parent_of_its_own_a_subject_ends_as_without() {
    let run = |script: &str, limit| {
        let mut plan = sh(script).timeout(limit).plan().clone();
        plan.parent = true;
        Subject::from(plan).run().unwrap()
    };
    for (script, code) in [("exit 7", 7), ("sleep 0.1; exit 0", 0)] {
        run(script, secs(20))
            .assert()
            .code(code)
            .leaves_nothing_behind();
    }
    run("kill -KILL $$", secs(20)).assert().signal(Signal::KILL);
    let hangs = run("exec sleep 30", millis(300));
    assert_eq!(
        hangs.exit(),
        Some(exeunt::record::Exit::Signal(Signal::TERM))
    );
    assert_eq!(hangs.ended_by_harness.len(), 1, "{hangs:?}");
    // What cannot be executed is an error, and the next run is as ever.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("program");
    std::fs::write(&path, "no program\0").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, executable).unwrap();
    let mut plan = exeunt::stage::Plan::new(path);
    plan.parent = true;
    assert!(Subject::from(plan).run().is_err());
    run("exit 5", secs(20)).assert().code(5);
}

#[test]
fn a_subject_that_is_ready_and_ends_at_once_was_ready_before() {
    if !python::is_here() {
        return;
    }
    let notify = "
import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'].replace('@', '\\0'))
os._exit(0)
";
    let subjects = || {
        [
            sh("echo up").ready("up"),
            sh("echo >&3").ready(Readiness::Descriptor(3)),
            python(notify).ready(Readiness::Notify),
        ]
    };
    for _ in 0..5 {
        for subject in subjects() {
            let record = subject.run().unwrap();
            let ready = Mark::from(EventName::Ready);
            record.assert().success().in_order([ready, Mark::Exit]);
        }
    }
}

#[test]
fn what_a_subject_has_left_behind_is_ready_too_late() {
    let late = "(sleep 0.1; echo up) & exit 0";
    let record = sh(late).ready("up").settle(secs(2)).run().unwrap();
    let judgement = judge(&record, &Expectation::new());
    let failures: Vec<_> = judgement.failures().map(ToString::to_string).collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(
        failures[0].starts_with("expected the subject is ready before it ends"),
        "{failures:?}"
    );
}

#[test]
fn several_sockets_at_one_place_begin_and_end_once() {
    if !python::is_here() {
        return;
    }
    let script = "
import socket, time
def at(family, host, port):
    return socket.create_server((host, port), family=family, reuse_port=True)
first = at(socket.AF_INET, '127.0.0.1', 0)
port = first.getsockname()[1]
all = [first]
for _ in range(3):
    all.append(at(socket.AF_INET, '127.0.0.2', port))
    all.append(at(socket.AF_INET, '127.0.0.1', port))
time.sleep(0.1)
for s in all: s.close()
time.sleep(0.1)
";
    let record = python(script).ready(Readiness::Listening).run().unwrap();
    record.assert().success();
    let places = |name| {
        let events = record.named(&name);
        let mut all: Vec<_> = events
            .filter_map(|(_, event)| match &event.kind {
                EventKind::Listens(change) | EventKind::StopsListening(change) => {
                    Some(change.address.clone())
                }
                _ => None,
            })
            .collect();
        all.sort();
        all
    };
    let begun = places(EventName::Listens);
    assert_eq!(begun.len(), 2, "{begun:?}");
    assert_eq!(places(EventName::StopsListening), begun);
}

#[test]
fn what_was_written_before_a_signal_stands_before_it() {
    if !python::is_here() {
        return;
    }
    // Each line is written after the one before it was, so a line that stands between the signal and the answer to it is one that
    // was read too late. The looks for ports take as long as several lines do.
    let script = "
import os, signal, socket
s = socket.create_server(('127.0.0.1', 0))
def end(*_):
    os.write(1, b'end\\n')
    os._exit(0)
signal.signal(signal.SIGTERM, end)
os.write(1, b'up\\n')
while True:
    os.write(1, b'x\\n')
    for _ in range(300): pass
";
    let late = || {
        let record = python(script)
            .ready(Readiness::Listening)
            .action(Action::signal(Signal::TERM).on("up"))
            .run()
            .unwrap();
        let (_, sent) = record
            .named(&EventName::Signal(Signal::TERM))
            .next()
            .expect("it was sent");
        let late = record.lines().filter(|line| line.at > sent.at);
        late.filter(|line| line.line.text() == "x").count()
    };
    // The machine may take the processor away between the last read and the signal, but not each time.
    let mut all: Vec<_> = (0..15).map(|_| late()).collect();
    all.sort_unstable();
    assert!(all[7] <= 5, "{all:?}");
}

/// The harness is held up for as long as the server listens: that it was never ready is not the server's fault.
#[test]
fn what_was_ready_while_nobody_looked_is_inconclusive() {
    if !python::is_here() {
        return;
    }
    let script = "
import socket, sys, time
print('soon', flush=True)
time.sleep(0.1)
with socket.create_server(('127.0.0.1', 0)):
    time.sleep(0.1)
time.sleep(0.4)
sys.exit(int(sys.argv[1]))
";
    let verdict = |code: i32, ready: Readiness, hold: Duration| {
        let mut slow = |event: &Event| {
            if matches!(event.kind, EventKind::Line(_)) {
                std::thread::sleep(hold);
            }
        };
        let subject = python(script).arg(code.to_string()).ready(ready);
        let mut control = Control::new().on_event(&mut slow);
        let record = subject.run_on(&Real, &mut control).unwrap();
        let expected = Expectation::new().end(Exit::Code(0));
        (judge(&record, &expected), never_ready(&record))
    };
    let listening = || Readiness::Listening;
    let (judgement, grain) = verdict(0, listening(), millis(500));
    assert!(grain >= Some(millis(400)), "{grain:?}");
    assert_eq!(judgement.verdict(), Verdict::Inconclusive, "{judgement:?}");
    assert!(judgement.retryable());
    // Its own failure is no matter of looks.
    let (judgement, _) = verdict(3, listening(), millis(500));
    assert_eq!(judgement.verdict(), Verdict::Broken, "{judgement:?}");
    // A line is told, and never missed.
    let (judgement, grain) = verdict(0, "up".into(), millis(500));
    assert_eq!(grain, Some(Duration::ZERO));
    assert_eq!(judgement.verdict(), Verdict::Broken, "{judgement:?}");
    let (judgement, grain) = verdict(0, listening(), Duration::ZERO);
    assert_eq!((judgement.verdict(), grain), (Verdict::Held, None));
}

/// What it says so far is not the line that is waited for. A prompt that goes on with what was written is.
#[test]
fn a_line_that_goes_on_is_another_one() {
    let verdict = |script: &str, ready: bool, write: bool| {
        let subject = sh(script);
        let term = Action::signal(Signal::TERM);
        let subject = match (ready, write) {
            (true, _) => subject
                .ready("up")
                .action(term.on(EventName::Ready).after(millis(400))),
            (false, true) => subject.action(Action::write("x\n").on("up")),
            (false, false) => subject.action(term.on("up").after(millis(400))),
        };
        let record = subject.run().unwrap();
        let judgement = judge(&record, &Expectation::new().end(Exit::Code(0)));
        let told: Vec<_> = judgement.failures().map(ToString::to_string).collect();
        (judgement.verdict(), told.join("; "))
    };
    let goes_on =
        "trap 'exit 0' TERM; printf up; sleep 0.3; echo grade failed; while :; do sleep 0.05; done";
    let (broken, told) = verdict(goes_on, true, false);
    assert_eq!(broken, Verdict::Broken);
    assert!(
        told.contains("expected a line `up`, observed `upgrade failed` came there"),
        "{told}"
    );
    assert_eq!(verdict(goes_on, false, false).0, Verdict::Inconclusive);
    let ends = "trap 'exit 0' TERM; printf up; sleep 0.3; echo; while :; do sleep 0.05; done";
    assert_eq!(verdict(ends, true, false).0, Verdict::Held);
    let prompt = "printf up; read x; echo \"> $x\"";
    assert_eq!(verdict(prompt, false, true).0, Verdict::Held);
}
