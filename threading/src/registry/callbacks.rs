//! The callbacks: those that wait for the process's end, and the one for a panic.

use std::panic::PanicHookInfo;
use std::sync::Arc;

use super::progress::Progress;
use super::{Registry, State};
use crate::error::ShutdownBegan;
use crate::record::Record;

/// Called once, unless it is [unregistered](Registry::unregister) before.
pub(crate) struct Callback {
    number: u64,
    pub(crate) function: Function,
}

type Function = Box<dyn FnOnce() + Send>;

#[derive(Debug, Clone, Copy)]
pub(crate) enum List {
    AtShutdown,
    AtExit,
}

/// Reports the panic of a thread.
pub(crate) type Hook = Arc<dyn Fn(&Arc<Record>, &PanicHookInfo<'_>) + Send + Sync>;

impl Registry {
    /// Returns the callback's number.
    pub(crate) fn add_at_shutdown(&self, function: Function) -> Result<u64, ShutdownBegan> {
        let mut state = self.lock();
        if state.progress != Progress::Open {
            // The refused callback is the user's to drop: not under the lock.
            drop(state);
            return Err(ShutdownBegan);
        }
        let callback = state.number(function);
        let number = callback.number;
        state.at_shutdown.push(callback);
        Ok(number)
    }

    /// Returns the callback's number.
    pub(crate) fn add_at_exit(&self, function: Function) -> u64 {
        let mut state = self.lock();
        let callback = state.number(function);
        let number = callback.number;
        state.at_exit.push(callback);
        number
    }

    /// Takes a callback back. `None` if it has been called, or is about to be.
    pub(crate) fn unregister(&self, list: List, number: u64) -> Option<Callback> {
        let mut state = self.lock();
        let callbacks = match list {
            List::AtShutdown => &mut state.at_shutdown,
            List::AtExit => &mut state.at_exit,
        };
        let place = callbacks
            .iter()
            .rposition(|callback| callback.number == number)?;
        Some(callbacks.remove(place))
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

impl State {
    fn number(&mut self, function: Function) -> Callback {
        self.last_callback += 1;
        let number = self.last_callback;
        Callback { number, function }
    }
}
