//! The harness is interrupted, killed, or dies of a panic: whatever happens to it, its subjects do not go on.

#[path = "support/mark.rs"]
mod mark;

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use exeunt::{Subject, cargo_bin, millis, secs};
use mark::Mark;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use tempfile::TempDir;

/// A subject with a descendant in another session. `$M` is the mark.
const SLEEPERS: &str = "echo here; setsid sleep $M & sleep $M";
/// How long a harness may take to end its subjects, report and end: generous, for a machine with other things to do.
const PROMPT: Duration = secs(2);
/// Signals that are nearer are taken for one.
const TWICE: Duration = millis(250);
/// How long subjects may outlive a harness that was killed.
const SOON: Duration = secs(1);

/// A process that runs subjects, and is about to be disturbed.
struct Harness {
    child: Child,
    stdout: BufReader<ChildStdout>,
    heard: String,
    mark: Mark,
    scratch: TempDir,
}

/// How it ended.
struct Ended {
    status: ExitStatus,
    output: String,
    took: Duration,
}

impl Harness {
    fn start(command: &mut Command) -> Self {
        let (mark, scratch) = (Mark::new(), tempfile::tempdir().unwrap());
        let command = command
            .env("M", mark.as_str())
            .env("TMPDIR", scratch.path());
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        Self {
            stdout: BufReader::new(child.stdout.take().unwrap()),
            heard: String::new(),
            child,
            mark,
            scratch,
        }
    }

    fn exeunt(args: &[&str]) -> Self {
        Self::exeunt_with("--default-signal", args)
    }

    /// With signals set by an option of env(1): a shell starts what runs in its background with SIGINT ignored.
    fn exeunt_with(signals: &str, args: &[&str]) -> Self {
        Self::start(
            Command::new("env")
                .args([signals, cargo_bin!("exeunt")])
                .args(args),
        )
    }

    /// Waits until so many of its subjects' processes sleep.
    #[track_caller]
    fn wait_for_sleepers(&self, count: usize) {
        let begun = Instant::now();
        let sleeper = |process: &&String| process.contains(" sleep 60.");
        while self.mark.processes().iter().filter(sleeper).count() < count {
            assert!(begun.elapsed() < secs(20), "{:#?}", self.mark.processes());
            thread::sleep(millis(10));
        }
    }

    /// Waits until it has said this.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        while !self.heard.contains(text) {
            let read = self.stdout.read_line(&mut self.heard).unwrap();
            assert!(read > 0, "it ended without saying `{text}`: {}", self.heard);
        }
    }

    fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    /// Waits for its end, and kills it where that takes too long.
    #[track_caller]
    fn ends(&mut self) -> Ended {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > secs(20) {
                self.child.kill().unwrap();
            }
            thread::sleep(millis(5));
        };
        let took = begun.elapsed();
        let mut output = std::mem::take(&mut self.heard);
        self.stdout.read_to_string(&mut output).unwrap();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut output).unwrap();
        Ended {
            status,
            output,
            took,
        }
    }

    /// Soon after its end there is no process of its subjects and no scratch directory any more.
    #[track_caller]
    fn leaves_nothing(&self) {
        let begun = Instant::now();
        self.mark.assert_gone_within(SOON);
        loop {
            let left: Vec<_> = self.scratch.path().read_dir().unwrap().collect();
            if left.is_empty() {
                return;
            }
            assert!(begun.elapsed() < SOON, "{left:?}");
            thread::sleep(millis(5));
        }
    }

    #[track_caller]
    fn is_interrupted_by(&mut self, signal: Signal) -> String {
        self.ends_by(signal, 130)
    }

    /// It is sent a signal, and ends with this code, in time and with nothing left.
    #[track_caller]
    fn ends_by(&mut self, signal: Signal, code: i32) -> String {
        self.send(signal);
        let Ended {
            status,
            output,
            took,
        } = self.ends();
        assert_eq!(status.code(), Some(code), "{status}\n{output}");
        assert!(took < PROMPT, "{took:.2?}\n{output}");
        self.mark.assert_gone();
        let left: Vec<_> = self.scratch.path().read_dir().unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        output
    }
}

// # The command

#[test]
fn a_run_that_is_interrupted_tells_what_it_knows() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let mut harness = Harness::exeunt(&["run", "--", "sh", "-c", SLEEPERS]);
        harness.wait_for_sleepers(2);
        let output = harness.ends_by(signal, 128 + signal as i32);
        let killed = format!("interrupted; killed by {signal}\n");
        for part in ["output     here\n", "interrupted", "`sleep 60.", &killed] {
            assert!(output.contains(part), "{signal}, {part}: {output}");
        }
    }
}

#[test]
fn a_run_that_is_interrupted_may_end_in_peace() {
    // It would be killed if it were not given the time: saving takes longer than the subjects of a suite are given.
    let script =
        r#"trap 'echo saving; sleep 0.5; echo saved; exit 7' INT; sleep $M & sleep $M & wait"#;
    let mut harness = Harness::exeunt(&["run", "sh", "-c", script]);
    harness.wait_for_sleepers(2);
    let output = harness.ends_by(Signal::SIGINT, 7);
    assert!(output.contains("interrupted; exit code 7\n"), "{output}");
    assert!(output.contains("output     saved\n"), "{output}");
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_so() {
    let script = r#"sleep $M & until [ -e "$TMPDIR/now" ]; do sleep 0.02; done; kill $!; exit 6"#;
    let mut harness = Harness::exeunt_with("--ignore-signal=HUP", &["run", "sh", "-c", script]);
    harness.wait_for_sleepers(1);
    harness.send(Signal::SIGHUP);
    // A moment in which a signal that is heeded would end it.
    thread::sleep(millis(200));
    std::fs::write(harness.scratch.path().join("now"), "").unwrap();
    let Ended { status, output, .. } = harness.ends();
    assert_eq!(status.code(), Some(6), "{output}");
}

#[test]
fn a_run_that_is_interrupted_still_gives_its_record() {
    let mut harness = Harness::exeunt(&["run", "--format", "json", "--", "sh", "-c", SLEEPERS]);
    harness.wait_for_sleepers(2);
    let output = harness.is_interrupted_by(Signal::SIGINT);
    let line = output.lines().last().unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let record: exeunt::Record = serde_json::from_value(line["record"].clone()).unwrap();
    assert_eq!(record.termination, exeunt::record::Termination::Interrupted);
    assert_eq!(record.ended_by_harness.len(), 3, "{record:#?}");
}

const SUITE: &str = r#"
[implementation.sh]
command = ["sh", "-c", "echo here; [ {scenario} = quick ] || { setsid sleep $M & sleep $M; }"]
env = { M = "$M" }

[[scenario]]
name = "quick"
present = ["here"]

[[scenario]]
name = "slow"
present = ["here"]

[[scenario]]
name = "slow-too"
present = ["here"]
"#;

/// The suite, with the mark where it says `$M`: subjects get a clean environment.
fn suite_of(suite: &str, mark: &Mark, dir: &TempDir) -> String {
    let path = dir.path().join("exeunt.toml");
    std::fs::write(
        &path,
        suite.replace("\"$M\"", &format!("{:?}", mark.as_str())),
    )
    .unwrap();
    path.to_str().unwrap().to_owned()
}

fn exeunt_test(args: &[&str], dir: &TempDir) -> Harness {
    exeunt_test_of(SUITE, args, dir)
}

fn exeunt_test_of(suite: &str, args: &[&str], dir: &TempDir) -> Harness {
    let mark = Mark::new();
    let path = suite_of(suite, &mark, dir);
    let harness = Harness::exeunt(&[&["test", "--suite", &path], args].concat());
    Harness { mark, ..harness }
}

#[test]
fn a_suite_that_is_interrupted_tells_what_it_knows() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let dir = tempfile::tempdir().unwrap();
        let mut harness = exeunt_test(&[], &dir);
        harness.wait_for_sleepers(4);
        harness.wait_for("held  quick");
        let output = harness.is_interrupted_by(signal);
        for part in [
            "held  quick",
            "interrupted  slow ",
            "interrupted  slow-too",
            "1 held, 2 interrupted",
        ] {
            assert!(output.contains(part), "{part}: {output}");
        }
    }
}

#[test]
fn cases_that_were_not_begun_are_counted_as_interrupted() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = exeunt_test(&["--jobs", "1"], &dir);
    harness.wait_for_sleepers(2);
    let output = harness.is_interrupted_by(Signal::SIGINT);
    let told = predicate::str::is_match(r"interrupted  slow-too +sh +not run\n").unwrap();
    assert!(told.eval(&output), "{output}");
    assert!(
        output.contains("3 cases in") && output.contains("1 held, 2 interrupted"),
        "{output}"
    );
}

#[test]
fn the_second_signal_ends_the_harness_at_once() {
    // Whatever ignores SIGINT lives through the grace period; the second signal does not wait for that.
    let script = r#"trap "" INT; echo ready; sleep $M & sleep $M"#;
    let mut harness = Harness::exeunt(&["run", "--grace", "600s", "sh", "-c", script]);
    harness.wait_for_sleepers(2);
    harness.send(Signal::SIGINT);
    harness.wait_for("SIGINT to pids");
    thread::sleep(TWICE);
    let output = harness.ends_by(Signal::SIGINT, 128 + 9);
    for part in [
        "interrupted; killed by SIGKILL\n",
        "exeunt: interrupted again: all that is left is killed",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
}

#[test]
fn the_second_signal_ends_a_suite_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let suite = SUITE.replace("echo here;", "trap '' TERM; echo here;");
    let mut harness = exeunt_test_of(&suite, &[], &dir);
    harness.wait_for_sleepers(4);
    harness.wait_for("held  quick");
    harness.send(Signal::SIGINT);
    thread::sleep(TWICE);
    let output = harness.is_interrupted_by(Signal::SIGINT);
    assert!(output.contains("1 held, 2 interrupted"), "{output}");
}

#[test]
fn a_signal_that_comes_doubled_is_one() {
    // So does timeout(1) send it: to its child, and to the group.
    let script = "trap 'sleep 0.5; echo saved; exit 7' INT; echo ready; sleep $M & wait";
    let mut harness = Harness::exeunt(&["run", "sh", "-c", script]);
    harness.wait_for("output     ready");
    harness.send(Signal::SIGINT);
    let output = harness.ends_by(Signal::SIGINT, 7);
    assert!(output.contains("output     saved\n"), "{output}");
}

#[test]
fn nothing_survives_a_harness_that_is_killed() {
    let script = r#"trap "" TERM HUP; (setsid sleep $M <&- >&- 2>&- &); sleep $M & sleep $M"#;
    let mut harness = Harness::exeunt(&["run", "--", "sh", "-c", script]);
    harness.wait_for_sleepers(3);
    harness.send(Signal::SIGKILL);
    assert_eq!(harness.ends().status.signal(), Some(9));
    harness.leaves_nothing();
}

#[test]
fn nothing_survives_a_harness_that_its_own_subject_kills() {
    let script = r#"setsid sleep $M & sleep $M & until [ -e "$TMPDIR/now" ]; do sleep 0.02; done
        kill -KILL $(sed -n 's/^PPid:[[:space:]]*//p' /proc/$PPID/status); sleep $M"#;
    let mut harness = Harness::exeunt(&["run", "--", "sh", "-c", script]);
    harness.wait_for_sleepers(2);
    std::fs::write(harness.scratch.path().join("now"), "").unwrap();
    assert_eq!(harness.ends().status.signal(), Some(9));
    harness.mark.assert_gone_within(SOON);
}

#[test]
fn nothing_survives_a_suite_that_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = exeunt_test(&[], &dir);
    harness.wait_for_sleepers(4);
    harness.send(Signal::SIGKILL);
    assert_eq!(harness.ends().status.signal(), Some(9));
    harness.leaves_nothing();
}

// # The library

/// This very test once more, in a process of its own, which does there what its variable `DEATH` says.
fn dies_by(test: &str, death: &str) -> Ended {
    let mut command = Command::new(env::current_exe().unwrap());
    let mut harness = Harness::start(command.args(["--exact", test]).env("DEATH", death));
    harness.wait_for_sleepers(2);
    let ended = harness.ends();
    harness.leaves_nothing();
    ended
}

/// If this is the process in which to die: runs a subject in one thread, and dies in another.
fn die() {
    let Ok(death) = env::var("DEATH") else {
        return;
    };
    let mark = env::var("M").unwrap();
    let script = format!("mkdir $TMPDIR/d; echo >$TMPDIR/d/f; {SLEEPERS}");
    let subject = Subject::new("sh").args(["-c", &script]).env("M", &mark);
    thread::spawn(move || subject.run());
    // So that the test beside finds the sleepers before they go.
    thread::sleep(secs(1));
    match &*death {
        "panic" => panic!("as planned"),
        "exit" => std::process::exit(7),
        _ => std::process::abort(),
    }
}

#[test]
fn nothing_survives_a_test_that_panics() {
    die();
    let Ended { status, output, .. } = dies_by("nothing_survives_a_test_that_panics", "panic");
    assert_eq!(status.code(), Some(101), "{output}");
    assert!(output.contains("as planned"), "{output}");
}

#[test]
fn nothing_survives_a_process_that_exits() {
    die();
    let Ended { status, output, .. } = dies_by("nothing_survives_a_process_that_exits", "exit");
    assert_eq!(status.code(), Some(7), "{output}");
}

#[test]
fn nothing_survives_a_process_that_aborts() {
    die();
    let Ended { status, output, .. } = dies_by("nothing_survives_a_process_that_aborts", "abort");
    assert_eq!(status.signal(), Some(6), "{output}");
}
