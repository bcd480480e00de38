//! Timers of a tracee that its tracer lets expire: descriptors (timerfd_create(2)), and signals (timer_create(2)).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::libc;

use super::Tid;

/// A time in seconds, and the nanoseconds beyond.
pub(in crate::stage) type Pair = (i64, i64);

/// `TFD_IOC_SET_TICKS`, which libc does not name.
const SET_TICKS: libc::Ioctl = 0x4008_5400;
/// How long a `siginfo_t` is, in numbers of 32 bits.
const INFO: usize = 32;

/// The same open file as a descriptor of another process.
pub(in crate::stage) fn descriptor_of(pid: Tid, fd: i32) -> io::Result<OwnedFd> {
    let process = owned(|| {
        // SAFETY: no pointers.
        unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) }
    })?;
    owned(|| {
        // SAFETY: no pointers.
        unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) }
    })
}

#[expect(clippy::cast_possible_truncation, reason = "a descriptor")]
fn owned(call: impl FnOnce() -> libc::c_long) -> io::Result<OwnedFd> {
    let fd = Errno::result(call())? as i32;
    // SAFETY: the call has just made it, for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sets the kernel's own time of a timer's descriptor, counted from now, which forgets what has expired.
pub(in crate::stage) fn set(fd: BorrowedFd<'_>, interval: Pair, value: Pair) -> io::Result<()> {
    let timespec = |(tv_sec, tv_nsec)| libc::timespec { tv_sec, tv_nsec };
    let new = libc::itimerspec {
        it_interval: timespec(interval),
        it_value: timespec(value),
    };
    // SAFETY: a pointer to a live local; the old time is not asked for.
    let result =
        unsafe { libc::timerfd_settime(fd.as_raw_fd(), 0, &raw const new, std::ptr::null_mut()) };
    Errno::result(result).map(drop).map_err(io::Error::from)
}

/// Makes it so that a timer's descriptor has expired so often since it was read, and wakes those that wait for it. When this
/// returns, they are awake.
pub(in crate::stage) fn set_ticks(fd: BorrowedFd<'_>, ticks: u64) -> io::Result<()> {
    // SAFETY: a pointer to a live local.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), SET_TICKS, &raw const ticks) };
    Errno::result(result).map(drop).map_err(io::Error::from)
}

/// Whether the kernel has [`set_ticks`].
pub(in crate::stage) fn can_set_ticks() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    let ask = || {
        let made = owned(|| {
            // SAFETY: no pointers.
            let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) };
            fd.into()
        });
        Some(set_ticks(made.ok()?.as_fd(), 1).is_ok())
    };
    // That there was no descriptor left says nothing of the kernel.
    CAN.get()
        .copied()
        .or_else(|| ask().map(|can| *CAN.get_or_init(|| can)))
        .unwrap_or(false)
}

/// Sends the signal of a timer to a process, or to one of its threads.
pub(in crate::stage) fn signal(
    pid: Tid,
    thread: Option<Tid>,
    signal: i32,
    timer: i32,
    value: u64,
) -> io::Result<()> {
    const SI_TIMER: i32 = -2;
    let (low, high) = (value as u32, (value >> 32) as u32);
    let mut info = [0_i32; INFO];
    info[..3].copy_from_slice(&[signal, 0, SI_TIMER]);
    info[4] = timer;
    info[6..8].copy_from_slice(&[low.cast_signed(), high.cast_signed()]);
    // SAFETY: `info` is as long as a `siginfo_t` and live.
    let result = unsafe {
        match thread {
            Some(tid) => {
                libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, tid, signal, info.as_ptr())
            }
            None => libc::syscall(libc::SYS_rt_sigqueueinfo, pid, signal, info.as_ptr()),
        }
    };
    Errno::result(result).map(drop).map_err(io::Error::from)
}
