//! What the subjects say and do, again and again.

use std::sync::mpsc::{Sender, channel};
use std::thread::sleep;
use std::time::Duration;

use exeunt_threading::{self as threading, Handle, Thread};

/// Long enough for a process that does not wait to be gone. Only a broken library makes it matter.
pub(crate) fn a_while() {
    sleep(Duration::from_millis(150));
}

pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Waits until main has ended, and then some.
pub(crate) fn outlive_main() {
    threading::main_thread().join().expect("main has ended");
    a_while();
}

/// A thread that is not a daemon. It says its line when main has ended.
pub(crate) fn n(line: &'static str) -> Handle {
    n_that(move || {
        outlive_main();
        say(line);
    })
}

pub(crate) fn n_that(work: impl FnOnce() + Send + 'static) -> Handle {
    Thread::new(work).daemon(false).start().expect("a thread")
}

/// A daemon.
pub(crate) fn d_that(work: impl FnOnce() + Send + 'static) -> Handle {
    Thread::new(work).daemon(true).start().expect("a thread")
}

/// Has `start` start something that reports, and waits until it did.
pub(crate) fn begun(start: impl FnOnce(Sender<()>)) {
    let (begun, told) = channel();
    start(begun);
    told.recv().expect("it begins");
}

/// Says its line when it is dropped.
pub(crate) struct Guard(pub(crate) &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        say(self.0);
    }
}
