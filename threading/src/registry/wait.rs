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
            match state.look_at(record.id, deadline.is_none()) {
                Look::Ended => return true,
                Look::Join(handle) => {
                    drop(state);
                    self.reap([(record.id, handle)]);
                    return true;
                }
                Look::Wait => {}
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

    /// The threads that the process has to wait for, in the order of their coming.
    pub(crate) fn to_wait_for(&self) -> Vec<Arc<Record>> {
        self.lock().to_wait_for().map(Arc::clone).collect()
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

    /// Waits until the thread has begun to run, or has ended.
    pub(crate) fn wait_until_it_runs(&self, record: &Record) {
        let mut state = self.lock();
        let is_starting = |entry: &Entry| entry.phase == Phase::Starting;
        while state.entries.get(&record.id).is_some_and(is_starting) {
            state = record.changed.wait(state, None);
        }
    }

    /// The OS join. Short, if no user code runs on these threads any more.
    pub(super) fn reap(&self, threads: impl IntoIterator<Item = (Id, OsThread)>) {
        for (id, handle) in threads {
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
    pub(super) fn to_wait_for(&self) -> impl Iterator<Item = &Arc<Record>> {
        let records = self.entries.values().map(|entry| &entry.record);
        records.filter(|record| !record.daemon && !self.abandoned && self.main != Some(record.id))
    }

    /// Looks at a thread for one who waits for it, and hands out its OS handle if that is to be joined: when the thread
    /// is gone, or at once to one who has no deadline.
    fn look_at(&mut self, id: Id, forever: bool) -> Look {
        let is_main = self.main == Some(id);
        match self.entries.get_mut(&id) {
            None => Look::Ended,
            Some(entry) if entry.phase == Phase::Gone && is_main => Look::Ended,
            Some(entry) if entry.phase == Phase::Gone || forever => {
                entry.take_handle().map_or(Look::Wait, Look::Join)
            }
            Some(_) => Look::Wait,
        }
    }

    pub(super) fn take_gone(&mut self) -> Vec<(Id, OsThread)> {
        let gone = mem::take(&mut self.gone);
        let handles = gone.into_iter().filter_map(|id| {
            let handle = self.entries.get_mut(&id)?.take_handle()?;
            Some((id, handle))
        });
        handles.collect()
    }

    /// Puts a thread on the list of the gone if it is, and may be joined.
    pub(super) fn note_if_gone(&mut self, id: Id) {
        let is_gone =
            |entry: &Entry| entry.phase == Phase::Gone && matches!(entry.handle, OsHandle::Here(_));
        if self.entries.get(&id).is_some_and(is_gone) {
            self.gone.push(id);
        }
    }
}

/// What one who waits for a thread sees.
enum Look {
    Ended,
    /// The OS thread is the looker's to join.
    Join(OsThread),
    /// Alive, or somebody else's to join.
    Wait,
}

impl Entry {
    fn take_handle(&mut self) -> Option<OsThread> {
        if !matches!(self.handle, OsHandle::Here(_)) {
            return None;
        }
        match mem::replace(&mut self.handle, OsHandle::Taken) {
            OsHandle::Here(handle) => Some(handle),
            OsHandle::Awaited | OsHandle::Taken | OsHandle::Never => None,
        }
    }
}
