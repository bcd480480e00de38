//! The subject's first moments, between the clone and the exec.

use std::cell::Cell;
use std::mem::{self, MaybeUninit};
use std::os::fd::RawFd;
use std::ptr;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;

use super::clock::now;
use super::exec::Mapped;
use super::life::Tell;
use super::message::{Hold, Message};
use super::raw::{close_range, exit};

/// The size of the stack of these moments: a few system calls deep.
pub(super) const STACK: usize = 64 * 1024;

/// What the subject's first moments need.
pub(super) struct Subject<'a> {
    pub(super) exec: &'a Mapped,
    pub(super) stdin: RawFd,
    pub(super) stdout: RawFd,
    pub(super) stderr: RawFd,
    /// Where it tells that it is ready; -1 if it does not.
    pub(super) ready: RawFd,
    /// Its parent: the reaper, or the process between.
    pub(super) parent: libc::pid_t,
    /// Whether it is killed with its parent.
    pub(super) bound: bool,
    pub(super) hold: Hold,
    /// Readable once a subject that is held may go on.
    pub(super) gate: RawFd,
    pub(super) tell: Tell,
    /// What it tells the reaper, whose memory it shares until its exec.
    pub(super) told: Cell<Told>,
}

/// How it went.
#[derive(Clone, Copy)]
pub(super) struct Told {
    /// The instant before the exec.
    pub(super) at: Duration,
    /// Why there was no exec; 0 if there was one.
    pub(super) errno: i32,
}

extern "C" fn main(subject: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `start` passes a pointer to a `Subject` and stands still meanwhile.
    become_it(unsafe { &*subject.cast::<Subject<'_>>() })
}

impl Subject<'_> {
    /// Starts it. The pid, and why there was no exec; -1 if there is no process either.
    ///
    /// As posix_spawn(3) does it: the child runs on a stack of its own in our memory, and we stand still until its exec.
    ///
    /// # Safety
    /// `stack` is the upper end of [`STACK`] bytes that nothing else uses.
    pub(super) unsafe fn start(&self, stack: *mut u8) -> (libc::pid_t, Told) {
        // For a subject that is killed before it can tell.
        self.told.set(Told {
            at: now(),
            errno: 0,
        });
        // SAFETY: the stack and `self` live until the child has its own memory, and nothing of ours runs before.
        let pid = unsafe {
            libc::clone(
                main,
                stack.cast(),
                libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
                ptr::from_ref(self).cast_mut().cast(),
            )
        };
        if pid < 0 {
            let errno = Errno::last_raw();
            return (
                pid,
                Told {
                    errno,
                    ..self.told.get()
                },
            );
        }
        (pid, self.told.get())
    }
}

/// Makes this process the subject. The rest of its life is the program's.
fn become_it(subject: &Subject<'_>) -> ! {
    let exec = subject.exec;
    // SAFETY: system calls on plain numbers, and on pointers that `exec` keeps alive.
    unsafe {
        libc::setpgid(0, 0);
        // If the reaper is killed, the subject must not go on alone.
        if subject.bound {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        }
        if libc::getppid() != subject.parent {
            exit(127)
        }
        default_actions();
        for signal in (1..=64).filter(|signal| exec.ignores(*signal)) {
            libc::signal(signal, libc::SIG_IGN);
        }
        let mut none = MaybeUninit::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
        if libc::dup2(subject.stdin, 0) >= 0
            && libc::dup2(subject.stdout, 1) >= 0
            && libc::dup2(subject.stderr, 2) >= 0
            && libc::chdir(exec.directory()) == 0
            && held(subject)
        {
            close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
            if let (Some(number), 0..) = (exec.ready(), subject.ready) {
                hand_on(subject.ready, number);
            }
            subject.told.set(Told {
                at: now(),
                errno: 0,
            });
            libc::execve(exec.program(), exec.argv(), exec.envp());
        }
    }
    subject.told.set(Told {
        errno: Errno::last_raw(),
        ..subject.told.get()
    });
    exit(127)
}

/// Has the program get a descriptor under this number.
unsafe fn hand_on(descriptor: RawFd, number: RawFd) {
    // SAFETY: no pointers.
    unsafe {
        match descriptor == number {
            true => libc::fcntl(number, libc::F_SETFD, 0),
            false => libc::dup2(descriptor, number),
        }
    };
}

/// Waits until the tracer has this process. False, with an errno, if it is not to go on.
fn held(subject: &Subject<'_>) -> bool {
    if subject.hold == Hold::No {
        return true;
    }
    // SAFETY: no pointers but to a live local.
    unsafe {
        let pid = libc::getpid().cast_unsigned();
        subject.tell.send(Message::Held { pid });
        let mut byte = 0_u8;
        if libc::read(subject.gate, (&raw mut byte).cast(), 1) != 1 {
            *libc::__errno_location() = libc::ECANCELED;
            return false;
        }
    }
    filtered(subject.hold)
}

/// Lets the kernel stop this process, and all that descends from it, at each call that names a time, or else where they trace.
#[cfg(all(feature = "trace", target_arch = "x86_64"))]
fn filtered(hold: Hold) -> bool {
    match hold {
        Hold::No => true,
        Hold::Traced => {
            super::trace::watch_ptrace();
            true
        }
        Hold::Filtered => super::trace::install_filter(),
    }
}

#[cfg(not(all(feature = "trace", target_arch = "x86_64")))]
fn filtered(_: Hold) -> bool {
    true
}

/// Not by signal(2) of the C library: glibc hides signals 32 and 33, and they too may be ignored by whoever started us.
unsafe fn default_actions() {
    // The kernel's `struct sigaction` is no longer than this anywhere, and all zeros are the default action.
    let default = [0_u64; 8];
    let set_size = mem::size_of::<u64>();
    for signal in 1..=64 {
        // SAFETY: the action is valid; no old one is wanted. SIGKILL and SIGSTOP are refused, and need nothing.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                ptr::null::<u64>(),
                set_size,
            )
        };
    }
}
