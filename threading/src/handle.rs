//! A started thread, seen from outside.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::error::JoinError;
use crate::process::registry;
use crate::record::Record;
use crate::sync::Instant;
use crate::value::Value;

/// A started thread. Clones are the same thread and compare equal.
///
/// Dropping a handle does nothing to its thread: whether the process waits for it depends on
/// [its being a daemon](crate::Thread::daemon) alone.
///
/// A `Handle` without a value type, as of [`current`](crate::current), can be joined too; its value is `()`.
pub struct Handle<T = ()> {
    record: Arc<Record>,
    value: Arc<Value<T>>,
}

/// # Waiting for the thread
impl<T: Sync> Handle<T> {
    /// Waits until the thread has ended, and returns what its function returned.
    ///
    /// The thread has ended when its operating-system thread has, after the destructors of its thread-locals.
    /// It can be joined any number of times and from several threads at once; each gets the value or the error.
    /// Joining the [main thread](crate::main_thread) waits until main has ended and the shutdown has begun.
    ///
    /// Threads that join each other in a circle wait for ever, as in Python; only the circle of one is recognised.
    ///
    /// # Errors
    /// [`JoinError`] if the thread panicked or ended by [`exit`](crate::exit), if it is the calling thread, or if it
    /// was left behind by a `fork`.
    ///
    /// ```
    /// use exeunt_threading::Thread;
    ///
    /// let first = Thread::new(|| "done").start()?;
    /// let again = first.clone();
    /// let second = Thread::new(move || again.join().copied()).start()?;
    /// assert_eq!(first.join()?, &"done");
    /// assert_eq!(second.join()?.as_ref().unwrap(), &"done");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(&self) -> Result<&T, JoinError> {
        self.refuse_to_join_itself()?;
        registry().join(&self.record, None);
        self.outcome()
    }

    /// As [`join`](Self::join), but waits no longer than `timeout`; then it returns `Ok(None)`, and the thread goes
    /// on as before.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    ///
    /// ```
    /// use std::time::Duration;
    /// use exeunt_threading::Thread;
    ///
    /// let thread = Thread::new(std::thread::park).daemon(true).start()?;
    /// assert_eq!(thread.join_timeout(Duration::from_millis(10))?, None);
    /// assert!(thread.is_alive());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join_timeout(&self, timeout: Duration) -> Result<Option<&T>, JoinError> {
        self.refuse_to_join_itself()?;
        let deadline = Instant::now().checked_add(timeout);
        if !registry().join(&self.record, deadline) {
            return Ok(None);
        }
        self.outcome().map(Some)
    }

    fn outcome(&self) -> Result<&T, JoinError> {
        self.record.verdict()?;
        self.value.get().ok_or(JoinError::Forgotten)
    }
}

/// # Its end, whatever its value is
impl<T> Handle<T> {
    /// Waits until the thread has ended, and gives the value away, which need not be [`Sync`]: a receiver, a cell.
    ///
    /// # Errors
    /// As [`join`](Self::join); and [`JoinError::Shared`] if a clone of this handle exists.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use exeunt_threading::Thread;
    ///
    /// let thread = Thread::new(|| {
    ///     let (sender, receiver) = mpsc::channel();
    ///     sender.send(7).map(|()| receiver)
    /// });
    /// let receiver = thread.start()?.into_value()??;
    /// assert_eq!(receiver.recv()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_value(self) -> Result<T, JoinError> {
        self.refuse_to_join_itself()?;
        registry().join(&self.record, None);
        self.record.verdict()?;
        let value = Arc::try_unwrap(self.value).map_err(|_| JoinError::Shared)?;
        value.into_inner().ok_or(JoinError::Forgotten)
    }

    /// Whether the thread has not ended yet. Once false, a join does not wait.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !registry().join(&self.record, Some(Instant::now()))
    }

    fn refuse_to_join_itself(&self) -> Result<(), JoinError> {
        if registry().current().id == self.record.id {
            Err(JoinError::Itself)
        } else {
            Ok(())
        }
    }
}

/// # What the thread is
impl<T> Handle<T> {
    /// The name given to the thread, or its default one; `MainThread` for main.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// The thread's number in this process: not 0, and not used again for another thread.
    #[must_use]
    pub fn ident(&self) -> usize {
        self.record.id
    }

    /// The operating system's number of the thread, as tools show it; it may be used again once the thread has ended.
    /// Waits for the instant that a thread just started takes to run.
    ///
    /// `None` only for a main thread that has not used this library yet, on systems other than Linux.
    #[must_use]
    pub fn native_id(&self) -> Option<u64> {
        registry().wait_until_it_runs(&self.record);
        self.record.native_id()
    }

    /// The standard library's handle of the thread, to [unpark](std::thread::Thread::unpark) it.
    ///
    /// `None` for a thread that this library did not start, other than main under [`run`](crate::run).
    ///
    /// ```
    /// use exeunt_threading::Thread;
    ///
    /// let thread = Thread::new(std::thread::park).start()?;
    /// thread.thread().expect("started here").unpark();
    /// thread.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn thread(&self) -> Option<&std::thread::Thread> {
        registry().wait_until_it_runs(&self.record);
        self.record.thread.get()
    }

    /// Whether the process ends without waiting for this thread.
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.record.daemon
    }

    /// The same thread without its value, to be kept in one list with others, or to be joined whatever its value is.
    #[must_use]
    pub fn untyped(&self) -> Handle {
        Handle::of(Arc::clone(&self.record))
    }

    pub(crate) fn new(record: Arc<Record>, value: Arc<Value<T>>) -> Self {
        Self { record, value }
    }

    pub(crate) fn record(&self) -> &Record {
        &self.record
    }
}

impl Handle {
    pub(crate) fn of(record: Arc<Record>) -> Self {
        Self::new(record, Arc::new(Value::of(())))
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self {
            record: Arc::clone(&self.record),
            value: Arc::clone(&self.value),
        }
    }
}

impl<T, U> PartialEq<Handle<U>> for Handle<T> {
    fn eq(&self, other: &Handle<U>) -> bool {
        self.record.id == other.record.id
    }
}

impl<T> Eq for Handle<T> {}

impl<T> Hash for Handle<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.record.id.hash(state);
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("name", &self.name())
            .field("ident", &self.ident())
            .field("daemon", &self.is_daemon())
            .finish_non_exhaustive()
    }
}
