//! The subject's standard input, on our side: bytes that are written as the subject takes them.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;

use crate::record::{EventKind, EventName};

/// What is yet to be written, and whether it is closed then.
pub(super) struct Input {
    /// `None` once it is closed.
    pipe: Option<OwnedFd>,
    jobs: VecDeque<Job>,
}

enum Job {
    Write {
        bytes: Vec<u8>,
        written: usize,
        /// Whether an action did it, so that it is an event.
        told: bool,
    },
    Close {
        told: bool,
    },
}

impl Input {
    /// No pipe that we could write to.
    pub(super) fn none() -> Self {
        Self {
            pipe: None,
            jobs: VecDeque::new(),
        }
    }

    /// A pipe with these bytes, which then ends or stays open. `pipe` must not block.
    pub(super) fn new(pipe: OwnedFd, bytes: Vec<u8>, open: bool) -> Self {
        let mut input = Self {
            pipe: Some(pipe),
            ..Self::none()
        };
        if !bytes.is_empty() {
            input.push(bytes, false);
        }
        if !open {
            input.jobs.push_back(Job::Close { told: false });
        }
        input
    }

    fn push(&mut self, bytes: Vec<u8>, told: bool) {
        self.jobs.push_back(Job::Write {
            bytes,
            written: 0,
            told,
        });
    }

    /// Has more bytes written.
    pub(super) fn send(&mut self, bytes: Vec<u8>) {
        self.push(bytes, true);
    }

    /// Has the pipe closed once all was written.
    pub(super) fn close(&mut self) {
        self.jobs.push_back(Job::Close { told: true });
    }

    /// Whether the subject can be given more.
    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// The pipe, while there is something to write.
    pub(super) fn waits_for(&self) -> Option<BorrowedFd<'_>> {
        let pipe = self.pipe.as_ref()?;
        (!self.jobs.is_empty()).then(|| pipe.as_fd())
    }

    /// Does what the subject has room for, and gives out the next event that this makes. `None`: no more now.
    pub(super) fn proceed(&mut self) -> Option<EventKind> {
        loop {
            let done = match self.jobs.front_mut()? {
                Job::Write {
                    bytes,
                    written,
                    told,
                } => {
                    let all = bytes.len() as u64;
                    let refused = match &self.pipe {
                        None => true,
                        Some(pipe) => match write(pipe, &bytes[*written..]) {
                            Ok(n) => {
                                *written += n;
                                if *written < bytes.len() {
                                    return None;
                                }
                                false
                            }
                            // The subject does not read its input, as it may.
                            Err(_) => true,
                        },
                    };
                    told.then_some(match refused {
                        true => EventKind::StdinRefused { bytes: all },
                        false => EventKind::StdinWritten { bytes: all },
                    })
                }
                Job::Close { told } => {
                    let was_open = self.pipe.take().is_some();
                    (*told && was_open).then_some(EventKind::StdinClosed)
                }
            };
            self.jobs.pop_front();
            if done.is_some() {
                return done;
            }
        }
    }

    /// What actions asked for and the subject had no room for.
    pub(super) fn left(&self) -> Vec<EventName> {
        let left = self.jobs.iter().filter_map(|job| match job {
            Job::Write { told: true, .. } => Some(EventName::StdinWritten),
            Job::Close { told: true } => Some(EventName::StdinClosed),
            _ => None,
        });
        left.collect()
    }
}

/// Writes what there is room for.
fn write(pipe: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    let mut written = 0;
    while written < bytes.len() {
        match nix::unistd::write(pipe, &bytes[written..]) {
            Ok(n) => written += n,
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(written)
}
