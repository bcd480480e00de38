//! The way in: a main whose end waits for its threads.

use std::process::ExitCode;

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
/// 5. Standard output is flushed, and it and standard error are held until the process ends, so that no daemon leaves
///    half a line.
///
/// Return what `run` returns from your `main` at once. Daemons run until the process has ended.
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
/// A thread that never ends keeps the process alive: that is the meaning of "not a daemon". Standard output is flushed
/// unless a daemon sits on it, in a write that nobody reads, for two seconds: then the process ends without that.
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
    assert!(
        !registry().shutdown_has_begun(),
        "`run` was called a second time"
    );
    let code = catch(|| main().report()).unwrap_or_else(code_of);
    shut_down();
    output::seal(code);
    code
}

fn code_of(ending: Ending) -> ExitCode {
    if let Ending::Exited(code) = ending {
        return exit_code(code);
    }
    // What the panic carried may panic in turn when it is dropped.
    _ = catch(|| drop(ending));
    ExitCode::from(101)
}

/// The lowest 8 bits are all that a parent process gets to see.
fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(code.to_le_bytes()[0])
}
