//! What follows main and `run`: destructors, thread-locals, C handlers; and daemons that are in their way.

#![expect(unsafe_code, reason = "the C library's `atexit` has no safe front")]

use std::cell::RefCell;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use exeunt_threading as threading;

use crate::case::{Case, case};
use crate::words::{begun, d_that, outlive_main, say};

/// A thread that says what it is sent. Dropping this waits until it has said all.
struct Printer {
    lines: Option<Sender<&'static str>>,
    thread: Option<JoinHandle<()>>,
}

impl Printer {
    fn new() -> Self {
        let (lines, to_say) = channel();
        let thread = thread::spawn(move || to_say.iter().for_each(say));
        Self {
            lines: Some(lines),
            thread: Some(thread),
        }
    }

    fn send(&self, line: &'static str) {
        let lines = self.lines.as_ref().expect("not dropped yet");
        lines.send(line).expect("the thread runs");
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.send("last line");
        drop(self.lines.take());
        let thread = self.thread.take().expect("not dropped yet");
        thread.join().expect("it does not panic");
    }
}

thread_local! {
    static LOCAL: RefCell<Option<Printer>> = const { RefCell::new(None) };
}

static FOR_C_HANDLER: Mutex<Option<Printer>> = Mutex::new(None);

extern "C" fn drop_printer() {
    let printer = FOR_C_HANDLER
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    drop(printer);
    write_to_stderr("handler\n");
}

fn at_c_exit(handler: extern "C" fn()) {
    // SAFETY: the handler is a plain function that does not unwind.
    unsafe { libc::atexit(handler) };
}

/// Past the standard library, whose lock a daemon may have.
fn write_to_stderr(text: &str) {
    // SAFETY: the text outlives the call.
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}

extern "C" fn say_handler() {
    write_to_stderr("handler\n");
}

fn idle_daemon() {
    begun(|tell| {
        drop(d_that(move || {
            _ = tell.send(());
            loop {
                thread::park()
            }
        }))
    });
}

fn printing_daemon() {
    begun(|tell| {
        drop(d_that(move || {
            loop {
                say("daemon");
                _ = tell.send(());
            }
        }))
    });
}

/// A daemon that has the lock of a stream for its whole life.
fn daemon_that_keeps<L>(lock: impl FnOnce() -> L + Send + 'static) {
    begun(|tell| {
        drop(d_that(move || {
            let _lock = lock();
            _ = tell.send(());
            loop {
                thread::park()
            }
        }))
    });
}

#[tokio::main]
async fn tokio_around_run() -> ExitCode {
    let worker = || {
        outlive_main();
        say("blocking task");
    };
    tokio::task::spawn_blocking(worker);
    threading::run(|| {
        idle_daemon();
        say("end");
        ExitCode::from(3)
    })
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("destructor_of_main_joins_a_printing_thread")
            .main(|| {
                let _printer = Printer::new();
                threading::run(|| say("end"))
            })
            .shows(|seen| seen.says(["end", "last line"]).code(0)),
        case("destructor_of_main_joins_a_printing_thread_beside_a_daemon")
            .main(|| {
                let _printer = Printer::new();
                threading::run(|| {
                    idle_daemon();
                    say("end")
                })
            })
            .shows(|seen| seen.says(["end", "last line"]).code(0)),
        case("destructor_of_main_joins_a_printing_thread_beside_a_printing_daemon")
            .main(|| {
                let _printer = Printer::new();
                threading::run(|| {
                    printing_daemon();
                    say("end")
                })
            })
            .shows(|seen| seen.contains(["daemon\n", "end\n", "last line\n"]).code(0)),
        case("thread_local_of_main_joins_a_printing_thread")
            .under_run(|| {
                LOCAL.set(Some(Printer::new()));
                idle_daemon();
                say("end")
            })
            .shows(|seen| seen.says(["end", "last line"]).code(0)),
        case("c_handler_joins_a_printing_thread")
            .main(|| {
                at_c_exit(drop_printer);
                threading::run(|| {
                    *FOR_C_HANDLER.lock().expect("no panic") = Some(Printer::new());
                    idle_daemon();
                    say("end")
                })
            })
            .shows(|seen| seen.says(["end", "last line", "handler"]).code(0)),
        case("tokio_around_run")
            .main(tokio_around_run)
            .shows(|seen| seen.says(["end", "blocking task"]).code(3)),
        case("logging_guard_on_mains_first_line")
            .main(|| {
                let log = Printer::new();
                threading::run(|| {
                    idle_daemon();
                    (0..1000).for_each(|_| log.send("line"));
                })
            })
            .shows(|seen| seen.count("line\n", 1001).contains(["last line\n"]).code(0)),
        case("daemon_that_keeps_stdout")
            .main(|| {
                at_c_exit(say_handler);
                threading::run(|| {
                    daemon_that_keeps(|| io::stdout().lock());
                    eprintln!("end");
                    ExitCode::from(3)
                })
            })
            .shows(|seen| seen.says(["end", "handler"]).code(3).at_once_after("end")),
        case("daemon_that_keeps_stdout_without_run")
            .main(|| {
                at_c_exit(say_handler);
                daemon_that_keeps(|| io::stdout().lock());
                eprintln!("end");
                ExitCode::from(3)
            })
            .shows(|seen| seen.says(["end", "handler"]).code(3).at_once_after("end")),
        case("daemon_that_keeps_stderr")
            .main(|| {
                at_c_exit(say_handler);
                threading::run(|| {
                    daemon_that_keeps(|| io::stderr().lock());
                    say("end");
                    print!("no newline, ");
                    ExitCode::from(3)
                })
            })
            .shows(|seen| {
                let seen = seen.says(["end", "no newline, handler"]);
                seen.code(3).at_once_after("end")
            }),
        case("daemon_that_keeps_stdout_and_runs")
            .under_run(|| {
                begun(|tell| {
                    drop(d_that(move || {
                        let mut out = io::stdout().lock();
                        _ = tell.send(());
                        loop {
                            _ = write!(out, "");
                        }
                    }))
                });
                eprintln!("end");
                ExitCode::from(3)
            })
            .shows(|seen| seen.says(["end"]).code(3)),
    ]
}
