//! The shutdown: callbacks, waiting, callbacks, until there is nothing left to do.

use std::panic::catch_unwind;

use crate::context;
use crate::error::ShutdownBegan;
use crate::exit::catch;
use crate::fault;
use crate::record::Ending;
use crate::roster::{Callback, ROSTER};
use crate::sys;

/// Registers `callback` to run once main has ended, *before* the process waits for its threads.
///
/// The place to tell threads to finish. The callback registered last runs first. One that panics is reported, and
/// neither the other callbacks nor the waiting are skipped (CPython skips both: [gh-113148]). As Python's
/// `threading._register_atexit`.
///
/// # Errors
/// [`ShutdownBegan`] once the shutdown has begun; the callback is then dropped without being called.
///
/// ```
/// use std::sync::mpsc;
/// use exeunt_threading::{self as threading, Thread};
///
/// fn main() -> std::process::ExitCode {
///     threading::run(|| {
///         let (stop, stopped) = mpsc::channel::<()>();
///         Thread::new(move || stopped.recv()).start()?; // would wait for ever …
///         threading::at_shutdown(move || drop(stop))?; // … without this
///         Ok(())
///     })
/// }
/// ```
///
/// [gh-113148]: https://github.com/python/cpython/issues/113148
pub fn at_shutdown(callback: impl FnOnce() + Send + 'static) -> Result<(), ShutdownBegan> {
    ROSTER.add_at_shutdown(Box::new(callback))
}

/// Registers `callback` to run when main and all threads that are not daemons have ended.
///
/// As Python's [`atexit.register`]: the callback registered last runs first; one that panics is reported, the others
/// still run and the process's exit code stays; daemons are still running. A callback may register further
/// ones, and may start threads, which are waited for (as in CPython 3.15; before, they were lost).
///
/// Not promised: a callback registered when the process no longer waits (by a daemon, in its last instants) does not
/// run. None runs if the process ends by [`os_exit`](crate::os_exit), by a signal, by an abort, or by
/// [`std::process::exit`] outside main.
///
/// ```
/// use exeunt_threading as threading;
///
/// fn main() -> std::process::ExitCode {
///     threading::run(|| {
///         threading::at_exit(|| println!("printed last"));
///         println!("printed first");
///     })
/// }
/// ```
///
/// [`atexit.register`]: https://docs.python.org/3/library/atexit.html#atexit.register
pub fn at_exit(callback: impl FnOnce() + Send + 'static) {
    ROSTER.add_at_exit(Box::new(callback));
}

/// Faults with which the loop would wait for ever for what it does not wait for.
const ONE_ROUND: [&str; 4] = [
    "second_round_skipped",
    "joins_skipped",
    "late_threads_forgotten",
    "only_first_joined",
];

/// Shuts down, once a process. The loop is CPython 3.15's: a thread that a callback starts is waited for too.
pub(crate) fn shutdown() {
    let Some(callbacks) = ROSTER.begin_shutdown() else {
        return;
    };
    if fault::is("at_shutdown_after_joins") {
        wait();
    }
    if !call_at_shutdown(callbacks) {
        return;
    }
    while !ROSTER.close_if_idle() {
        if fault::is("at_exit_before_joins") {
            call_at_exit();
        }
        wait();
        call_at_exit();
        if ONE_ROUND.iter().any(|name| fault::is(name)) {
            return;
        }
    }
}

/// Calls the callbacks, the last first. False if a fault ends the shutdown.
fn call_at_shutdown(mut callbacks: Vec<Callback>) -> bool {
    if fault::is("at_shutdown_in_order_of_registration") {
        callbacks.reverse();
    }
    let failed = |callback| !call(callback) && fault::is("failing_at_shutdown_skips_joins");
    !callbacks.into_iter().rev().any(failed)
}

/// Waits until there is nobody to wait for, those included that come meanwhile.
fn wait() {
    if fault::is("joins_skipped") {
        return;
    }
    let known = ROSTER.last_id();
    while let Some(id) = ROSTER.one_to_wait_for() {
        if fault::is("late_threads_forgotten") && id > known {
            return;
        }
        ROSTER.join(id, None);
        if fault::is("only_first_joined") {
            return;
        }
    }
}

fn call_at_exit() {
    while let Some(callback) = ROSTER.take_at_exit() {
        if !call(callback) && fault::is("failing_at_exit_stops_the_rest") {
            while ROSTER.take_at_exit().is_some() {}
        }
    }
}

/// Whether it returned. A panic was reported by the panic hook; an `exit` is silent. What the panic carried may panic
/// when it is dropped.
fn call(callback: Callback) -> bool {
    let ended = catch(callback);
    if let Err(Ending::Exited(code)) = ended
        && fault::is("at_exit_changes_code")
    {
        sys::os_exit(code);
    }
    let returned = ended.is_ok();
    _ = catch(|| drop(ended));
    returned
}

/// The safety net: what a C `exit` calls, on the thread that called it.
///
/// Only main waits. On any other thread, `exit` means *now*: the threads that it would have to wait for may be
/// waiting for that thread, or be parked for ever by the standard library's own guard against a second `exit`.
///
/// In the child of a fork by a thread, the C library calls `exit` when that thread has ended: there is no main left
/// to end, so nothing is called and nobody waited for.
pub(crate) fn at_process_exit() {
    if context::has_left() || !sys::is_first_thread() {
        return;
    }
    // Must not unwind into the C library. Nothing in there panics; if it does, the exit goes on.
    _ = catch_unwind(shutdown);
}
