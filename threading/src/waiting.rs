//! What a program says of the waiting for its threads.

use std::sync::Arc;
use std::time::Duration;

use crate::handle::Handle;
use crate::process::registry;
use crate::registry::{AtLimit, Limit};

/// Has the process tell whom it waits for, once it has waited for its threads for so long after main's end; or never,
/// with `None`.
///
/// One line on standard error gives each thread's name and number, where it was started, and how long ago. In debug
/// builds and in tests' programs it comes after 5 seconds unless this function is called, in others it does not. The variable
/// `EXEUNT_THREADING_REPORT`, in seconds, overrides all that; 0 is never.
///
/// ```text
/// exeunt-threading: main has ended, and the process has waited 5.0s for its threads to end: `uploader` (id 3, started 9.2s ago at src/upload.rs:41:10)
/// ```
///
/// ```
/// use std::time::Duration;
/// use exeunt_threading as threading;
///
/// threading::set_wait_report(Some(Duration::from_secs(30)));
/// ```
pub fn set_wait_report(after: Option<Duration>) {
    registry().set_report(after);
}

/// Bounds how long the process waits for its threads after main's end. Without this, it waits as long as it takes.
///
/// When it has waited for `limit`, `decide` is called, on main, with the threads that are left, and says what comes then: it may
/// be [`AtLimit::Abandon`], or [`AtLimit::Wait`]. Or it ends the process itself, with a code of its own, by
/// [`os_exit`](crate::os_exit). If it panics, the process waits without a bound: no thread is lost by a defect in there.
///
/// The time counts from the end of the last [`at_shutdown`](crate::at_shutdown) callback; to call this function after that is too late.
/// A second call takes the place of the first.
///
/// ```
/// use std::time::Duration;
/// use exeunt_threading::{self as threading, AtLimit, Thread};
///
/// fn main() -> std::process::ExitCode {
///     threading::run(|| {
///         threading::set_wait_limit(Duration::from_millis(50), |threads| {
///             for thread in threads {
///                 eprintln!("{} does not end", thread.name());
///             }
///             AtLimit::Abandon
///         });
///         Thread::new(|| loop { std::thread::park() }).start::<()>()?; // would be waited for for ever
///         Ok(())
///     })
/// }
/// ```
pub fn set_wait_limit(
    limit: Duration,
    mut decide: impl FnMut(&[Handle]) -> AtLimit + Send + 'static,
) {
    let limit = Limit {
        after: limit,
        decide: Box::new(move |threads| {
            let threads: Vec<_> = threads
                .iter()
                .map(|thread| Handle::of(Arc::clone(thread)))
                .collect();
            decide(&threads)
        }),
    };
    drop(registry().replace_limit(Some(limit)));
}
