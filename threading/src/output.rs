//! What is done to the standard streams at the end, past daemons that may be in the way.
//!
//! The standard library has no way to *try* to lock a stream, and a daemon may have one for its whole life. So the
//! locks are taken on a helper thread, which main leaves behind if it is held up.

use std::io::{self, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::sync::{self, AtomicBool, Instant, Ordering};
use crate::sys;
use crate::writers::Writers;

/// How long main gives daemons, at most, to get to the end of the line that they are writing.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the sealed streams stay so, if the process is still there. By then something is waiting for them.
const LEASE: Duration = Duration::from_secs(2);

/// Flushes standard output.
pub(crate) fn flush() {
    let flush = || _ = io::stdout().flush();
    if sys::is_only_thread() {
        return flush();
    }
    without_being_held_up(move |done| {
        flush();
        _ = done.send(());
    });
}

/// Flushes standard output, and has it and standard error locked from here to the end of the process, which is next.
///
/// The standard library has made its output unbuffered by now: a daemon's line comes out in fragments, and would be cut
/// by the end of the process. A daemon that cannot get the lock writes nothing.
pub(crate) fn seal() {
    without_being_held_up(|done| {
        let mut stdout = io::stdout().lock();
        // A reader that went away is no reason to fail now.
        _ = stdout.flush();
        let _stderr = io::stderr().lock();
        _ = done.send(());
        thread::sleep(LEASE);
    });
}

/// Has this done on another thread, and waits until it says so or is held up for no good reason. It is not done if
/// there is no thread to be had, or if main was held up before.
fn without_being_held_up(work: impl FnOnce(Sender<()>) + Send + 'static) {
    static WAS_HELD_UP: AtomicBool = AtomicBool::new(false);
    let (done, signal) = channel();
    let goes_on = WAS_HELD_UP.load(Ordering::Relaxed);
    if !goes_on && sync::spawn("exit", None, || work(done)).is_ok() {
        WAS_HELD_UP.store(!wait(&signal), Ordering::Relaxed);
    }
}

/// Waits for the signal as long as a thread may be in the middle of writing a line. False if it did not come.
fn wait(signal: &Receiver<()>) -> bool {
    const LOOK: Duration = Duration::from_millis(1);
    let begin = Instant::now();
    let mut writers = Writers::default();
    let mut idle = 0;
    while idle < 2 && begin.elapsed() < PATIENCE {
        if signal.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
            return true;
        }
        idle = match writers.may_be_writing() {
            true => 0,
            false => idle + 1,
        };
    }
    false
}
