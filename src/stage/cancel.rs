//! Interruption from outside.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends all runs that were given it: each ends its subject's tree and returns what is known.
///
/// Clones are the same switch. Once thrown it stays thrown.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<Switch>);

#[derive(Debug)]
struct Switch {
    cancelled: AtomicBool,
    // Written once and never read, so it stays readable for every run that polls it.
    readable: OwnedFd,
    writer: io::PipeWriter,
}

impl Cancel {
    /// A switch that is not thrown.
    ///
    /// # Errors
    /// If no pipe could be opened.
    pub fn new() -> io::Result<Self> {
        let (readable, writer) = io::pipe()?;
        Ok(Self(Arc::new(Switch {
            cancelled: AtomicBool::new(false),
            readable: readable.into(),
            writer,
        })))
    }

    /// Throws it.
    pub fn cancel(&self) {
        if !self.0.cancelled.swap(true, Ordering::SeqCst) {
            // The reader is our own and open, and one byte always fits.
            let _ = (&self.0.writer).write(&[0]);
        }
    }

    /// Whether it was thrown.
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
