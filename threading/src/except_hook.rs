//! Who reports the panic of a thread.

use std::fmt;
use std::panic::{self, Location, PanicHookInfo};
use std::sync::{Arc, Once};

use crate::error::payload_message;
use crate::handle::Handle;
use crate::process::registry;
use crate::record::Record;
use crate::registry::Hook;
use crate::{context, sys};

/// Has `hook` report the panics of this library's threads, in place of the standard library's message. As Python's
/// [`threading.excepthook`].
///
/// Without it, a thread that panics prints one block that names the thread to standard error; the process goes on, and
/// its exit code is unaffected.
///
/// The hook is called on the panicking thread, where it panicked, before it unwinds. As any
/// [panic hook](std::panic::set_hook), it is also called for a panic that the thread catches itself, and it must not
/// panic: that aborts the process. Panics of main and of foreign threads are reported as before. The hook stays in
/// place until the next call of this function, or [`reset_except_hook`]; a later [`std::panic::set_hook`] overrides it.
///
/// # Panics
/// When it is called by a thread that is panicking, as from a destructor: no hook can be set then.
///
/// ```
/// use std::sync::mpsc;
/// use exeunt_threading::{self as threading, Thread};
///
/// let (tell, told) = mpsc::channel();
/// threading::set_except_hook(move |panic| {
///     _ = tell.send(format!("{}: {}", panic.thread().name(), panic.message()));
/// });
/// Thread::new(|| panic!("no fuel")).name("engine").start::<()>()?.join().unwrap_err();
/// assert_eq!(told.recv().unwrap(), "engine: no fuel");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// [`threading.excepthook`]: https://docs.python.org/3/library/threading.html#threading.excepthook
pub fn set_except_hook(hook: impl Fn(&ThreadPanic<'_>) + Send + Sync + 'static) {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(stand_before_panic_hook);
    let hook: Hook = Arc::new(move |thread, info| {
        let thread = Handle::of(Arc::clone(thread));
        hook(&ThreadPanic { thread, info });
    });
    drop(registry().replace_except_hook(Some(hook)));
}

/// Undoes [`set_except_hook`]: panics are again reported as by the standard library.
pub fn reset_except_hook() {
    drop(registry().replace_except_hook(None));
}

/// A panic of one of this library's threads.
pub struct ThreadPanic<'a> {
    thread: Handle,
    info: &'a PanicHookInfo<'a>,
}

impl ThreadPanic<'_> {
    /// The thread that panicked.
    #[must_use]
    pub fn thread(&self) -> &Handle {
        &self.thread
    }

    /// What it said, or `Box<dyn Any>` if it panicked with something else than text.
    #[must_use]
    pub fn message(&self) -> &str {
        payload_message(self.info.payload())
    }

    /// Where in the source it panicked.
    #[must_use]
    pub fn location(&self) -> Option<&Location<'_>> {
        self.info.location()
    }
}

impl fmt::Debug for ThreadPanic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPanic")
            .field("thread", &self.thread)
            .field("message", &self.message())
            .field("location", &self.location())
            .finish()
    }
}

fn stand_before_panic_hook() {
    let otherwise = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        match (registry().except_hook(), library_thread()) {
            (Some(hook), Some(thread)) => hook(&thread, info),
            _ => otherwise(info),
        }
    }));
}

/// The calling thread, if this library started it and its function is running.
fn library_thread() -> Option<Arc<Record>> {
    (context::is_caught() && !sys::is_first_thread()).then(|| registry().current())
}
