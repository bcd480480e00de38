//! One piece of work, seen by those who wait for it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::discard::discard;
use crate::error::JoinError;
use crate::record::Ending;
use crate::sync::{Condvar, Instant, Mutex, OnceLock};
use crate::unwind::catch;
use crate::value::Value;

/// What a pool does with a task: once, and then it is gone.
pub(super) type Job = Box<dyn FnOnce(Fate) + Send>;

pub(super) enum Fate {
    Run,
    Cancel,
}

/// What was [submitted](crate::Pool::submit) to a pool. Clones are the same task; dropping it changes nothing.
pub struct Task<T> {
    course: Arc<Course>,
    value: Arc<Value<T>>,
}

/// How far a task has come.
struct Course {
    progress: Mutex<Progress>,
    /// Notified when the task is done.
    done: Condvar,
    /// Set before the task is done.
    end: OnceLock<Result<(), JoinError>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Pending,
    Running,
    /// Ended, or cancelled.
    Done,
}

impl<T: Send + 'static> Task<T> {
    pub(super) fn new(function: impl FnOnce() -> T + Send + 'static) -> (Self, Job) {
        let task = Self {
            course: Arc::new(Course::new()),
            value: Arc::new(Value::new()),
        };
        let Self { course, value } = task.clone();
        let job = move |fate| match fate {
            Fate::Run if course.begin() => course.finish(run(function, value)),
            Fate::Run => discard(function),
            Fate::Cancel => {
                course.cancel();
                discard(function);
            }
        };
        (task, Box::new(job))
    }
}

/// Gives up the value before the task is done: it is then its owners' alone.
fn run<T>(function: impl FnOnce() -> T, value: Arc<Value<T>>) -> Result<(), JoinError> {
    let end = match catch(function) {
        Ok(result) => {
            value.set(result);
            Ok(())
        }
        Err(Ending::Exited(code)) => Err(JoinError::Exited(code)),
        Err(Ending::Panicked(panic)) => Err(JoinError::Panicked(panic)),
        Err(Ending::Returned) => Ok(()),
    };
    discard(value);
    end
}

impl Course {
    fn new() -> Self {
        Self {
            progress: Mutex::new(Progress::Pending),
            done: Condvar::new(),
            end: OnceLock::new(),
        }
    }

    /// False if the task was cancelled.
    fn begin(&self) -> bool {
        let mut progress = self.progress.lock();
        let pending = *progress == Progress::Pending;
        if pending {
            *progress = Progress::Running;
        }
        pending
    }

    fn finish(&self, end: Result<(), JoinError>) {
        let mut progress = self.progress.lock();
        _ = self.end.set(end);
        *progress = Progress::Done;
        self.done.notify_all();
    }

    /// False if the task has begun.
    fn cancel(&self) -> bool {
        let cancelled = self.begin();
        if cancelled {
            self.finish(Err(JoinError::Cancelled));
        }
        cancelled
    }

    /// True if the task is done.
    fn wait(&self, deadline: Option<Instant>) -> bool {
        let mut progress = self.progress.lock();
        while *progress != Progress::Done {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return false;
            }
            progress = self.done.wait(progress, deadline);
        }
        true
    }

    /// How the task ended, once it is done.
    fn verdict(&self) -> Result<(), JoinError> {
        let end = self.end.get().cloned();
        end.unwrap_or(Err(JoinError::Forgotten))
    }
}

/// # Waiting for the task
impl<T: Sync> Task<T> {
    /// Waits until the task is done, and returns what its function returned. As Python's [`Future.result`].
    ///
    /// A task that waits for another of the same pool may wait for ever, as in Python: there may be no thread left for it.
    ///
    /// # Errors
    /// [`JoinError`] if the function panicked or called [`exit`](crate::exit), or if the task was cancelled.
    ///
    /// [`Future.result`]: https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Future.result
    pub fn join(&self) -> Result<&T, JoinError> {
        self.course.wait(None);
        self.outcome()
    }

    /// As [`join`](Self::join), but waits no longer than `timeout`; then it returns `Ok(None)`.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub fn join_timeout(&self, timeout: Duration) -> Result<Option<&T>, JoinError> {
        let deadline = Instant::now().checked_add(timeout);
        match self.course.wait(deadline) {
            true => self.outcome().map(Some),
            false => Ok(None),
        }
    }

    fn outcome(&self) -> Result<&T, JoinError> {
        self.course.verdict()?;
        self.value.get().ok_or(JoinError::Forgotten)
    }
}

/// # The task, whatever its value is
impl<T> Task<T> {
    /// Waits until the task is done, and gives the value away, which need not be [`Sync`].
    ///
    /// # Errors
    /// As [`join`](Self::join); and [`JoinError::Shared`] if a clone of this task exists.
    pub fn into_value(self) -> Result<T, JoinError> {
        self.course.wait(None);
        self.course.verdict()?;
        let value = Arc::try_unwrap(self.value).map_err(|_| JoinError::Shared)?;
        value.into_inner().ok_or(JoinError::Forgotten)
    }

    /// Cancels the task if it has not begun; its function is then not called. False if it has begun, or was cancelled before.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use exeunt_threading::{JoinError, Pool};
    ///
    /// let pool = Pool::new(1);
    /// let (go, gone) = mpsc::channel::<()>();
    /// let first = pool.submit(move || gone.recv().is_err())?;
    /// let second = pool.submit(|| unreachable!("there is one thread"))?;
    /// assert!(second.cancel());
    /// drop(go);
    /// assert_eq!(first.join()?, &true);
    /// assert!(matches!(second.join(), Err(JoinError::Cancelled)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        self.course.cancel()
    }

    /// Whether the function has ended, or the task was cancelled.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.course.wait(Some(Instant::now()))
    }
}

impl<T> Clone for Task<T> {
    fn clone(&self) -> Self {
        Self {
            course: Arc::clone(&self.course),
            value: Arc::clone(&self.value),
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("is_done", &self.is_done())
            .finish_non_exhaustive()
    }
}
