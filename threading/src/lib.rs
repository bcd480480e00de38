//! Threads for Rust with the exit semantics of Python's [`threading`]: the process waits for every thread that is
//! not a daemon; daemons are killed when it ends.
//!
//! With [`std::thread`] alone, a process ends when `main` returns, wherever its threads are.
//!
//! ```
//! use std::process::ExitCode;
//! use std::time::Duration;
//! use exeunt_threading::{self as threading, Thread};
//!
//! fn main() -> ExitCode {
//!     threading::run(|| {
//!         let worker = || { std::thread::sleep(Duration::from_millis(20)); println!("worker finishes") };
//!         let x = Thread::new(worker).name("worker").start()?;
//!         println!("main is done"); // … and the process waits for the worker.
//!         drop(x);
//!         Ok(())
//!     })
//! }
//! ```
//!
//! # From Python to Rust
//! | Python | here |
//! |---|---|
//! | `if __name__ == "__main__": …` | [`run`]`(\|\| …)` |
//! | `x = Thread(target=f, args=(1,))` | `let x = `[`Thread::new`]`(\|\| f(1));` |
//! | `Thread(…, name="a", daemon=True)` | [`.name("a")`](Thread::name)[`.daemon(true)`](Thread::daemon) |
//! | `x.start()` | `let x = x.`[`start`](Thread::start)`()?;` |
//! | `x.join()`, `x.join(1.5)` | [`x.join()`](Handle::join), [`x.join_timeout(…)`](Handle::join_timeout), with the value or the panic |
//! | `x.is_alive()`, `.name`, `.ident`, `.native_id`, `.daemon` | the methods of [`Handle`] |
//! | `current_thread()`, `main_thread()`, `enumerate()`, `active_count()` | [`current`], [`main_thread`], [`enumerate()`], [`active_count`] |
//! | `Timer(1.5, f)` | [`Timer::new`] |
//! | `threading.excepthook = …` | [`set_except_hook`] |
//! | `sys.exit(n)`, `os._exit(n)` | [`exit`], [`os_exit`] |
//! | `atexit.register(f)` | [`at_exit`] |
//! | `atexit.unregister(f)` | [`Registration::unregister`] |
//! | `threading._register_atexit(f)` | [`at_shutdown`] |
//! | an `Event` that main's end sets | [`stop_token`] |
//! | `ThreadPoolExecutor(4)` | [`Pool::new(4)`](Pool::new) |
//! | `x.submit(f)`, `.result(1.5)`, `.cancel()` | [`x.submit(f)`](Pool::submit)`?`, [`.join_timeout(…)`](Task::join_timeout), [`.cancel()`](Task::cancel) |
//! | `x.shutdown()`, `(wait=False)`, `(cancel_futures=True)` | [`x.shutdown()`](Pool::shutdown), [`x.close()`](Pool::close), [`x.shutdown_now()`](Pool::shutdown_now) |
//! | `faulthandler.dump_traceback_later(5)` | [`set_wait_report`] |
//! | – | [`x.into_value()`](Handle::into_value), [`x.thread()`](Handle::thread), [`set_wait_limit`] |
//!
//! # Guarantees
//! They are CPython 3.15's, from the end of main on; [`run`] lists them in order.
//! - A thread that [`start`](Thread::start) returned before the end of main is waited for, unless it is a daemon; so
//!   is any that such a thread or a callback starts later. Waiting means an OS join: the thread's thread-locals are
//!   dropped before the process ends.
//! - A daemon, or a thread that this library did not start, never delays the process's end.
//! - A panic, or [`exit`], in a thread ends that thread only. The panic is reported at once, by name; the
//!   process's exit code is main's.
//! - After a `fork`, the child has one thread, the forking one, which is its main. It does not wait for the others.
//! - `abort`, [`os_exit`], a signal, a fault, `exec`: at once, nothing runs.
//!
//! # Who keeps my process alive?
//! A process whose main has ended, and which waits for a thread that does not end, looks as if it hung. In debug builds and in
//! tests' programs it says so after five seconds: one line on standard error names the threads, and where they were started.
//! [`set_wait_report`] has that in other builds too. [`set_wait_limit`] bounds the waiting.
//!
//! # Without `run`
//! From its first use on, the library is also registered with the C library's `atexit`. A program that does not use
//! [`run`], or leaves main by [`std::process::exit`], thus still waits and has its callbacks called, with its exit
//! code. It is the lesser way:
//! - What is printed after main has returned comes out in fragments, one write each.
//! - The callbacks run after main's thread-locals are gone: one that uses such a local, as some libraries' functions do,
//!   panics (`AccessError`).
//! - C exit handlers run last registered first. One that was registered after this library's first use runs before the
//!   threads are waited for.
//!
//! # Honest limits
//! - **[`std::process::exit`] outside main** ends the process at once, waiting for nobody and calling nothing. But if
//!   main has left by `process::exit` before, inside `run` or without it, or has returned without `run`, the standard
//!   library parks the calling thread for ever, and the process waits for it for ever. Use [`exit`] in threads, and in
//!   main.
//! - **[`exit`] in somebody else's thread** unwinds to whatever catches there: `std::thread` and tokio make it the error
//!   of a join, rayon aborts the process.
//! - **Two versions of this library** in one program are refused by Cargo (`links`). A shared object that brings its own
//!   is not seen: each waits for its own threads.
//! - **`panic = "abort"`** cannot conform: a panic in any thread is the end of the process, and so is [`exit`].
//! - **A `fork` other than the C library's** (a raw system call) leaves the child with threads that it does not have.
//!   After any `fork` of a process with threads, locks of *others* may be held for ever in the child. The standard
//!   library has such locks: in its streams, in the first and last steps of every thread, and in those of main. A child
//!   that starts a thread, or returns from main, may hang if the parent was just then starting or ending one; let such
//!   a child `exec`, or end by [`os_exit`]. This library's own lock is free in the child.
//! - **A signal** ends the process by its default action, without waiting. Handle it and end main, to leave in order.
//! - **A signal handler** must not call this library: it takes locks.
//! - Linux is where it is tested. Android, macOS and FreeBSD have the calls it needs.
//!
//! [`threading`]: https://docs.python.org/3/library/threading.html

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "freebsd"
)))]
compile_error!(
    "exeunt-threading needs to know which thread is the process's first, and to hook into `fork`, the C `exit` and \
     the end of a thread; it can do so on Linux, Android, macOS and FreeBSD only"
);

mod callbacks;
mod context;
mod current;
mod discard;
mod entry_point;
mod error;
mod except_hook;
mod exit;
mod handle;
mod main_result;
#[cfg(all(test, exeunt_model))]
mod model;
mod name;
#[cfg_attr(exeunt_model, path = "model/output.rs")]
mod output;
mod patience;
mod pool;
#[cfg_attr(exeunt_model, path = "model/primitives.rs")]
#[cfg_attr(exeunt_pthread, path = "model/pthread.rs")]
mod primitives;
mod process;
mod record;
mod registry;
mod run;
mod shutdown;
mod stop;
mod sync;
#[cfg_attr(exeunt_model, path = "model/sys.rs")]
mod sys;
mod thread;
mod timer;
mod unwind;
mod value;
mod waiting;
#[cfg(not(exeunt_model))]
mod writers;

pub use callbacks::{Registration, at_exit, at_shutdown};
pub use current::{active_count, current, enumerate, main_thread};
pub use error::{JoinError, Panic, ShutdownBegan, StartError, SubmitError};
pub use except_hook::{ThreadPanic, reset_except_hook, set_except_hook};
pub use exit::{exit, os_exit};
pub use handle::Handle;
pub use main_result::MainResult;
pub use pool::{Pool, Task};
pub use registry::AtLimit;
pub use run::run;
pub use stop::{StopToken, stop_token};
pub use thread::Thread;
pub use timer::{Timer, TimerHandle};
pub use waiting::{set_wait_limit, set_wait_report};

/// The example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
