//! What the holder of a run wants done while it goes on.

use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
#[cfg(target_os = "linux")]
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};

use super::action::Act;

/// Acts that are handed in while a run goes on, and done at once: for a test that holds its subject in its hand. What is
/// planned beforehand are [`Action`](super::Action)s.
#[derive(Debug)]
pub struct Orders {
    queue: Mutex<VecDeque<Act>>,
    // One byte for each act in the queue.
    readable: PipeReader,
    writer: PipeWriter,
}

impl Orders {
    /// No orders yet.
    ///
    /// # Errors
    /// If no pipe could be opened.
    pub fn new() -> io::Result<Self> {
        let (readable, writer) = io::pipe()?;
        Ok(Self {
            queue: Mutex::default(),
            readable,
            writer,
        })
    }

    /// Has something done. Nothing comes of it if the subject has ended.
    pub fn send(&self, act: Act) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(act);
        // The reader is our own and open.
        let _ = (&self.writer).write(&[0]);
    }

    /// The next act, if it may be done now.
    pub(super) fn take_if(&self, may: impl FnOnce(&Act) -> bool) -> Option<Act> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if !may(queue.front()?) {
            return None;
        }
        let act = queue.pop_front()?;
        // It is there, so this does not wait.
        let _ = (&self.readable).read(&mut [0]);
        Some(act)
    }
}

#[cfg(target_os = "linux")]
impl AsFd for Orders {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.readable.as_fd()
    }
}
