//! A process between reaper and subject: the subject's direct parent, which can be ended while the subject runs.
//!
//! Like the reaper it keeps to async-signal-safe calls. It starts the subject, waits for its end, and ends. Whichever ends
//! first, the subject comes to the reaper, which is its subreaper and takes its status.

use std::mem::{self, MaybeUninit};
use std::os::fd::RawFd;

use nix::libc;

use super::raw::{close_range, exit};
use super::subject::{Subject, Told};

/// What the parent tells of the start.
#[derive(Clone, Copy)]
#[repr(C)]
struct Start {
    pid: libc::pid_t,
    told: Told,
}

/// Starts a subject below a parent of its own. The parent's pid, the subject's, and how it went; -1 for what there is not.
///
/// # Safety
/// As [`Subject::start`].
pub(super) unsafe fn start_below(
    subject: &mut Subject<'_>,
    stack: *mut u8,
) -> (libc::pid_t, libc::pid_t, Told) {
    let failed = |errno| {
        let at = super::clock::now();
        (-1, -1, Told { at, errno })
    };
    let mut ends: [RawFd; 2] = [-1; 2];
    // SAFETY: the array is valid. The process has one thread, so a fork is a copy that can go on.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return failed(nix::errno::Errno::last_raw());
        }
        let reaper = libc::getpid();
        // Not by fork(3), which runs handlers and takes the locks of an allocator whose memory the reaper has dropped.
        let parent = libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0);
        match libc::pid_t::try_from(parent).unwrap_or(-1) {
            -1 => {
                let errno = nix::errno::Errno::last_raw();
                libc::close(ends[0]);
                libc::close(ends[1]);
                failed(errno)
            }
            0 => live(subject, stack, reaper, ends[1]),
            parent => {
                libc::close(ends[1]);
                let start = receive(ends[0]);
                libc::close(ends[0]);
                match start {
                    Some(Start { pid, told }) => (parent, pid, told),
                    // It was killed before it could tell.
                    None => {
                        super::life::wait(parent);
                        failed(libc::EAGAIN)
                    }
                }
            }
        }
    }
}

/// The life of the parent.
///
/// # Safety
/// As [`Subject::start`].
unsafe fn live(subject: &mut Subject<'_>, stack: *mut u8, reaper: libc::pid_t, tell: RawFd) -> ! {
    // SAFETY: system calls on plain numbers and live locals; `stack` is our own copy.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NAME, c"exeunt-parent".as_ptr());
        if libc::getppid() != reaper {
            exit(1)
        }
        subject.parent = libc::getpid();
        subject.bound = false;
        let (pid, told) = subject.start(stack);
        let start = Start { pid, told };
        libc::write(tell, (&raw const start).cast(), mem::size_of::<Start>());
        // It must hold no stream of the subject open.
        close_range(0, u32::MAX, 0);
        if pid > 0 && told.errno == 0 {
            let mut info: libc::siginfo_t = mem::zeroed();
            let flags = libc::WEXITED | libc::WNOWAIT;
            while libc::waitid(libc::P_PID, pid.cast_unsigned(), &raw mut info, flags) != 0
                && nix::errno::Errno::last() == nix::errno::Errno::EINTR
            {}
        } else if pid > 0 {
            super::life::wait(pid);
        }
    }
    exit(0)
}

/// What the parent tells; `None` if it is gone.
///
/// # Safety
/// `from` is a pipe from the parent.
unsafe fn receive(from: RawFd) -> Option<Start> {
    let mut start = MaybeUninit::<Start>::zeroed();
    let size = mem::size_of::<Start>();
    // SAFETY: the buffer is valid for its size, all zeros are a `Start`, and a write of this size to a pipe is never cut.
    unsafe {
        let mut read = libc::read(from, start.as_mut_ptr().cast(), size);
        // After a stop.
        while read == -1 && nix::errno::Errno::last() == nix::errno::Errno::EINTR {
            read = libc::read(from, start.as_mut_ptr().cast(), size);
        }
        (usize::try_from(read) == Ok(size)).then(|| start.assume_init())
    }
}
