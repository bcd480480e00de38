//! How long the process waits for its threads, and what it tells meanwhile.

use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::thread::{self, sleep};
use std::time::Duration;

use exeunt_threading::{self as threading, AtLimit, Thread};

use crate::case::{Case, case};
use crate::words::{begun, d_that, n, n_that, outlive_main, say};

const SOON: Duration = Duration::from_millis(50);

const REPORT: &str = "exeunt-threading: main has ended, and the process has waited";

/// Longer than a process waits by default before it reports.
const LONG: Duration = Duration::from_millis(6500);

fn endless() {
    n_that(|| {
        loop {
            thread::park()
        }
    });
}

fn names(threads: &[threading::Handle]) -> String {
    let names: Vec<_> = threads.iter().map(|thread| thread.name()).collect();
    names.join(", ")
}

fn n_that_lasts(time: Duration) {
    n_that(move || {
        outlive_main();
        sleep(time);
        say("n")
    });
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("report")
            .under_run(|| {
                threading::set_wait_report(Some(SOON));
                let worker = || {
                    outlive_main();
                    sleep(Duration::from_secs(2));
                };
                Thread::new(worker).name("the last one").start()?;
                d_that(|| {
                    loop {
                        thread::park()
                    }
                });
                say("end");
                Ok(())
            })
            .shows(|seen| {
                seen.contains([
                    "end\n",
                    REPORT,
                    "`the last one` (id ",
                    " ago at ",
                    "patience.rs:",
                    ")\n",
                ])
                .count(REPORT, 1)
                .without("Thread-1")
                .code(0)
            }),
        // This is a debug build, or a test's program, or both.
        case("report_by_default")
            .under_run(|| n_that_lasts(LONG))
            .shows(|seen| seen.contains([REPORT, "`Thread-1` (", "n\n"]).code(0)),
        case("report_switched_off")
            .under_run(|| {
                threading::set_wait_report(None);
                n_that_lasts(LONG)
            })
            .shows(|seen| seen.says(["n"]).code(0)),
        case("report_without_run")
            .main(|| {
                threading::set_wait_report(Some(SOON));
                n_that_lasts(Duration::from_secs(1))
            })
            .shows(|seen| seen.contains([REPORT, "n\n"]).code(0)),
        case("report_is_not_held_up_by_a_daemon")
            .under_run(|| {
                threading::set_wait_report(Some(SOON));
                begun(|tell| {
                    drop(d_that(move || {
                        let _lock = std::io::stderr().lock();
                        _ = tell.send(());
                        loop {
                            thread::park()
                        }
                    }))
                });
                n_that_lasts(Duration::from_secs(1));
            })
            .shows(|seen| seen.says(["n"]).code(0)),
        case("limit_abandons")
            .under_run(|| {
                threading::at_exit(|| {
                    let late = Thread::new(|| ()).start();
                    say(&format!("callback: {:?}", late.map(drop)))
                });
                threading::set_wait_limit(SOON, |threads| {
                    say(&format!("left: {}", names(threads)));
                    AtLimit::Abandon
                });
                endless();
                say("end");
                ExitCode::from(3)
            })
            .shows(|seen| {
                seen.says(["end", "left: Thread-1", "callback: Err(ProcessEnds)"])
                    .code(3)
            }),
        case("limit_abandons_without_run")
            .main(|| {
                threading::set_wait_limit(SOON, |_| AtLimit::Abandon);
                endless();
                say("end");
                ExitCode::from(3)
            })
            .shows(|seen| seen.says(["end"]).code(3)),
        case("limit_waits_longer")
            .under_run(|| {
                let mut asked = 0;
                threading::set_wait_limit(SOON, move |_| {
                    asked += 1;
                    say(&format!("asked {asked}"));
                    match asked {
                        3 => AtLimit::Abandon,
                        _ => AtLimit::Wait(SOON),
                    }
                });
                endless();
            })
            .shows(|seen| seen.says(["asked 1", "asked 2", "asked 3"]).code(0)),
        case("limit_ends_the_process")
            .under_run(|| {
                threading::at_exit(|| say("callback"));
                threading::set_wait_limit(SOON, |_| threading::os_exit(9));
                endless();
            })
            .shows(|seen| seen.says([]).code(9)),
        case("limit_fails")
            .under_run(|| {
                let (asked, told) = channel::<()>();
                threading::set_wait_limit(SOON, move |_| {
                    _ = asked.send(());
                    panic!("boom")
                });
                n_that(move || {
                    _ = told.recv();
                    sleep(SOON);
                    say("n")
                });
            })
            .shows(|seen| seen.contains(["boom\n", "n\n"]).code(0)),
        case("limit_is_not_reached")
            .under_run(|| {
                threading::set_wait_limit(Duration::from_secs(60), |_| {
                    unreachable!("it is not reached")
                });
                n("n");
                say("end")
            })
            .shows(|seen| seen.says(["end", "n"]).code(0)),
    ]
}
