//! What can go wrong, as types.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;

use crate::discard::{Payload, discard};
use crate::sync::Mutex;

/// Why a thread could not be started. It has then not run at all.
///
/// Converts into [`io::Error`], so `?` works in functions that return [`io::Result`].
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The operating system refused: no memory for the stack, or too many threads.
    Os(io::Error),
    /// The name holds a zero byte, which no operating system can show.
    Name(String),
    /// The process has waited for its last thread, or [no longer waits](crate::AtLimit::Abandon), and is about to end: nobody
    /// would wait for this one. A daemon can still be started.
    ProcessEnds,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Os(_) => write!(f, "the operating system refused to start a thread"),
            Self::Name(name) => write!(f, "the thread name {name:?} holds a zero byte"),
            Self::ProcessEnds => write!(
                f,
                "the process is ending: it no longer waits for new threads"
            ),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Os(error) => Some(error),
            Self::Name(_) | Self::ProcessEnds => None,
        }
    }
}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Os(error) => error,
            StartError::Name(_) => Self::new(io::ErrorKind::InvalidInput, error),
            StartError::ProcessEnds => Self::other(error),
        }
    }
}

/// Why a join gave no value.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum JoinError {
    /// The thread panicked. The panic has been reported already, when it happened.
    Panicked(Panic),
    /// The thread ended itself with [`exit`](crate::exit) and this code.
    Exited(i32),
    /// A thread tried to join itself, which would never end.
    Itself,
    /// The thread does not exist in this process: it was left behind by a `fork`.
    Forgotten,
    /// The value cannot be taken: another handle of the same thread or task exists, and shares it.
    Shared,
    /// The task was cancelled before it began.
    Cancelled,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => write!(f, "the thread panicked: {}", panic.message()),
            Self::Exited(code) => write!(f, "the thread ended itself with exit({code})"),
            Self::Itself => write!(f, "a thread cannot join itself"),
            Self::Forgotten => write!(f, "the thread does not exist in this process"),
            Self::Shared => write!(f, "the value is shared with another handle"),
            Self::Cancelled => write!(f, "the task was cancelled"),
        }
    }
}

impl Error for JoinError {}

/// The panic that ended a thread, shared by everyone who joins it.
#[derive(Clone)]
pub struct Panic {
    message: Arc<str>,
    payload: Arc<OnePayload>,
}

/// A panic's payload, until somebody takes it. Whoever comes to drop it, and be it the shutdown, does not meet what its
/// destructor does.
struct OnePayload(Mutex<Option<Payload>>);

impl Drop for OnePayload {
    fn drop(&mut self) {
        discard(self.0.lock().take());
    }
}

impl Panic {
    pub(crate) fn new(payload: Payload) -> Self {
        let message = payload_message(payload.as_ref()).into();
        Self {
            message,
            payload: Arc::new(OnePayload(Mutex::new(Some(payload)))),
        }
    }

    /// What the thread said, or `Box<dyn Any>` if it panicked with something else than text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The value the thread panicked with. There is one, so the first to ask gets it.
    #[must_use]
    pub fn take_payload(&self) -> Option<Box<dyn Any + Send>> {
        self.payload.0.lock().take()
    }

    /// Goes on panicking here, in the thread that joined, without a second report.
    pub fn resume(self) -> ! {
        let payload = self.take_payload();
        resume_unwind(payload.unwrap_or_else(|| Box::new(self.message.to_string())))
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic")
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

/// The text of a panic, the way the standard library finds it.
pub(crate) fn payload_message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "Box<dyn Any>"
    }
}

/// The shutdown has begun: it is too late for an [`at_shutdown`](crate::at_shutdown) callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownBegan;

impl fmt::Display for ShutdownBegan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the shutdown has begun: it is too late to register a callback for it"
        )
    }
}

impl Error for ShutdownBegan {}

/// Why a pool did not accept a function. It is then not called.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubmitError {
    /// The pool was closed.
    Closed,
    /// Main has ended.
    ProcessEnds,
    /// The pool was left behind by a `fork`: this process does not have its threads.
    Forked,
    /// The pool has no thread, and none could be started.
    Start(StartError),
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => write!(f, "the pool is closed"),
            Self::ProcessEnds => write!(f, "main has ended: pools accept nothing more"),
            Self::Forked => write!(f, "the pool's threads do not exist in this process"),
            Self::Start(_) => write!(f, "the pool could not start a thread"),
        }
    }
}

impl Error for SubmitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Start(error) => Some(error),
            Self::Closed | Self::ProcessEnds | Self::Forked => None,
        }
    }
}
