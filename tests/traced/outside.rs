//! What a virtual clock cannot vouch for names itself, and the case runs on the real clock.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::Command;

use exeunt::record::{Clock, Exit, Finding, Record, Stream};
use exeunt::stage::{Action, Client};
use exeunt::{Streams, Subject, secs};

use super::support::{built, program, sh};

fn run(subject: Subject) -> Record {
    subject.clock(Clock::Virtual).run().unwrap()
}

/// Wants that the run was thrown away, for a reason with this in it, and that the one on the real clock is whole.
fn falls_back(subject: Subject, why: &str) -> Record {
    let record = run(subject);
    assert_eq!(record.clock, Clock::Monotonic, "{why}");
    let said = record.findings.iter().any(|finding| match finding {
        Finding::NotTraced { why: said } => said.contains(why),
        _ => false,
    });
    assert!(said, "{why}: {:?}", record.findings);
    assert!(record.exit().is_some());
    record
}

fn holds(subject: Subject) {
    let record = run(subject);
    assert_eq!(record.clock, Clock::Virtual, "{:?}", record.findings);
    record.assert().success();
}

#[test]
fn times_that_are_not_moved() {
    for (what, why) in [
        ("cpu-timer", "timer_settime"),
        ("clock-set", "sets the clock"),
        ("aio", "asynchronous input and output"),
        ("aio-signals", "asynchronous input and output"),
        ("rcvtimeo", "SO_RCVTIMEO"),
        ("recvmmsg", "recvmmsg"),
        ("cpu-sleep", "clock"),
    ] {
        falls_back(program("odd").arg(what), why);
    }
}

#[test]
fn what_keeps_no_time_holds() {
    for what in [
        "timerfd",
        "timerfd-off",
        "timer",
        "rcvtimeo-off",
        "uring",
        "pty-closed",
        "cpu-clock",
        "raw-clock",
    ] {
        holds(program("odd").arg(what));
    }
}

#[test]
fn a_subject_that_traces_itself() {
    let subject = program("odd").arg("ptrace");
    falls_back(subject.clone(), "traces processes itself")
        .assert()
        .success();
    // Traced on the real clock, it could not do so either.
    for clock in [Clock::Monotonic, Clock::Virtual] {
        let record = subject.clone().lives().clock(clock).run().unwrap();
        record.assert().success();
        assert_eq!((record.clock, record.lives), (Clock::Monotonic, None));
        let why: Vec<_> = record.findings.iter().map(ToString::to_string).collect();
        assert!(
            why.len() == 1 && why[0].contains("traces processes itself"),
            "{why:?}"
        );
    }
}

#[test]
fn another_abi() {
    falls_back(program("odd").arg("int80"), "another ABI");
}

#[test]
fn a_program_of_32_bits() {
    let out = std::env::temp_dir().join(format!("exeunt-32-{}", std::process::id()));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traced/c/exit32.s");
    let mut cc = Command::new("cc");
    cc.args(["-m32", "-nostdlib", "-static", "-o"])
        .arg(&out)
        .arg(source);
    assert!(cc.status().unwrap().success());
    falls_back(sh(&out.display().to_string()), "no program of 64 bits");
    // The counter-example: on the real clock it is traced like any other.
    let traced = Subject::new(&out).timeout(secs(20)).lives().run().unwrap();
    traced.assert().success();
    assert_eq!(
        traced.lives.map(|lives| lives.processes.began),
        Some(1),
        "{:?}",
        traced.findings
    );
    std::fs::remove_file(out).unwrap();
}

#[test]
fn a_set_group_id_program() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("sleeps");
    std::fs::copy(built("sleeps", &[]), &copy).unwrap();
    std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o2755)).unwrap();
    falls_back(Subject::new(&copy).timeout(secs(20)), "set-group-id");
}

/// As root, it is run by another user: on the real clock it has the rights of its owner, as it has without us.
#[test]
fn a_set_user_id_program() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    let directory = tempfile::tempdir().unwrap();
    mode(directory.path(), 0o755);
    let copy = directory.path().join("id");
    std::fs::copy("/usr/bin/id", &copy).unwrap();
    mode(&copy, 0o4755);
    // That of the user who runs it gives it nothing.
    holds(Subject::new(&copy).arg("-u").timeout(secs(20)));
    let other = || {
        let other = Subject::new("setpriv").args(["--reuid=65534", "--clear-groups"]);
        other.arg(&copy).arg("-u").timeout(secs(20))
    };
    let plain = other().run();
    let Some(plain) = plain
        .ok()
        .filter(|record| record.exit() == Some(Exit::Code(0)))
    else {
        return eprintln!(
            "warning: SKIPPED: this user cannot become another one, or there is no setpriv"
        );
    };
    let user = plain.output(Stream::Merged).unwrap();
    falls_back(other(), "set-user-id")
        .assert()
        .output(user.clone());
    // Traced on the real clock, there is no filter.
    let traced = other().lives().run().unwrap();
    traced.assert().success().output(user.clone());
    assert!(traced.lives.is_some(), "{:?}", traced.findings);
}

#[test]
fn a_program_with_capabilities() {
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("sleeps");
    std::fs::copy(built("sleeps", &[]), &copy).unwrap();
    let mut setcap = Command::new("setcap");
    let set = setcap.arg("cap_net_raw+ep").arg(&copy).status();
    if !set.is_ok_and(|status| status.success()) {
        eprintln!("not tested: this user cannot set capabilities, or there is no setcap");
        return;
    }
    falls_back(Subject::new(&copy).timeout(secs(20)), "capabilities");
}

#[test]
fn a_terminal_that_is_open_while_all_wait() {
    falls_back(program("odd").arg("pty"), "/dev/");
}

#[test]
fn a_fifo_is_waited_for_by_nobody_we_know() {
    let script = "mkfifo \"$TMPDIR/f\"; (sleep 1; echo x > \"$TMPDIR/f\") & exec 3<>\"$TMPDIR/f\"; read line <&3; echo $line; rm \"$TMPDIR/f\"";
    falls_back(sh(script), "open");
}

#[test]
fn a_peer_outside_of_the_tree() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    falls_back(
        program("odd").args(["connect", &port]),
        &format!("port {port}"),
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let _listener = UnixListener::bind(&path).unwrap();
    falls_back(
        program("odd").args(["connect-unix", path.to_str().unwrap()]),
        "outside of its tree",
    );
}

#[test]
fn the_input_of_the_harness() {
    falls_back(sh("true").inherit_stdin(), "standard input");
}

#[test]
fn a_terminal_as_output() {
    falls_back(sh("echo hello").streams(Streams::Terminal), "terminal");
}

#[test]
fn what_acts_beside_it_in_real_time() {
    let client = Client::new("other", exeunt::stage::Plan::new("true"));
    falls_back(
        sh("sleep 0.3").action(Action::client(client)),
        "a program beside it",
    );
}

/// A test that talks to its subject does so in real time. Its threads are seen all the same.
#[test]
fn a_test_that_talks_to_it_while_it_runs() {
    let subject = sh("read a; echo got $a").keep_stdin_open().lives();
    let talk = |subject: Subject| {
        let live = subject.start().unwrap();
        live.write("one\n").unwrap().wait_for("got one").unwrap();
        live.wait().unwrap()
    };
    let record = talk(subject.clone().clock(Clock::Virtual));
    assert_eq!(record.clock, Clock::Monotonic);
    assert!(record.lives.is_some(), "{:?}", record.findings);
    let why: Vec<_> = record.findings.iter().map(ToString::to_string).collect();
    assert!(why.concat().contains("a test talks to it"), "{why:?}");
    // The counter-example: on the real clock there is nothing to tell.
    let record = talk(subject);
    assert!(
        record.lives.is_some() && record.findings.is_empty(),
        "{:?}",
        record.findings
    );
}

#[test]
fn a_lock_that_something_outside_may_hold() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lock");
    let script = format!(
        "exec 3>{p}; flock 3; (exec 4>{p}; flock -w 5 4 || flock 4) & sleep 2; flock -u 3; wait",
        p = path.display()
    );
    let record = run(sh(&script));
    assert_eq!(record.clock, Clock::Monotonic, "{record:#?}");
}
