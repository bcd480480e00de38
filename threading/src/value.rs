//! What a thread's or a task's function returned, for all who ask.
#![expect(
    unsafe_code,
    reason = "a value that is not `Sync` has to get from one thread to another"
)]

use crate::sync::OnceLock;

/// Set once, by one thread.
pub(crate) struct Value<T>(OnceLock<Shared<T>>);

struct Shared<T>(T);

// SAFETY: only the methods below see the value, and a shared reference to it needs `T: Sync`.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Value<T> {
    pub(crate) fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(crate) fn of(value: T) -> Self {
        Self(OnceLock::from(Shared(value)))
    }

    pub(crate) fn set(&self, value: T) {
        _ = self.0.set(Shared(value));
    }

    pub(crate) fn get(&self) -> Option<&T>
    where
        T: Sync,
    {
        self.0.get().map(|shared| &shared.0)
    }

    pub(crate) fn into_inner(self) -> Option<T> {
        self.0.into_inner().map(|shared| shared.0)
    }
}
