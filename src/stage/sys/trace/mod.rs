//! ptrace(2): what a tracer can do to a thread that it traces, and what it hears of it.
//!
//! A tracee belongs to the thread that seized it: only that one may wait for it and act on it.

mod filter;
pub(in crate::stage) mod timer;

use std::io;

use nix::errno::Errno;
use nix::libc;

pub(in crate::stage) use filter::{install_filter, watch_ptrace};

/// A thread, by the number that the kernel has for it.
pub(in crate::stage) type Tid = i32;
pub(in crate::stage) type Registers = libc::user_regs_struct;

/// Where a tracee has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stage) enum Stop {
    /// It has made a new thread or process, whose number is this.
    Made(Tid),
    /// It has made a new process, whose number is this, and stands still until that has another memory or has ended.
    Vforked(Tid),
    /// A new program is in its place; this was its number before.
    Exec(Tid),
    /// It is about to end, with this wait status.
    Exiting(i32),
    /// It is about to make a call that the filter names.
    Call,
    /// It is about to make a call of another ABI, whose numbers mean others.
    OtherAbi,
    /// A call that was watched to its end is over.
    CallEnded,
    /// It is about to be given this signal.
    Signal(i32),
    /// Its process was stopped by this signal.
    Stopped,
    /// It was interrupted by its tracer, has just been made, or its process goes on after a stop.
    Paused,
    /// It is gone, with this wait status.
    Gone(i32),
}

/// How a tracee goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stage) enum Go {
    On,
    /// On to the end of the call that it is about to make.
    ToEndOfCall,
    /// It stays as it is, and tells when its process goes on.
    Listen,
}

/// `PTRACE_EVENT_STOP`, which libc does not name.
const EVENT_STOP: i32 = 128;
/// The bit that `PTRACE_O_TRACESYSGOOD` sets.
const SYSGOOD: i32 = 0x80;

fn request(what: libc::c_uint, tid: Tid, address: usize, data: usize) -> io::Result<()> {
    // SAFETY: all requests of this module that pass pointers pass those of live locals.
    let result = unsafe { libc::ptrace(what, tid, address, data) };
    Errno::result(result).map(drop).map_err(io::Error::from)
}

/// Takes a thread as a tracee, without stopping it. What it makes is traced too; all are killed when the calling thread ends.
pub(in crate::stage) fn seize(tid: Tid, filtered: bool) -> io::Result<()> {
    let mut options = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_TRACEEXIT
        | libc::PTRACE_O_EXITKILL;
    if filtered {
        options |= libc::PTRACE_O_TRACESECCOMP;
    }
    #[expect(clippy::cast_sign_loss, reason = "a set of bits")]
    request(libc::PTRACE_SEIZE, tid, 0, options as usize)
}

/// Lets a tracee that has stopped go on, and gives it a signal unless that is 0. One that was killed meanwhile needs nothing.
pub(in crate::stage) fn go(tid: Tid, go: Go, signal: i32) {
    let what = match go {
        Go::On => libc::PTRACE_CONT,
        Go::ToEndOfCall => libc::PTRACE_SYSCALL,
        Go::Listen => libc::PTRACE_LISTEN,
    };
    let _ = request(what, tid, 0, signal.unsigned_abs() as usize);
}

/// Stops a tracee, wherever it is; a call in which it sleeps ends.
pub(in crate::stage) fn interrupt(tid: Tid) -> io::Result<()> {
    request(libc::PTRACE_INTERRUPT, tid, 0, 0)
}

/// The number that comes with the event at which a tracee has stopped.
fn event_message(tid: Tid) -> u64 {
    let mut message: libc::c_ulong = 0;
    let _ = request(
        libc::PTRACE_GETEVENTMSG,
        tid,
        0,
        (&raw mut message) as usize,
    );
    message
}

pub(in crate::stage) fn registers(tid: Tid) -> io::Result<Registers> {
    // SAFETY: all zeros are valid registers.
    let mut registers: Registers = unsafe { std::mem::zeroed() };
    request(libc::PTRACE_GETREGS, tid, 0, (&raw mut registers) as usize)?;
    Ok(registers)
}

pub(in crate::stage) fn set_registers(tid: Tid, registers: &Registers) -> io::Result<()> {
    let registers: *const Registers = registers;
    request(libc::PTRACE_SETREGS, tid, 0, registers as usize)
}

/// What a tracee has to tell. `None` if it has not stopped; an error if it is no tracee any more.
pub(in crate::stage) fn look(tid: Tid) -> io::Result<Option<Stop>> {
    Ok(wait(tid, libc::__WALL | libc::WNOHANG)?.map(|(_, stop)| stop))
}

/// Waits until one of this thread's tracees has something to tell. An error if there is none left.
pub(in crate::stage) fn wait_for_any() -> io::Result<(Tid, Stop)> {
    loop {
        if let Some(told) = wait(-1, libc::__WALL | libc::__WNOTHREAD)? {
            return Ok(told);
        }
    }
}

fn wait(tid: Tid, flags: i32) -> io::Result<Option<(Tid, Stop)>> {
    let mut status = 0;
    // SAFETY: a pointer to a live local.
    let waited = unsafe { libc::waitpid(tid, &raw mut status, flags) };
    match Errno::result(waited) {
        Ok(0) | Err(Errno::EINTR) => Ok(None),
        Ok(tid) => Ok(Some((tid, stop(tid, status)))),
        Err(errno) => Err(errno.into()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "pids and wait statuses")]
fn stop(tid: Tid, status: i32) -> Stop {
    if !libc::WIFSTOPPED(status) {
        return Stop::Gone(status);
    }
    let signal = libc::WSTOPSIG(status);
    let message = || event_message(tid) as i32;
    match status >> 16 {
        libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_CLONE => Stop::Made(message()),
        libc::PTRACE_EVENT_VFORK => Stop::Vforked(message()),
        libc::PTRACE_EVENT_EXEC => Stop::Exec(message()),
        libc::PTRACE_EVENT_EXIT => Stop::Exiting(message()),
        libc::PTRACE_EVENT_SECCOMP => match message() {
            filter::OTHER_ABI => Stop::OtherAbi,
            _ => Stop::Call,
        },
        EVENT_STOP if signal == libc::SIGTRAP => Stop::Paused,
        EVENT_STOP => Stop::Stopped,
        _ if signal == libc::SIGTRAP | SYSGOOD => Stop::CallEnded,
        _ => Stop::Signal(signal),
    }
}

/// While it lives, short sleeps of this thread end when they should: else the kernel makes each some 50 µs longer.
pub(in crate::stage) struct Punctual {
    slack: libc::c_int,
}

impl Punctual {
    pub(in crate::stage) fn begin() -> Self {
        // SAFETY: no pointers.
        let slack = unsafe { libc::prctl(libc::PR_GET_TIMERSLACK, 0, 0, 0, 0) };
        Self::set(1);
        Self { slack }
    }

    fn set(slack: libc::c_int) {
        // SAFETY: no pointers. Where it fails, sleeps are as long as they were.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, libc::c_long::from(slack), 0, 0, 0) };
    }
}

impl Drop for Punctual {
    fn drop(&mut self) {
        Self::set(self.slack.max(1));
    }
}

/// Whether a program has file capabilities (capabilities(7)), which it does not get under a filter.
pub(in crate::stage) fn has_capabilities(path: &std::ffi::CStr) -> bool {
    // SAFETY: two strings; the size of the value is asked for, and nothing is written.
    let size = unsafe {
        libc::getxattr(
            path.as_ptr(),
            c"security.capability".as_ptr(),
            std::ptr::null_mut(),
            0,
        )
    };
    size > 0
}
