//! The subject's standard input, on our side: bytes that are written as the subject takes them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;

/// What is yet to be written. Dropping it is the end of the input.
pub(super) struct Input {
    pipe: OwnedFd,
    bytes: Vec<u8>,
    written: usize,
}

impl Input {
    /// `pipe` must not block.
    pub(super) fn new(pipe: OwnedFd, bytes: Vec<u8>) -> Self {
        Self {
            pipe,
            bytes,
            written: 0,
        }
    }

    /// Writes what the subject has room for. False once there is nothing more to write, or nobody to read it.
    pub(super) fn write(&mut self) -> bool {
        while self.written < self.bytes.len() {
            match nix::unistd::write(&self.pipe, &self.bytes[self.written..]) {
                Ok(n) => self.written += n,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return true,
                // The subject does not read its input, as it may.
                Err(_) => return false,
            }
        }
        false
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}
