//! The twin of `primitives.rs` for valgrind's drd, which knows POSIX's locks and conditions, and not the standard library's.
//!
//! An atomic store is an exchange here: drd takes a plain one for a data race.
#![expect(unsafe_code, reason = "POSIX's locks have no safe front")]

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::sync::LockResult;
use std::sync::atomic;
use std::time::Duration;

pub(crate) use std::sync::OnceLock;
pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use std::thread::{Builder, JoinHandle};
pub(crate) use std::time::Instant;

macro_rules! global {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $value:expr;) => {
        $(#[$meta])* $vis static $name: $type = $value;
    };
}
pub(crate) use global;

macro_rules! constructor {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty $body:block) => {
        $(#[$meta])* $vis const fn $name($($arg: $type),*) -> $out $body
    };
}
pub(crate) use constructor;

macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        thread_local! { $(#[$meta])* static $name: $type = const { $value }; }
    };
}
pub(crate) use local;

/// Not to be moved once it was locked.
pub(crate) struct Mutex<T> {
    raw: UnsafeCell<libc::pthread_mutex_t>,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by a guard only, of which there is one at a time.
unsafe impl<T: Send> Sync for Mutex<T> {}
// SAFETY: it is sent before it is locked for the first time.
unsafe impl<T: Send> Send for Mutex<T> {}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            raw: UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER),
            value: UnsafeCell::new(value),
        }
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        // SAFETY: the mutex was initialised, and no thread locks it twice.
        unsafe { libc::pthread_mutex_lock(self.raw.get()) };
        Ok(MutexGuard(self))
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

pub(crate) struct MutexGuard<'a, T>(&'a Mutex<T>);

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this thread has the lock.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this thread has the lock.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: this thread has the lock.
        unsafe { libc::pthread_mutex_unlock(self.0.raw.get()) };
    }
}

/// Not to be moved once it was waited for.
pub(crate) struct Condvar(UnsafeCell<libc::pthread_cond_t>);

// SAFETY: POSIX's functions may be called from any thread.
unsafe impl Sync for Condvar {}
// SAFETY: it is sent before it is used for the first time.
unsafe impl Send for Condvar {}

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(libc::PTHREAD_COND_INITIALIZER))
    }

    pub(crate) fn notify_all(&self) {
        // SAFETY: the condition was initialised.
        unsafe { libc::pthread_cond_broadcast(self.0.get()) };
    }

    pub(crate) fn notify_one(&self) {
        // SAFETY: as of `notify_all`.
        unsafe { libc::pthread_cond_signal(self.0.get()) };
    }

    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        // SAFETY: both were initialised, and this thread has the lock.
        unsafe { libc::pthread_cond_wait(self.0.get(), guard.0.raw.get()) };
        Ok(guard)
    }

    /// The second value is there for the standard library's likeness.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        let until = from_now(timeout);
        // SAFETY: as of `wait`, and the time outlives the call.
        unsafe { libc::pthread_cond_timedwait(self.0.get(), guard.0.raw.get(), &raw const until) };
        Ok((guard, ()))
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condvar")
    }
}

/// The time by the clock that a condition's is by default. A year is for ever.
fn from_now(timeout: Duration) -> libc::timespec {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the time outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, ptr::from_mut(&mut now)) };
    let nanoseconds = now.tv_nsec + i64::from(timeout.subsec_nanos());
    let seconds = i64::try_from(timeout.as_secs().min(365 * 24 * 3600)).unwrap_or_default();
    libc::timespec {
        tv_sec: now.tv_sec + seconds + nanoseconds / 1_000_000_000,
        tv_nsec: nanoseconds % 1_000_000_000,
    }
}

macro_rules! atomic {
    ($name:ident, $type:ty) => {
        #[derive(Debug)]
        pub(crate) struct $name(atomic::$name);

        impl $name {
            pub(crate) const fn new(value: $type) -> Self {
                Self(atomic::$name::new(value))
            }

            pub(crate) fn load(&self, order: Ordering) -> $type {
                self.0.load(order)
            }

            pub(crate) fn store(&self, value: $type, order: Ordering) {
                self.0.swap(value, order);
            }
        }
    };
}

atomic!(AtomicBool, bool);
atomic!(AtomicU64, u64);
