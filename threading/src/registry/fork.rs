//! What a `fork` does to the registry: the child has one thread, the forking one, which is its main.
//!
//! Python does the same: <https://docs.python.org/3/library/os.html#os.fork>.

use std::cell::Cell;
use std::mem::{self, ManuallyDrop};
use std::time::Duration;

use super::progress::Progress;
use super::{Guard, OsHandle, Registry, State};
use crate::record::{Ending, Id, Record};
use crate::sync::{Instant, Ordering};
use crate::sys;

thread_local! {
    /// The registry's lock, while the thread that has this is forking. Without a destructor, so that it can be used
    /// at any time.
    static HELD: Cell<Option<ManuallyDrop<Guard<'static>>>> = const { Cell::new(None) };
}

/// A lock that another thread holds during a fork is held for ever in the child, where that thread does not exist.
/// So the forking thread takes it first, and both sides release it. Each of these may be called twice.
impl Registry {
    /// Takes the lock, and sees to it that the forking thread is known in the child.
    pub(crate) fn hold_for_fork(&'static self) {
        let held = HELD.take().unwrap_or_else(|| {
            let mut state = self.lock_when_all_run();
            state.current();
            ManuallyDrop::new(state)
        });
        HELD.set(Some(held));
    }

    /// A thread that starts has locks of the standard library, which would be held for ever in the child.
    pub(crate) fn lock_when_all_run(&self) -> Guard<'_> {
        const PATIENCE: Duration = Duration::from_secs(1);
        let deadline = Instant::now().checked_add(PATIENCE);
        let is_early = || deadline.is_none_or(|deadline| Instant::now() < deadline);
        let mut state = self.lock();
        state.forks_waiting += 1;
        while state.starting > 0 && is_early() {
            state = self.all_run.wait(state, deadline);
        }
        state.forks_waiting -= 1;
        if state.forks_waiting == 0 {
            self.no_fork_waits.notify_all();
        }
        state
    }

    /// For one who is about to start a thread: a fork would else wait as long as others start some.
    pub(super) fn lock_when_no_fork_waits(&self) -> Guard<'_> {
        let mut state = self.lock();
        while state.forks_waiting > 0 {
            state = self.no_fork_waits.wait(state, None);
        }
        state
    }

    pub(crate) fn release_in_parent(&self) {
        drop(HELD.take().map(ManuallyDrop::into_inner));
    }

    pub(crate) fn release_in_child(&self) {
        if let Some(mut state) = HELD.take().map(ManuallyDrop::into_inner) {
            state.forget_other_threads();
            self.stop
                .store(state.progress != Progress::Open, Ordering::Release);
        }
    }
}

impl State {
    /// In the child: only the forking thread is left.
    pub(crate) fn forget_other_threads(&mut self) {
        let me = self.current().id;
        let mut others = mem::take(&mut self.entries);
        self.entries.extend(others.remove_entry(&me));
        // Leaked: detaching a thread that does not exist would hit whoever gets its stack next, and a user's value
        // must not be dropped under the lock.
        mem::forget(others);
        self.starting = 0;
        self.forks_waiting = 0;
        self.gone.clear();
        if self.main != Some(me) {
            self.become_main(me);
        }
        self.change(me, |entry| entry.record.set_native_id(sys::native_id()));
    }

    /// A shutdown that the parent's main had begun is not this process's.
    fn become_main(&mut self, me: Id) {
        self.main = Some(me);
        self.progress = Progress::Open;
        self.in_run = false;
        self.abandoned = false;
        self.change(me, |entry| {
            match mem::replace(&mut entry.handle, OsHandle::Never) {
                // The child's main is nobody's to join or to detach.
                OsHandle::Here(handle) => mem::forget(handle),
                OsHandle::Awaited | OsHandle::Taken => {}
                OsHandle::Never => entry.record = main_out_of_foreign(me),
            }
        });
    }
}

/// A foreign thread was a daemon called `Dummy-N`; as the child's main it is neither.
fn main_out_of_foreign(id: Id) -> std::sync::Arc<Record> {
    let record = Record::new(id, "MainThread".to_owned(), false, None);
    _ = record.ending.set(Ending::Returned);
    record
}

#[cfg(all(test, not(exeunt_model)))]
mod tests {
    use std::panic::Location;
    use std::thread;

    use super::super::Naming;
    use super::*;

    fn enter(registry: &Registry) -> Id {
        let naming = Naming::Counted { target: None };
        let entered = registry.enter(naming, Some(true), Location::caller());
        entered.expect("it is open").id
    }

    #[test]
    fn no_thread_starts_while_a_fork_waits_for_those_that_do() {
        let registry: &Registry = Box::leak(Box::new(Registry::new()));
        let first = enter(registry);
        let fork = thread::spawn(|| drop(registry.lock_when_all_run()));
        while registry.lock().forks_waiting == 0 {
            thread::yield_now();
        }
        let second = thread::spawn(|| enter(registry));
        while !registry.no_fork_waits.is_waited_for() {
            assert_eq!(registry.lock().starting, 1, "the second has come in");
            thread::yield_now();
        }
        registry.began(first);
        fork.join().expect("the fork goes on");
        second.join().expect("and then the second start");
    }
}
