//! What the waiting protocol is made of, in one place: the standard library's locks, atomics, threads, clock and statics.
//!
//! Nothing else in the crate names `std::sync::Mutex`, `std::sync::Condvar`, `std::sync::atomic`, `std::thread::Builder`
//! or a `static` with a lock in it: a model checker's twin, `model/primitives.rs`, takes the place of this file to explore
//! the protocol in [`registry`](crate::registry).

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};
pub(crate) use std::thread::{Builder, JoinHandle};
pub(crate) use std::time::Instant;

/// A static of the waiting protocol. Its constructor is a [`constructor!`].
macro_rules! global {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $value:expr;) => {
        $(#[$meta])* $vis static $name: $type = $value;
    };
}
pub(crate) use global;

/// A constructor of what holds locks: `const`, as these are.
macro_rules! constructor {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty $body:block) => {
        $(#[$meta])* $vis const fn $name($($arg: $type),*) -> $out $body
    };
}
pub(crate) use constructor;

/// A thread-local that needs no destructor, made at compile time. To be used by `with` only.
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        thread_local! { $(#[$meta])* static $name: $type = const { $value }; }
    };
}
pub(crate) use local;
