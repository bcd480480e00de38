//! How one waits for a thread: by an OS join, of which each thread allows only one.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use super::{Entry, Guard, OsHandle, Phase, Roster, State};
use crate::fault;
use crate::record::{Id, Record};
use crate::sync::OsThread;

impl Roster {
    /// Waits until the thread has ended, or until the deadline. True if it has ended.
    pub(crate) fn join(&self, id: Id, deadline: Option<Instant>) -> bool {
        let mut state = self.lock();
        loop {
            let main = state.main;
            let Some(entry) = state.entries.get_mut(&id) else {
                return true;
            };
            if entry.phase == Phase::Gone && main == Some(id) {
                return true;
            }
            if let Some(handle) = entry.take_if_gone() {
                drop(state);
                self.bury(vec![(id, handle)]);
                return true;
            }
            let deadline = deadline.filter(|_| !fault::is("join_ignores_timeout"));
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return false;
            }
            let record = Arc::clone(&entry.record);
            state = record.changed.wait(state, deadline);
        }
    }

    /// Joins the threads that have left and that nobody waits for, so that they do not keep their stacks.
    pub(crate) fn sweep(&self) {
        let gone = self.lock().take_gone();
        self.bury(gone);
    }

    /// Some thread that the process has to wait for.
    pub(crate) fn one_to_wait_for(&self) -> Option<Id> {
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
    fn bury(&self, gone: Vec<(Id, OsThread)>) {
        for (id, handle) in gone {
            // An error would be a panic of the thread's outermost frame, which catches all panics.
            if !fault::is("wait_ends_before_thread_locals") {
                _ = handle.join();
            }
            let entry = self.lock().entries.remove(&id);
            if let Some(entry) = entry {
                entry.record.changed.notify_all();
            }
        }
    }
}

impl State {
    /// The main thread does not wait for itself, nor does it for daemons.
    pub(super) fn one_to_wait_for(&self) -> Option<Id> {
        let others = self
            .entries
            .values()
            .filter(|entry| self.main != Some(entry.record.id));
        others
            .map(|entry| &entry.record)
            .find(|record| !record.daemon || fault::is("daemon_flag_ignored"))
            .map(|record| record.id)
    }

    fn take_gone(&mut self) -> Vec<(Id, OsThread)> {
        let entries = self.entries.iter_mut();
        entries
            .filter_map(|(id, entry)| Some((*id, entry.take_if_gone()?)))
            .collect()
    }
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
