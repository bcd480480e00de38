//! The word that the process is about to end, for threads that would go on for ever.

use std::time::Duration;

use crate::process::registry;
use crate::sync::Instant;

/// Tells whether main has ended; see [`stop_token`].
#[derive(Debug, Clone, Copy)]
pub struct StopToken(());

/// A token that is set when main has ended, before the first [`at_shutdown`](crate::at_shutdown) callback is called: for threads that
/// go on until then. As a Python program's `threading.Event` that a `threading._register_atexit` callback sets.
///
/// There is one in a process; in the child of a `fork` by a thread it is not set.
///
/// ```
/// use std::time::Duration;
/// use exeunt_threading::{self as threading, Thread};
///
/// fn main() -> std::process::ExitCode {
///     threading::run(|| {
///         let stop = threading::stop_token();
///         Thread::new(move || {
///             while !stop.wait_timeout(Duration::from_millis(10)) {
///                 // Something to be done every now and then, until main has ended.
///             }
///         })
///         .start()?;
///         Ok(())
///     })
/// }
/// ```
#[must_use]
pub fn stop_token() -> StopToken {
    // Main's end is seen only if the library is hooked in.
    registry();
    StopToken(())
}

impl StopToken {
    /// Whether main has ended. Takes no lock.
    #[must_use]
    pub fn is_set(self) -> bool {
        registry().is_stopped()
    }

    /// Waits until main has ended. In main, that is for ever.
    pub fn wait(self) {
        registry().wait_for_stop(None);
    }

    /// Waits until main has ended, but no longer than `timeout`. True if main has ended.
    pub fn wait_timeout(self, timeout: Duration) -> bool {
        registry().wait_for_stop(Instant::now().checked_add(timeout))
    }
}
