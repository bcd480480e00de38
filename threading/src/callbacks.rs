//! Callbacks for the process's end.

use crate::error::ShutdownBegan;
use crate::process::registry;
use crate::registry::List;

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
pub fn at_shutdown(
    callback: impl FnOnce() + Send + 'static,
) -> Result<Registration, ShutdownBegan> {
    let number = registry().add_at_shutdown(Box::new(callback))?;
    Ok(Registration {
        list: List::AtShutdown,
        number,
    })
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
pub fn at_exit(callback: impl FnOnce() + Send + 'static) -> Registration {
    let number = registry().add_at_exit(Box::new(callback));
    Registration {
        list: List::AtExit,
        number,
    }
}

/// A callback that was registered. It stays so when this is dropped.
#[derive(Debug)]
pub struct Registration {
    list: List,
    number: u64,
}

impl Registration {
    /// Takes the callback back, and drops it, as Python's [`atexit.unregister`]. False if it has been called, or is about to be.
    ///
    /// ```
    /// use exeunt_threading as threading;
    ///
    /// let registration = threading::at_exit(|| unreachable!());
    /// assert!(registration.unregister());
    /// ```
    ///
    /// [`atexit.unregister`]: https://docs.python.org/3/library/atexit.html#atexit.unregister
    pub fn unregister(self) -> bool {
        // Dropped here: it is the user's, and must not be dropped under a lock.
        registry().unregister(self.list, self.number).is_some()
    }
}
