//! Faults that servers have, planted: each is broken, for the reason that it has, and the sound server holds.

use crate::python;

use std::net::TcpListener;

use exeunt::expect::{Expectation, ExpectedExchange, Mark};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{EventName, Exit};
use exeunt::stage::{Action, Readiness, Request};
use exeunt::{Record, Signal, Subject, secs};

/// A server that is sound unless its argument names a fault: at SIGTERM it stops listening, says that it is not ready, answers
/// what is under way, and exits with 0.
const SERVER: &str = "
import os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
fault = sys.argv[1]
stopping = threading.Event()
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if self.path == '/readyz':
            status = 503 if stopping.is_set() and fault != 'stays-ready' else 200
            return self.answer(status)
        print('slow begun', flush=True)
        stopping.wait()
        time.sleep(0.5)
        if fault == 'drops':
            self.close_connection = True
            return
        self.answer(200)
    def answer(self, status):
        self.send_response(status)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *_): pass
server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
# What keeps the probes of readiness apart: it is served for longer.
health = ThreadingHTTPServer(('127.0.0.1', int(sys.argv[2])), Handler)
threading.Thread(target=health.serve_forever, daemon=True).start()
server.daemon_threads = False
def end():
    if fault == 'loses-work':
        os._exit(0)
    if fault == 'worker-left' and os.fork() == 0:
        os.setsid()
        os.execvp('sleep', ['sleep', '60'])
    if fault != 'listens-on':
        server.socket.close()
    stopping.set()
    print('stopping', flush=True)
    server.shutdown()
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=end).start())
server.serve_forever(poll_interval=0.05)
server.server_close() if fault != 'listens-on' else time.sleep(2)
";

fn run(fault: &str) -> Option<Record> {
    if !python::is_here() {
        return None;
    }
    let term = || EventName::Signal(Signal::TERM);
    let server = Subject::new("python3")
        .args(["-c", SERVER, fault, "{port}"])
        .free_port()
        .ready(Readiness::Http {
            path: "/readyz".into(),
            status: 200,
        })
        .timeout(secs(20))
        .start()
        .unwrap();
    server.ready().unwrap();
    // The first port that is listened at is the one that serves.
    let port = server.address().unwrap().port();
    server
        .send(Request::get("slow", "/slow").port(port))
        .unwrap();
    server.wait_for("slow begun").unwrap();
    server.signal(Signal::TERM).unwrap();
    server.wait_for_event(term()).unwrap();
    if fault != "loses-work" {
        server.wait_for("stopping").unwrap();
        if fault != "listens-on" {
            // Then it has surely heard of the signal, however late the machine is.
            server.wait_for_event(EventName::StopsListening).unwrap();
        }
        server.send(Request::get("readyz", "/readyz")).unwrap();
    }
    Some(server.wait().unwrap())
}

fn sound() -> Expectation {
    Expectation::new()
        .end(Exit::Code(0))
        .request("slow", ExpectedExchange::Status(200))
        .request("readyz", ExpectedExchange::Status(503))
        .in_order([
            EventName::Signal(Signal::TERM).into(),
            EventName::StopsListening.into(),
            EventName::Answered("slow".into()).into(),
            Mark::Exit,
        ])
}

/// The verdict, and the failures in words.
fn verdict(record: &Record) -> (Verdict, String) {
    let judgement = judge(record, &sound());
    let failures: Vec<_> = judgement.failures().map(ToString::to_string).collect();
    (judgement.verdict(), failures.join("\n"))
}

#[track_caller]
fn is_broken(fault: &str, why: &[&str]) {
    let Some(record) = run(fault) else { return };
    let (verdict, text) = verdict(&record);
    assert_eq!(verdict, Verdict::Broken, "{record:?}\n{text}");
    for why in why {
        assert!(text.contains(why), "{text}");
    }
}

#[test]
fn the_sound_server_is_not_broken() {
    let Some(record) = run("none") else { return };
    let (verdict, text) = verdict(&record);
    assert_ne!(verdict, Verdict::Broken, "{record:?}\n{text}");
}

#[test]
fn a_handler_that_drops_the_request() {
    is_broken(
        "drops",
        &["expected request `slow` answered with status 200, observed cut off without an answer"],
    );
}

#[test]
fn exit_code_0_with_the_work_lost() {
    is_broken(
        "loses-work",
        &["expected request `slow` answered with status 200, observed cut off without an answer"],
    );
}

#[test]
fn a_listener_that_stays_open() {
    is_broken(
        "listens-on",
        &["expected slow answered after stops listening, observed it came at"],
    );
}

#[test]
fn readiness_that_stays_200() {
    is_broken(
        "stays-ready",
        &["expected request `readyz` answered with status 503, observed answered with status 200"],
    );
}

#[test]
fn a_worker_that_is_left_behind() {
    is_broken(
        "worker-left",
        &["expected no process outlives the subject", "sleep 60"],
    );
}

/// Whoever listens at the port is not the subject, so it is not ready, and what it says of the port is shown.
#[test]
fn a_port_that_is_taken() {
    if !python::is_here() {
        return;
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let server = Subject::new("python3")
        .args(["-m", "http.server", "--bind=127.0.0.1", &port])
        .ready(Readiness::Listening)
        .timeout(secs(20))
        .start()
        .unwrap();
    let text = server.ready().unwrap_err().to_string();
    assert!(text.contains("Address already in use"), "{text}");
    assert!(text.contains("exit code 1"), "{text}");
    let record = server.wait().unwrap();
    let expected = Expectation::new().end(Exit::Code(1));
    let judgement = judge(&record, &expected);
    assert_eq!(judgement.verdict(), Verdict::Broken, "{record:?}");
    let failures: Vec<_> = judgement.failures().map(ToString::to_string).collect();
    let why = "expected the subject is ready before it ends";
    assert!(failures[0].contains(why), "{failures:?}");
}

#[test]
fn a_server_that_ignores_the_end_of_its_input() {
    let record = Subject::new("sh")
        .args(["-c", "echo up; cat >/dev/null; exec sleep 60"])
        .ready("up")
        .action(Action::close_stdin().on(EventName::Ready))
        .timeout(secs(2))
        .run()
        .unwrap();
    let error = record
        .assert()
        .try_exits_within(EventName::StdinClosed, secs(1))
        .unwrap_err();
    assert_eq!(error.verdict(), Verdict::Broken);
    let text = error.to_string();
    assert!(
        text.contains("expected: the exit within 1.00 s after stdin closed"),
        "{text}"
    );
    assert!(text.contains("observed: still running after 2 s"), "{text}");
}
