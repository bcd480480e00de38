//! This process: its one registry, hooked into the process's end, its forks and the ends of its threads.
//!
//! Every public function comes in by [`registry`]. Below it, nobody knows that there is one registry: the modules
//! under it are handed what they work on.

use std::ffi::c_void;
use std::panic::catch_unwind;

use crate::registry::Registry;
use crate::sync::{AtomicBool, Ordering, global};
use crate::{context, output, shutdown, sys};

global! {
    static REGISTRY: Registry = Registry::new();
}

global! {
    /// Set when the first use of the library is over.
    static HOOKED: AtomicBool = AtomicBool::new(false);
}

/// This process's threads and callbacks, hooked in.
pub(crate) fn registry() -> &'static Registry {
    if !HOOKED.load(Ordering::Acquire) {
        hook();
    }
    &REGISTRY
}

/// Two threads may do this at once, and a fork may cut it short in the child, which then does it again: no step may
/// wait for another thread's, and all may be done twice.
fn hook() {
    // First, and with no lock held: the C library waits here for a fork that is under way.
    sys::hook_forks(before_fork, after_in_parent, after_in_child);
    // From here on no fork comes while the registry's lock is held.
    REGISTRY.first_use(|| {
        sys::hook_exit(at_c_exit);
        sys::hook_very_end(at_very_end);
        sys::hook_thread_ends(locals_are_gone);
    });
    HOOKED.store(true, Ordering::Release);
}

/// Main has ended: waits for the threads and calls the callbacks. Does nothing the second time.
pub(crate) fn shut_down() {
    shutdown::shut_down(registry());
}

/// The safety net: what a C `exit` calls, on the thread that called it.
///
/// Only main waits. On any other thread, `exit` means *now*: the threads that it would have to wait for may be
/// waiting for that thread, or be parked for ever by the standard library's own guard against a second `exit`.
///
/// In the child of a fork by a thread, the C library calls `exit` when that thread has ended: there is no main left
/// to end, so nothing is called and nobody waited for.
extern "C" fn at_c_exit() {
    if context::has_left() || !sys::is_first_thread() {
        return;
    }
    // Must not unwind into the C library. Nothing in there panics; if it does, the exit goes on.
    _ = catch_unwind(shut_down);
    if !sys::HAS_VERY_END {
        at_very_end();
    }
}

/// The last code of the process that can be this library's.
fn at_very_end() {
    _ = catch_unwind(|| {
        if REGISTRY.has_left_threads_behind() {
            output::seal();
        }
    });
}

extern "C" fn locals_are_gone(id: *mut c_void) {
    if let Some(id) = sys::in_last_round(id) {
        context::leave();
        REGISTRY.left(id);
    }
}

extern "C" fn before_fork() {
    REGISTRY.hold_for_fork();
}

extern "C" fn after_in_parent() {
    REGISTRY.release_in_parent();
}

extern "C" fn after_in_child() {
    REGISTRY.release_in_child();
}
