//! Requests to servers: only the client knows whether work was lost.

use crate::python;

use exeunt::expect::{Expectation, ExpectedEnd, ExpectedExchange, Mark};
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
    // Nothing listens there any more.
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

/// Some servers lose the connections that come while they start.
#[test]
fn a_question_that_is_never_answered_is_asked_again() {
    let answers = "
import socket, time
listener = socket.create_server(('127.0.0.1', 0))
answer = b'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n'
connections = [listener.accept()[0] for _ in range(ASKED)]
connections[-1].recv(1000)
connections[-1].sendall(answer)
time.sleep(60)
";
    let after = |script: &str| {
        let ready = Readiness::Http {
            path: "/".into(),
            status: 200,
        };
        let subject = Subject::new("python3").args(["-c", script]).ready(ready);
        let term = Action::signal(Signal::TERM).on(EventName::Ready);
        let record = subject.action(term).timeout(secs(20)).run().unwrap();
        record.assert().signal(Signal::TERM);
        let at = |name| record.named(&name).next().unwrap().1.at;
        at(EventName::Ready) - at(EventName::Listens)
    };
    if !python::is_here() {
        return;
    }
    let again = after(&answers.replace("ASKED", "2"));
    assert!(again >= millis(900), "{again:?}");
    // An answer that takes longer counts, too.
    let slow = answers
        .replace("ASKED", "1")
        .replace("connections[-1].recv(1000)", "time.sleep(1.5)");
    let slow = after(&slow);
    assert!(slow >= millis(1400), "{slow:?}");
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

/// A server that answers once, by this statement on the connection `c`.
fn answers_by(statement: &str) -> Option<Subject> {
    let script = format!(
        "
import os, socket, struct, time
s = socket.create_server(('127.0.0.1', 0))
c, _ = s.accept()
c.recv(9999)
{statement}
time.sleep(0.1)
"
    );
    python::is_here().then(|| {
        let subject = Subject::new("python3").args(["-c", &script]);
        subject.timeout(secs(20)).ready(Readiness::Listening)
    })
}

fn once() -> Action {
    Action::request(Request::get("once", "/")).on(EventName::Ready)
}

#[test]
fn an_answer_up_to_the_end_of_its_connection_is_not_whole_if_that_is_reset() {
    let begun = "c.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\nhalf'); time.sleep(0.1)";
    let reset = "c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))";
    let Some(resets) = answers_by(&format!("{begun}; {reset}; c.close()")) else {
        return;
    };
    let record = resets.action(once()).run().unwrap();
    record
        .assert()
        .success()
        .request("once", ExpectedExchange::CutOff);
    let closes = answers_by(&format!("{begun}; c.close()")).unwrap();
    let record = closes.action(once()).run().unwrap();
    record.assert().success().answered("once", 200);
}

#[test]
fn a_connection_that_only_the_end_of_the_run_closes_was_not_closed_by_the_subject() {
    let Some(holds) = answers_by("time.sleep(60)") else {
        return;
    };
    let idle = Action::request(Request::connection("idle")).on(EventName::Ready);
    let holds = holds.action(idle).timeout(millis(1500));
    let record = holds.action(once()).run().unwrap();
    let lost = Expectation::new()
        .end(ExpectedEnd::Hang)
        .request("idle", ExpectedExchange::Closed)
        .request("once", ExpectedExchange::CutOff);
    let judgement = judge(&record, &lost);
    let failures: Vec<_> = judgement.failures().map(ToString::to_string).collect();
    assert_eq!(
        failures,
        [
            "expected request `idle` closed by the subject, observed sent, and nothing more came of it",
            "expected request `once` cut off, observed sent, and nothing more came of it"
        ]
    );
}

/// A server at two places, which are the statements `first` and `second`, that says by its answer which of them was asked.
fn at_two_places(first: &str, second: &str) -> Record {
    let script = format!(
        "
import os, select, socket, subprocess, time
def on(processor):
    os.sched_setaffinity(0, [processor])
def inode():
    with socket.socket() as s:
        return os.fstat(s.fileno()).st_ino
first = {first}
time.sleep(0.1)
second = {second}
print('both', flush=True)
ready, _, _ = select.select([first, second], [], [])
c, _ = ready[0].accept()
c.recv(9999)
c.sendall(b'HTTP/1.1 %d A\\r\\nContent-Length: 0\\r\\n\\r\\n' % (201 if ready[0] is first else 202))
"
    );
    let both = Action::request(Request::get("once", "/"));
    let both = both.on("both").after(millis(50));
    let subject = Subject::new("python3").args(["-c", &script]);
    let subject = subject.timeout(secs(20)).ready(Readiness::Listening);
    subject.action(both).run().unwrap()
}

#[test]
fn a_request_goes_to_the_port_that_was_there_first_whatever_number_its_inode_has() {
    if !python::is_here() {
        return;
    }
    // Each processor gives out numbers of its own.
    let on = |best: &str| {
        format!(
            "[on({best}([(on(p), inode(), p)[1:] for p in os.sched_getaffinity(0)])[1]), socket.create_server(('127.0.0.1', 0))][1]"
        )
    };
    let all = "os.sched_setaffinity(0, range(os.cpu_count()))";
    let record = at_two_places(&on("max"), &format!("[{all}, {}][1]", on("min")));
    record.assert().success().answered("once", 201);
}

#[test]
fn a_request_goes_to_the_loopback_in_whatever_family_it_is_written() {
    if !python::is_here() {
        return;
    }
    let local = "socket.create_server(('127.0.0.1', 0))";
    let host = "subprocess.check_output(['hostname', '-I'], text=True).split()[0]";
    let elsewhere = format!("socket.create_server(({host}, 0))");
    if at_two_places(local, &elsewhere).exit() == Some(Exit::Code(0)) {
        let record = at_two_places(&elsewhere, local);
        record.assert().success().answered("once", 202);
    } else {
        eprintln!("warning: SKIPPED: this machine has no address beside the loopback");
    }
    // As Java writes it.
    let mapped = "socket.create_server(('::ffff:127.0.0.1', 0), family=socket.AF_INET6, dualstack_ipv6=True)";
    if at_two_places(local, mapped).exit() == Some(Exit::Code(0)) {
        let record = at_two_places(mapped, local);
        record.assert().success().answered("once", 201);
    } else {
        eprintln!("warning: SKIPPED: this machine has no IPv6");
    }
}

/// A client knows one address. That another port is still there is no answer to it.
#[test]
fn a_request_goes_to_the_first_port_after_that_was_closed() {
    if !python::is_here() {
        return;
    }
    let script = "
import signal, socket, threading, time
def serve(server):
    while True:
        c, _ = server.accept()
        c.recv(9999)
        c.sendall(b'HTTP/1.1 200 A\\r\\nContent-Length: 0\\r\\n\\r\\n')
        c.close()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
first = socket.create_server(('127.0.0.1', 0))
time.sleep(0.1)
second = socket.create_server(('127.0.0.1', 0))
threading.Thread(target=serve, args=[second], daemon=True).start()
print('both', flush=True)
signal.sigwait([signal.SIGTERM])
first.close()
time.sleep(1.5)
";
    let late = Action::request(Request::get("late", "/")).on(EventName::StopsListening);
    let record = Subject::new("python3")
        .args(["-c", script])
        .timeout(secs(20))
        .ready(Readiness::Listening)
        .action(Action::signal(Signal::TERM).on("both").after(millis(100)))
        .action(late.after(millis(100)))
        .run()
        .unwrap();
    record
        .assert()
        .success()
        .request("late", ExpectedExchange::Refused);
}

/// What another program answers says nothing of the subject.
#[test]
fn a_port_of_another_program_is_not_the_subjects() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let asked = Action::request(Request::get("asked", "/").port(port)).after(millis(100));
    let record = Subject::new("sleep")
        .arg("0.5")
        .timeout(secs(20))
        .action(asked)
        .run()
        .unwrap();
    record
        .assert()
        .success()
        .request("asked", ExpectedExchange::Refused);
    let why = record.events.iter().find_map(|event| match &event.kind {
        EventKind::Request(seen) => match &seen.exchange {
            Exchange::Refused { why } => Some(why.clone()),
            _ => None,
        },
        _ => None,
    });
    let why = why.unwrap();
    assert!(why.contains("another program listens at port"), "{why}");
}

/// Requests wait for a port, whatever else the subject opens first.
#[test]
fn a_unix_socket_alone_is_not_what_requests_wait_for() {
    if !python::is_here() {
        return;
    }
    let script = "
import os, socket, time
own = socket.socket(socket.AF_UNIX)
own.bind(os.environ['TMPDIR'] + '/own')
own.listen()
time.sleep(0.3)
server = socket.create_server(('127.0.0.1', 0))
c, _ = server.accept()
c.recv(9999)
c.sendall(b'HTTP/1.1 200 A\\r\\nContent-Length: 0\\r\\n\\r\\n')
";
    let subject = || {
        let subject = Subject::new("python3").args(["-c", script]);
        subject.timeout(secs(20)).ready(Readiness::Listening)
    };
    let asked = Action::request(Request::get("asked", "/")).on(EventName::Ready);
    let record = subject().action(asked).run().unwrap();
    record.assert().success().answered("asked", 200);
    // Without one, a Unix socket is as good as a port.
    let term = Action::signal(Signal::TERM).on(EventName::Ready);
    let record = subject().action(term).run().unwrap();
    record.assert().signal(Signal::TERM);
}
