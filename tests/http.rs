//! Requests to servers: only the client knows whether work was lost.

#[path = "support/python.rs"]
mod python;

use exeunt::expect::{Expectation, ExpectedExchange, Mark};
use exeunt::judge::{Verdict, judge};
use exeunt::record::{EventKind, EventName, Exchange, Exit};
use exeunt::stage::{Action, Readiness, Request};
use exeunt::{LiveError, Record, Signal, Subject, millis, secs};

/// A server that answers a path `/MS` after so many milliseconds. `end` is the body of its handler of SIGTERM.
const SERVER: &str = "
import os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
ready = False
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if self.path == '/readyz':
            return self.answer(200 if ready else 503, b'')
        if self.path == '/1000': print('begun', flush=True)
        time.sleep(int(self.path[1:]) / 1000)
        self.answer(200, b'done')
    def do_POST(self):
        self.answer(201, self.rfile.read(int(self.headers['Content-Length'])))
    def answer(self, status, body):
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = False
def end():
    {end}
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=end).start())
def later():
    global ready
    time.sleep(0.3)
    ready = True
threading.Thread(target=later, daemon=True).start()
server.serve_forever()
server.server_close()
";

/// One that ends its listening and answers what is under way.
const DRAINS: &str = "server.shutdown()";

fn server(end: &str) -> Option<Subject> {
    if !python::is_here() {
        return None;
    }
    let script = SERVER.replace("{end}", end);
    let subject = Subject::new("python3")
        .args(["-c", &script])
        .timeout(secs(20));
    Some(subject.ready(Readiness::Listening))
}

fn slow() -> Action {
    Action::request(Request::get("slow", "/1000")).on(EventName::Ready)
}

fn term() -> Action {
    Action::signal(Signal::TERM).on("begun")
}

/// What is expected of a server that drains.
fn drains() -> Expectation {
    Expectation::new()
        .end(Exit::Code(0))
        .request("slow", ExpectedExchange::Status(200))
        .in_order([
            EventName::Ready.into(),
            EventName::Sent("slow".into()).into(),
            EventName::Signal(Signal::TERM).into(),
            EventName::Answered("slow".into()).into(),
            Mark::Exit,
        ])
}

#[test]
fn a_server_that_drains_answers_first() {
    let Some(server) = server(DRAINS) else { return };
    let record = server.action(slow()).action(term()).run().unwrap();
    record.assert().satisfies(&drains()).answered("slow", 200);
    let body = record.events.iter().find_map(|event| match &event.kind {
        EventKind::Request(seen) => match &seen.exchange {
            Exchange::Answered(answer) => Some(answer.body.to_text().into_owned()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(body.as_deref(), Some("done"));
}

#[test]
fn one_that_loses_its_work_is_broken_though_it_exits_with_0() {
    let Some(server) = server("os._exit(0)") else {
        return;
    };
    let record = server.action(slow()).action(term()).run().unwrap();
    assert_eq!(record.exit(), Some(Exit::Code(0)));
    let judgement = judge(&record, &drains());
    assert_eq!(judgement.verdict(), Verdict::Broken);
    let failures: Vec<_> = judgement.failures().map(ToString::to_string).collect();
    assert_eq!(
        failures[0],
        "expected request `slow` answered with status 200, observed cut off without an answer: the connection was closed"
    );
    record
        .assert()
        .request("slow", ExpectedExchange::CutOff)
        .in_order([
            Mark::from(EventName::Signal(Signal::TERM)),
            EventName::CutOff("slow".into()).into(),
        ]);
}

#[test]
fn what_comes_after_the_listening_is_refused() {
    let Some(server) = server(&format!("{DRAINS}; server.socket.close(); time.sleep(1)")) else {
        return;
    };
    let late = Request::get("late", "/0");
    let late = Action::request(late)
        .on(EventName::StopsListening)
        .after(millis(50));
    let record = server
        .action(slow())
        .action(term())
        .action(late)
        .free_port()
        .run()
        .unwrap();
    // Nothing listens any more, so it is not even known where to send it.
    record
        .assert()
        .success()
        .request("late", ExpectedExchange::Refused);
    record.assert().in_order([
        Mark::from(EventName::Signal(Signal::TERM)),
        EventName::StopsListening.into(),
        EventName::Answered("slow".into()).into(),
    ]);
}

#[test]
fn a_port_at_which_nothing_listens_refuses() {
    let early = Action::request(Request::get("early", "/"));
    let record = Subject::new("sh")
        .args(["-c", "sleep 0.2 # {port}"])
        .free_port()
        .action(early)
        .run()
        .unwrap();
    let error = record
        .assert()
        .try_answered("early", 200)
        .unwrap_err()
        .to_string();
    assert!(error.contains("refused: Connection refused"), "{error}");
}

#[test]
fn readiness_by_an_answer_with_the_right_status() {
    let Some(server) = server(DRAINS) else { return };
    let ready = Readiness::Http {
        path: "/readyz".into(),
        status: 200,
    };
    let record = server
        .ready(ready)
        .action(Action::signal(Signal::TERM).on(EventName::Ready))
        .run()
        .unwrap();
    record.assert().success();
    let (_, ready) = record.named(&EventName::Ready).next().unwrap();
    let (_, listens) = record.named(&EventName::Listens).next().unwrap();
    assert!(ready.at > listens.at + millis(100), "{record:?}");
}

#[test]
fn an_idle_connection_is_held_and_its_end_is_told() -> Result<(), LiveError> {
    let Some(server) = server("os._exit(3)") else {
        return Ok(());
    };
    let subject = server.start()?;
    let spare = Request::connection("spare");
    let kept = Request::get("kept", "/0").keep_alive();
    subject.send(spare)?;
    let answer = subject.request(kept)?;
    assert_eq!(
        (answer.status, answer.body.to_text().as_ref()),
        (200, "done")
    );
    let posted = Request::new("posted", "POST", "/").body("a body");
    let posted = subject.request(posted)?;
    assert_eq!(
        (posted.status, posted.body.to_text().as_ref()),
        (201, "a body")
    );
    assert_eq!(subject.get("/5")?.status, 200);
    let closed = |name: &str| EventName::ConnectionClosed(name.into());
    let is_closed = |name| {
        subject
            .events()
            .iter()
            .any(|event| EventName::of(&event.kind) == Some(closed(name)))
    };
    assert!(!is_closed("spare") && !is_closed("kept"));
    subject.signal(Signal::TERM)?;
    let record = subject.wait()?;
    record.assert().code(3);
    for name in ["spare", "kept"] {
        record
            .assert()
            .request(name, ExpectedExchange::Closed)
            .in_order([
                EventName::Signal(Signal::TERM).into(),
                closed(name).into(),
                Mark::Exit,
            ]);
    }
    Ok(())
}

#[test]
fn a_request_that_is_lost_is_an_error_of_the_live_subject_at_once() -> Result<(), LiveError> {
    let Some(server) = server(DRAINS) else {
        return Ok(());
    };
    let subject = server.start()?;
    subject.ready()?.send(Request::get("slow", "/10000"))?;
    subject.wait_for_event(EventName::Sent("slow".into()))?;
    subject.signal(Signal::KILL)?;
    let error = subject
        .wait_for_event(EventName::Answered("slow".into()))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the subject ended before `slow answered` came"),
        "{error}"
    );
    assert!(error.contains("cut off without an answer"), "{error}");
    let nowhere = subject
        .send(Request::get("x", "http://example.org/"))
        .unwrap_err()
        .to_string();
    assert!(nowhere.contains("on the loopback"), "{nowhere}");
    Ok(())
}

#[test]
fn a_request_to_elsewhere_is_refused_before_anything_runs() {
    for path in ["http://example.org/", "", "/a\r\nHost: b", "/a b"] {
        let request = Action::request(Request::get("a", path));
        let error = Subject::new("true").action(request).run().unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("is no path"), "{text}");
    }
}

#[test]
fn a_request_without_an_answer_is_broken_only_where_that_is_sure() {
    let sent = |name: &str| {
        let to = "127.0.0.1:1".into();
        exeunt::record::RequestSeen::new(
            name,
            Exchange::Sent {
                to,
                what: "GET /".into(),
            },
        )
    };
    let record = Record::new(["x"])
        .with(secs(1), sent("a"))
        .with(secs(2), Exit::Code(0));
    let expected = Expectation::nothing().request("a", ExpectedExchange::Status(200));
    let judgement = judge(&record, &expected);
    assert_eq!(judgement.verdict(), Verdict::Broken);
    let text = judgement.failures().next().unwrap().to_string();
    assert!(
        text.ends_with("observed sent, and nothing more came of it"),
        "{text}"
    );
    // One that was never sent says nothing.
    let other = Expectation::nothing().request("b", ExpectedExchange::Status(200));
    assert_eq!(judge(&record, &other).verdict(), Verdict::Inconclusive);
}
