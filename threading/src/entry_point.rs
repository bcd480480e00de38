//! What runs on a new thread, around the user's function.

use std::sync::Arc;
use std::thread;

use crate::context;
use crate::discard::discard;
use crate::process::registry;
use crate::record::{Ending, Record};
use crate::sys;
use crate::unwind::catch;
use crate::value::Value;

/// The outermost frame of a thread: catches everything, and leaves word of how it ended.
pub(crate) fn of<F, T>(
    record: Arc<Record>,
    function: F,
    value: Arc<Value<T>>,
) -> impl FnOnce() + Send + 'static
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    move || {
        let tells = begin(&record);
        let ending = match catch(function) {
            Ok(result) => {
                value.set(result);
                Ending::Returned
            }
            Err(ending) => ending,
        };
        _ = record.ending.set(ending);
        // If nobody else holds it, it is dropped here, on a thread whose locals still work.
        discard(value);
        // Those that ended before need not wait for the next start to be joined.
        registry().sweep();
        if !tells {
            context::leave();
            registry().left(record.id);
        }
    }
}

/// Whether the system will tell when the thread's locals are gone. If not, the end of this body has to do.
fn begin(record: &Record) -> bool {
    context::enter(record.id);
    record.set_native_id(sys::native_id());
    _ = record.thread.set(thread::current());
    let tells = sys::tell_when_locals_are_gone(record.id);
    registry().began(record.id);
    tells
}
