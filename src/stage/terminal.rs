//! The terminal of a subject, while it runs.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::sys;
use crate::record::Signal;

/// The terminal of a subject, in the hand of the one that runs it: so that its size can follow that of the harness's own.
///
/// A run takes it by [`Control::terminal`](super::Control::terminal). Without a run, or where the subject's output goes elsewhere, it
/// does nothing.
#[derive(Debug, Default)]
pub struct Terminal(Mutex<Option<Held>>);

#[derive(Debug)]
struct Held {
    end: OwnedFd,
    /// The process group to be told of a change.
    group: u32,
}

impl Terminal {
    /// The terminal of a run that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives it the size of the terminal at our own standard output, and tells the subject's process group by SIGWINCH, which nobody
    /// has to heed.
    pub fn resize(&self) {
        if let Some(Held { end, group }) = &*self.held()
            && sys::resize(end)
        {
            sys::send_signal_to_group(Signal::WINCH, *group);
        }
    }

    pub(super) fn hold(&self, end: BorrowedFd<'_>, group: u32) -> io::Result<()> {
        let end = end.try_clone_to_owned()?;
        *self.held() = Some(Held { end, group });
        Ok(())
    }

    pub(super) fn let_go(&self) {
        *self.held() = None;
    }
}
