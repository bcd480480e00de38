//! One stream of the subject, on our side.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use super::lines::Lines;
use crate::record::{Bytes, Partial, Stream};
use crate::stage::{Framing, sys};

/// How long bytes must have stood without a newline to be told as what they are: a program that writes its newline in a
/// second call is not cut in two.
const STOOD: Duration = Duration::from_millis(50);

pub(super) struct Pipe {
    pub(super) stream: Stream,
    /// `None` once it is closed, by its last holder or by us.
    fd: Option<OwnedFd>,
    pub(super) lines: Lines,
    /// When the last bytes came.
    pub(super) last: Duration,
    /// How many bytes of the unfinished line were told already.
    pub(super) told: usize,
    /// How many bytes may still be told before their newline comes: what is told twice must not cost memory without bound.
    budget: usize,
}

/// What one unfinished piece of a line costs beyond its bytes.
const OVERHEAD: usize = 128;

impl Pipe {
    /// A stream, and the end that the subject gets.
    pub(super) fn new(
        stream: Stream,
        limit: usize,
        framing: Framing,
    ) -> io::Result<(Self, OwnedFd)> {
        let (fd, end) = sys::pipe()?;
        Ok((Self::of(stream, fd, limit, framing), end))
    }

    /// A stream that is read from this descriptor.
    pub(super) fn of(stream: Stream, fd: OwnedFd, limit: usize, framing: Framing) -> Self {
        Self {
            stream,
            fd: Some(fd),
            lines: Lines::new(limit, framing),
            last: Duration::ZERO,
            told: 0,
            budget: limit,
        }
    }

    /// Our end, while it is open.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.fd.as_ref().map(AsFd::as_fd)
    }

    pub(super) fn is_open(&self) -> bool {
        self.fd.is_some()
    }

    /// Closes our end.
    pub(super) fn close(&mut self) {
        self.fd = None;
    }

    /// When bytes that have no newline will have stood for long enough.
    pub(super) fn partial_due(&self) -> Option<Duration> {
        (self.is_open() && self.budget > 0 && self.lines.unfinished().len() > self.told)
            .then(|| self.last + STOOD)
    }

    /// The bytes that have stood without a newline, once they have done so for long enough; each is given out once.
    pub(super) fn partial(&mut self, now: Duration) -> Option<Partial> {
        if self.partial_due().is_none_or(|due| now < due) {
            return None;
        }
        let unfinished = self.lines.unfinished();
        let bytes = &unfinished[self.told..];
        self.told = unfinished.len();
        self.budget = self.budget.saturating_sub(bytes.len() + OVERHEAD);
        let bytes = Bytes::from(bytes.to_vec());
        Some(Partial {
            stream: self.stream,
            bytes,
        })
    }
}
