//! `exeunt guard`: invisible while all is well, and a plain word where something does not end.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};
use std::{fs, thread};

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

fn guard(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("exeunt").unwrap();
    // A hang of ours must not be one of the tests.
    command
        .arg("guard")
        .args(args)
        .timeout(Duration::from_secs(60));
    command
}

fn sh(options: &[&str], script: &str) -> Command {
    guard(&[options, &["--", "sh", "-c", script]].concat())
}

#[test]
fn while_all_is_well_nothing_is_added() {
    sh(
        &[],
        r"printf 'a\0b\r\nno newline'; printf 'oops' >&2; exit 7",
    )
    .assert()
    .code(7)
    .stdout(b"a\0b\r\nno newline".as_slice())
    .stderr("oops");
    sh(&[], "kill -TERM $$").assert().code(128 + 15).stderr("");
    guard(&["cat"])
        .write_stdin("through")
        .assert()
        .success()
        .stdout("through")
        .stderr("");
    guard(&["--", "/no/such/program"]).assert().code(127);
    guard(&[]).assert().code(125);
    guard(&["--after-line", "(", "true"])
        .assert()
        .code(125)
        .stderr(contains("--after-line"));
}

#[test]
fn much_output_passes_whole() {
    let line = "0123456789abcdef\n";
    let out = sh(&[], "yes 0123456789abcdef | head -n 400000")
        .output()
        .unwrap();
    assert!(out.status.success());
    assert_eq!(out.stdout, line.repeat(400_000).as_bytes());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let exeunt = assert_cmd::cargo::cargo_bin("exeunt");
    let script = format!(
        "{} guard sh -c 'yes | head -n 100000; exit 4' | head -n 1; ",
        exeunt.display()
    );
    let bash = format!("set -o pipefail; {script}");
    Command::new("bash")
        .args(["-c", &bash])
        .assert()
        .code(4)
        .stdout("y\n")
        .stderr("");
}

#[test]
fn one_place_for_both_streams_keeps_their_order() {
    let exeunt = assert_cmd::cargo::cargo_bin("exeunt");
    let lines = "for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done";
    let script = format!("{} guard sh -c '{lines}' 2>&1", exeunt.display());
    let expected: String = (1..10).map(|i| format!("o{i}\ne{i}\n")).collect();
    Command::new("sh")
        .args(["-c", &script])
        .assert()
        .success()
        .stdout(expected);
}

#[test]
fn what_is_still_there_after_its_last_word_is_ended_and_told() {
    let begun = Instant::now();
    sh(
        &["--grace", "1s", "--after-line", "^done"],
        "echo done here; sleep 70; exit 0",
    )
    .assert()
    .code(122)
    .stdout("done here\n")
    .stderr(
        contains("`sh` still there 1 s after its last word, and ended\n  last word  done here\n")
            .and(contains("`sleep 70`"))
            .and(contains(
                "alive    its main thread waits for a child process",
            )),
    );
    // Its time is not judged on a busy machine, only that it is bound at all.
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_last_word_needs_no_newline() {
    sh(
        &["--grace", "1s", "--after-line", "done$"],
        "printf 'all done'; sleep 70; exit 0",
    )
    .assert()
    .code(122)
    .stdout("all done")
    .stderr(contains(
        "still there 1 s after its last word, and ended\n  last word  all done\n",
    ));
}

#[test]
fn what_ends_in_time_is_well() {
    sh(
        &["--grace", "20s", "--after-line", "^done"],
        "echo done; sleep 0.3; exit 3",
    )
    .assert()
    .code(3)
    .stderr("");
}

#[test]
fn the_grace_counts_from_what_was_said_last() {
    // Each silence is shorter than the grace, all of them together are longer.
    let script = "echo '1 passed in 0.10s'; for i in 1 2 3 4 5 6; do sleep 0.5; echo more; done";
    sh(&["--grace", "2s"], script).assert().success().stderr("");
    // By a line of one's own, it counts from that line.
    sh(
        &["--grace", "2s", "--after-line", "passed"],
        &format!("{script}; sleep 9"),
    )
    .assert()
    .code(122);
}

#[test]
fn a_runner_that_goes_on_takes_its_word_back() {
    let script =
        "echo 'test result: ok. 1 passed; 0 failed;'; echo '     Running tests/b.rs'; sleep 2";
    sh(&["--grace", "1s"], script).assert().success().stderr("");
    let script = "echo 'test result: ok. 1 passed; 0 failed;'; echo; sleep 70";
    sh(&["--grace", "1s"], script).assert().code(122);
}

#[test]
fn what_is_left_behind_is_told() {
    sh(&[], "sleep 71 >/dev/null 2>&1 & exit 0")
        .assert()
        .code(123)
        .stderr(
            contains("ended with exit code 0 and left a process behind")
                .and(contains("`sleep 71`")),
        );
    // A failure of the command's own says more.
    sh(&[], "sleep 72 & exit 5")
        .assert()
        .code(5)
        .stderr(contains("`sleep 72`"));
    // Where it ends in time, it is not left behind.
    sh(&["--settle", "10s"], "sleep 0.5 & exit 0")
        .assert()
        .code(0)
        .stderr("");
}

#[test]
fn silence_and_time_are_bounded_where_that_is_asked_for() {
    sh(&["--idle", "1s"], "echo begun; sleep 73")
        .assert()
        .code(121)
        .stderr(contains(
            "printed nothing for 1 s, and ended\n  last line  begun\n",
        ));
    sh(
        &["--timeout", "1s"],
        "while :; do echo more; sleep 0.1; done",
    )
    .assert()
    .code(124)
    .stderr(contains("still there after 1 s"));
}

/// The terminal of the command has the size of ours, also when that changes.
#[test]
fn the_size_of_the_terminal_is_followed() {
    if Command::new("python3").arg("--version").ok().is_err() {
        eprintln!("warning: SKIPPED: there is no python3");
        return;
    }
    // Standard input is our own terminal, so it is standard output that is asked for its size.
    let script = "
import fcntl, os, pty, struct, sys, termios
def size(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
seen = b''
def until(text):
    global seen
    while text not in seen:
        seen += os.read(terminal, 1000)
shell = 'trap \"stty size <&1; exit 9\" WINCH; read line; stty size <&1; echo up; while :; do sleep 0.05; done'
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 100, 0, 0))
    os.execv(sys.argv[1], [sys.argv[1], 'guard', '--', 'sh', '-c', shell])
os.write(terminal, b'\\n')
until(b'30 100')
until(b'up')
size(41, 123)
until(b'41 123')
try:
    while os.read(terminal, 1000):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";
    Command::new("python3")
        .args(["-c", script])
        .arg(assert_cmd::cargo::cargo_bin("exeunt"))
        .timeout(Duration::from_secs(60))
        .assert()
        .code(9);
}

/// Python is asked for its stacks, also if it is not what was started.
#[test]
fn the_stacks_of_python_name_the_culprit() {
    if Command::new("python3").arg("--version").ok().is_err() {
        eprintln!("skipped: there is no python3");
        return;
    }
    let script = "import threading, time\n\
                  def leaked(): time.sleep(74)\n\
                  threading.Thread(target=leaked).start()\n\
                  print('=== 1 passed in 0.10s ===', flush=True)\n";
    let out = sh(
        &["--grace", "2s"],
        &format!("python3 -c \"{script}\"; exit 0"),
    )
    .output()
    .unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(122), "{told}");
    assert!(told.contains("in leaked\n"), "{told}");
    assert!(
        told.contains("last word  === 1 passed in 0.10s ==="),
        "{told}"
    );
}

/// Node.js is asked what keeps its event loop alive, and leaves nothing where it runs.
#[test]
fn the_handles_of_node_name_the_culprit() {
    if Command::new("node").arg("--version").ok().is_err() {
        eprintln!("warning: SKIPPED: there is no node");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let script = "require('net').createServer().listen(0, '127.0.0.1', () => console.log('done'))";
    let told = || {
        let out = guard(&[
            "--grace",
            "1s",
            "--after-line",
            "^done",
            "--",
            "node",
            "-e",
            script,
        ])
        .current_dir(&directory)
        .output()
        .unwrap();
        assert_eq!(out.status.code(), Some(122), "{out:?}");
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    // On a busy machine it may be ended before it has written its report.
    let mut all = String::new();
    let found = (0..5).any(|_| {
        all = told();
        all.contains("its event loop is kept alive by a server at 127.0.0.1:")
    });
    assert!(found, "{all}");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0, "{all}");
}

/// What test runners print, by a run of each.
#[test]
fn the_summaries_of_test_runners_are_known() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/words");
    let known = [
        (
            "cargo-test.txt",
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ),
        ("go-test-failed.txt", "FAIL\\texample.com/m/two\\t0."),
        ("go-test-packages-failed.txt", "FAIL"),
        ("go-test-verbose.txt", "ok  \\texample.com/m/one\\t0."),
        ("go-test.txt", "ok  \\texample.com/m/one\\t0."),
        (
            "jest-colours.txt",
            "Ran all test suites matching ok.test.js.",
        ),
        ("jest.txt", "Ran all test suites matching ok.test.js."),
        ("junit-console.txt", "[         0 tests failed          ]"),
        ("mocha.txt", "1 passing ("),
        ("nextest.txt", "Summary [   0.0"),
        ("node-spec.txt", "duration_ms "),
        ("node-tap.txt", "# duration_ms "),
        ("pytest-q.txt", "1 failed, 2 passed in 0."),
        (
            "pytest.txt",
            "============================== 2 passed in 0.",
        ),
        ("unittest.txt", "OK (skipped=1)"),
        ("vitest.txt", "Duration  "),
    ];
    let mut files: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    assert_eq!(files, known.map(|(file, _)| file));
    let run = |file: &str| -> Output {
        let path = directory.join(file);
        let script = format!("cat '{}'; sleep 75", path.display());
        sh(&["--grace", "1s"], &script).output().unwrap()
    };
    thread::scope(|scope| {
        for (file, word) in known {
            scope.spawn(move || {
                let out = run(file);
                let told = String::from_utf8_lossy(&out.stderr);
                let last = told
                    .lines()
                    .find_map(|line| line.strip_prefix("  last word  "));
                assert!(
                    last.is_some_and(|last| last.contains(word)),
                    "{file}: {told}"
                );
                assert_eq!(out.status.code(), Some(122), "{file}");
            });
        }
    });
}

/// Lines that only look like a summary.
#[test]
fn other_lines_are_no_summary() {
    let lines = [
        "OK",
        "2 passed",
        "PASS",
        "duration_ms: 2.1",
        "I saw 3 passed in 0.10s of it",
        "Duration 3 weeks",
        "FAILED (failures=1)",
        "ok  \texample.com/one\t0.004s",
        "3 passing thoughts",
    ];
    let script = lines.map(|line| format!("echo '{line}'; ")).concat();
    sh(&["--grace", "0s"], &format!("{script} sleep 1.5; exit 0"))
        .assert()
        .success()
        .stderr("");
}

#[test]
fn a_last_word_that_is_named_may_end_as_on_windows() {
    sh(
        &[
            "--grace",
            "1s",
            "--timeout",
            "20s",
            "--after-line",
            "^done$",
        ],
        r"printf 'done\r\n'; sleep 70",
    )
    .assert()
    .code(122);
}
