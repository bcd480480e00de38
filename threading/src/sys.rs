//! Every system call and every line of `unsafe` in the crate.
//!
//! The rest of the crate hands in plain functions and numbers; nothing here knows what they mean.
#![expect(
    unsafe_code,
    reason = "the C library's exit, fork and thread-end hooks have no safe front"
)]

use std::cell::{Cell, UnsafeCell};
use std::ffi::c_void;
use std::ptr;

use crate::record::Id;
use crate::roster::{Guard, ROSTER};
use crate::shutdown;
use crate::sync::OnceLock;

/// Ends the process at once: no destructor, no handler, no flush.
pub(crate) fn os_exit(code: i32) -> ! {
    // SAFETY: `_exit` takes any number and does not return.
    unsafe { libc::_exit(code) }
}

/// The kernel's number of the calling thread.
pub(crate) fn native_id() -> u64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: takes no argument and cannot fail.
    let id = unsafe { libc::gettid() }.unsigned_abs().into();
    #[cfg(target_os = "freebsd")]
    // SAFETY: takes no argument and cannot fail.
    let id = unsafe { libc::pthread_getthreadid_np() }
        .unsigned_abs()
        .into();
    #[cfg(target_os = "macos")]
    let id = {
        let mut id = 0;
        // SAFETY: thread 0 means the calling one, and `id` outlives the call.
        unsafe { libc::pthread_threadid_np(0, &raw mut id) };
        id
    };
    id
}

/// The kernel's number of the process's first thread, where another thread can know it.
pub(crate) fn native_id_of_first_thread() -> Option<u64> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: takes no argument and cannot fail.
    return Some(unsafe { libc::getpid() }.unsigned_abs().into());
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return is_first_thread().then(native_id);
}

/// Whether the calling thread is the process's first one. In the child of a fork that is the one that forked.
pub(crate) fn is_first_thread() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: both take no argument and cannot fail.
    return unsafe { libc::gettid() == libc::getpid() };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: takes no argument and cannot fail.
    return unsafe { libc::pthread_main_np() } != 0;
}

/// Hooks this crate into the end of the process and into `fork`. To be called once, with no lock held.
///
/// Each hook is best effort: the C library refuses one only when it is out of memory.
pub(crate) fn install_hooks() {
    // SAFETY: the handler is a plain function that lives as long as the process and does not unwind.
    unsafe { libc::atexit(at_c_exit) };
    // SAFETY: the same of these three.
    unsafe {
        libc::pthread_atfork(
            Some(before_fork),
            Some(after_in_parent),
            Some(after_in_child),
        )
    };
}

extern "C" fn at_c_exit() {
    shutdown::at_process_exit();
}

/// The roster's lock while a fork is under way, kept by the thread that forks.
///
/// A lock that another thread holds during a fork is held for ever in the child, where that thread does not exist.
/// So the forking thread takes it first, and both sides release it.
struct HeldOverFork(UnsafeCell<Option<Guard<'static>>>);

// SAFETY: touched only between `before_fork` and its `after_…` twin, by the one thread that holds the roster's lock.
unsafe impl Sync for HeldOverFork {}

static HELD: HeldOverFork = HeldOverFork(UnsafeCell::new(None));

extern "C" fn before_fork() {
    let guard = ROSTER.lock_for_fork();
    // SAFETY: this thread now holds the roster's lock, so no other thread is between the fork hooks.
    unsafe { *HELD.0.get() = Some(guard) };
}

extern "C" fn after_in_parent() {
    // SAFETY: the lock was taken by this thread in `before_fork` and is still held.
    drop(unsafe { (*HELD.0.get()).take() });
}

extern "C" fn after_in_child() {
    // SAFETY: as in the parent; the child's only thread is the one that forked.
    let guard = unsafe { (*HELD.0.get()).take() };
    if let Some(mut guard) = guard {
        guard.forget_other_threads();
    }
}

/// How often a key's destructor may put its value back and be called again: the least POSIX allows, and what glibc does.
const DESTRUCTOR_ROUNDS: u32 = 4;

thread_local! {
    static ROUND: Cell<u32> = const { Cell::new(0) };
}

/// The key whose destructor tells that a thread's locals are gone; `None` when the system has no key left.
static END_KEY: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();

fn end_key() -> Option<libc::pthread_key_t> {
    *END_KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: `key` outlives the call, and the destructor is a plain function that does not unwind.
        let made = unsafe { libc::pthread_key_create(&raw mut key, Some(locals_are_gone)) };
        (made == 0).then_some(key)
    })
}

/// Has [`roster::Roster::left`] called with `id` when the calling thread's locals are gone. False if it cannot be.
pub(crate) fn tell_when_locals_are_gone(id: Id) -> bool {
    end_key().is_some_and(|key| set_end_key(key, id))
}

fn set_end_key(key: libc::pthread_key_t, id: Id) -> bool {
    // SAFETY: the key exists and is never deleted; its value is a number that nobody dereferences.
    unsafe { libc::pthread_setspecific(key, ptr::without_provenance::<c_void>(id)) == 0 }
}

/// Runs on a thread that ends, after what `thread_local!` registered. It asks to be called again until the last
/// round, so that the destructors of other keys come first.
extern "C" fn locals_are_gone(id: *mut c_void) {
    ROUND.set(ROUND.get() + 1);
    let again =
        ROUND.get() < DESTRUCTOR_ROUNDS && end_key().is_some_and(|key| set_end_key(key, id.addr()));
    if !again {
        ROSTER.left(id.addr());
    }
}
