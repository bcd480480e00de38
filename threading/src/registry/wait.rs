//! How one waits for a thread: by an OS join, of which each thread allows only one.

use std::mem;
use std::sync::Arc;

use super::{Entry, Guard, OsHandle, Phase, Registry, State};
use crate::record::{Id, Record};
use crate::sync::{Instant, OsThread};

impl Registry {
    /// Waits until the thread has ended, or until the deadline. True if it has ended.
    pub(crate) fn join(&self, record: &Record, deadline: Option<Instant>) -> bool {
        let mut state = self.lock();
        loop {
            match state.look_at(record.id) {
                Look::Ended => return true,
                Look::Gone(handle) => {
                    drop(state);
                    self.reap(vec![(record.id, handle)]);
                    return true;
                }
                Look::Alive => {}
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return false;
            }
            state = record.changed.wait(state, deadline);
        }
    }

    /// Joins the threads that have left and that nobody waits for, so that they do not keep their stacks.
    pub(crate) fn sweep(&self) {
        let gone = self.lock().take_gone();
        self.reap(gone);
    }

    /// Some thread that the process has to wait for.
    pub(crate) fn one_to_wait_for(&self) -> Option<Arc<Record>> {
        self.lock().one_to_wait_for()
    }

    /// Sleeps as the given thread until the deadline, or until `done`; without a deadline, until `done`.
    pub(crate) fn sleep(
        &self,
        record: &Record,
        deadline: Option<Instant>,
        done: impl Fn() -> bool,
    ) {
        let mut state = self.lock();
        while !done() && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            state = record.changed.wait(state, deadline);
        }
    }

    /// Wakes a thread from [`Self::sleep`], after `change`.
    pub(crate) fn wake(&self, record: &Record, change: impl FnOnce()) {
        let guard: Guard<'_> = self.lock();
        change();
        record.changed.notify_all();
        drop(guard);
    }

    /// The OS join. Short: no user code runs on these threads any more.
    fn reap(&self, gone: Vec<(Id, OsThread)>) {
        for (id, handle) in gone {
            // An error would be a panic of the thread's outermost frame, which catches all panics.
            _ = handle.join();
            let entry = self.lock().entries.remove(&id);
            if let Some(entry) = entry {
                entry.record.changed.notify_all();
            }
        }
    }
}

impl State {
    /// The main thread does not wait for itself, nor does it for daemons.
    pub(super) fn one_to_wait_for(&self) -> Option<Arc<Record>> {
        let records = self.entries.values().map(|entry| &entry.record);
        let mut waited_for =
            records.filter(|record| !record.daemon && self.main != Some(record.id));
        waited_for.next().map(Arc::clone)
    }

    /// Looks at a thread for one who waits for it, and hands out its OS handle if that is left to be joined.
    fn look_at(&mut self, id: Id) -> Look {
        let is_main = self.main == Some(id);
        match self.entries.get_mut(&id) {
            None => Look::Ended,
            Some(entry) if entry.phase == Phase::Gone && is_main => Look::Ended,
            Some(entry) => entry.take_if_gone().map_or(Look::Alive, Look::Gone),
        }
    }

    fn take_gone(&mut self) -> Vec<(Id, OsThread)> {
        let entries = self.entries.iter_mut();
        entries
            .filter_map(|(id, entry)| Some((*id, entry.take_if_gone()?)))
            .collect()
    }
}

/// What one who waits for a thread sees.
enum Look {
    Ended,
    /// Its OS thread is about to end: it is to be joined.
    Gone(OsThread),
    /// Or being joined by somebody else.
    Alive,
}

impl Entry {
    fn take_if_gone(&mut self) -> Option<OsThread> {
        if self.phase != Phase::Gone || !matches!(self.handle, OsHandle::Here(_)) {
            return None;
        }
        match mem::replace(&mut self.handle, OsHandle::Taken) {
            OsHandle::Here(handle) => Some(handle),
            OsHandle::Awaited | OsHandle::Taken | OsHandle::Never => None,
        }
    }
}
