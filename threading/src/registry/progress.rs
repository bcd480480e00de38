//! How far the process has come towards its end.

use std::mem;

use super::{Callback, Phase, Registry, State};
use crate::record::Ending;
use crate::sync::{Instant, Ordering};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Open,
    /// Main has ended; the shutdown waits and calls back.
    Leaving,
    /// The last round found nobody to wait for and nothing to call.
    Closed,
}

impl Registry {
    /// Main has ended: hands out the callbacks due now and refuses more. `None` if that was done before.
    pub(crate) fn begin_shutdown(&self) -> Option<Vec<Callback>> {
        let mut state = self.lock();
        if state.progress != Progress::Open {
            return None;
        }
        state.progress = Progress::Leaving;
        let main = state.main_thread();
        // Already set, unless main is a thread that forked, and is left by a C `exit`.
        _ = main.ending.set(Ending::Returned);
        state.change(main.id, |entry| entry.phase = Phase::Gone);
        self.stop.store(true, Ordering::Release);
        self.stopped.notify_all();
        Some(std::mem::take(&mut state.at_shutdown))
    }

    /// The calling main enters `run`. False if it may not: it is in there, or its shutdown has begun.
    pub(crate) fn begin_run(&self) -> bool {
        let mut state = self.lock();
        let entered_before = mem::replace(&mut state.in_run, true);
        !entered_before && state.progress == Progress::Open
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Waits until the shutdown begins, or until the deadline. True if it has begun.
    pub(crate) fn wait_for_stop(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.lock();
        while !self.is_stopped() {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return false;
            }
            state = self.stopped.wait(state, deadline);
        }
        true
    }

    /// Whether the shutdown is over, and has left threads behind: daemons, or foreign ones that are known.
    pub(crate) fn has_left_threads_behind(&self) -> bool {
        let state = self.lock();
        let mut others = state
            .entries
            .values()
            .filter(|entry| state.main != Some(entry.record.id));
        state.is_closed() && others.any(|entry| entry.phase != Phase::Gone)
    }

    /// Ends the shutdown if there is nothing left to do. From then on only daemons can be started: no thread is lost.
    pub(crate) fn close_if_idle(&self) -> bool {
        let mut state = self.lock();
        if state.to_wait_for().next().is_none() && state.at_exit.is_empty() {
            state.progress = Progress::Closed;
        }
        state.is_closed()
    }
}

impl State {
    pub(super) fn is_closed(&self) -> bool {
        self.progress == Progress::Closed || self.abandoned
    }
}
