//! Ending a thread, or the process, from inside.

use std::process;

use crate::{context, sys, unwind};

/// Ends the calling thread, as Python's [`sys.exit`] does.
///
/// - **In main, under [`run`](crate::run):** main ends here, with this exit code. The process then waits for its
///   threads and calls its callbacks, as at any other end of main.
/// - **In main, without `run`:** the same, through [`std::process::exit`]: main's destructors do not run, and its
///   limits apply (see [the crate's](crate#honest-limits)).
/// - **In any other thread:** that thread ends, silently; the process and its exit code are unaffected. Who joins
///   the thread gets [`JoinError::Exited`](crate::JoinError::Exited).
/// - **In a thread that this library did not start:** it unwinds to whatever catches there. `std::thread` and tokio make
///   it the error of a join; rayon aborts the process.
/// - **In an [`at_exit`](crate::at_exit) or [`at_shutdown`](crate::at_shutdown) callback:** the callback ends; the
///   others still run and the exit code stays.
///
/// The process's exit code is the lowest 8 bits of `code`: 256 gives 0, -1 gives 255, 300 gives 44.
///
/// It works by unwinding: destructors run, no panic is reported, and a [`catch_unwind`](std::panic::catch_unwind) of yours in between stops
/// it. As with any unwinding, calling it from a destructor that runs because of a panic aborts the process; so does
/// calling it from the destructor of a thread-local.
///
/// ```
/// use exeunt_threading::{self as threading, JoinError, Thread};
///
/// let thread = Thread::new(|| -> () { threading::exit(5) }).start()?;
/// assert!(matches!(thread.join(), Err(JoinError::Exited(5))));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// [`sys.exit`]: https://docs.python.org/3/library/sys.html#sys.exit
pub fn exit(code: i32) -> ! {
    if !context::is_caught() && sys::is_first_thread() {
        process::exit(code);
    }
    unwind::request_exit(code)
}

/// Ends the process at once, from any thread, as Python's [`os._exit`] does.
///
/// Nothing runs any more: no thread is waited for, no callback is called, no destructor runs, and what was printed
/// but not yet flushed is lost. The exit code is the lowest 8 bits of `code`.
///
/// ```no_run
/// use exeunt_threading as threading;
///
/// threading::at_exit(|| unreachable!());
/// threading::os_exit(7)
/// ```
///
/// [`os._exit`]: https://docs.python.org/3/library/os.html#os._exit
pub fn os_exit(code: i32) -> ! {
    sys::os_exit(code)
}
