//! The shutdown: callbacks, waiting, callbacks, until there is nothing left to do.

use crate::patience::Patience;
use crate::registry::{Callback, Registry};
use crate::unwind::catch;

/// Shuts down, once a process. The loop is CPython 3.15's: a thread that a callback starts is waited for too.
pub(crate) fn shut_down(registry: &Registry) {
    let Some(callbacks) = registry.begin_shutdown() else {
        return;
    };
    call_all(callbacks);
    let mut patience = Patience::new(registry);
    while !registry.close_if_idle() {
        wait(registry, &mut patience);
        call_at_exit(registry);
    }
}

/// Calls the callbacks, the last first.
fn call_all(callbacks: Vec<Callback>) {
    for callback in callbacks.into_iter().rev() {
        call(callback);
    }
}

/// Waits until there is nobody to wait for, those included that come meanwhile, or until the patience ends.
fn wait(registry: &Registry, patience: &mut Patience<'_>) {
    loop {
        let threads = registry.to_wait_for();
        if threads.is_empty() {
            return;
        }
        for thread in threads {
            while !registry.join(&thread, patience.deadline()) {
                if !patience.goes_on() {
                    return;
                }
            }
        }
    }
}

fn call_at_exit(registry: &Registry) {
    while let Some(callback) = registry.take_at_exit() {
        call(callback);
    }
}

/// A panic was reported by the panic hook; an `exit` is silent.
fn call(callback: Callback) {
    _ = catch(callback.function);
}
