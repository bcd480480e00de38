//! Every system call, and with them every line of `unsafe` but the one in [`value`](crate::value).
//!
//! The rest of the crate hands in plain functions and numbers; nothing here knows what they mean.
#![expect(
    unsafe_code,
    reason = "the C library's exit, fork and thread-end hooks have no safe front"
)]

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

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

/// Has `handler` called when the process leaves by the C library's `exit`. `handler` must not unwind.
///
/// Best effort, as the other hooks: the C library refuses one only when it is out of memory.
pub(crate) fn hook_exit(handler: extern "C" fn()) {
    // SAFETY: the handler is a plain function, which lives as long as the process.
    unsafe { libc::atexit(handler) };
}

/// Whether this thread is the process's only one. False if that is not known.
pub(crate) fn is_only_thread() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // As of any directory, the links are two and one for each directory in it: here, one for each thread.
    let tasks = std::fs::metadata("/proc/self/task");
    tasks.is_ok_and(|tasks| tasks.nlink() == 3)
}

/// Whether the system has a moment after all handlers of the C library's `exit`.
pub(crate) const HAS_VERY_END: bool = cfg!(target_os = "linux");

/// Has `last` called when all handlers of the C library's `exit` have been, if [the system has such a
/// moment](HAS_VERY_END).
///
/// What is not Rust's may still follow: the ends of other shared objects, and of the C library's own streams. To be
/// called once, under a lock that no fork can come into.
pub(crate) fn hook_very_end(last: fn()) {
    _ = VERY_END.set(last);
}

static VERY_END: OnceLock<fn()> = OnceLock::new();

/// The dynamic linker, or a static program's own end, calls what is in this section after what `atexit` registered.
#[cfg(target_os = "linux")]
#[used]
// SAFETY: the section holds pointers to functions of this type.
#[unsafe(link_section = ".fini_array")]
static AT_VERY_END: extern "C" fn() = {
    extern "C" fn at_very_end() {
        if let Some(last) = VERY_END.get() {
            last();
        }
    }
    at_very_end
};

/// Has these called around each of the C library's forks, on the thread that forks. To be called with no lock held.
///
/// If it is called twice, so are they: the first twice before, and each of the others twice after.
pub(crate) fn hook_forks(
    before: extern "C" fn(),
    after_in_parent: extern "C" fn(),
    after_in_child: extern "C" fn(),
) {
    // SAFETY: these are plain functions, which live as long as the process.
    unsafe { libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child)) };
}

/// How many of the rounds in which a key's destructor may put its value back and be called again are waited for. POSIX
/// allows no fewer than four, and glibc has four; ThreadSanitizer takes a thread's state away in the last.
const DESTRUCTOR_ROUNDS: u32 = 3;

thread_local! {
    static ROUND: Cell<u32> = const { Cell::new(0) };
}

/// The key whose destructor tells that a thread's locals are gone. Empty when the system had no key left.
static END_KEY: OnceLock<libc::pthread_key_t> = OnceLock::new();

/// Has `destructor` called at the end of each thread that [asks for it](tell_when_locals_are_gone).
///
/// `destructor` must not unwind, and begins by asking [`in_last_round`]. To be called once, under a lock that no fork
/// can come into.
pub(crate) fn hook_thread_ends(destructor: extern "C" fn(*mut c_void)) {
    let mut key = 0;
    // SAFETY: `key` outlives the call, and the destructor is a plain function, which lives as long as the process.
    if unsafe { libc::pthread_key_create(&raw mut key, Some(destructor)) } == 0 {
        _ = END_KEY.set(key);
    }
}

/// Has the hooked destructor called when the calling thread's locals are gone. False if it cannot be.
pub(crate) fn tell_when_locals_are_gone(id: usize) -> bool {
    END_KEY.get().is_some_and(|key| {
        // SAFETY: the key exists and is never deleted; its value is a number that nobody dereferences.
        unsafe { libc::pthread_setspecific(*key, ptr::without_provenance::<c_void>(id)) == 0 }
    })
}

/// What the destructor was called with, if that is for the last time; else it will be called again.
///
/// It runs on a thread that ends, after what `thread_local!` registered. Until the last round it asks to be called
/// again, so that the destructors of other keys come first.
pub(crate) fn in_last_round(id: *mut c_void) -> Option<usize> {
    ROUND.set(ROUND.get() + 1);
    let again = ROUND.get() < DESTRUCTOR_ROUNDS && tell_when_locals_are_gone(id.addr());
    (!again).then(|| id.addr())
}
