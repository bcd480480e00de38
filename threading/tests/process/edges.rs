//! What CPython's own tests look at, and the suite cannot show for both.

#![expect(unsafe_code, reason = "`atexit` has no safe front")]

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::hint::black_box;

use exeunt::Signal;
use exeunt_threading as threading;
use threading::{at_exit, at_shutdown};

use crate::case::{Case, case};
use crate::fork::fork;
use crate::words::{n, n_that, say};

fn say_where() {
    let main = threading::main_thread();
    say(&format!(
        "in main: {}, alive: {}",
        threading::current() == main,
        main.is_alive()
    ));
}

thread_local! {
    static LOCAL: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What a callback reads of main's thread-local, which has a destructor.
fn say_local() {
    let value = LOCAL.try_with(|local| local.borrow().clone());
    say(&value.unwrap_or_else(|_| "gone".to_owned()));
}

/// An error that cannot be shown.
struct Unspeakable;

impl fmt::Debug for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no words")
    }
}

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no words")
    }
}

impl Error for Unspeakable {}

extern "C" fn handler_of_another() {
    say("C handler");
}

/// Has the C library call the handler when the process exits.
fn register_handler() {
    // SAFETY: the handler is a plain function that does not unwind.
    unsafe { libc::atexit(handler_of_another) };
}

fn recurse(depth: u64) -> u64 {
    match black_box(depth) {
        u64::MAX => 0,
        depth => recurse(depth + 1).wrapping_add(black_box(1)),
    }
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("main_error_whose_debug_panics")
            .under_run(|| {
                n("n");
                Err::<(), _>(Unspeakable.into())
            })
            .shows(|seen| {
                seen.contains(["thread 'main'", "no words\n", "n\n"])
                    .code(101)
            }),
        case("callbacks_run_once_though_the_c_handler_follows")
            .main(|| {
                register_handler();
                threading::run(|| {
                    at_shutdown(|| say("at_shutdown"))?;
                    at_exit(|| say("at_exit"));
                    say("end");
                    Ok(())
                })
            })
            .shows(|seen| {
                seen.says(["end", "at_shutdown", "at_exit", "C handler"])
                    .code(0)
            }),
        case("callbacks_run_in_main_without_run")
            .main(|| {
                at_shutdown(say_where).expect("the shutdown has not begun");
                at_exit(say_where);
                say_where();
            })
            .shows(|seen| {
                seen.says([
                    "in main: true, alive: true",
                    "in main: true, alive: false",
                    "in main: true, alive: false",
                ])
                .code(0)
            }),
        case("local_in_at_exit_without_run")
            .main(|| {
                LOCAL.set("main's value".to_owned());
                at_exit(say_local);
                say_local();
            })
            .shows(|seen| seen.says(["main's value", "gone"]).code(0)),
        case("many_at_exit")
            .under_run(|| (0..128).for_each(|number| _ = at_exit(move || println!("#{number}"))))
            .shows(|seen| {
                seen.count("#", 128)
                    .contains(["#127\n", "#64\n", "#0\n"])
                    .code(0)
            }),
        case("is_alive_after_fork")
            .under_run(|| {
                for _ in 0..20 {
                    let ending = n_that(|| ());
                    if fork() {
                        threading::os_exit(if ending.is_alive() { 11 } else { 10 })
                    }
                }
            })
            .shows(|seen| seen.count("child: 10\n", 20).code(0)),
        case("stack_overflow_in_thread")
            .under_run(|| {
                at_exit(|| say("callback"));
                n_that(|| _ = black_box(recurse(0)));
            })
            .shows(|seen| {
                seen.contains(["thread 'Thread-1'", "has overflowed its stack"])
                    .without("callback")
                    .signal(Signal::ABRT)
            }),
    ]
}
