//! A subject that a test holds in its hand.

use crate::python;

use std::time::{Duration, Instant};

use exeunt::expect::{Mark, Pattern};
use exeunt::record::EventName;
use exeunt::{LiveError, LiveSubject, RunError, Signal, Subject, millis, secs};

fn sh(script: &str) -> Subject {
    Subject::new("sh").args(["-c", script]).timeout(secs(20))
}

fn is_there(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

/// The text of an error that must have come.
fn error<T>(result: Result<T, LiveError>) -> String {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_conversation_has_the_same_record_as_a_run() -> Result<(), LiveError> {
    let subject = sh("echo up; while read l; do echo got $l; done; echo end; exit 3")
        .ready("up")
        .start()?;
    subject.ready()?.write("one\ntw")?;
    assert_eq!(subject.wait_for("got one")?.text(), "got one");
    subject.write("o\n")?.wait_for("got two")?;
    // Earlier lines count.
    subject.wait_for(Pattern::contains("up"))?;
    subject.close_stdin()?;
    let record = subject.wait()?;
    record
        .assert()
        .code(3)
        .output("up\ngot one\ngot two\nend\n")
        .in_order([
            Mark::from(EventName::Ready),
            EventName::StdinWritten.into(),
            "got one".into(),
            EventName::StdinClosed.into(),
            "end".into(),
            Mark::Exit,
        ])
        .leaves_nothing_behind();
    Ok(())
}

#[test]
fn a_subject_that_ends_while_it_is_waited_for_is_an_error_at_once() -> Result<(), RunError> {
    let begin = Instant::now();
    let subject = sh("echo cannot start; exit 4")
        .ready("up")
        .timeout(secs(100))
        .start()?;
    let text = error(subject.ready());
    assert!(
        text.starts_with("the subject ended before `ready` came"),
        "{text}"
    );
    assert!(
        text.contains("cannot start") && text.contains("exit code 4"),
        "{text}"
    );
    let text = error(subject.wait_for("never"));
    assert!(text.contains("before a line `never` came"), "{text}");
    assert!(error(subject.address()).contains("a TCP port at which it listens"));
    assert!(error(subject.write("x")).contains("before `stdin written`"));
    assert!(error(subject.signal(Signal::TERM)).contains("before `SIGTERM`"));
    // What it did print is still there.
    subject.wait_for("cannot start").unwrap();
    assert_eq!(subject.wait()?.exit(), Some(exeunt::record::Exit::Code(4)));
    assert!(begin.elapsed() < secs(50));
    Ok(())
}

#[test]
fn a_timeout_bounds_every_wait() -> Result<(), RunError> {
    let subject = sh("exec sleep 60").timeout(millis(300)).start()?;
    assert!(error(subject.wait_for("never")).contains("SIGTERM"));
    let record = subject.wait()?;
    assert!(
        record
            .assert()
            .try_success()
            .unwrap_err()
            .to_string()
            .contains("still running after 0.3 s")
    );
    Ok(())
}

/// A subject with a child that has left its session.
fn with_child() -> LiveSubject {
    let subject = sh("setsid sleep 60 & echo child $!; exec sleep 60")
        .start()
        .unwrap();
    subject.wait_for(Pattern::contains("child")).unwrap();
    subject
}

fn child_of(subject: &LiveSubject) -> u32 {
    let line = subject.wait_for(Pattern::contains("child")).unwrap();
    line.text().rsplit(' ').next().unwrap().parse().unwrap()
}

fn is_gone_soon(pid: u32) -> bool {
    let end = Instant::now() + secs(10);
    while is_there(pid) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    !is_there(pid)
}

#[test]
fn one_that_is_dropped_leaves_nothing_behind() {
    let subject = with_child();
    let (pid, child) = (subject.pid(), child_of(&subject));
    assert!(is_there(pid) && is_there(child));
    drop(subject);
    assert!(is_gone_soon(pid) && is_gone_soon(child));
}

#[test]
fn a_test_that_panics_leaves_nothing_behind() {
    let (tell, told) = std::sync::mpsc::channel();
    let test = std::thread::spawn(move || {
        let subject = with_child();
        tell.send((subject.pid(), child_of(&subject))).unwrap();
        panic!("as a failed assertion does");
    });
    let (pid, child) = told.recv().unwrap();
    assert!(test.join().is_err());
    assert!(is_gone_soon(pid) && is_gone_soon(child));
}

#[test]
fn the_parent_of_a_live_subject_can_be_ended() -> Result<(), LiveError> {
    let script = "p=$PPID; echo up; while kill -0 $p 2>/dev/null; do sleep 0.02; done; echo orphan";
    let subject = sh(script).own_parent().start()?;
    subject.wait_for("up")?;
    subject.end_parent()?.wait_for("orphan")?;
    subject
        .wait()?
        .assert()
        .success()
        .exits_within(EventName::ParentEnds, secs(1));
    let without = sh("exec sleep 60").start()?;
    assert!(error(without.end_parent()).contains("own_parent"));
    Ok(())
}

#[test]
fn what_cannot_be_started_is_no_live_subject() {
    let missing = Subject::new("no such program").start();
    assert!(
        matches!(missing, Err(RunError::NotFound { .. })),
        "{missing:?}"
    );
}

#[test]
fn a_live_subject_is_asked_where_it_listens() -> Result<(), LiveError> {
    let script = "import socket, time; s = socket.create_server(('', 0)); print(s.getsockname()[1], flush=True); c, _ = s.accept(); c.close(); print('bye')";
    if !python::is_here() {
        return Ok(());
    }
    let subject = Subject::new("python3")
        .args(["-c", script])
        .timeout(secs(20))
        .start()?;
    let address = subject.address()?;
    assert!(address.ip().is_loopback(), "{address}");
    assert_eq!(
        subject
            .events()
            .iter()
            .filter(|e| matches!(e.kind, exeunt::record::EventKind::Line(_)))
            .count(),
        1
    );
    std::net::TcpStream::connect(address).unwrap();
    subject.wait_for("bye")?;
    subject.wait()?.assert().success();
    Ok(())
}

#[test]
fn two_signals_in_a_row_are_two() -> Result<(), LiveError> {
    if !python::is_here() {
        return Ok(());
    }
    let script = "
import os, signal
seen = 0
def count(*_):
    global seen
    seen += 1
    os.write(1, f'{seen}\\n'.encode())
signal.signal(signal.SIGTERM, count)
os.write(1, b'up\\n')
while seen < 3: signal.pause()
";
    let subject = Subject::new("python3").args(["-c", script]);
    let subject = subject.timeout(secs(20)).start()?;
    subject.wait_for("up")?;
    for _ in 0..3 {
        subject.signal(Signal::TERM)?;
    }
    let record = subject.wait()?;
    record.assert().success().output("up\n1\n2\n3\n");
    Ok(())
}

#[test]
fn a_signal_that_is_blocked_holds_up_nothing_else() -> Result<(), LiveError> {
    if !python::is_here() {
        return Ok(());
    }
    let script = "
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print('up', flush=True)
print(sys.stdin.readline().strip(), flush=True)
print(signal.SIGTERM in signal.sigpending())
";
    let subject = Subject::new("python3").args(["-c", script]);
    let subject = subject.timeout(secs(20)).start()?;
    subject.wait_for("up")?;
    subject.signal(Signal::TERM)?.write("hello\n")?;
    let record = subject.wait()?;
    record.assert().success().output("up\nhello\nTrue\n");
    Ok(())
}
