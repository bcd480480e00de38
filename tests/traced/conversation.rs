//! What the harness does to a subject on the virtual clock: input, readiness, requests. It does so while the clock stands, and all of it
//! comes at its time.

use std::time::{Duration, Instant};

use exeunt::expect::Pattern;
use exeunt::record::{Clock, EventKind, EventName, Exit, Record, Stream};
use exeunt::stage::{Action, Readiness};
use exeunt::{Signal, Subject, millis, secs};

use super::support::sh;

/// Runs on the virtual clock, and wants that it held, and took next to no time.
fn run(subject: Subject) -> Record {
    let begun = Instant::now();
    let record = subject
        .timeout(secs(1000))
        .clock(Clock::Virtual)
        .run()
        .unwrap();
    assert_eq!(record.clock, Clock::Virtual, "{:?}", record.findings);
    // A crowded machine takes long to start a Python; by the real clock each run would take as long as its exit tells.
    let at = record.exit_event().unwrap().at;
    assert!(begun.elapsed() < at, "{:?} of {at:?}", begun.elapsed());
    record
}

fn is_about(at: Duration, wanted: Duration) -> bool {
    // The work of the subject moves the clock too.
    at >= wanted && at < wanted + millis(400)
}

fn python(program: &str) -> Subject {
    Subject::new("python3").args(["-S", "-c", program])
}

#[test]
fn input_is_written_and_closed_at_its_time() {
    let script = "read a; echo got $a; sleep 30; read b; echo got $b; read c || echo closed";
    let record = run(sh(script)
        .action(Action::write("one\n").after(secs(10)))
        .action(Action::write("two\n").on("got one").after(secs(90)))
        .action(Action::close_stdin().on("got two").after(secs(200))));
    record
        .assert()
        .success()
        .whole_log(["got one", "got two", "closed"]);
    let at: Vec<_> = record.lines().map(|seen| seen.at).collect();
    assert!(is_about(at[0], secs(10)), "{at:?}");
    assert!(is_about(at[1], secs(100)), "{at:?}");
    assert!(is_about(at[2], secs(300)), "{at:?}");
}

/// More than a pipe holds: the subject takes it bit by bit, and sleeps in between.
#[test]
fn input_that_the_subject_takes_slowly() {
    let script = "sleep 20; head -c 100000 | wc -c; sleep 20; cat | wc -c";
    let record = run(sh(script).stdin(vec![b'x'; 300_000]));
    record.assert().success();
    let at: Vec<_> = record.lines().map(|seen| seen.at).collect();
    assert!(
        is_about(at[0], secs(20)) && is_about(at[1], secs(40)),
        "{at:?}"
    );
}

/// Each way to say so, after 100 s; the signal comes 90 s later.
#[test]
fn readiness_and_a_signal_after_it() {
    let notify = "import os,socket,time\ntime.sleep(100)\n\
        s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\n\
        s.sendto(b'READY=1','\\0'+os.environ['NOTIFY_SOCKET'][1:])\ntime.sleep(500)";
    let listen = "import socket,time\ntime.sleep(100)\n\
        s=socket.create_server(('127.0.0.1',0))\ntime.sleep(500)";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ready").display().to_string();
    let line = Readiness::Line(Pattern::text("up"));
    for (name, subject) in [
        ("line", sh("sleep 100; echo up; exec sleep 500").ready(line)),
        (
            "descriptor",
            sh("sleep 100; echo >&3; exec sleep 500").ready(Readiness::Descriptor(3)),
        ),
        (
            "file",
            sh(&format!("sleep 100; echo >{file}; exec sleep 500"))
                .ready(Readiness::File(file.clone())),
        ),
        ("notify", python(notify).ready(Readiness::Notify)),
        ("listening", python(listen).ready(Readiness::Listening)),
    ] {
        let term = Action::signal(Signal::TERM).on(EventName::Ready);
        let record = run(subject.action(term.after(secs(90))));
        let exit = record.exit_event().unwrap();
        assert!(is_about(exit.at, secs(190)), "{name}: {:?}", exit.at);
        // Also where it is looked for, it is known when it came.
        let mut events = record.events.iter();
        let since = events.find_map(|event| match event.kind {
            EventKind::Ready { since } => Some(since),
            _ => None,
        });
        assert!(is_about(since.unwrap(), secs(100)), "{name}: {since:?}");
        assert_eq!(record.exit(), Some(Exit::Signal(Signal::TERM)), "{name}");
    }
}

/// They are looked at whenever all wait, so each line has the time at which it was written.
#[test]
fn log_files_are_read_at_their_time() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log").display().to_string();
    let script = format!(
        "sleep 100; echo one >>{log}; sleep 0.05; echo two >>{log}; mv {log} {log}.1; \
         sleep 50; echo three >>{log}; sleep 5; printf four >>{log}"
    );
    let record = run(sh(&script).tail(&log));
    record.assert().success();
    let lines: Vec<_> = record.lines().collect();
    assert!(lines.iter().all(|seen| seen.line.stream == Stream::File));
    let text: Vec<_> = lines.iter().map(|seen| seen.line.text()).collect();
    assert_eq!(text, ["one", "two", "three", "four"]);
    let wanted = [
        millis(100_000),
        millis(100_050),
        millis(150_050),
        millis(155_050),
    ];
    for (seen, wanted) in lines.iter().zip(wanted) {
        let since = seen.line.file.as_ref().unwrap().since;
        assert!(
            is_about(seen.at, wanted) && is_about(since, wanted),
            "{seen:?}"
        );
    }
    assert!(lines[1].at - lines[0].at >= millis(50), "{lines:?}");
}

/// Its end is seen by whoever looks for it, and by whoever is told of it by a signal, at the time at which it came.
#[test]
fn the_parent_ends_at_its_time() {
    let looks =
        "import os,time\np=os.getppid()\nwhile os.getppid()==p: time.sleep(1)\nprint('orphan')";
    let is_told =
        "import ctypes,signal,time\nctypes.CDLL(None).prctl(1,signal.SIGTERM)\ntime.sleep(500)";
    for (program, exit, most) in [
        (looks, Exit::Code(0), millis(101_400)),
        (is_told, Exit::Signal(Signal::TERM), millis(100_400)),
    ] {
        let record = run(python(program).action(Action::end_parent().after(secs(100))));
        assert_eq!(record.exit(), Some(exit), "{record:#?}");
        let at = record.exit_event().unwrap().at;
        assert!(at >= secs(100) && at <= most, "{at:?}");
    }
    // The counter-example: without its end, nobody is an orphan.
    let record = run(python(is_told).own_parent());
    assert!(is_about(record.exit_event().unwrap().at, secs(500)));
}

#[cfg(feature = "http")]
const SERVER: &str = "import time,threading,signal\n\
from http.server import BaseHTTPRequestHandler,ThreadingHTTPServer\n\
class H(BaseHTTPRequestHandler):\n\
\x20   protocol_version='HTTP/1.1'\n\
\x20   def do_GET(self):\n\
\x20       print('begun',flush=True)\n\
\x20       time.sleep(60)\n\
\x20       self.send_response(200)\n\
\x20       self.send_header('Content-Length','4')\n\
\x20       self.end_headers()\n\
\x20       self.wfile.write(b'do')\n\
\x20       self.wfile.write(b'ne')\n\
\x20   def log_message(self,*_): pass\n\
s=ThreadingHTTPServer(('127.0.0.1',0),H)\n\
s.daemon_threads=False\n\
signal.signal(signal.SIGTERM,lambda *_: threading.Thread(target=s.shutdown).start())\n\
s.serve_forever(poll_interval=0.5)\n\
s.server_close()";

/// A server that drains: a request of a minute is under way, SIGTERM comes, and the answer is whole.
#[cfg(feature = "http")]
#[test]
fn a_request_under_way_is_answered_at_its_time() {
    use exeunt::stage::Request;
    let request = Action::request(Request::get("slow", "/")).on(EventName::Ready);
    let record = run(python(SERVER)
        .ready(Readiness::Listening)
        .action(request.after(secs(10)))
        .action(Action::signal(Signal::TERM).on("begun").after(secs(20))));
    record.assert().success();
    let at = |name: &EventName| {
        let mut events = record.events.iter();
        let named = events.find(|event| EventName::of(&event.kind).as_ref() == Some(name));
        named.unwrap().at
    };
    let answered = at(&EventName::Answered("slow".into()));
    let took = answered - at(&EventName::Ready);
    assert!(is_about(took, secs(70)), "{took:?}");
}

/// A subject that waits for input that nobody will give it hangs for ever, and that is known at once.
#[test]
fn an_input_that_never_comes_is_a_hang() {
    let record = run(sh("read a").keep_stdin_open());
    assert!(
        record
            .findings
            .contains(&exeunt::record::Finding::HangsForEver),
        "{:?}",
        record.findings
    );
}
