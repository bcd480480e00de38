//! The process waits for its threads.

use std::cell::RefCell;
use std::process;
use std::sync::mpsc::channel;
use std::thread::sleep;
use std::time::Duration;

use exeunt_threading::{self as threading, Timer};

use crate::case::Case;
use crate::words::{Guard, a_while, d_that, n, n_that, outlive_main, say};

thread_local! {
    static LOCAL: RefCell<Option<SlowGuard>> = const { RefCell::new(None) };
}

struct SlowGuard;

impl Drop for SlowGuard {
    fn drop(&mut self) {
        outlive_main();
        say("local dropped");
    }
}

fn n_with_a_local() {
    n_that(|| LOCAL.set(Some(SlowGuard)));
}

fn chain(length: u32) {
    outlive_main();
    say(&format!("t{length}"));
    if length < 4 {
        n_that(move || chain(length + 1));
    }
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "no_threads",
            || threading::run(|| say("end")),
            |seen| seen.says(["end"]).code(0),
        ),
        Case::new(
            "waits",
            || {
                threading::run(|| {
                    n("n");
                    say("end")
                })
            },
            |seen| seen.says(["end", "n"]).code(0),
        ),
        Case::new(
            "waits_without_run",
            || {
                n("n");
                say("end")
            },
            |seen| seen.says(["end", "n"]).code(0),
        ),
        Case::new(
            "waits_after_process_exit_under_run",
            || {
                threading::run(|| {
                    n("n");
                    say("end");
                    process::exit(3)
                })
            },
            |seen| seen.says(["end", "n"]).code(3),
        ),
        Case::new(
            "waits_after_process_exit_without_run",
            || -> () {
                n("n");
                say("end");
                process::exit(3)
            },
            |seen| seen.says(["end", "n"]).code(3),
        ),
        Case::new(
            "waits_for_the_slowest",
            || {
                threading::run(|| {
                    for (delay, line) in [(30, "1"), (200, "3"), (100, "2")] {
                        n_that(move || {
                            outlive_main();
                            sleep(Duration::from_millis(delay));
                            say(line)
                        });
                    }
                    say("end");
                })
            },
            |seen| {
                seen.contains(["end\n", "3\n"])
                        .contains(["1\n"])
                        .contains(["2\n"])
                        .code(0),
            },
        ),
        Case::new(
            "spawn_during_shutdown",
            || {
                threading::run(|| {
                    n_that(|| chain(1));
                    say("end")
                })
            },
            |seen| seen.says(["end", "t1", "t2", "t3", "t4"]).code(0),
        ),
        Case::new(
            "spawn_during_shutdown_without_run",
            || {
                n_that(|| chain(1));
                say("end")
            },
            |seen| seen.says(["end", "t1", "t2", "t3", "t4"]).code(0),
        ),
        Case::new(
            "thread_joins_main",
            || {
                threading::run(|| {
                    let (go, gone) = channel::<()>();
                    n_that(move || {
                        say(&format!(
                            "main alive: {}",
                            threading::main_thread().is_alive()
                        ));
                        drop(go);
                        threading::main_thread().join().expect("main has ended");
                        say(&format!(
                            "main alive: {}",
                            threading::main_thread().is_alive()
                        ));
                    });
                    _ = gone.recv();
                    a_while();
                    say("end");
                })
            },
            |seen| {
                seen.says(["main alive: true", "end", "main alive: false"])
                        .code(0),
            },
        ),
        Case::new(
            "thread_local_drop",
            || {
                threading::run(|| {
                    n_with_a_local();
                    say("end")
                })
            },
            |seen| seen.says(["end", "local dropped"]).code(0),
        ),
        Case::new(
            "thread_local_drop_without_run",
            || {
                n_with_a_local();
                say("end")
            },
            |seen| seen.says(["end", "local dropped"]).code(0),
        ),
        Case::new(
            "unwinding_cleanup",
            || {
                threading::run(|| {
                    n_that(|| {
                        let _guard = Guard("guard dropped");
                        outlive_main();
                        panic!("boom")
                    });
                    say("end");
                })
            },
            |seen| {
                seen.contains(["end\n", "boom\n", "guard dropped\n"])
                        .code(0),
            },
        ),
        Case::new(
            "timer",
            || {
                threading::run(|| {
                    Timer::new(Duration::from_millis(1), || {
                        outlive_main();
                        say("ring")
                    })
                    .start()?;
                    say("end");
                    Ok(())
                })
            },
            |seen| seen.says(["end", "ring"]).code(0),
        ),
        Case::new(
            "timer_cancelled",
            || {
                threading::run(|| {
                    Timer::new(Duration::from_secs(3600), || say("ring"))
                        .start()?
                        .cancel();
                    say("end");
                    Ok(())
                })
            },
            |seen| seen.says(["end"]).code(0),
        ),
        Case::new(
            "timer_cancelled_by_a_thread_that_is_waited_for",
            || {
                threading::run(|| {
                    let timer = Timer::new(Duration::MAX, || say("ring")).start()?;
                    n_that(move || {
                        outlive_main();
                        timer.cancel();
                        say("cancelled")
                    });
                    say("end");
                    Ok(())
                })
            },
            |seen| seen.says(["end", "cancelled"]).code(0),
        ),
        Case::new(
            "timer_daemon",
            || {
                threading::run(|| {
                    Timer::new(Duration::from_secs(3600), || say("ring"))
                        .daemon(true)
                        .start()?;
                    say("end");
                    Ok(())
                })
            },
            |seen| seen.says(["end"]).code(0),
        ),
        Case::new(
            "many_starting_and_ending_at_once",
            || {
                threading::run(|| {
                    for _ in 0..4 {
                        n_that(|| {
                            (0..50).for_each(|_| {
                                n_that(|| {
                                    n_that(|| print!("#"));
                                });
                            })
                        });
                        d_that(|| {
                            loop {
                                d_that(|| ()).join().expect("a value");
                            }
                        });
                    }
                    Ok(())
                })
            },
            |seen| seen.code(0).count("#", 200),
        ),
    ]
}
