//! Interruption from outside.

use std::io;
#[cfg(target_os = "linux")]
use std::io::Write;
#[cfg(target_os = "linux")]
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use crate::record::Signal;

/// A switch that ends all runs that have it: each ends its subject's tree and returns its record so far.
///
/// Clones are the same switch. It cannot be reset.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<Switch>);

#[derive(Debug)]
struct Switch {
    cancelled: Flag,
    killed: Flag,
    expired: Flag,
    /// The number of the signal to hand on, or 0.
    signal: AtomicI32,
}

/// A flag that can be polled.
#[derive(Debug)]
struct Flag {
    raised: AtomicBool,
    /// Written once and never read, so it stays readable for every run that polls it.
    #[cfg(target_os = "linux")]
    pipe: (io::PipeReader, io::PipeWriter),
}

impl Flag {
    fn new() -> io::Result<Self> {
        Ok(Self {
            raised: AtomicBool::new(false),
            #[cfg(target_os = "linux")]
            pipe: io::pipe()?,
        })
    }

    fn raise(&self) {
        let _before = self.raised.swap(true, Ordering::SeqCst);
        #[cfg(target_os = "linux")]
        if !_before {
            // The reader is our own and open, and one byte always fits.
            let _ = (&self.pipe.1).write(&[0]);
        }
    }

    fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }
}

impl Cancel {
    /// A new switch.
    ///
    /// # Errors
    /// If no pipe could be opened.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Switch {
            cancelled: Flag::new()?,
            killed: Flag::new()?,
            expired: Flag::new()?,
            signal: AtomicI32::new(0),
        })))
    }

    /// Ends the runs.
    pub fn cancel(&self) {
        self.0.cancelled.raise();
    }

    /// Ends the runs as [`cancel`](Self::cancel) does; their trees are asked to end by this signal in place of SIGTERM. What
    /// outlives the subject by more than the settling period gets SIGTERM after it. So is
    /// Ctrl-C handed on.
    pub fn cancel_with(&self, signal: Signal) {
        self.0.signal.store(signal.number(), Ordering::SeqCst);
        self.cancel();
    }

    /// Ends the runs at once: what is left of their trees is killed, whatever is left of the grace period.
    pub fn kill(&self) {
        self.cancel();
        self.0.killed.raise();
    }

    /// Ends the runs as their timeout would: what is still there is looked at, asked where it stands if that was planned, and
    /// ended. For who knows only during a run how long it may take.
    pub fn expire(&self) {
        self.0.expired.raise();
    }

    #[cfg(target_os = "linux")]
    /// The signal that was given to [`cancel_with`](Self::cancel_with).
    pub(super) fn signal(&self) -> Option<Signal> {
        Signal::from_number(self.0.signal.load(Ordering::SeqCst))
    }

    /// Whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.is_raised()
    }

    #[cfg(target_os = "linux")]
    /// Whether [`kill`](Self::kill) was called.
    pub(super) fn is_killed(&self) -> bool {
        self.0.killed.is_raised()
    }

    #[cfg(target_os = "linux")]
    /// Whether [`expire`](Self::expire) was called.
    pub(super) fn is_expired(&self) -> bool {
        self.0.expired.is_raised()
    }

    #[cfg(target_os = "linux")]
    /// Readable once [`expire`](Self::expire) was called.
    pub(super) fn expired(&self) -> BorrowedFd<'_> {
        self.0.expired.pipe.0.as_fd()
    }

    #[cfg(target_os = "linux")]
    /// Readable once [`kill`](Self::kill) was called.
    pub(super) fn killed(&self) -> BorrowedFd<'_> {
        self.0.killed.pipe.0.as_fd()
    }
}

#[cfg(target_os = "linux")]
impl AsFd for Cancel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.cancelled.pipe.0.as_fd()
    }
}
