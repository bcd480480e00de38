//! The twin of `primitives.rs` for model checkers: the same names, made of what loom or shuttle can schedule.
//!
//! Time stands still until a model [lets it pass](pass_time). A wait with a deadline ends by a notification only, so
//! whoever lets time pass notifies.

use std::io;
use std::ops::Add;
use std::time::Duration;

#[cfg(not(exeunt_shuttle))]
use loom as checker;
#[cfg(exeunt_shuttle)]
use shuttle as checker;

use crate::sys;

pub(crate) use checker::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(crate) use checker::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use checker::thread::JoinHandle;

macro_rules! global {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        crate::primitives::lazy_static! { $(#[$meta])* static ref $name: $type = $value; }
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

macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        crate::primitives::thread_local! { $(#[$meta])* static $name: $type = $value; }
    };
}
pub(crate) use checker::thread_local;
pub(crate) use local;

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

    pub(crate) fn into_inner(self) -> Option<T> {
        self.value.into_inner()
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

    pub(crate) fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).expect("a time that can be told")
    }
}

/// Lets so much time pass that every deadline is reached. To be called under the lock under which one waits for that,
/// and with a notification after it.
pub(crate) fn pass_time() {
    CLOCK.store(u64::MAX, Ordering::Relaxed);
}

/// Starts the checker's threads, which end as the system's do.
pub(crate) struct Builder(checker::thread::Builder);

impl Builder {
    pub(crate) fn new() -> Self {
        Self(checker::thread::Builder::new())
    }

    pub(crate) fn name(self, name: String) -> Self {
        Self(self.0.name(name))
    }

    /// The checker's stacks are as large as they are.
    pub(crate) fn stack_size(self, _bytes: usize) -> Self {
        self
    }

    pub(crate) fn spawn(self, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
        sys::count_start();
        self.0.spawn(|| sys::as_os_thread(body))
    }
}
