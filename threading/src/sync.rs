//! Every lock, wait, atomic and thread of the waiting protocol, in one place.
//!
//! Nothing else in the crate names `std::sync::Mutex`, `std::sync::Condvar`, `std::sync::atomic`, `std::thread::Builder`
//! or a `static` with a lock in it: a model checker's twin, `model/sync.rs`, takes the place of this file to explore
//! the protocol in [`registry`](crate::registry).
//!
//! Poison is ignored. No user code runs under a lock, so a lock can only be poisoned by a defect in this crate, and
//! the shutdown must still be able to wait for the threads that are left.

use std::io;
use std::sync::PoisonError;

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{MutexGuard, OnceLock};
pub(crate) use std::time::Instant;

/// The join handle of an OS thread. Dropping it detaches the thread.
pub(crate) type OsThread = std::thread::JoinHandle<()>;

/// A static of the waiting protocol. Its constructor is a [`constructor!`].
macro_rules! global {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $value:expr;) => {
        $(#[$meta])* $vis static $name: $type = $value;
    };
}
pub(crate) use global;

/// A constructor of what holds locks: `const`, as these are.
macro_rules! constructor {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty $body:block) => {
        $(#[$meta])* $vis const fn $name($($arg: $type),*) -> $out $body
    };
}
pub(crate) use constructor;

/// A thread-local that needs no destructor, made at compile time. To be used by `with` only.
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        thread_local! { $(#[$meta])* static $name: $type = const { $value }; }
    };
}
pub(crate) use local;

#[derive(Debug)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    constructor! {
        pub(crate) fn new(value: T) -> Self {
            Self(std::sync::Mutex::new(value))
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
    inner: std::sync::Condvar,
    /// Changed under the lock. A notification is a system call, even if nobody waits, which is the usual case here.
    waiters: AtomicUsize,
}

impl Condvar {
    constructor! {
        pub(crate) fn new() -> Self {
            Self {
                inner: std::sync::Condvar::new(),
                waiters: AtomicUsize::new(0),
            }
        }
    }

    pub(crate) fn notify_all(&self) {
        if self.waiters.load(Ordering::Relaxed) > 0 {
            self.inner.notify_all();
        }
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
    let mut builder = std::thread::Builder::new().name(name.to_owned());
    if let Some(bytes) = stack_size {
        builder = builder.stack_size(bytes);
    }
    builder.spawn(body)
}
