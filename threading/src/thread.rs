//! Making and starting a thread.

use std::panic::Location;
use std::sync::Arc;

use crate::entry_point;
use crate::error::StartError;
use crate::handle::Handle;
use crate::name;
use crate::process::registry;
use crate::record::Record;
use crate::registry::Naming;
use crate::sync;
use crate::value::Value;

/// A thread that has not been started, as Python's [`threading.Thread`].
///
/// Making a thread and [starting](Self::start) it are two steps. What it is called and whether it is a daemon is
/// settled before the second; that a thread is started twice, joined before its start, or made a daemon after it (in
/// Python: errors at run time) cannot be written.
///
/// ```
/// use exeunt_threading::Thread;
///
/// let thread = Thread::new(|| 6 * 7).name("adder").start()?;
/// assert_eq!(thread.join()?, &42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`threading.Thread`]: https://docs.python.org/3/library/threading.html#threading.Thread
#[derive(Debug)]
#[must_use = "a thread does nothing until it is started"]
pub struct Thread<F> {
    function: F,
    name: Option<String>,
    daemon: Option<bool>,
    stack_size: Option<usize>,
}

impl<F> Thread<F> {
    /// A thread that will run `function`.
    pub fn new(function: F) -> Self {
        Self {
            function,
            name: None,
            daemon: None,
            stack_size: None,
        }
    }

    /// The thread's name: in its [`Handle`], in the message of its panic, and, cut to 15 bytes on Linux, in the
    /// operating system's tools. Names need not differ.
    ///
    /// Without a name it is `Thread-N`, or `Thread-N (function)` if it runs a plain function; N counts the default
    /// names in the order of the starts.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    /// Whether the thread is a daemon: the process does not wait for a daemon, and kills it when it ends, wherever it
    /// is, without running its destructors.
    ///
    /// Without this, the children of a daemon are daemons, and no others are.
    ///
    /// In Python, those of a thread that the library did not start are daemons too. Not here: in Rust most threads are
    /// started by others (an executor's worker, a pool's, a test's), and the children of these would be lost in silence
    /// at the end of main. A process that waits for one too many [says so](crate#who-keeps-my-process-alive).
    pub fn daemon(self, daemon: bool) -> Self {
        Self {
            daemon: Some(daemon),
            ..self
        }
    }

    /// The size of the thread's stack in bytes; the system may round it up. As of
    /// [`std::thread::Builder::stack_size`].
    pub fn stack_size(self, bytes: usize) -> Self {
        Self {
            stack_size: Some(bytes),
            ..self
        }
    }

    /// The same thread around another function.
    pub(crate) fn map<G>(self, wrap: impl FnOnce(F) -> G) -> Thread<G> {
        let Self {
            function,
            name,
            daemon,
            stack_size,
        } = self;
        Thread {
            function: wrap(function),
            name,
            daemon,
            stack_size,
        }
    }
}

impl<F> Thread<F> {
    /// Starts the thread, and returns when the operating system has it.
    ///
    /// From then on it [is alive](Handle::is_alive), [listed](crate::enumerate), and waited for unless it is a daemon;
    /// but it need not have run yet, as with [`std::thread::spawn`]. A daemon that main starts as its last act may be
    /// killed before its first line: let it send word if that must not be. Python's `start` waits for the thread's first
    /// step, though no longer than that: its function need not have been called either.
    ///
    /// The handle may be dropped: unless it is a daemon, the process waits for the thread all the same.
    ///
    /// The value may be shared by all who join the thread, if it is [`Sync`]; else it goes to
    /// [the one who takes it](Handle::into_value).
    ///
    /// # Errors
    /// [`StartError`] if the operating system refuses, if the name holds a zero byte, or if the process has
    /// already waited for its last thread. Nothing has then run.
    #[track_caller]
    pub fn start<T>(self) -> Result<Handle<T>, StartError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let naming = naming(self.name, name::target_of::<F>())?;
        let record = registry().enter(naming, self.daemon, Location::caller())?;
        let entered = Entered(&record);
        let value = Arc::new(Value::new());
        let body = entry_point::of(Arc::clone(&record), self.function, Arc::clone(&value));
        let os_thread = sync::spawn(&record.name, self.stack_size, body).map_err(StartError::Os)?;
        entered.started(os_thread);
        Ok(Handle::new(record, value))
    }
}

fn naming(given: Option<String>, target: Option<&'static str>) -> Result<Naming, StartError> {
    match given {
        Some(name) if name.contains('\0') => Err(StartError::Name(name)),
        Some(name) => Ok(Naming::Given(name)),
        None => Ok(Naming::Counted { target }),
    }
}

/// A place in the registry, given back if the start fails, by an error or by a panic.
struct Entered<'a>(&'a Record);

impl Entered<'_> {
    fn started(self, os_thread: sync::OsThread) {
        registry().started(self.0.id, os_thread);
        std::mem::forget(self);
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        registry().withdraw(self.0.id);
    }
}
