//! The twin of `sys.rs` for model checkers: one process, without an end of its own and without forks.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;

use crate::primitives::{AtomicU64, Ordering, global, local};

local! {
    static IS_FIRST: Cell<bool> = Cell::new(false);
}

local! {
    /// What the destructor of this thread's key is called with; 0 if it is not.
    static END: Cell<usize> = Cell::new(0);
}

/// Called at each thread's end. The same function in all executions, so the checker need not know.
static DESTRUCTOR: OnceLock<extern "C" fn(*mut c_void)> = OnceLock::new();

global! {
    /// OS threads that were started.
    static STARTED: AtomicUsize = AtomicUsize::new(0);
}

global! {
    /// OS threads that have ended. The checker sees it: only what is ordered after an end is sure to see it.
    static ENDED: AtomicU64 = AtomicU64::new(0);
}

global! {
    /// How often the process's end was hooked.
    static HOOKED: AtomicUsize = AtomicUsize::new(0);
}

/// An execution begins, on the process's first thread.
pub(crate) fn begin() {
    IS_FIRST.with(|is_first| is_first.set(true));
}

/// Runs a thread's body, and then what the system does at a thread's end.
pub(crate) fn as_os_thread(body: impl FnOnce()) {
    body();
    let id = END.with(Cell::take);
    if let Some(destructor) = DESTRUCTOR.get().filter(|_| id != 0) {
        destructor(ptr::without_provenance_mut(id));
    }
    ENDED.fetch_add(1, Ordering::Relaxed);
}

/// An OS thread is about to start.
pub(crate) fn count_start() {
    STARTED.fetch_add(1, Ordering::Relaxed);
}

/// How many OS threads have ended, as far as the calling one can know.
pub(crate) fn ended() -> u64 {
    ENDED.load(Ordering::Relaxed)
}

/// Whether all have, the first one aside.
pub(crate) fn all_have_ended() -> bool {
    ended() == STARTED.load(Ordering::Relaxed) as u64
}

pub(crate) fn times_hooked() -> usize {
    HOOKED.load(Ordering::Relaxed)
}

pub(crate) fn os_exit(_code: i32) -> ! {
    unreachable!("a model does not end the process")
}

pub(crate) fn native_id() -> u64 {
    1
}

pub(crate) fn native_id_of_first_thread() -> Option<u64> {
    Some(1)
}

pub(crate) fn is_first_thread() -> bool {
    IS_FIRST.with(Cell::get)
}

/// A model's end is the end of its closure.
pub(crate) const HAS_VERY_END: bool = true;

pub(crate) fn hook_very_end(_last: fn()) {}

pub(crate) fn hook_exit(_handler: extern "C" fn()) {
    HOOKED.fetch_add(1, Ordering::Relaxed);
}

pub(crate) fn hook_forks(
    _before: extern "C" fn(),
    _after_in_parent: extern "C" fn(),
    _after_in_child: extern "C" fn(),
) {
}

pub(crate) fn hook_thread_ends(destructor: extern "C" fn(*mut c_void)) {
    _ = DESTRUCTOR.set(destructor);
}

pub(crate) fn tell_when_locals_are_gone(id: usize) -> bool {
    END.with(|end| end.set(id));
    true
}

pub(crate) fn in_last_round(id: *mut c_void) -> Option<usize> {
    Some(id.addr())
}
