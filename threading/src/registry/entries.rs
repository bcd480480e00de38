//! Which threads the registry knows: started threads, the main thread, foreign threads.

use std::panic::Location;
use std::sync::Arc;

use super::{Entry, OsHandle, Phase, Registry, State};
use crate::context;
use crate::error::StartError;
use crate::record::{Ending, Id, Record};
use crate::sync::OsThread;
use crate::sys;

/// What a thread is to be called.
#[derive(Debug)]
pub(crate) enum Naming {
    Given(String),
    /// `Thread-N`, or `Thread-N (target)`.
    Counted {
        target: Option<&'static str>,
    },
}

impl Registry {
    /// Enters a thread that is about to be started by the calling one, whose daemon flag it inherits.
    pub(crate) fn enter(
        &self,
        naming: Naming,
        daemon: Option<bool>,
        place: &'static Location<'static>,
    ) -> Result<Arc<Record>, StartError> {
        let mut state = self.lock_when_no_fork_waits();
        let gone = state.take_gone();
        let daemon = daemon.unwrap_or_else(|| state.inherited_daemon());
        let entered = if state.is_closed() && !daemon {
            Err(StartError::ProcessEnds)
        } else {
            let name = state.name(naming);
            state.starting += 1;
            let record = Record::new(state.next_id(), name, daemon, Some(place));
            Ok(state.add(record, Phase::Starting, OsHandle::Awaited))
        };
        drop(state);
        self.reap(gone);
        entered
    }

    /// Takes back a thread that the operating system would not start.
    pub(crate) fn withdraw(&self, id: Id) {
        let mut state = self.lock();
        let entry = state.entries.remove(&id);
        self.one_less_starts(&mut state);
        drop(state);
        if let Some(entry) = entry {
            entry.record.changed.notify_all();
        }
    }

    /// Stores the handle of a started thread, which may have ended by now.
    pub(crate) fn started(&self, id: Id, handle: OsThread) {
        let mut state = self.lock();
        state.change(id, |entry| entry.handle = OsHandle::Here(handle));
        state.note_if_gone(id);
    }

    /// The calling thread runs.
    pub(crate) fn began(&self, id: Id) {
        let mut state = self.lock();
        state.change(id, |entry| entry.phase = Phase::Running);
        self.one_less_starts(&mut state);
    }

    fn one_less_starts(&self, state: &mut State) {
        state.starting -= 1;
        if state.starting == 0 {
            self.all_run.notify_all();
        }
    }

    /// The calling thread has no locals left.
    pub(crate) fn left(&self, id: Id) {
        let mut state = self.lock();
        state.change(id, |entry| entry.phase = Phase::Gone);
        state.note_if_gone(id);
        let entry = state.entries.get(&id);
        if entry.is_some_and(|entry| matches!(entry.handle, OsHandle::Never))
            && state.main != Some(id)
        {
            state.entries.remove(&id);
        }
    }

    /// The calling thread; a foreign one is entered as a daemon.
    pub(crate) fn current(&self) -> Arc<Record> {
        self.lock().current()
    }

    pub(crate) fn main_thread(&self) -> Arc<Record> {
        self.lock().main_thread()
    }

    /// All that have not left, in the order of their coming. The main thread is always among them, as in Python.
    pub(crate) fn everyone(&self) -> Vec<Arc<Record>> {
        self.sweep();
        let mut state = self.lock();
        let main = state.main_thread().id;
        let present = |entry: &&Entry| entry.phase != Phase::Gone || entry.record.id == main;
        state
            .entries
            .values()
            .filter(present)
            .map(|entry| Arc::clone(&entry.record))
            .collect()
    }
}

impl State {
    pub(super) fn change(&mut self, id: Id, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.get_mut(&id) {
            change(entry);
            entry.record.changed.notify_all();
        }
    }

    pub(super) fn current(&mut self) -> Arc<Record> {
        if let Some(entry) = self.entries.get(&context::id()) {
            return Arc::clone(&entry.record);
        }
        let record = if sys::is_first_thread() {
            self.main_thread()
        } else {
            self.adopt()
        };
        record.set_native_id(sys::native_id());
        context::enter(record.id);
        record
    }

    /// Whether the children of the calling thread are daemons, unless they are told what to be.
    ///
    /// Those of a foreign thread are not, although it counts as a daemon itself, and though Python's inherit that: in
    /// Rust most threads are others' (an executor's, a pool's, a test's), and their children would be lost in silence.
    fn inherited_daemon(&mut self) -> bool {
        let me = self.current().id;
        let entry = self.entries.get(&me);
        entry.is_some_and(|entry| entry.record.daemon && !matches!(entry.handle, OsHandle::Never))
    }

    pub(super) fn main_thread(&mut self) -> Arc<Record> {
        let known = self.main.and_then(|id| self.entries.get(&id));
        if let Some(entry) = known {
            return Arc::clone(&entry.record);
        }
        let record = Record::new(self.next_id(), "MainThread".to_owned(), false, None);
        let record = self.add(record, Phase::Running, OsHandle::Never);
        if let Some(id) = sys::native_id_of_first_thread() {
            record.set_native_id(id);
        }
        _ = record.ending.set(Ending::Returned);
        self.main = Some(record.id);
        record
    }

    /// Enters the calling, foreign thread. It leaves the registry when its locals are gone.
    fn adopt(&mut self) -> Arc<Record> {
        let name = format!("Dummy-{}", self.count());
        let record = Record::new(self.next_id(), name, true, None);
        let record = self.add(record, Phase::Running, OsHandle::Never);
        _ = record.ending.set(Ending::Returned);
        sys::tell_when_locals_are_gone(record.id);
        record
    }

    fn next_id(&mut self) -> Id {
        self.last_id += 1;
        self.last_id
    }

    fn add(&mut self, record: Arc<Record>, phase: Phase, handle: OsHandle) -> Arc<Record> {
        let entry = Entry {
            record: Arc::clone(&record),
            phase,
            handle,
        };
        self.entries.insert(record.id, entry);
        record
    }

    fn name(&mut self, naming: Naming) -> String {
        match naming {
            Naming::Given(name) => name,
            Naming::Counted { target: None } => format!("Thread-{}", self.count()),
            Naming::Counted {
                target: Some(target),
            } => format!("Thread-{} ({target})", self.count()),
        }
    }

    /// One count for all default names, as in Python.
    fn count(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number
    }
}
