//! Who is running.

use crate::handle::Handle;
use crate::process::registry;

/// The calling thread, as Python's [`threading.current_thread`].
///
/// A thread that this library did not start shows as a daemon called `Dummy-N` from its first call of this library
/// until it ends.
///
/// [`threading.current_thread`]: https://docs.python.org/3/library/threading.html#threading.current_thread
///
/// ```
/// use exeunt_threading as threading;
///
/// assert_eq!(threading::current(), threading::main_thread());
/// assert_eq!(threading::current().name(), "MainThread");
/// ```
#[must_use]
pub fn current() -> Handle {
    Handle::of(registry().current())
}

/// The main thread: the process's first, or, in the child of a fork, the one that forked.
///
/// As Python's [`threading.main_thread`]. It counts as ended when main has: under [`run`](crate::run), when the closure
/// is left; otherwise when the process begins to exit.
///
/// [`threading.main_thread`]: https://docs.python.org/3/library/threading.html#threading.main_thread
#[must_use]
pub fn main_thread() -> Handle {
    Handle::of(registry().main_thread())
}

/// All threads that are alive, as far as this library knows them, in the order of their coming.
///
/// As Python's [`threading.enumerate`]: daemons and dummies are included, and the main thread always, even when it
/// has ended.
///
/// ```
/// use exeunt_threading::{self as threading, Thread};
///
/// Thread::new(std::thread::park).name("parked").daemon(true).start()?;
/// let names: Vec<_> = threading::enumerate().iter().map(|thread| thread.name().to_owned()).collect();
/// assert_eq!(names, ["MainThread", "parked"]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// [`threading.enumerate`]: https://docs.python.org/3/library/threading.html#threading.enumerate
#[must_use]
pub fn enumerate() -> Vec<Handle> {
    registry().everyone().into_iter().map(Handle::of).collect()
}

/// How many threads [`enumerate`] lists.
#[must_use]
pub fn active_count() -> usize {
    registry().everyone().len()
}
