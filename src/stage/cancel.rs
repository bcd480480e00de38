//! Interruption from outside.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
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
    cancelled: AtomicBool,
    /// The number of the signal to hand on, or 0.
    signal: AtomicI32,
    // Written once and never read, so it stays readable for every run that polls it.
    readable: OwnedFd,
    writer: io::PipeWriter,
}

impl Cancel {
    /// A new switch.
    ///
    /// # Errors
    /// If no pipe could be opened.
    pub fn new() -> io::Result<Self> {
        let (readable, writer) = io::pipe()?;
        Ok(Self(Arc::new(Switch {
            cancelled: AtomicBool::new(false),
            signal: AtomicI32::new(0),
            readable: readable.into(),
            writer,
        })))
    }

    /// Ends the runs.
    pub fn cancel(&self) {
        if !self.0.cancelled.swap(true, Ordering::SeqCst) {
            // The reader is our own and open, and one byte always fits.
            let _ = (&self.0.writer).write(&[0]);
        }
    }

    /// Ends the runs as [`cancel`](Self::cancel) does; their trees are asked to end by this signal in place of SIGTERM. So is
    /// Ctrl-C handed on.
    pub fn cancel_with(&self, signal: Signal) {
        self.0.signal.store(signal.number(), Ordering::SeqCst);
        self.cancel();
    }

    /// The signal that was given to [`cancel_with`](Self::cancel_with).
    pub(super) fn signal(&self) -> Option<Signal> {
        Signal::from_number(self.0.signal.load(Ordering::SeqCst))
    }

    /// Whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }
}

impl AsFd for Cancel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.readable.as_fd()
    }
}
