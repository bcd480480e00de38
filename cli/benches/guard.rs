//! What `exeunt guard` costs: the time of much output that passes through it, and how much later a line comes, beside the command
//! alone, in one run.
//!
//! `cargo bench -p exeunt-cli --bench guard`. The two ways take turns; a figure is the median over the rounds, a ratio the median of
//! the ratios round by round.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::pty::openpty;
use nix::sys::termios::{self, OutputFlags, SetArg};

const ROUNDS: usize = 9;
/// Bytes that pass through a pipe, and through a terminal.
const PIPED: usize = 100 << 20;
const SHOWN: usize = 10 << 20;
const LINES: usize = 2000;

/// A command, alone or behind the guard.
fn command(guarded: bool, words: &[&str]) -> Command {
    let guard = [env!("CARGO_BIN_EXE_exeunt"), "guard", "--"];
    let all: Vec<_> = guard.iter().filter(|_| guarded).chain(words).collect();
    let mut command = Command::new(all[0]);
    command.args(&all[1..]);
    command
}

/// The seconds until all of a file has come out of `cat`.
fn through_pipe(guarded: bool, file: &str) -> f64 {
    let begun = Instant::now();
    let mut child = command(guarded, &["cat", file])
        .stdout(Stdio::piped())
        .spawn()
        .expect("cat");
    let read = drain(child.stdout.take().expect("a pipe"));
    assert!(child.wait().expect("its end").success());
    assert_eq!(read, PIPED);
    begun.elapsed().as_secs_f64()
}

/// The same where its output is a terminal.
fn through_terminal(guarded: bool, file: &str) -> f64 {
    let pair = openpty(None, None).expect("a terminal");
    let mut settings = termios::tcgetattr(&pair.slave).expect("its settings");
    settings.output_flags.remove(OutputFlags::OPOST);
    termios::tcsetattr(&pair.slave, SetArg::TCSANOW, &settings).expect("its settings");
    let begun = Instant::now();
    let other = |end: &OwnedFd| end.try_clone().expect("a descriptor");
    let mut command = command(guarded, &["cat", file]);
    let mut child = command
        .stdout(other(&pair.slave))
        .stderr(other(&pair.slave))
        .spawn()
        .expect("cat");
    // What holds it is the child alone, so that it comes to its end.
    drop((command, pair.slave));
    let read = drain(File::from(pair.master));
    assert!(child.wait().expect("its end").success());
    assert_eq!(read, SHOWN);
    begun.elapsed().as_secs_f64()
}

fn drain(mut from: impl Read) -> usize {
    let mut buffer = vec![0; 64 << 10];
    let mut all = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return all,
            Ok(n) => all += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The other end of a terminal is closed.
            Err(_) => return all,
        }
    }
}

/// The microseconds from a line to its echo, each a median.
fn echo(guarded: bool) -> f64 {
    let mut command = command(guarded, &["cat"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cat");
    let mut to = child.stdin.take().expect("a pipe");
    let mut from = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    let times = (0..LINES).map(|_| {
        // So that all are asleep again, as between two lines of a test runner.
        std::thread::sleep(Duration::from_micros(500));
        let begun = Instant::now();
        to.write_all(b"a line\n").expect("it reads");
        line.clear();
        from.read_line(&mut line).expect("it writes");
        begun.elapsed().as_secs_f64() * 1e6
    });
    let median = median(times.collect());
    drop(to);
    assert!(child.wait().expect("its end").success());
    median
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare(what: &str, unit: &str, rounds: usize, run: impl Fn(bool) -> f64) {
    let (mut alone, mut guarded, mut ratios, mut extra) = (vec![], vec![], vec![], vec![]);
    for round in 0..rounds {
        let first = round % 2 == 0;
        let one = run(first);
        let other = run(!first);
        let (with, without) = if first { (one, other) } else { (other, one) };
        alone.push(without);
        guarded.push(with);
        ratios.push(with / without);
        extra.push(with - without);
    }
    println!(
        "{what}: alone {:.3} {unit}, guarded {:.3} {unit}, {:.2} ×, {:+.3} {unit}",
        median(alone),
        median(guarded),
        median(ratios),
        median(extra)
    );
}

fn main() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, size: usize| {
        let path = directory.path().join(name);
        let line = b"test module::of::tests::a_case_with_a_name_of_the_usual_length ... ok\n";
        let text: Vec<u8> = line.iter().copied().cycle().take(size).collect();
        fs::write(&path, text).expect("room for it");
        path.to_str().expect("its path").to_owned()
    };
    let (piped, shown) = (write("piped", PIPED), write("shown", SHOWN));
    compare("100 MiB through a pipe", "s", ROUNDS, |guarded| {
        through_pipe(guarded, &piped)
    });
    compare("10 MiB through a terminal", "s", ROUNDS, |guarded| {
        through_terminal(guarded, &shown)
    });
    compare("a line and its echo", "µs", ROUNDS, echo);
    compare("`true`", "s", 5 * ROUNDS, |guarded| {
        let begun = Instant::now();
        assert!(
            command(guarded, &["true"])
                .status()
                .expect("true")
                .success()
        );
        begun.elapsed().as_secs_f64()
    });
}
