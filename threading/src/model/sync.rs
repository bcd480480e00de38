//! The twin of `sync.rs` for model checkers: the same names, made of what loom or shuttle can schedule.
//!
//! Time stands still until a model [lets it pass](pass_time). A wait with a deadline ends by a notification only, so whoever lets
//! time pass notifies.

use std::io;
use std::sync::PoisonError;
use std::time::Duration;

#[cfg(not(exeunt_shuttle))]
use loom as checker;
#[cfg(exeunt_shuttle)]
use shuttle as checker;

use crate::sys;

pub(crate) use checker::sync::MutexGuard;
pub(crate) use checker::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The join handle of an OS thread. Dropping it detaches the thread.
pub(crate) type OsThread = checker::thread::JoinHandle<()>;

macro_rules! global {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        crate::sync::lazy_static! { $(#[$meta])* static ref $name: $type = $value; }
    };
}
pub(crate) use checker::lazy_static;
pub(crate) use global;

/// Nothing that a checker knows can be made at compile time.
macro_rules! constructor {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty $body:block) => {
        $(#[$meta])* $vis fn $name($($arg: $type),*) -> $out $body
    };
}
pub(crate) use constructor;

/// A thread-local without a destructor.
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        crate::sync::thread_local! { $(#[$meta])* static $name: $type = $value; }
    };
}
pub(crate) use checker::thread_local;
pub(crate) use local;

#[derive(Debug)]
pub(crate) struct Mutex<T>(checker::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(checker::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct Condvar(checker::sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(checker::sync::Condvar::new())
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    pub(crate) fn wait<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _deadline: Option<Instant>,
    ) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }
}

/// The standard library's, behind a flag that the checker sees: a `get` that nothing orders after the `set` can miss it.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    is_set: AtomicBool,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self {
            is_set: AtomicBool::new(false),
            value: std::sync::OnceLock::new(),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        match self.is_set.load(Ordering::Acquire) {
            true => self.value.get(),
            false => None,
        }
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)?;
        self.is_set.store(true, Ordering::Release);
        Ok(())
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        Self {
            is_set: AtomicBool::new(true),
            value: value.into(),
        }
    }
}

global! {
    /// Seconds: 0, or so many that every deadline is reached.
    static CLOCK: AtomicU64 = AtomicU64::new(0);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(u64);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(CLOCK.load(Ordering::Relaxed))
    }

    pub(crate) fn checked_add(self, duration: Duration) -> Option<Self> {
        let seconds = duration.as_secs();
        let seconds = seconds.checked_add(duration.subsec_nanos().min(1).into())?;
        Some(Self(self.0.saturating_add(seconds)))
    }
}

/// Lets so much time pass that every deadline is reached. To be called under the lock under which one waits for that,
/// and with a notification after it.
pub(crate) fn pass_time() {
    CLOCK.store(u64::MAX, Ordering::Relaxed);
}

pub(crate) fn spawn(
    name: &str,
    _stack_size: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<OsThread> {
    sys::count_start();
    let builder = checker::thread::Builder::new().name(name.to_owned());
    builder.spawn(|| sys::as_os_thread(body))
}
