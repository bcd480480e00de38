//! The callbacks: those that wait for the process's end, and the one for a panic.

use super::Roster;
use super::stage::Stage;
use crate::error::ShutdownBegan;
use crate::except_hook::Hook;
use crate::fault;

pub(crate) type Callback = Box<dyn FnOnce() + Send>;

impl Roster {
    pub(crate) fn add_at_shutdown(&self, callback: Callback) -> Result<(), ShutdownBegan> {
        let mut state = self.lock();
        if state.stage != Stage::Open && !fault::is("late_at_shutdown_accepted") {
            // The refused callback is the user's to drop: not under the lock.
            drop(state);
            return Err(ShutdownBegan);
        }
        state.at_shutdown.push(callback);
        Ok(())
    }

    pub(crate) fn add_at_exit(&self, callback: Callback) {
        self.lock().at_exit.push(callback);
    }

    /// The callback registered last, and not called yet.
    pub(crate) fn take_at_exit(&self) -> Option<Callback> {
        let mut state = self.lock();
        if fault::is("at_exit_in_order_of_registration") && !state.at_exit.is_empty() {
            return Some(state.at_exit.remove(0));
        }
        state.at_exit.pop()
    }

    pub(crate) fn except_hook(&self) -> Option<Hook> {
        self.lock().except_hook.clone()
    }

    /// Returns the old hook: it is the user's to drop, not under the lock.
    pub(crate) fn replace_except_hook(&self, hook: Option<Hook>) -> Option<Hook> {
        std::mem::replace(&mut self.lock().except_hook, hook)
    }
}
