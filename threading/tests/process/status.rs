//! The process's exit status, and what ends it at once.

use std::panic::resume_unwind;
use std::process::{self, ExitCode};
use std::thread;

use exeunt::Signal;
use exeunt_threading::{self as threading, JoinError, Thread};

use crate::case::{Case, case};
use crate::words::{Guard, n, n_that, outlive_main, say};

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
        case("exit_code")
            .under_run(|| {
                let _guard = Guard("unwound");
                n("n");
                say("end");
                threading::exit(3)
            })
            .shows(|seen| seen.says(["end", "unwound", "n"]).code(3)),
        case("exit_code_without_run")
            .main(|| -> () {
                n("n");
                say("end");
                threading::exit(3)
            })
            .shows(|seen| seen.says(["end", "n"]).code(3)),
        case("exit_code_returned")
            .under_run(|| {
                n("n");
                say("end");
                ExitCode::from(3)
            })
            .shows(|seen| seen.says(["end", "n"]).code(3)),
        case("exit_code_wraps_256")
            .main(|| main_exits_with(256))
            .shows(|seen| seen.says([]).code(0)),
        case("exit_code_wraps_minus_1")
            .main(|| main_exits_with(-1))
            .shows(|seen| seen.says([]).code(255)),
        case("exit_code_wraps_300")
            .main(|| main_exits_with(300))
            .shows(|seen| seen.says([]).code(44)),
        case("main_fails")
            .under_run(|| {
                n("n");
                Err::<(), _>("boom".into())
            })
            .shows(|seen| seen.says(["Error: \"boom\"", "n"]).code(1)),
        case("main_panics")
            .under_run(|| {
                n("n");
                panic!("boom")
            })
            .shows(|seen| {
                seen.contains(["thread 'main'", "panicked", "boom\n", "n\n"])
                    .code(101)
            }),
        case("main_panics_without_run")
            .main(|| -> () {
                n("n");
                panic!("boom")
            })
            .shows(|seen| {
                seen.contains(["thread 'main'", "panicked", "boom\n", "n\n"])
                    .code(101)
            }),
        case("thread_fails")
            .under_run(|| {
                Thread::new(|| panic!("boom"))
                    .name("a thread of this name")
                    .start::<()>()?;
                Ok(())
            })
            .shows(|seen| {
                seen.contains(["thread 'a thread of this name'", "panicked", "boom\n"])
                    .count("panicked", 1)
                    .code(0)
            }),
        case("thread_fails_with_a_default_name")
            .under_run(|| drop(n_that(|| panic!("boom"))))
            .shows(|seen| {
                seen.contains(["thread 'Thread-1'", "panicked", "boom\n"])
                    .code(0)
            }),
        case("thread_fails_with_a_hook")
            .under_run(|| {
                threading::set_except_hook(|panic| {
                    say(&format!("{}: {}", panic.thread().name(), panic.message()))
                });
                n_that(|| panic!("boom")).join().unwrap_err();
                threading::reset_except_hook();
                n_that(|| panic!("crash"));
            })
            .shows(|seen| {
                seen.contains(["Thread-1: boom\n", "thread 'Thread-2'", "crash\n"])
                    .without("'Thread-1'")
                    .code(0)
            }),
        case("hook_is_for_threads_only")
            .under_run(|| {
                threading::set_except_hook(|_| say("hook"));
                _ = thread::spawn(|| panic!("boom")).join();
                panic!("crash")
            })
            .shows(|seen| {
                seen.contains(["boom\n", "thread 'main'", "crash\n"])
                    .without("hook\n")
                    .code(101)
            }),
        case("panic_handed_on_is_reported_once")
            .under_run(|| {
                let thread = n_that(|| panic!("boom"));
                match thread.join() {
                    Err(JoinError::Panicked(panic)) => {
                        resume_unwind(panic.take_payload().expect("nobody took it"))
                    }
                    other => panic!("{other:?}"),
                }
            })
            .shows(|seen| seen.code(101).count("panicked", 1)),
        case("exit_in_thread")
            .under_run(|| {
                n_that(|| {
                    let _guard = Guard("unwound");
                    outlive_main();
                    threading::exit(5)
                });
                say("end");
            })
            .shows(|seen| seen.says(["end", "unwound"]).code(0)),
        case("exit_in_thread_without_run")
            .main(|| {
                n_that(|| {
                    outlive_main();
                    threading::exit(5)
                });
                n("n");
                say("end")
            })
            .shows(|seen| seen.says(["end", "n"]).code(0)),
        case("exit_in_foreign_thread")
            .under_run(|| {
                _ = thread::spawn(|| threading::exit(5)).join();
                say("end")
            })
            .shows(|seen| seen.says(["end"]).code(0)),
        case("os_exit")
            .under_run(|| {
                threading::at_exit(|| say("callback"));
                n("n");
                say("end");
                print!("lost");
                threading::os_exit(7)
            })
            .shows(|seen| seen.says(["end"]).code(7)),
        case("os_exit_in_thread")
            .main(|| while_main_runs(|| threading::os_exit(9)))
            .shows(|seen| seen.says([]).code(9)),
        case("os_exit_during_joins")
            .main(|| during_joins(|| threading::os_exit(4)))
            .shows(|seen| seen.says(["end"]).code(4)),
        case("abort_during_joins")
            .main(|| during_joins(|| process::abort()))
            .shows(|seen| seen.says(["end"]).signal(Signal::ABRT)),
        case("process_exit_in_thread_during_joins")
            .main(|| during_joins(|| process::exit(4)))
            .shows(|seen| seen.says(["end"]).code(4)),
        case("process_exit_in_thread_under_run")
            .main(|| -> () {
                threading::run(|| while_main_runs(|| process::exit(4)));
            })
            .shows(|seen| seen.says([]).code(4)),
        case("process_exit_in_thread_without_run")
            .main(|| while_main_runs(|| process::exit(4)))
            .shows(|seen| seen.says([]).code(4)),
        case("run_in_run")
            .under_run(|| {
                n("n");
                _ = threading::run(|| say("inner"));
                say("not reached")
            })
            .shows(|seen| {
                seen.contains(["panicked", "`run` was called a second time\n", "n\n"])
                    .without("reached")
                    .without("inner")
                    .code(101)
            }),
        case("run_after_run")
            .main(|| {
                _ = threading::run(|| say("first"));
                threading::run(|| say("second"))
            })
            .shows(|seen| {
                seen.contains(["first\n", "panicked", "`run` was called a second time\n"])
                    .without("second\n")
                    .code(101)
            }),
        case("process_exit_in_at_exit")
            .under_run(|| {
                threading::at_exit(|| say("first"));
                threading::at_exit(|| process::exit(6));
            })
            .shows(|seen| seen.says([]).code(6)),
    ]
}
