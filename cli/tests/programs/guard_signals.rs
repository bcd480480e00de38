//! `exeunt guard` is interrupted: the command gets what it would have got without it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Signals that are nearer are taken for one.
const TWICE: Duration = Duration::from_millis(250);

/// A guard before a shell, which has said `up`.
struct Guarded {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Guarded {
    fn start(options: &[&str], script: &str) -> Self {
        // What runs in the background of a shell has SIGINT ignored.
        let mut child = Command::new("env")
            .arg("--default-signal")
            .arg(assert_cmd::cargo::cargo_bin("exeunt"))
            .arg("guard")
            .args(options)
            .args(["--", "sh", "-c", script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        Self { child, stdout }
    }

    fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    /// Its exit code, what it said since it was up, and what it said on stderr.
    fn ends(mut self) -> (Option<i32>, String, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > Duration::from_secs(40) {
                self.child.kill().unwrap();
                panic!("it does not end");
            }
            thread::sleep(Duration::from_millis(5));
        };
        let (mut out, mut err) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut err).unwrap();
        (status.code(), out, err)
    }
}

#[test]
fn a_command_takes_as_long_to_heed_a_signal_as_it_takes() {
    for (name, signal) in [
        ("INT", Signal::SIGINT),
        ("TERM", Signal::SIGTERM),
        ("HUP", Signal::SIGHUP),
    ] {
        let script = format!(
            "trap 'sleep 1; echo torn down; exit 2' {name}; echo up; while :; do sleep 0.05; done"
        );
        let guarded = Guarded::start(&[], &script);
        guarded.send(signal);
        // The shell tells on stderr which signal its `sleep` got.
        let (code, out, _) = guarded.ends();
        assert_eq!((code, out.as_str()), (Some(2), "torn down\n"), "{name}");
    }
}

#[test]
fn a_command_that_goes_on_after_a_signal_goes_on() {
    let script = "trap 'echo caught' INT; echo up; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done; exit 4";
    let guarded = Guarded::start(&[], script);
    guarded.send(Signal::SIGINT);
    let (code, out, _) = guarded.ends();
    assert_eq!((code, out.as_str()), (Some(4), "caught\n"));
}

#[test]
fn the_bounds_still_count_after_a_signal() {
    for (bound, code) in [("--idle", 121), ("--timeout", 124)] {
        let guarded = Guarded::start(&[bound, "2s"], "trap '' INT; echo up; sleep 60");
        guarded.send(Signal::SIGINT);
        assert_eq!(guarded.ends().0, Some(code), "{bound}");
    }
    let script = "trap 'echo 1 passed in 0.10s' INT; echo up; while :; do sleep 0.05; done";
    let guarded = Guarded::start(&["--grace", "1s"], script);
    guarded.send(Signal::SIGINT);
    assert_eq!(guarded.ends().0, Some(122), "the last word");
}

#[test]
fn a_second_signal_kills() {
    for second in [Signal::SIGINT, Signal::SIGTERM] {
        let script = "trap '' INT TERM; echo up; sleep 60";
        let guarded = Guarded::start(&[], script);
        guarded.send(Signal::SIGINT);
        thread::sleep(TWICE);
        guarded.send(second);
        let (code, out, err) = guarded.ends();
        assert_eq!((code, out.as_str()), (Some(137), ""));
        assert!(err.contains("interrupted again"), "{err}");
    }
}

/// As a terminal does, SIGINT goes to the group of the command; SIGTERM goes to the command, as with kill(1).
#[test]
fn a_signal_goes_where_it_would_go_without_a_guard() {
    let nested = |with: &str| {
        format!(
            "trap 'echo parent' INT TERM
             {with} sh -c 'trap \"echo child\" INT TERM; echo up
                 for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 0.1; done'
             exit 5"
        )
    };
    for (with, signal, said) in [
        ("", Signal::SIGINT, "child\nparent\n"),
        ("setsid -w", Signal::SIGINT, "parent\n"),
        ("", Signal::SIGTERM, "parent\n"),
    ] {
        let guarded = Guarded::start(&[], &nested(with));
        guarded.send(signal);
        let (code, out, _) = guarded.ends();
        assert_eq!((code, out.as_str()), (Some(5), said), "{with} {signal}");
    }
}

/// Nothing is there to heed it any more, and what is waited for is not worth the wait.
#[test]
fn a_signal_after_the_end_of_the_command_ends_what_is_left() {
    let script = "sleep 60 >/dev/null 2>&1 & echo up; exit 3";
    let guarded = Guarded::start(&["--settle", "50s"], script);
    thread::sleep(Duration::from_millis(500));
    guarded.send(Signal::SIGINT);
    assert_eq!(guarded.ends().0, Some(3));
}

#[test]
fn a_signal_that_was_ignored_stays_so() {
    let exeunt = assert_cmd::cargo::cargo_bin("exeunt");
    for (name, code) in [("INT", 3), ("HUP", 3), ("TERM", 143)] {
        let out = Command::new("env")
            .args(["--default-signal", "--ignore-signal=INT,HUP"])
            .arg(&exeunt)
            .args(["guard", "--", "sh", "-c"])
            .arg(format!("kill -{name} $$; exit 3"))
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(code), "{name}: {out:?}");
    }
}

/// A command may stop its parent, and its end is then not heard of. A signal mends that.
#[test]
fn a_command_that_has_stopped_its_parent_heeds_a_signal() {
    let script = "trap 'exit 6' INT; kill -STOP $PPID; echo up; while :; do sleep 0.05; done";
    let guarded = Guarded::start(&[], script);
    guarded.send(Signal::SIGINT);
    assert_eq!(guarded.ends().0, Some(6));
}
