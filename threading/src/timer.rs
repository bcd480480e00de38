//! A function called later.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::current::current;
use crate::error::StartError;
use crate::handle::Handle;
use crate::process::registry;
use crate::sync::{AtomicBool, Instant, Ordering};
use crate::thread::Thread;

/// A thread that calls a function after some time, unless it is cancelled before. As Python's [`threading.Timer`].
///
/// It is a thread like any other: unless it is a daemon, the process waits until it has fired or was cancelled.
///
/// ```
/// use std::time::Duration;
/// use exeunt_threading::Timer;
///
/// let soon = Timer::new(Duration::from_millis(10), || "ring").start()?;
/// let never = Timer::new(Duration::from_secs(3600), || "ring").start()?;
/// never.cancel();
/// assert_eq!(soon.handle().join()?, &Some("ring"));
/// assert_eq!(never.handle().join()?, &None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`threading.Timer`]: https://docs.python.org/3/library/threading.html#timer-objects
#[must_use = "a timer does nothing until it is started"]
pub struct Timer<F> {
    delay: Duration,
    thread: Thread<F>,
}

impl<F> Timer<F> {
    /// A timer that will call `function` when `delay` has passed since its start.
    pub fn new(delay: Duration, function: F) -> Self {
        Self {
            delay,
            thread: Thread::new(function),
        }
    }

    /// As [`Thread::name`].
    pub fn name(self, name: impl Into<String>) -> Self {
        Self {
            thread: self.thread.name(name),
            ..self
        }
    }

    /// As [`Thread::daemon`].
    pub fn daemon(self, daemon: bool) -> Self {
        Self {
            thread: self.thread.daemon(daemon),
            ..self
        }
    }

    /// Starts the timer.
    ///
    /// # Errors
    /// As [`Thread::start`].
    #[track_caller]
    pub fn start<T>(self) -> Result<TimerHandle<T>, StartError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fires_at = Instant::now().checked_add(self.delay);
        let cancelled = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&cancelled);
        let thread = self.thread.map(|function| {
            move || {
                registry().sleep(current().record(), fires_at, || {
                    seen.load(Ordering::Relaxed)
                });
                (!seen.load(Ordering::Relaxed)).then(function)
            }
        });
        Ok(TimerHandle {
            handle: thread.start()?,
            cancelled,
        })
    }
}

impl<F> fmt::Debug for Timer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("delay", &self.delay)
            .finish_non_exhaustive()
    }
}

/// A started [`Timer`]. Dropping it does not cancel the timer.
pub struct TimerHandle<T = ()> {
    handle: Handle<Option<T>>,
    cancelled: Arc<AtomicBool>,
}

impl<T> TimerHandle<T> {
    /// Stops the timer if it has not fired yet; its thread then ends at once. Otherwise does nothing.
    pub fn cancel(&self) {
        registry().wake(self.handle.record(), || {
            self.cancelled.store(true, Ordering::Relaxed)
        });
    }

    /// As [`handle`](Self::handle), to be kept, or to [take the value](Handle::into_value). The timer can then not be
    /// cancelled by this.
    #[must_use]
    pub fn into_handle(self) -> Handle<Option<T>> {
        self.handle
    }

    /// The timer's thread. Its value is that of the function, or `None` if the timer was cancelled.
    #[must_use]
    pub fn handle(&self) -> &Handle<Option<T>> {
        &self.handle
    }
}

impl<T> Clone for TimerHandle<T> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            cancelled: Arc::clone(&self.cancelled),
        }
    }
}

impl<T> fmt::Debug for TimerHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerHandle")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}
