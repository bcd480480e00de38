//! The way in: a main whose end waits for its threads.

use std::process::ExitCode;
use std::thread;

use crate::main_result::MainResult;
use crate::output;
use crate::process::{registry, shut_down};
use crate::record::Ending;
use crate::sys;
use crate::unwind::catch;

/// Runs `main`, then ends the process as Python does: it waits for every thread that is not a daemon.
///
/// In this order, as CPython 3.15 ([`threading`], [`atexit`]):
/// 1. `main` runs. If it panics or returns an error, that is reported now, before any waiting.
/// 2. [`at_shutdown`](crate::at_shutdown) callbacks, last registered first.
/// 3. All threads that are not daemons are waited for, those included that are started meanwhile.
/// 4. [`at_exit`](crate::at_exit) callbacks, last registered first. If they started threads or registered callbacks,
///    on with 3.
/// 5. Standard output is flushed.
///
/// Return what `run` returns from your `main`. What follows is as without `run`: the destructors of main's own values
/// and thread-locals, then the C library's exit handlers. Daemons run meanwhile; when the process is about to be gone,
/// they are kept from printing, so that none leaves half a line.
///
/// | `main` | exit code |
/// |---|---|
/// | returns `()` or `Ok(())` | 0 |
/// | returns an [`ExitCode`] or `Ok(ExitCode)` | that code |
/// | returns `Err(e)` | 1, after `Error: {e:?}` on standard error |
/// | panics | 101, after the panic's message |
/// | calls [`exit(n)`](crate::exit) | `n & 0xff` |
///
/// The error is a `Box<dyn Error>`, so that `?` and `Ok(())` need no annotation. A main with another result fits in
/// with `run(|| Ok(real_main()?))`, or, if it returns anything that implements [`Termination`], with
/// `run(|| real_main().report())`.
///
/// # Panics
/// When it is not called on the process's main thread, or called a second time.
///
/// # What it does not do
/// - A thread that never ends keeps the process alive: that is the meaning of "not a daemon". The process
///   [tells which one it is](crate#who-keeps-my-process-alive), and [its waiting can be bounded](crate::set_wait_limit).
/// - No exit is held up by a daemon that has locked a stream and sleeps, or computes. What main printed but did not flush
///   is then lost, as it is at the end of any Rust program. Only a daemon that may be in the middle of a line is waited
///   for: up to two seconds, if nobody reads what it writes.
///
/// ```
/// use std::process::ExitCode;
/// use exeunt_threading::{self as threading, Thread};
///
/// fn main() -> ExitCode {
///     threading::run(|| {
///         Thread::new(|| println!("printed, although main has ended")).start()?;
///         Ok(())
///     })
/// }
/// ```
///
/// [`threading`]: https://docs.python.org/3/library/threading.html#thread-objects
/// [`atexit`]: https://docs.python.org/3/library/atexit.html
/// [`Termination`]: std::process::Termination
pub fn run<F, R>(main: F) -> ExitCode
where
    F: FnOnce() -> R,
    R: MainResult,
{
    assert!(
        sys::is_first_thread(),
        "`run` was called on another thread than main"
    );
    assert!(registry().begin_run(), "`run` was called a second time");
    _ = registry().main_thread().thread.set(thread::current());
    let code = catch(|| main().report()).unwrap_or_else(code_of);
    shut_down();
    output::flush();
    code
}

fn code_of(ending: Ending) -> ExitCode {
    match ending {
        Ending::Exited(code) => exit_code(code),
        Ending::Returned | Ending::Panicked(_) => ExitCode::from(101),
    }
}

/// The lowest 8 bits are all that a parent process gets to see.
fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(code.to_le_bytes()[0])
}
