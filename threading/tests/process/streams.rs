//! What becomes of the output.

#![expect(
    clippy::incompatible_msrv,
    reason = "tests are built by the toolchain of the harness, which is newer than the library's"
)]

use std::env;
use std::io::{self, Read as _, Write as _};
use std::process::{Command, ExitCode, Stdio};

use exeunt_threading as threading;

use crate::case::{Case, SUBJECT, case};
use crate::seen::Seen;
use crate::words::{a_while, begun, d_that, n_that, outlive_main, say};

/// Printed in several fragments.
const LINE: [&str; 4] = ["a line ", "that is ", "printed as ", "a whole"];

fn daemons_print_lines() {
    let [a, b, c, d] = LINE;
    for _ in 0..3 {
        begun(|tell| {
            drop(d_that(move || {
                loop {
                    println!("{a}{b}{c}{d}");
                    _ = tell.send(());
                }
            }))
        });
        begun(|tell| {
            drop(d_that(move || {
                loop {
                    eprintln!("{a}{b}{c}{d}");
                    _ = tell.send(());
                }
            }))
        });
    }
}

fn lines_are_whole(seen: Seen) -> Seen {
    for _ in 0..40 {
        let output = subject("no_torn_line")
            .output()
            .expect("the subject starts");
        assert!(output.status.success(), "{output:?}");
        for stream in [output.stdout, output.stderr] {
            let text = String::from_utf8(stream).expect("text");
            let torn = text
                .split('\n')
                .find(|line| !line.is_empty() && *line != LINE.concat());
            assert_eq!(torn, None);
        }
    }
    seen
}

/// The daemon fills the pipe, and holds the lock of standard output while it waits for a reader.
fn daemon_blocked_in_a_write() -> ExitCode {
    threading::run(|| {
        d_that(|| {
            loop {
                println!("a line that nobody reads")
            }
        });
        a_while();
        eprintln!("end");
        ExitCode::from(3)
    })
}

fn it_ends_all_the_same(seen: Seen) -> Seen {
    let (unread, stdout) = io::pipe().expect("a pipe");
    let mut subject = subject("daemon_blocked_in_a_write");
    let mut blocked = subject
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut said = String::new();
    let mut stderr = blocked.stderr.take().expect("it is piped");
    stderr
        .read_to_string(&mut said)
        .expect("a pipe can be read");
    assert_eq!(
        (said.as_str(), blocked.wait().expect("a child").code()),
        ("end\n", Some(3))
    );
    drop(unread);
    seen.code(3)
}

fn n_writes_to_stdout() -> ExitCode {
    threading::run(|| {
        n_that(|| {
            outlive_main();
            eprintln!("n could write: {}", io::stdout().write_all(b"x\n").is_ok());
        });
        eprintln!("end");
    })
}

fn n_is_waited_for_though_nobody_reads(seen: Seen) -> Seen {
    let (unread, stdout) = io::pipe().expect("a pipe");
    drop(unread);
    let output = subject("stdout_closed")
        .stdout(stdout)
        .output()
        .expect("it starts");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "end\nn could write: false\n"
    );
    assert_eq!(output.status.code(), Some(0));
    seen.says(["end", "x", "n could write: true"]).code(0)
}

/// This binary as the subject of a case, with streams of one's own, and killed if it hangs.
fn subject(case: &str) -> Command {
    let mut command = Command::new("timeout");
    command
        .args(["--signal=KILL", "30"])
        .arg(env::current_exe().expect("this binary has a path"));
    command
        .env(SUBJECT, case)
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null());
    command
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("unflushed_output")
            .under_run(|| {
                n_that(|| {
                    outlive_main();
                    print!("no newline");
                });
                say("end");
            })
            .shows(|seen| seen.says(["end", "no newline"]).code(0)),
        case("output_is_flushed_when_run_returns")
            .main(|| -> () {
                threading::run(|| print!("no newline"));
                threading::os_exit(0)
            })
            .shows(|seen| seen.says(["no newline"]).code(0)),
        case("no_torn_line")
            .under_run(daemons_print_lines)
            .shows(lines_are_whole),
        case("daemon_blocked_in_a_write")
            .main(daemon_blocked_in_a_write)
            .shows(it_ends_all_the_same),
        case("stdout_closed")
            .main(n_writes_to_stdout)
            .shows(n_is_waited_for_though_nobody_reads),
    ]
}
