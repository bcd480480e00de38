//! The last thing done to the standard streams.

use std::io::{self, Write as _};
use std::mem;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::sync;
use crate::sys;

/// How long a daemon may sit on a stream before the process ends without the last flush.
const PATIENCE: Duration = Duration::from_secs(2);

/// Flushes standard output, and keeps it and standard error locked to the end of the process.
///
/// When main returns, the standard library makes its output unbuffered; a daemon's line would then come out in
/// fragments, cut anywhere by the end of the process. A daemon that cannot get the lock writes nothing.
pub(crate) fn seal(code: ExitCode) {
    let locked = end_unless_locked(code);
    let mut stdout = io::stdout().lock();
    let stderr = io::stderr().lock();
    drop(locked);
    // A reader that went away is no reason to fail now.
    _ = stdout.flush();
    mem::forget((stdout, stderr));
}

/// Ends the process if what it returns is not dropped in time: a daemon may hold a stream's lock for ever, in a write
/// that nobody reads, and must not keep the process alive by that.
fn end_unless_locked(code: ExitCode) -> Sender<()> {
    let (locked, signal) = channel();
    // If there is no thread to be had, the process is trusted to get the locks.
    _ = sync::spawn("exit watchdog", None, move || {
        if signal.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            sys::os_exit(number_of(code));
        }
    });
    locked
}

/// An `ExitCode` does not tell its number, but compares.
fn number_of(code: ExitCode) -> i32 {
    let number = (0..=u8::MAX).find(|&number| ExitCode::from(number) == code);
    number.map_or(1, i32::from)
}
