//! `exeunt guard` before real test runners, with tests that are good, that fail, and that leave something behind.
//!
//! Ignored, as it takes a minute: `ci/suite` runs it. `ci/install runners cli/tests/runners` installs the runners; what is missing is
//! skipped. With `EXEUNT_FIGURES=1` it runs one after the other, and prints how long each verdict took.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// A run of a test runner.
struct Case {
    runner: &'static str,
    what: &'static str,
    command: &'static [&'static str],
    code: i32,
    /// What the report must say.
    said: &'static [&'static str],
}

const fn case(
    runner: &'static str,
    what: &'static str,
    command: &'static [&'static str],
    code: i32,
    said: &'static [&'static str],
) -> Case {
    Case {
        runner,
        what,
        command,
        code,
        said,
    }
}

const PYTEST: &str = "../venv/bin/pytest";
const JEST: &str = "../node_modules/.bin/jest";
const MOCHA: &str = "../node_modules/.bin/mocha";
const VITEST: &str = "../node_modules/.bin/vitest";
const LATE: &str = "still there 2 s after its last word";

const CASES: [Case; 22] = [
    case("pytest", "good", &[PYTEST, "test_good.py"], 0, &[]),
    case(
        "pytest",
        "a failing test",
        &[PYTEST, "test_fail.py"],
        1,
        &[],
    ),
    case(
        "pytest",
        "a thread",
        &[PYTEST, "test_thread.py"],
        122,
        &[LATE, "test_thread.py\", line 6 in <lambda>"],
    ),
    case(
        "pytest",
        "a child",
        &[PYTEST, "test_child.py"],
        123,
        &["`sleep 300`"],
    ),
    case("jest", "good", &[JEST, "--rootDir", ".", "good"], 0, &[]),
    case(
        "jest",
        "a failing test",
        &[JEST, "--rootDir", ".", "fail"],
        1,
        &[],
    ),
    case(
        "jest",
        "a timer",
        &[JEST, "--rootDir", ".", "timer"],
        122,
        &[LATE, "Jest did not exit"],
    ),
    case(
        "jest",
        "a child",
        &[JEST, "--rootDir", ".", "child"],
        122,
        &[LATE, "`sleep 300`"],
    ),
    case("mocha", "good", &[MOCHA, "good.cjs"], 0, &[]),
    case("mocha", "a failing test", &[MOCHA, "fail.cjs"], 1, &[]),
    case(
        "mocha",
        "a timer",
        &[MOCHA, "timer.cjs"],
        122,
        &[LATE, "1 passing"],
    ),
    case(
        "mocha",
        "a child",
        &[MOCHA, "child.cjs"],
        122,
        &[LATE, "`sleep 300`"],
    ),
    case("vitest", "good", &[VITEST, "run", "good"], 0, &[]),
    case("vitest", "a failing test", &[VITEST, "run", "fail"], 1, &[]),
    case("vitest", "a timer", &[VITEST, "run", "timer"], 0, &[]),
    case(
        "vitest",
        "a child",
        &[VITEST, "run", "child"],
        122,
        &[LATE, "`sleep 300`"],
    ),
    case("node", "good", &["node", "--test", "good.test.mjs"], 0, &[]),
    case(
        "node",
        "a failing test",
        &["node", "--test", "fail.test.mjs"],
        1,
        &[],
    ),
    case(
        "node",
        "a timer",
        &["node", "--test", "timer.test.mjs"],
        121,
        &["printed nothing for", "node/timer.test.mjs`"],
    ),
    case(
        "node",
        "a child",
        &["node", "--test", "child.test.mjs"],
        121,
        &["node/child.test.mjs`", "`sleep 300`"],
    ),
    case("go", "good", &["go", "test", "./good"], 0, &[]),
    case(
        "go",
        "a child",
        &["go", "test", "./child"],
        121,
        &["a pipe held by pid", "`sleep 300`"],
    ),
];

const GRACE: Duration = Duration::from_secs(2);
/// Longer than a runner takes to begin.
const IDLE: Duration = Duration::from_secs(20);

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/runners")
}

/// Copies the tests to where the runners find what they need.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (
            entry.as_ref().unwrap().path(),
            to.join(entry.as_ref().unwrap().file_name()),
        );
        match from.is_dir() {
            true => copy(&from, &to),
            false => {
                fs::copy(&from, &to).unwrap();
            }
        }
    }
}

/// A line of the output, without colours, and when it came.
type Line = (Instant, String);

fn read(stream: impl Read, lines: &Mutex<Vec<Line>>) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).unwrap() > 0 {
        let text = String::from_utf8_lossy(&line);
        let text = anstream::adapter::strip_str(text.trim_end()).to_string();
        lines.lock().unwrap().push((Instant::now(), text));
        line.clear();
    }
}

/// Runs a case: the exit code, and all lines in the order in which they came.
fn run(case: &Case) -> (Option<i32>, Vec<Line>) {
    let idle = format!("{}s", IDLE.as_secs());
    let grace = format!("{}s", GRACE.as_secs());
    let mut child = Command::new(exeunt::cargo_bin!("exeunt"))
        .args([
            "guard",
            "--grace",
            &grace,
            "--idle",
            &idle,
            "--timeout",
            "2m",
            "--",
        ])
        .args(case.command)
        .current_dir(place().join(case.runner))
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("exeunt runs");
    let lines = Mutex::default();
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    thread::scope(|scope| {
        scope.spawn(|| read(out, &lines));
        scope.spawn(|| read(err, &lines));
    });
    (child.wait().unwrap().code(), lines.into_inner().unwrap())
}

/// How long after the command's last line the verdict came, and how long that could take.
fn verdict_time(case: &Case, lines: &[Line]) -> Option<(Duration, Duration)> {
    let is_ours = |line: &&Line| line.1.starts_with("exeunt guard:");
    let verdict = lines.iter().find(is_ours)?.0;
    // What Python and Node.js say when they are asked comes after the grace period.
    let asked = ["Fatal Python error", "Writing Node.js report"];
    let is_asked = |line: &&Line| asked.iter().any(|said| line.1.contains(said));
    let own = lines
        .iter()
        .take_while(|line| !is_ours(line) && !is_asked(line));
    let last = own.filter(|line| !line.1.is_empty()).last()?.0;
    let bound = match case.code {
        121 => IDLE,
        122 => GRACE,
        _ => Duration::ZERO,
    };
    Some((verdict - last, bound))
}

fn is_here(case: &Case) -> bool {
    let program = case.command[0];
    match program.strip_prefix("../") {
        Some(path) => place().join(path).exists(),
        None => Command::new(program)
            .arg(if program == "go" {
                "version"
            } else {
                "--version"
            })
            .output()
            .is_ok(),
    }
}

fn check(case: &Case) {
    let name = format!("{}, {}", case.runner, case.what);
    if !is_here(case) {
        eprintln!("warning: SKIPPED: {name}: {} is not here", case.command[0]);
        return;
    }
    let (code, lines) = run(case);
    let texts: Vec<_> = lines.iter().map(|line| line.1.as_str()).collect();
    let all = texts.join("\n");
    assert_eq!(code, Some(case.code), "{name}:\n{all}");
    for said in case.said {
        assert!(all.contains(said), "{name}: no {said:?} in\n{all}");
    }
    assert_eq!(
        all.contains("exeunt guard:"),
        !case.said.is_empty(),
        "{name}:\n{all}"
    );
    if let Some((took, bound)) = verdict_time(case, &lines) {
        // By how much it may be late is a matter of the machine; too early is wrong on any.
        assert!(
            took + Duration::from_millis(50) >= bound,
            "{name}: {took:?}\n{all}"
        );
        let over = took.saturating_sub(bound);
        eprintln!(
            "{name}: exit code {}, verdict {:.2} s after the last line: {bound:?} + {:.2} s",
            case.code,
            took.as_secs_f64(),
            over.as_secs_f64()
        );
    }
}

#[test]
#[ignore = "takes a minute: `ci/suite` runs it"]
fn what_runners_leave_behind_is_found() {
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runners"),
        &place(),
    );
    let together = if env::var_os("EXEUNT_FIGURES").is_some() {
        1
    } else {
        6
    };
    for cases in CASES.chunks(together) {
        thread::scope(|scope| {
            for case in cases {
                scope.spawn(|| check(case));
            }
        });
    }
}
