//! The process's exit status, and what ends it at once.

use std::panic::resume_unwind;
use std::process::{self, ExitCode};
use std::thread;

use exeunt_threading::{self as threading, JoinError, Thread};

use crate::case::Case;
use crate::words::{Guard, n, n_that, outlive_main, say};

const SIGABRT: i32 = 6;

fn main_exits_with(code: i32) -> ExitCode {
    threading::run(|| threading::exit(code))
}

/// Main under `run`, with exit code 3, a callback, and a thread that does this when main has ended.
fn during_joins(work: fn()) -> ExitCode {
    threading::run(move || {
        threading::at_exit(|| say("callback"));
        n_that(move || {
            outlive_main();
            work()
        });
        n_that(|| {
            loop {
                thread::park()
            }
        });
        say("end");
        ExitCode::from(3)
    })
}

/// Main that does not end by itself, with a callback, and a thread that does this meanwhile.
fn while_main_runs(work: fn()) -> ! {
    threading::at_exit(|| say("callback"));
    n_that(|| {
        loop {
            thread::park()
        }
    });
    n_that(work);
    loop {
        thread::park()
    }
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "exit_code",
            || {
                threading::run(|| {
                    let _guard = Guard("unwound");
                    n("n");
                    say("end");
                    threading::exit(3)
                })
            },
            |seen| seen.says(["end", "unwound", "n"]).code(3),
        ),
        Case::new(
            "exit_code_without_run",
            || -> () {
                n("n");
                say("end");
                threading::exit(3)
            },
            |seen| seen.says(["end", "n"]).code(3),
        ),
        Case::new(
            "exit_code_returned",
            || {
                threading::run(|| {
                    n("n");
                    say("end");
                    ExitCode::from(3)
                })
            },
            |seen| seen.says(["end", "n"]).code(3),
        ),
        Case::new(
            "exit_code_wraps_256",
            || main_exits_with(256),
            |seen| seen.says([]).code(0),
        ),
        Case::new(
            "exit_code_wraps_minus_1",
            || main_exits_with(-1),
            |seen| seen.says([]).code(255),
        ),
        Case::new(
            "exit_code_wraps_300",
            || main_exits_with(300),
            |seen| seen.says([]).code(44),
        ),
        Case::new(
            "main_fails",
            || {
                threading::run(|| {
                    n("n");
                    Err::<(), _>("boom".into())
                })
            },
            |seen| seen.says(["Error: \"boom\"", "n"]).code(1),
        ),
        Case::new(
            "main_panics",
            || {
                threading::run(|| {
                    n("n");
                    panic!("boom")
                })
            },
            |seen| {
                seen.contains(["thread 'main'", "panicked", "boom\n", "n\n"])
                        .code(101),
            },
        ),
        Case::new(
            "main_panics_without_run",
            || -> () {
                n("n");
                panic!("boom")
            },
            |seen| {
                seen.contains(["thread 'main'", "panicked", "boom\n", "n\n"])
                        .code(101),
            },
        ),
        Case::new(
            "thread_fails",
            || {
                threading::run(|| {
                    Thread::new(|| panic!("boom"))
                        .name("a thread of this name")
                        .start::<()>()?;
                    Ok(())
                })
            },
            |seen| seen.contains(["thread 'a thread of this name'", "panicked", "boom\n"]).count("panicked", 1).code(0),
        ),
        Case::new(
            "thread_fails_with_a_default_name",
            || threading::run(|| drop(n_that(|| panic!("boom")))),
            |seen| {
                seen.contains(["thread 'Thread-1'", "panicked", "boom\n"])
                        .code(0),
            },
        ),
        Case::new(
            "thread_fails_with_a_hook",
            || {
                threading::run(|| {
                    threading::set_except_hook(|panic| {
                        say(&format!("{}: {}", panic.thread().name(), panic.message()))
                    });
                    n_that(|| panic!("boom")).join().unwrap_err();
                    threading::reset_except_hook();
                    n_that(|| panic!("crash"));
                })
            },
            |seen| {
                seen.contains(["Thread-1: boom\n", "thread 'Thread-2'", "crash\n"])
                        .without("'Thread-1'")
                        .code(0),
            },
        ),
        Case::new(
            "hook_is_for_threads_only",
            || {
                threading::run(|| {
                    threading::set_except_hook(|_| say("hook"));
                    _ = thread::spawn(|| panic!("boom")).join();
                    panic!("crash")
                })
            },
            |seen| {
                seen.contains(["boom\n", "thread 'main'", "crash\n"])
                        .without("hook\n")
                        .code(101),
            },
        ),
        Case::new(
            "panic_handed_on_is_reported_once",
            || {
                threading::run(|| {
                    let thread = n_that(|| panic!("boom"));
                    match thread.join() {
                        Err(JoinError::Panicked(panic)) => {
                            resume_unwind(panic.take_payload().expect("nobody took it"))
                        }
                        other => panic!("{other:?}"),
                    }
                })
            },
            |seen| seen.code(101).count("panicked", 1),
        ),
        Case::new(
            "exit_in_thread",
            || {
                threading::run(|| {
                    n_that(|| {
                        let _guard = Guard("unwound");
                        outlive_main();
                        threading::exit(5)
                    });
                    say("end");
                })
            },
            |seen| seen.says(["end", "unwound"]).code(0),
        ),
        Case::new(
            "exit_in_thread_without_run",
            || {
                n_that(|| {
                    outlive_main();
                    threading::exit(5)
                });
                n("n");
                say("end")
            },
            |seen| seen.says(["end", "n"]).code(0),
        ),
        Case::new(
            "exit_in_foreign_thread",
            || {
                threading::run(|| {
                    _ = thread::spawn(|| threading::exit(5)).join();
                    say("end")
                })
            },
            |seen| seen.says(["end"]).code(0),
        ),
        Case::new(
            "os_exit",
            || {
                threading::run(|| {
                    threading::at_exit(|| say("callback"));
                    n("n");
                    say("end");
                    print!("lost");
                    threading::os_exit(7)
                })
            },
            |seen| seen.says(["end"]).code(7),
        ),
        Case::new(
            "os_exit_in_thread",
            || while_main_runs(|| threading::os_exit(9)),
            |seen| seen.says([]).code(9),
        ),
        Case::new(
            "os_exit_during_joins",
            || during_joins(|| threading::os_exit(4)),
            |seen| seen.says(["end"]).code(4),
        ),
        Case::new(
            "abort_during_joins",
            || during_joins(|| process::abort()),
            |seen| seen.says(["end"]).signal(SIGABRT),
        ),
        Case::new(
            "process_exit_in_thread_during_joins",
            || during_joins(|| process::exit(4)),
            |seen| seen.says(["end"]).code(4),
        ),
        Case::new(
            "process_exit_in_thread_under_run",
            || -> () {
                threading::run(|| while_main_runs(|| process::exit(4)));
            },
            |seen| seen.says([]).code(4),
        ),
        Case::new(
            "process_exit_in_thread_without_run",
            || while_main_runs(|| process::exit(4)),
            |seen| seen.says([]).code(4),
        ),
        Case::new(
            "process_exit_in_at_exit",
            || {
                threading::run(|| {
                    threading::at_exit(|| say("first"));
                    threading::at_exit(|| process::exit(6));
                })
            },
            |seen| seen.says([]).code(6),
        ),
    ]
}
