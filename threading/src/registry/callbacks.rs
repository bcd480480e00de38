//! The callbacks: those that wait for the process's end, and the one for a panic.

use std::panic::PanicHookInfo;
use std::sync::Arc;

use super::Registry;
use super::progress::Progress;
use crate::error::ShutdownBegan;
use crate::record::Record;

pub(crate) type Callback = Box<dyn FnOnce() + Send>;

/// Reports the panic of a thread.
pub(crate) type Hook = Arc<dyn Fn(&Arc<Record>, &PanicHookInfo<'_>) + Send + Sync>;

impl Registry {
    pub(crate) fn add_at_shutdown(&self, callback: Callback) -> Result<(), ShutdownBegan> {
        let mut state = self.lock();
        if state.progress != Progress::Open {
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
        self.lock().at_exit.pop()
    }

    pub(crate) fn except_hook(&self) -> Option<Hook> {
        self.lock().except_hook.clone()
    }

    /// Returns the old hook: it is the user's to drop, not under the lock.
    pub(crate) fn replace_except_hook(&self, hook: Option<Hook>) -> Option<Hook> {
        std::mem::replace(&mut self.lock().except_hook, hook)
    }
}
