//! `at_shutdown` and `at_exit`.

use std::sync::mpsc::channel;
use std::time::Duration;

use exeunt_threading as threading;
use threading::{at_exit, at_shutdown};

use crate::case::{Case, case};
use crate::words::{a_while, d_that, n, n_that, outlive_main, say};

fn two_and_n() {
    at_exit(|| say("first"));
    at_exit(|| say("second"));
    n("n");
    say("end");
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("at_exit_order")
            .under_run(two_and_n)
            .shows(|seen| seen.says(["end", "n", "second", "first"]).code(0)),
        case("at_exit_order_without_run")
            .main(two_and_n)
            .shows(|seen| seen.says(["end", "n", "second", "first"]).code(0)),
        case("at_exit_registered_during_joins")
            .under_run(|| {
                at_exit(|| say("early"));
                n_that(|| {
                    outlive_main();
                    at_exit(|| say("late"));
                });
                say("end");
            })
            .shows(|seen| seen.says(["end", "late", "early"]).code(0)),
        case("at_exit_registered_by_at_exit")
            .under_run(|| {
                at_exit(|| {
                    say("first");
                    at_exit(|| say("second"));
                });
            })
            .shows(|seen| seen.says(["first", "second"]).code(0)),
        case("at_exit_fails")
            .under_run(|| {
                at_exit(|| say("first"));
                at_exit(|| panic!("boom"));
                at_exit(|| say("third"));
            })
            .shows(|seen| {
                seen.contains(["third\n", "panicked", "boom\n", "first\n"])
                    .code(0)
            }),
        case("at_exit_fails_without_run")
            .main(|| {
                at_exit(|| say("first"));
                at_exit(|| panic!("boom"));
                at_exit(|| say("third"));
            })
            .shows(|seen| {
                seen.contains(["third\n", "panicked", "boom\n", "first\n"])
                    .code(0)
            }),
        case("at_exit_unregistered")
            .under_run(|| {
                at_exit(|| say("first"));
                let second = at_exit(|| say("second"));
                at_exit(move || say(&format!("unregistered: {}", second.unregister())));
                let shutdown = at_shutdown(|| say("shutdown"))?;
                say(&format!("unregistered: {}", shutdown.unregister()));
                Ok(())
            })
            .shows(|seen| {
                seen.says(["unregistered: true", "unregistered: true", "first"])
                    .code(0)
            }),
        case("at_exit_unregistered_too_late")
            .under_run(|| {
                let (give, given) = channel::<threading::Registration>();
                let only = at_exit(move || {
                    let me = given.recv().expect("it is sent");
                    say(&format!("unregistered: {}", me.unregister()))
                });
                give.send(only).expect("it is received");
            })
            .shows(|seen| seen.says(["unregistered: false"]).code(0)),
        case("stop_token_is_set_before_at_shutdown")
            .under_run(|| {
                let stop = threading::stop_token();
                n_that(move || {
                    stop.wait();
                    say("n")
                });
                at_shutdown(move || {
                    a_while();
                    say(&format!("set: {}", stop.is_set()))
                })?;
                let early = stop.is_set() || stop.wait_timeout(Duration::from_millis(1));
                say(&format!("set early: {early}"));
                Ok(())
            })
            .shows(|seen| seen.says(["set early: false", "n", "set: true"]).code(0)),
        case("at_exit_exits")
            .under_run(|| {
                at_exit(|| say("first"));
                at_exit(|| threading::exit(5));
            })
            .shows(|seen| seen.says(["first"]).code(0)),
        case("at_exit_exits_without_run")
            .main(|| -> () {
                at_exit(|| say("first"));
                at_exit(|| threading::exit(5));
                threading::exit(3)
            })
            .shows(|seen| seen.says(["first"]).code(3)),
        case("at_exit_os_exits")
            .under_run(|| {
                at_exit(|| say("first"));
                at_exit(|| threading::os_exit(6));
            })
            .shows(|seen| seen.says([]).code(6)),
        case("daemon_runs_during_at_exit")
            .under_run(|| {
                let (go, gone) = channel();
                let (done, told) = channel();
                d_that(move || {
                    _ = gone.recv();
                    say("d");
                    _ = done.send(())
                });
                at_exit(move || {
                    say("start");
                    _ = go.send(());
                    _ = told.recv();
                    say("stop")
                });
            })
            .shows(|seen| seen.says(["start", "d", "stop"]).code(0)),
        case("at_shutdown_before_joins")
            .under_run(|| {
                let (stop, stopped) = channel::<()>();
                n_that(move || {
                    _ = stopped.recv();
                    say("n")
                });
                at_exit(|| say("at_exit"));
                at_shutdown(move || {
                    say("first");
                    a_while();
                    drop(stop)
                })?;
                at_shutdown(|| say("second"))?;
                say("end");
                Ok(())
            })
            .shows(|seen| {
                seen.says(["end", "second", "first", "n", "at_exit"])
                    .code(0)
            }),
        case("at_shutdown_fails")
            .under_run(|| {
                at_shutdown(|| say("first"))?;
                at_shutdown(|| panic!("boom"))?;
                n("n");
                Ok(())
            })
            .shows(|seen| seen.contains(["boom\n", "first\n", "n\n"]).code(0)),
        case("at_shutdown_too_late")
            .under_run(|| {
                n_that(|| {
                    outlive_main();
                    say(&format!("{:?}", at_shutdown(|| say("late")).map(drop)))
                });
                at_exit(|| say(&format!("{:?}", at_shutdown(|| say("late")).map(drop))));
                say("end");
            })
            .shows(|seen| {
                seen.says(["end", "Err(ShutdownBegan)", "Err(ShutdownBegan)"])
                    .code(0)
            }),
        case("at_shutdown_starts_a_thread")
            .under_run(|| {
                at_shutdown(|| drop(n("n")))?;
                Ok(())
            })
            .shows(|seen| seen.says(["n"]).code(0)),
        case("spawn_in_at_exit")
            .under_run(|| {
                at_exit(|| {
                    n("n");
                    say("callback")
                });
            })
            .shows(|seen| seen.says(["callback", "n"]).code(0)),
        case("spawn_in_at_exit_without_run")
            .main(|| {
                at_exit(|| {
                    n("n");
                    say("callback")
                });
            })
            .shows(|seen| seen.says(["callback", "n"]).code(0)),
        case("shutdown_again")
            .under_run(|| {
                at_exit(|| {
                    n_that(|| {
                        a_while();
                        say("n");
                        at_exit(|| say("second"));
                    });
                    say("first");
                });
            })
            .shows(|seen| seen.says(["first", "n", "second"]).code(0)),
        case("nothing_starts_after_the_last_round")
            .main(|| {
                let code = threading::run(|| ());
                say(&format!(
                    "{:?}",
                    threading::Thread::new(|| ()).start().map(drop)
                ));
                code
            })
            .shows(|seen| seen.says(["Err(ProcessEnds)"]).code(0)),
        case("timer_in_at_exit")
            .under_run(|| {
                at_exit(|| {
                    let timer = threading::Timer::new(Duration::from_millis(50), || say("ring"));
                    timer.start().expect("a thread");
                    say("callback");
                });
            })
            .shows(|seen| seen.says(["callback", "ring"]).code(0)),
    ]
}
