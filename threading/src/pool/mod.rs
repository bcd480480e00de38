//! A pool of threads whose work is done before the process ends.

mod queue;
mod task;

use std::fmt;
use std::sync::Arc;

use crate::callbacks::{Registration, at_shutdown};
use crate::error::SubmitError;
use queue::Queue;

pub use task::Task;

/// Some threads that do what is submitted to them, as Python's [`ThreadPoolExecutor`].
///
/// The threads start when there is work for them, and are no daemons: what was submitted before main's end is done before
/// the process ends, and before the first [`at_exit`](crate::at_exit) callback. From main's end on, nothing more is accepted.
/// So it is when the pool is [closed](Self::close) or dropped: what was submitted is still done.
///
/// ```
/// use exeunt_threading::Pool;
///
/// let pool = Pool::new(4);
/// let squares: Vec<_> = (0..10).map(|i| pool.submit(move || i * i)).collect::<Result<_, _>>()?;
/// for (i, square) in squares.iter().enumerate() {
///     assert_eq!(square.join()?, &(i * i));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`ThreadPoolExecutor`]: https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor
#[must_use = "a pool is closed when it is dropped"]
pub struct Pool {
    queue: Arc<Queue>,
    /// Closes the pool at main's end.
    closing: Option<Registration>,
}

impl Pool {
    /// A pool of at most so many threads, called `Pool-1`, `Pool-2` and so on.
    ///
    /// # Panics
    /// If `threads` is 0.
    pub fn new(threads: usize) -> Self {
        Self::named("Pool", threads)
    }

    /// A pool of at most so many threads, called `name-1`, `name-2` and so on.
    ///
    /// # Panics
    /// If `threads` is 0.
    pub fn named(name: impl Into<String>, threads: usize) -> Self {
        assert!(threads > 0, "a pool needs a thread");
        let queue = Arc::new(Queue::new(name.into(), threads));
        let ended = Arc::downgrade(&queue);
        let close = move || _ = ended.upgrade().map(|queue| queue.close());
        Self {
            closing: at_shutdown(close).ok(),
            queue,
        }
    }

    /// Has `function` called by one of the pool's threads, the sooner the earlier it was submitted.
    ///
    /// The task may be dropped: the function is called all the same.
    ///
    /// # Errors
    /// [`SubmitError`] if the pool is closed, if main has ended, in the child of a `fork`, or if there is no thread to call the
    /// function and none can be started. The function is then not called; in the last case, what others submitted meanwhile is
    /// cancelled too.
    pub fn submit<T: Send + 'static>(
        &self,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Task<T>, SubmitError> {
        let (task, job) = Task::new(function);
        Queue::push(&self.queue, job)?;
        Ok(task)
    }

    /// Accepts nothing more, and returns at once. As Python's `shutdown(wait=False)`.
    pub fn close(&self) {
        self.queue.close();
    }

    /// Closes the pool, and waits until all that was submitted is done and the threads have ended. As Python's
    /// `shutdown()`.
    ///
    /// One of the pool's own threads waits for the others only.
    ///
    /// ```
    /// use exeunt_threading::{Pool, SubmitError};
    ///
    /// let pool = Pool::new(1);
    /// let task = pool.submit(|| 1)?;
    /// pool.shutdown();
    /// assert!(task.is_done());
    /// assert!(matches!(pool.submit(|| 2), Err(SubmitError::Closed)));
    /// # Ok::<(), SubmitError>(())
    /// ```
    pub fn shutdown(&self) {
        self.queue.close();
        self.queue.wait_for_threads();
    }

    /// As [`shutdown`](Self::shutdown), but what has not begun is cancelled. As Python's `shutdown(cancel_futures=True)`.
    pub fn shutdown_now(&self) {
        self.queue.close();
        self.queue.cancel_all();
        self.queue.wait_for_threads();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.close();
        let closing = self.closing.take();
        _ = closing.map(Registration::unregister);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.queue.fmt(f)
    }
}
