//! Dropping what is a user's, where nobody should meet its destructor's panic.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Drops `value`. A panic of its destructor has been reported when it comes here, and ends here; what that carries is
/// leaked, as its destructor might panic in turn.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        mem::forget(payload);
    }
}
