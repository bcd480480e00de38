//! Locks, waits and threads, as the waiting protocol uses them.
//!
//! Poison is ignored. No user code runs under a lock, so a lock can only be poisoned by a defect in this crate, and
//! the shutdown must still be able to wait for the threads that are left.

use std::io;
use std::sync::PoisonError;

use crate::primitives;

pub(crate) use primitives::{
    AtomicBool, AtomicU64, AtomicUsize, Instant, MutexGuard, OnceLock, Ordering, constructor,
    global, local,
};

/// The join handle of an OS thread. Dropping it detaches the thread.
pub(crate) type OsThread = primitives::JoinHandle<()>;

#[derive(Debug)]
pub(crate) struct Mutex<T>(primitives::Mutex<T>);

impl<T> Mutex<T> {
    constructor! {
        pub(crate) fn new(value: T) -> Self {
            Self(primitives::Mutex::new(value))
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every waiter waits with the same lock, and every change that one may wait for is made under it, before the
/// notification.
#[derive(Debug)]
pub(crate) struct Condvar {
    inner: primitives::Condvar,
    /// Changed under the lock. A notification is a system call, even if nobody waits, which is the usual case here.
    waiters: AtomicUsize,
}

impl Condvar {
    constructor! {
        pub(crate) fn new() -> Self {
            Self {
                inner: primitives::Condvar::new(),
                waiters: AtomicUsize::new(0),
            }
        }
    }

    pub(crate) fn notify_all(&self) {
        if self.waiters.load(Ordering::Relaxed) > 0 {
            self.inner.notify_all();
        }
    }

    pub(crate) fn notify_one(&self) {
        if self.waiters.load(Ordering::Relaxed) > 0 {
            self.inner.notify_one();
        }
    }

    #[cfg(all(test, not(exeunt_model)))]
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiters.load(Ordering::Relaxed) > 0
    }

    /// Waits for a notification; without a deadline, as long as it takes. May wake for no reason.
    pub(crate) fn wait<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'a, T> {
        self.waiters.fetch_add(1, Ordering::Relaxed);
        let guard = self.sleep(guard, deadline);
        self.waiters.fetch_sub(1, Ordering::Relaxed);
        guard
    }

    fn sleep<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'a, T> {
        let Some(deadline) = deadline else {
            let woken = self.inner.wait(guard);
            return woken.unwrap_or_else(PoisonError::into_inner);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let woken = self.inner.wait_timeout(guard, left);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Starts an OS thread. The OS shows the first bytes of `name`; a panic message shows all of it.
pub(crate) fn spawn(
    name: &str,
    stack_size: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<OsThread> {
    let mut builder = primitives::Builder::new().name(name.to_owned());
    if let Some(bytes) = stack_size {
        builder = builder.stack_size(bytes);
    }
    builder.spawn(body)
}
