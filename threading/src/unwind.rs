//! Where unwinding ends: at the outermost frame of main, of a thread, of a callback.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::context;
use crate::error::Panic;
use crate::record::Ending;

/// What [`exit`](crate::exit) unwinds with.
struct ExitRequest(i32);

/// Unwinds to the next [`catch`], which reports [`Ending::Exited`]. No panic is reported.
pub(crate) fn request_exit(code: i32) -> ! {
    resume_unwind(Box::new(ExitRequest(code)))
}

/// Runs `f` as a thread's outermost frame does: nothing gets past it.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Ending> {
    context::as_catcher(|| catch_unwind(AssertUnwindSafe(f))).map_err(|payload| {
        match payload.downcast::<ExitRequest>() {
            Ok(request) => Ending::Exited(request.0),
            Err(payload) => Ending::Panicked(Panic::new(payload)),
        }
    })
}
