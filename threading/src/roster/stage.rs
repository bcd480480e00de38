//! How far the process has come towards its end.

use super::{Callback, Phase, Roster, State};
use crate::record::{Ending, Id};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Open,
    /// Main has ended; the shutdown waits and calls back.
    Leaving,
    /// The last round found nobody to wait for and nothing to call.
    Closed,
}

impl Roster {
    /// Main has ended: hands out the callbacks due now and refuses more. `None` if that was done before.
    pub(crate) fn begin_shutdown(&self) -> Option<Vec<Callback>> {
        let mut state = self.lock();
        if state.stage != Stage::Open {
            return None;
        }
        state.stage = Stage::Leaving;
        let main = state.main_thread();
        // Already set, unless main is a thread that forked, and is left by a C `exit`.
        _ = main.ending.set(Ending::Returned);
        state.change(main.id, |entry| entry.phase = Phase::Gone);
        Some(std::mem::take(&mut state.at_shutdown))
    }

    /// The number of the thread that came last.
    pub(crate) fn last_id(&self) -> Id {
        self.lock().last_id
    }

    pub(crate) fn shutdown_has_begun(&self) -> bool {
        self.lock().stage != Stage::Open
    }

    /// Ends the shutdown if there is nothing left to do. From then on only daemons can be started: no thread is lost.
    pub(crate) fn close_if_idle(&self) -> bool {
        let mut state = self.lock();
        if state.one_to_wait_for().is_none() && state.at_exit.is_empty() {
            state.stage = Stage::Closed;
        }
        state.is_closed()
    }
}

impl State {
    pub(super) fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }
}
