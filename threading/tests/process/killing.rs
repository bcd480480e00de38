//! The process does not wait for daemons, nor for foreign threads.

use std::hint::spin_loop;
use std::sync::mpsc::Sender;
use std::thread;

use exeunt_threading::{self as threading, Thread};

use crate::case::{Case, case};
use crate::words::{Guard, a_while, begun, d_that, n_that, outlive_main, say};

/// A child with no flag of its own tells what it is, and that it should not be waited for.
fn child_that_outlives_main(begun: Sender<()>) {
    let child = Thread::new(move || {
        say(&format!(
            "child is a daemon: {}",
            threading::current().is_daemon()
        ));
        _ = begun.send(());
        outlive_main();
        say("child");
    });
    child.start().expect("a thread");
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("daemon")
            .under_run(|| {
                begun(|tell| {
                    drop(d_that(move || {
                        _ = tell.send(());
                        outlive_main();
                        say("d")
                    }))
                });
                say("end");
            })
            .shows(|seen| seen.says(["end"]).code(0)),
        case("daemon_without_run")
            .main(|| {
                begun(|tell| {
                    drop(d_that(move || {
                        _ = tell.send(());
                        outlive_main();
                        say("d")
                    }))
                });
                say("end");
            })
            .shows(|seen| seen.says(["end"]).code(0)),
        case("daemon_busy_loop")
            .under_run(|| {
                begun(|tell| {
                    drop(d_that(move || {
                        _ = tell.send(());
                        loop {
                            spin_loop()
                        }
                    }))
                });
                say("end");
            })
            .shows(|seen| seen.says(["end"]).code(0)),
        case("daemon_inherited")
            .under_run(|| {
                begun(|tell| drop(d_that(move || child_that_outlives_main(tell))));
                say("end");
            })
            .shows(|seen| seen.says(["child is a daemon: true", "end"]).code(0)),
        case("non_daemon_inherited")
            .under_run(|| {
                begun(|tell| drop(n_that(move || child_that_outlives_main(tell))));
                say("end");
            })
            .shows(|seen| {
                seen.says(["child is a daemon: false", "end", "child"])
                    .code(0)
            }),
        case("daemon_overridden")
            .under_run(|| {
                begun(|tell| {
                    drop(d_that(move || {
                        n_that(|| {
                            outlive_main();
                            a_while();
                            say("child")
                        });
                        _ = tell.send(());
                        loop {
                            thread::park()
                        }
                    }))
                });
                say("end");
            })
            .shows(|seen| seen.says(["end", "child"]).code(0)),
        case("daemon_cleanup")
            .under_run(|| {
                begun(|tell| {
                    drop(d_that(move || {
                        let _guard = Guard("guard dropped");
                        _ = tell.send(());
                        outlive_main();
                    }))
                });
                say("end");
            })
            .shows(|seen| seen.says(["end"]).code(0)),
        case("foreign_thread")
            .under_run(|| {
                begun(|tell| {
                    drop(thread::spawn(move || {
                        _ = tell.send(());
                        outlive_main();
                        say("foreign")
                    }))
                });
            })
            .shows(|seen| seen.without("foreign\n").code(0)),
        case("child_of_a_foreign_thread_is_waited_for")
            .under_run(|| {
                begun(|tell| drop(thread::spawn(|| child_that_outlives_main(tell))));
                say("end");
            })
            .shows(|seen| {
                seen.says(["child is a daemon: false", "end", "child"])
                    .code(0)
            }),
    ]
}
