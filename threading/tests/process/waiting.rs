//! The process waits for its threads.

use std::cell::RefCell;
use std::process;
use std::sync::mpsc::channel;
use std::thread::sleep;
use std::time::Duration;

use exeunt_threading::{self as threading, Timer};

use crate::case::{Case, case};
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

/// What the repository's README shows.
mod waited_for {
    include!("waited_for.rs");

    pub(super) fn example() -> ExitCode {
        main()
    }
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("no_threads")
            .under_run(|| say("end"))
            .shows(|seen| seen.says(["end"]).code(0)),
        case("waits")
            .under_run(|| {
                n("n");
                say("end")
            })
            .shows(|seen| seen.says(["end", "n"]).code(0)),
        case("readme_example")
            .main(waited_for::example)
            .shows(|seen| seen.says(["printed"]).code(0)),
        case("waits_without_run")
            .main(|| {
                n("n");
                say("end")
            })
            .shows(|seen| seen.says(["end", "n"]).code(0)),
        case("waits_after_process_exit_under_run")
            .under_run(|| {
                n("n");
                say("end");
                process::exit(3)
            })
            .shows(|seen| seen.says(["end", "n"]).code(3)),
        case("waits_after_process_exit_without_run")
            .main(|| -> () {
                n("n");
                say("end");
                process::exit(3)
            })
            .shows(|seen| seen.says(["end", "n"]).code(3)),
        case("waits_for_the_slowest")
            .under_run(|| {
                for (delay, line) in [(30, "1"), (200, "3"), (100, "2")] {
                    n_that(move || {
                        outlive_main();
                        sleep(Duration::from_millis(delay));
                        say(line)
                    });
                }
                say("end");
            })
            .shows(|seen| {
                seen.contains(["end\n", "3\n"])
                    .contains(["1\n"])
                    .contains(["2\n"])
                    .code(0)
            }),
        case("spawn_during_shutdown")
            .under_run(|| {
                n_that(|| chain(1));
                say("end")
            })
            .shows(|seen| seen.says(["end", "t1", "t2", "t3", "t4"]).code(0)),
        case("spawn_during_shutdown_without_run")
            .main(|| {
                n_that(|| chain(1));
                say("end")
            })
            .shows(|seen| seen.says(["end", "t1", "t2", "t3", "t4"]).code(0)),
        case("thread_joins_main")
            .under_run(|| {
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
            .shows(|seen| {
                seen.says(["main alive: true", "end", "main alive: false"])
                    .code(0)
            }),
        case("thread_local_drop")
            .under_run(|| {
                n_with_a_local();
                say("end")
            })
            .shows(|seen| seen.says(["end", "local dropped"]).code(0)),
        case("thread_local_drop_without_run")
            .main(|| {
                n_with_a_local();
                say("end")
            })
            .shows(|seen| seen.says(["end", "local dropped"]).code(0)),
        case("unwinding_cleanup")
            .under_run(|| {
                n_that(|| {
                    let _guard = Guard("guard dropped");
                    outlive_main();
                    panic!("boom")
                });
                say("end");
            })
            .shows(|seen| {
                seen.contains(["end\n", "boom\n", "guard dropped\n"])
                    .code(0)
            }),
        case("timer")
            .under_run(|| {
                Timer::new(Duration::from_millis(1), || {
                    outlive_main();
                    say("ring")
                })
                .start()?;
                say("end");
                Ok(())
            })
            .shows(|seen| seen.says(["end", "ring"]).code(0)),
        case("timer_cancelled")
            .under_run(|| {
                Timer::new(Duration::from_secs(3600), || say("ring"))
                    .start()?
                    .cancel();
                say("end");
                Ok(())
            })
            .shows(|seen| seen.says(["end"]).code(0)),
        case("timer_cancelled_by_a_thread_that_is_waited_for")
            .under_run(|| {
                let timer = Timer::new(Duration::MAX, || say("ring")).start()?;
                n_that(move || {
                    outlive_main();
                    timer.cancel();
                    say("cancelled")
                });
                say("end");
                Ok(())
            })
            .shows(|seen| seen.says(["end", "cancelled"]).code(0)),
        case("timer_daemon")
            .under_run(|| {
                Timer::new(Duration::from_secs(3600), || say("ring"))
                    .daemon(true)
                    .start()?;
                say("end");
                Ok(())
            })
            .shows(|seen| seen.says(["end"]).code(0)),
        case("many_starting_and_ending_at_once")
            .under_run(|| {
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
            .shows(|seen| seen.code(0).count("#", 200)),
    ]
}
