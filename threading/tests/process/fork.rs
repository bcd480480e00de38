//! What a fork's child is left with.

#![expect(unsafe_code, reason = "`fork` and `waitpid` have no safe front")]

use std::process;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use exeunt_threading::{self as threading, Handle, JoinError, Thread};

use crate::case::{Case, case};
use crate::words::{a_while, d_that, n, n_that, outlive_main, say};

/// Forks. True in the child; in the parent, when the child has ended, which is said with its exit code.
pub(crate) fn fork() -> bool {
    // SAFETY: the children here use the C library, this library and the standard streams, whose locks nobody holds.
    let child = unsafe { libc::fork() };
    if child != 0 {
        let mut status = 0;
        // SAFETY: `status` outlives the call.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        say(&format!(
            "child: {}",
            libc::WEXITSTATUS(status) + libc::WTERMSIG(status) * 1000
        ));
    }
    child == 0
}

fn names() -> Vec<String> {
    threading::enumerate()
        .iter()
        .map(|thread| thread.name().to_owned())
        .collect()
}

/// What the forking thread sees in the child: itself, as main, and nobody else.
fn describe(left_behind: &Handle) {
    let me = threading::current();
    say(&format!(
        "{:?} is main: {}",
        names(),
        me == threading::main_thread()
    ));
    say(&format!(
        "alive: {}, native id: {}",
        left_behind.is_alive(),
        me.native_id() == Some(process::id().into())
    ));
    say(&format!(
        "{:?}",
        left_behind
            .join_timeout(a_moment())
            .map_err(|error| matches!(error, JoinError::Forgotten))
    ));
}

fn a_moment() -> Duration {
    Duration::from_secs(60)
}

/// A process that uses the library for the first time, on another thread, while its main forks. False if the child could
/// not use the library then. A fork takes longer than a first use, and the two should meet: hence the delay.
fn fork_during_first_use(delay: Duration) -> bool {
    let start = Arc::new(Barrier::new(2));
    let both = Arc::clone(&start);
    let first = std::thread::spawn(move || {
        both.wait();
        let begin = Instant::now();
        while begin.elapsed() < delay {}
        threading::current()
    });
    start.wait();
    // SAFETY: the child uses nothing but this library, and ends at once.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: takes any number. A child that hangs is killed.
        unsafe { libc::alarm(5) };
        _ = threading::current();
        threading::os_exit(0)
    }
    let ended_well = wait_for(child);
    first.join().expect("it returns");
    ended_well
}

fn wait_for(child: i32) -> bool {
    let mut status = 0;
    // SAFETY: `status` outlives the call.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    status == 0
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("fork_in_main")
            .under_run(|| {
                let left_behind = n("n");
                if fork() {
                    describe(&left_behind);
                }
                say("end");
            })
            .shows(|seen| {
                seen.says([
                    "[\"MainThread\"] is main: true",
                    "alive: false, native id: true",
                    "Err(true)",
                    "end",
                    "child: 0",
                    "end",
                    "n",
                ])
                .code(0)
            }),
        case("fork_in_main_without_run")
            .main(|| {
                n("n");
                let child = fork();
                say(if child { "child's end" } else { "end" });
            })
            .shows(|seen| seen.says(["child's end", "child: 0", "end", "n"]).code(0)),
        case("fork_in_main_the_child_waits_for_its_own_threads")
            .under_run(|| {
                threading::at_exit(|| say("callback"));
                if fork() {
                    n("child's n");
                }
                say("end");
            })
            .shows(|seen| {
                seen.says([
                    "end",
                    "child's n",
                    "callback",
                    "child: 0",
                    "end",
                    "callback",
                ])
                .code(0)
            }),
        case("fork_in_thread")
            .under_run(|| {
                threading::at_exit(|| say("callback"));
                let left_behind = d_that(|| {
                    loop {
                        std::thread::park()
                    }
                });
                n_that(move || {
                    if fork() {
                        describe(&left_behind)
                    }
                })
                .join()
                .expect("it returns");
                say("end");
            })
            .shows(|seen| {
                seen.says([
                    "[\"Thread-2\"] is main: true",
                    "alive: false, native id: true",
                    "Err(true)",
                    "child: 0",
                    "end",
                    "callback",
                ])
                .code(0)
            }),
        case("fork_in_thread_without_run")
            .main(|| {
                threading::at_exit(|| say("callback"));
                n_that(|| _ = fork());
                n("n");
            })
            .shows(|seen| seen.contains(["child: 0\n", "n\n", "callback\n"]).code(0)),
        case("fork_in_thread_during_the_joins")
            .under_run(|| {
                threading::at_exit(|| say("callback"));
                n_that(|| {
                    outlive_main();
                    _ = fork()
                });
                n("n");
            })
            .shows(|seen| {
                seen.contains(["child: 0\n", "callback\n"])
                    .contains(["n\n"])
                    .code(0)
            }),
        case("fork_in_thread_the_child_waits_for_its_own_threads")
            .under_run(|| {
                n_that(|| {
                    if fork() {
                        Thread::new(|| {
                            a_while();
                            say("child's child")
                        })
                        .start()
                        .expect("a thread");
                        say("child");
                    }
                });
            })
            .shows(|seen| seen.says(["child", "child's child", "child: 0"]).code(0)),
        case("fork_in_thread_the_child_exits")
            .under_run(|| {
                threading::at_exit(|| say("callback"));
                n_that(|| {
                    if fork() {
                        n("child's n");
                        process::exit(5)
                    }
                })
                .join()
                .expect("it returns");
            })
            .shows(|seen| {
                seen.says(["child's n", "callback", "child: 5", "callback"])
                    .code(0)
            }),
        case("fork_in_thread_during_the_joins_the_child_exits")
            .under_run(|| {
                threading::at_exit(|| say("callback"));
                n_that(|| {
                    outlive_main();
                    if fork() {
                        n("child's n");
                        process::exit(5)
                    }
                });
                say("end");
            })
            .shows(|seen| {
                seen.says(["end", "child's n", "callback", "child: 5", "callback"])
                    .code(0)
            }),
        case("fork_in_foreign_thread")
            .under_run(|| {
                threading::at_exit(|| say("callback"));
                let left_behind = n("n");
                let foreign = std::thread::spawn(move || {
                    if fork() {
                        describe(&left_behind)
                    }
                });
                foreign.join().expect("it returns");
            })
            .shows(|seen| {
                seen.says([
                    "[\"MainThread\"] is main: true",
                    "alive: false, native id: true",
                    "Err(true)",
                    "child: 0",
                    "n",
                    "callback",
                ])
                .code(0)
            }),
        case("fork_during_first_use")
            .main(|| {
                let hung = (0..2000).filter(|i| {
                    // SAFETY: this process has one thread, and so has each child when it begins.
                    let child = unsafe { libc::fork() };
                    if child == 0 {
                        threading::os_exit(i32::from(!fork_during_first_use(
                            Duration::from_micros(i % 200),
                        )))
                    }
                    !wait_for(child)
                });
                // One is enough, and each takes long.
                say(&format!("hung: {}", hung.take(1).count()));
            })
            .shows(|seen| seen.says(["hung: 0"]).code(0)),
        case("fork_while_others_use_the_library")
            .under_run(|| {
                for _ in 0..4 {
                    d_that(|| {
                        loop {
                            d_that(|| ()).join().expect("it returns");
                        }
                    });
                }
                for _ in 0..50 {
                    if fork() {
                        _ = (threading::enumerate(), threading::main_thread().join());
                        // Locks of the standard library's own may be held here: main must not return.
                        threading::os_exit(0)
                    }
                }
            })
            .shows(|seen| seen.code(0).count("child: 0\n", 50)),
    ]
}
