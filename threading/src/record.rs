//! What is known of one thread and never taken back.

use std::panic::Location;
use std::sync::Arc;
use std::thread::Thread;
use std::time::Instant;

use crate::error::{JoinError, Panic};
use crate::sync::{AtomicU64, Condvar, OnceLock, Ordering};

/// A thread's number: never 0, never used twice in a process.
pub(crate) type Id = usize;

/// How a thread's function ended.
#[derive(Debug, Clone)]
pub(crate) enum Ending {
    Returned,
    Panicked(Panic),
    Exited(i32),
}

/// One thread, as its handles see it. Whether it is alive is the registry's to say.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) daemon: bool,
    /// Set by the thread itself, when its function has ended.
    pub(crate) ending: OnceLock<Ending>,
    /// Notified, under the registry's lock, whenever the thread's entry there changes.
    pub(crate) changed: Condvar,
    pub(crate) begin: Instant,
    /// Where it was started, if this library did it.
    pub(crate) place: Option<&'static Location<'static>>,
    /// Set by the thread itself, before its function runs.
    pub(crate) thread: std::sync::OnceLock<Thread>,
    /// 0 while not known.
    native_id: AtomicU64,
}

impl Record {
    pub(crate) fn new(
        id: Id,
        name: String,
        daemon: bool,
        place: Option<&'static Location<'static>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            name,
            daemon,
            ending: OnceLock::new(),
            changed: Condvar::new(),
            begin: Instant::now(),
            place,
            thread: std::sync::OnceLock::new(),
            native_id: AtomicU64::new(0),
        })
    }

    pub(crate) fn native_id(&self) -> Option<u64> {
        let id = self.native_id.load(Ordering::Relaxed);
        (id != 0).then_some(id)
    }

    pub(crate) fn set_native_id(&self, id: u64) {
        self.native_id.store(id, Ordering::Relaxed);
    }

    /// What a join of the ended thread reports, its value aside.
    pub(crate) fn verdict(&self) -> Result<(), JoinError> {
        match self.ending.get() {
            Some(Ending::Returned) => Ok(()),
            Some(Ending::Panicked(panic)) => Err(JoinError::Panicked(panic.clone())),
            Some(Ending::Exited(code)) => Err(JoinError::Exited(*code)),
            None => Err(JoinError::Forgotten),
        }
    }
}
