//! What a thread knows of itself. These locals have no destructor, so they can be read at any time, even in the
//! process's exit handlers, where `std::thread::current` would panic.

use std::cell::Cell;

use crate::record::Id;
use crate::sync::local;

local! {
    static CONTEXT: Context = Context::new();
}

struct Context {
    id: Cell<Id>,
    left: Cell<bool>,
    catchers: Cell<u32>,
}

impl Context {
    const fn new() -> Self {
        Self {
            id: Cell::new(0),
            left: Cell::new(false),
            catchers: Cell::new(0),
        }
    }
}

/// 0 for a thread that is not in the registry.
pub(crate) fn id() -> Id {
    CONTEXT.with(|context| context.id.get())
}

pub(crate) fn enter(id: Id) {
    CONTEXT.with(|context| context.id.set(id));
}

/// The thread's function and its locals are gone.
pub(crate) fn leave() {
    CONTEXT.with(|context| context.left.set(true));
}

pub(crate) fn has_left() -> bool {
    CONTEXT.with(|context| context.left.get())
}

/// Whether a frame below would catch an [`exit`](crate::exit).
pub(crate) fn is_caught() -> bool {
    CONTEXT.with(|context| context.catchers.get()) > 0
}

/// Counts this frame as a catcher while `f` runs. `f` must not unwind.
pub(crate) fn as_catcher<T>(f: impl FnOnce() -> T) -> T {
    add_to_catchers(1);
    let value = f();
    add_to_catchers(-1);
    value
}

fn add_to_catchers(change: i32) {
    CONTEXT.with(|context| {
        let catchers = context.catchers.get().saturating_add_signed(change);
        context.catchers.set(catchers);
    });
}
