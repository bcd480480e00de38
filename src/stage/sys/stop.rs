//! A short stop of a thread, in which its registers and its stack are copied.

use std::io;
use std::mem;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;

use super::clock::now;
use super::memory::memory;

/// How long a thread may take to stop: on a busy machine it first needs a processor.
const LIMIT: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_micros(50);
/// The largest part of a stack that is copied.
const STACK: usize = 256 * 1024;

/// A thread in one moment.
pub(in crate::stage) struct Snapshot {
    pub(in crate::stage) instruction: u64,
    pub(in crate::stage) stack: u64,
    pub(in crate::stage) frame: u64,
    /// The bytes from `stack` on.
    pub(in crate::stage) bytes: Vec<u8>,
}

/// Stops a thread, copies its registers and its stack, and lets it go on. `None` if it ends meanwhile, or does not stop in time.
///
/// `end_of_stack` says where what is mapped around an address ends.
///
/// The thread goes on when the calling thread ends, whatever happens. So this is called from a thread that does nothing else.
pub(in crate::stage) fn snapshot(
    tid: u32,
    end_of_stack: impl FnOnce(u64) -> Option<u64>,
) -> io::Result<Option<Snapshot>> {
    let tid = tid.cast_signed();
    // No options: above all, it is not killed when we end.
    request(libc::PTRACE_SEIZE, tid, 0)?;
    request(libc::PTRACE_INTERRUPT, tid, 0)?;
    let Some(signal) = wait_for_stop(tid)? else {
        return Ok(None);
    };
    let copied = copy(tid, end_of_stack);
    let _ = request(libc::PTRACE_DETACH, tid, signal.unsigned_abs() as usize);
    copied.map(Some)
}

fn request(what: libc::c_uint, tid: libc::pid_t, data: usize) -> io::Result<()> {
    // SAFETY: all requests of this module that pass a pointer pass that of a live local.
    let result = unsafe { libc::ptrace(what, tid, 0, data) };
    Errno::result(result).map(drop).map_err(io::Error::from)
}

/// The signal that it is about to be given, and that it must get when it goes on; 0 if there is none. `None` if it does not stop.
fn wait_for_stop(tid: libc::pid_t) -> io::Result<Option<libc::c_int>> {
    let deadline = now() + LIMIT;
    loop {
        let mut status = 0;
        // SAFETY: a pointer to a live local.
        let waited = unsafe { libc::waitpid(tid, &raw mut status, libc::__WALL | libc::WNOHANG) };
        match Errno::result(waited) {
            Ok(0) if now() >= deadline => return Ok(None),
            Ok(0) => thread::sleep(PAUSE),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
            Ok(_) if !libc::WIFSTOPPED(status) => return Ok(None),
            // Behind the signal stands the event where there is one: then it was our interruption, or a stop of its process.
            Ok(_) if status >> 16 != 0 => return Ok(Some(0)),
            Ok(_) => return Ok(Some(libc::WSTOPSIG(status))),
        }
    }
}

fn copy(tid: libc::pid_t, end_of_stack: impl FnOnce(u64) -> Option<u64>) -> io::Result<Snapshot> {
    // SAFETY: all zeros are valid registers.
    let mut registers: libc::user_regs_struct = unsafe { mem::zeroed() };
    request(libc::PTRACE_GETREGS, tid, (&raw mut registers) as usize)?;
    let stack = registers.rsp;
    let end = end_of_stack(stack).unwrap_or(stack);
    let length =
        usize::try_from(end.saturating_sub(stack)).map_or(STACK, |length| length.min(STACK));
    let bytes = memory(tid.cast_unsigned(), stack, length);
    Ok(Snapshot {
        instruction: registers.rip,
        stack,
        frame: registers.rbp,
        bytes: bytes.unwrap_or_default(),
    })
}
