//! What a thread knows of itself. These locals have no destructor, so they can be read at any time, even in the
//! process's exit handlers, where `std::thread::current` would panic.

use std::cell::Cell;

use crate::record::Id;

thread_local! {
    static ID: Cell<Id> = const { Cell::new(0) };
    static LEFT: Cell<bool> = const { Cell::new(false) };
    static CATCHERS: Cell<u32> = const { Cell::new(0) };
}

/// 0 for a thread that is not in the roster.
pub(crate) fn id() -> Id {
    ID.get()
}

pub(crate) fn enter(id: Id) {
    ID.set(id);
}

/// The thread's function and its locals are gone.
pub(crate) fn leave() {
    LEFT.set(true);
}

pub(crate) fn has_left() -> bool {
    LEFT.get()
}

/// Whether a frame below would catch an [`exit`](crate::exit).
pub(crate) fn is_caught() -> bool {
    CATCHERS.get() > 0
}

/// Counts this frame as a catcher while `f` runs. `f` must not unwind.
pub(crate) fn as_catcher<T>(f: impl FnOnce() -> T) -> T {
    CATCHERS.set(CATCHERS.get() + 1);
    let value = f();
    CATCHERS.set(CATCHERS.get() - 1);
    value
}
