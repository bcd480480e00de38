//! What runs between the fork and the exec: the reaper's life, and the subject's first moments.
//!
//! The harness may have threads, so the code here keeps to async-signal-safe calls (signal-safety(7)): no allocation, no
//! locks, no panics.

use std::cell::Cell;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;

use super::message::{Exited, Message};
use super::{Ends, Exec, now};
use crate::record::{Exit, Signal};

/// What the subject's first moments need.
struct Subject<'a> {
    exec: &'a Exec,
    ends: &'a Ends,
    reaper: libc::pid_t,
    /// What the subject tells the reaper, whose memory it shares until its exec.
    told: Cell<Told>,
}

/// How the first moments of a subject went.
#[derive(Clone, Copy)]
struct Told {
    /// The instant before the exec.
    at: Duration,
    /// Why there was no exec; 0 if there was one.
    errno: i32,
}

/// The stack of the subject's first moments: a few system calls deep.
const STACK: usize = 64 * 1024;

/// Aligned as every ABI wants a stack to be.
#[repr(align(16))]
struct Stack([MaybeUninit<u8>; STACK]);

extern "C" fn subject_main(subject: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `watch` passes a pointer to a `Subject` and stands still meanwhile.
    become_subject(unsafe { &*subject.cast::<Subject<'_>>() })
}

/// The life of the reaper.
pub(super) fn watch(exec: &Exec, ends: &Ends, socket: RawFd) -> ! {
    let tell = Tell(socket);
    // A session of its own: the terminal's Ctrl-C reaches the harness, which decides; and the subject has no terminal.
    // SAFETY: system calls without pointers, and a static string.
    unsafe {
        libc::setsid();
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        libc::prctl(libc::PR_SET_NAME, c"exeunt-reaper".as_ptr());
        // Where SIGCHLD is ignored the kernel reaps children unasked, and their status is lost.
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
    }
    let mut stack = Stack([MaybeUninit::uninit(); STACK]);
    // SAFETY: no pointers.
    let reaper = unsafe { libc::getpid() };
    let subject = Subject {
        exec,
        ends,
        reaper,
        // For a subject that is killed before it can tell.
        told: Cell::new(Told {
            at: now(),
            errno: 0,
        }),
    };
    // As posix_spawn(3) does it: the child runs on a stack of its own in our memory, and we stand still until its exec.
    // A second copy of the harness's page tables would be half of what a run costs.
    // SAFETY: the stack and `subject` live until the child has its own memory, and nothing of ours runs before.
    let pid = unsafe {
        libc::clone(
            subject_main,
            stack.0.as_mut_ptr_range().end.cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            (&raw const subject).cast_mut().cast(),
        )
    };
    if pid < 0 {
        tell.send(Message::ForkFailed {
            errno: Errno::last_raw(),
        });
        exit(1)
    }
    // Not kept in a register: the subject wrote it through the pointer that clone(2) was given.
    let Told { at, errno } = subject.told.get();
    tell.send(match errno {
        0 => Message::Started {
            pid: pid.cast_unsigned(),
            at,
        },
        errno => Message::ExecFailed { errno },
    });
    let_go(ends, socket);
    guard(pid, tell)
}

/// Closes every inherited descriptor but the socket: the reaper must not hold a pipe open, neither its own subject's nor
/// that of a run beside it, nor the harness's output.
fn let_go(ends: &Ends, socket: RawFd) {
    // SAFETY: plain descriptors; nothing of this process uses the ones that are closed.
    unsafe {
        for standard in 0..=2 {
            libc::dup2(ends.stdin.as_raw_fd(), standard);
        }
        close_range(3, socket.cast_unsigned().saturating_sub(1), 0);
        close_range(socket.cast_unsigned() + 1, u32::MAX, 0);
    }
}

/// close_range(2), Linux 5.9. Called by number, since older C libraries have no wrapper.
unsafe fn close_range(first: u32, last: u32, flags: u32) {
    if first <= last {
        // SAFETY: no pointers; who calls answers for the descriptors.
        unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    }
}

/// Waits for exits and orders until everything is over.
fn guard(subject: libc::pid_t, tell: Tell) -> ! {
    let children = child_exits();
    let mut subject_ended = false;
    loop {
        let mut polled = [children, tell.0].map(|fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        });
        // SAFETY: the array is valid for its length.
        unsafe { libc::poll(polled.as_mut_ptr(), 2, -1) };
        if polled[0].revents != 0 {
            drain(children);
            if reap(subject, &mut subject_ended, tell) {
                tell.send(Message::Empty);
                exit(0)
            }
        }
        // The harness writes nothing: it has shut its end down, as an order, or it has died. Both mean the same.
        if polled[1].revents != 0 {
            end_all(subject, &mut subject_ended, tell);
            tell.send(Message::Empty);
            exit(0)
        }
    }
}

/// A descriptor that becomes readable when a child ends. SIGCHLD is blocked already.
fn child_exits() -> RawFd {
    // SAFETY: the set is initialised by sigemptyset.
    unsafe {
        let mut set = MaybeUninit::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        libc::signalfd(-1, set.as_ptr(), libc::SFD_NONBLOCK | libc::SFD_CLOEXEC)
    }
}

fn drain(signals: RawFd) {
    let mut info = [0_u8; mem::size_of::<libc::signalfd_siginfo>()];
    // SAFETY: the buffer is valid for its length.
    while unsafe { libc::read(signals, info.as_mut_ptr().cast(), info.len()) } > 0 {}
}

/// Reaps every child that has ended. True if no child is left.
fn reap(subject: libc::pid_t, subject_ended: &mut bool, tell: Tell) -> bool {
    loop {
        // SAFETY: zeroed siginfo is valid, and waitid fills it. WNOWAIT leaves the zombie for a look at it.
        let (result, pid) = unsafe {
            let mut info: libc::siginfo_t = mem::zeroed();
            let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
            (
                libc::waitid(libc::P_ALL, 0, &raw mut info, flags),
                info.si_pid(),
            )
        };
        match (result, pid) {
            (-1, _) if Errno::last() == Errno::EINTR => {}
            (-1, _) => return true,
            (_, 0) => return false,
            (_, pid) => {
                let at = now();
                let waited = if pid == subject {
                    run_delay(pid)
                } else {
                    Duration::ZERO
                };
                let (status, usage) = wait(pid);
                if pid == subject {
                    *subject_ended = true;
                    tell.send(exited(at, waited, status, &usage));
                }
            }
        }
    }
}

fn wait(pid: libc::pid_t) -> (libc::c_int, libc::rusage) {
    let mut status = 0;
    // SAFETY: zeroed rusage is valid; both pointers are to live locals.
    unsafe {
        let mut usage: libc::rusage = mem::zeroed();
        libc::wait4(pid, &raw mut status, 0, &raw mut usage);
        (status, usage)
    }
}

fn exited(at: Duration, waited: Duration, status: libc::c_int, usage: &libc::rusage) -> Message {
    let exit = if libc::WIFSIGNALED(status) {
        Exit::Signal(Signal::from_kernel(libc::WTERMSIG(status)))
    } else {
        Exit::Code(libc::WEXITSTATUS(status))
    };
    let time = |t: libc::timeval| {
        Duration::new(t.tv_sec.cast_unsigned(), 0)
            + Duration::from_micros(t.tv_usec.cast_unsigned())
    };
    Message::Exited(Exited {
        at,
        exit,
        waited,
        user: time(usage.ru_utime),
        system: time(usage.ru_stime),
        peak_memory: usage.ru_maxrss.cast_unsigned().saturating_mul(1024),
        alone: !has_children(),
    })
}

fn has_children() -> bool {
    // SAFETY: as in `reap`.
    unsafe {
        let mut info: libc::siginfo_t = mem::zeroed();
        libc::waitid(
            libc::P_ALL,
            0,
            &raw mut info,
            libc::WEXITED | libc::WNOHANG | libc::WNOWAIT,
        ) == 0
    }
}

/// Kills and reaps until no child is left. Orphans come to the reaper when their parent dies, so in the end it sees all.
fn end_all(subject: libc::pid_t, subject_ended: &mut bool, tell: Tell) {
    while !reap(subject, subject_ended, tell) {
        for_each_child(|pid| {
            // SAFETY: a child that was not reaped, so the pid is still its own.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        });
        // SAFETY: waits for the next child to end, without reaping it.
        unsafe {
            let mut info: libc::siginfo_t = mem::zeroed();
            libc::waitid(libc::P_ALL, 0, &raw mut info, libc::WEXITED | libc::WNOWAIT);
        }
    }
}

/// The reaper's children, from proc_pid_children(5).
fn for_each_child(mut f: impl FnMut(libc::pid_t)) {
    let mut pid = 0;
    read_file(c"/proc/thread-self/children", |bytes| {
        for byte in bytes {
            match byte {
                b'0'..=b'9' => pid = pid * 10 + libc::pid_t::from(byte - b'0'),
                _ if pid != 0 => f(mem::take(&mut pid)),
                _ => {}
            }
        }
    });
}

/// How long the main thread of a process has waited for a processor: the second number of its schedstat.
fn run_delay(pid: libc::pid_t) -> Duration {
    let mut path = *b"/proc/0000000000/schedstat\0";
    let mut rest = pid.cast_unsigned();
    for digit in path[6..16].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    // procfs does not take leading zeros: move the first digit behind the slash.
    let zeros = path[6..15].iter().take_while(|b| **b == b'0').count();
    let mut trimmed = [0_u8; 27];
    for (to, from) in trimmed
        .iter_mut()
        .zip(path[..6].iter().chain(&path[6 + zeros..]))
    {
        *to = *from;
    }
    let Ok(path) = std::ffi::CStr::from_bytes_until_nul(&trimmed) else {
        return Duration::ZERO;
    };
    let mut field = 0;
    let mut nanos = 0_u64;
    read_file(path, |bytes| {
        for byte in bytes {
            match byte {
                b'0'..=b'9' if field == 1 => {
                    nanos = nanos.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'))
                }
                b'0'..=b'9' => {}
                _ => field += 1,
            }
        }
    });
    Duration::from_nanos(nanos)
}

fn read_file(path: &std::ffi::CStr, mut f: impl FnMut(&[u8])) {
    let mut buffer = [0_u8; 1024];
    // SAFETY: the path ends with a NUL, the buffer is valid for its length.
    unsafe {
        let file = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if file < 0 {
            return;
        }
        while let Ok(n @ 1..) =
            usize::try_from(libc::read(file, buffer.as_mut_ptr().cast(), buffer.len()))
        {
            f(&buffer[..n]);
        }
        libc::close(file);
    }
}

/// Makes this process the subject. The rest of its life is the program's.
fn become_subject(subject: &Subject<'_>) -> ! {
    let Subject {
        exec,
        ends,
        reaper,
        told,
    } = subject;
    // SAFETY: system calls on plain numbers, and on pointers that `exec` keeps alive.
    unsafe {
        libc::setpgid(0, 0);
        // If the reaper is killed, the subject must not go on alone.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != *reaper {
            exit(127)
        }
        default_actions();
        for signal in (1..=64).filter(|signal| exec.ignores(*signal)) {
            libc::signal(signal, libc::SIG_IGN);
        }
        let mut none = MaybeUninit::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
        if libc::dup2(ends.stdin.as_raw_fd(), 0) >= 0
            && libc::dup2(ends.stdout.as_raw_fd(), 1) >= 0
            && libc::dup2(ends.stderr.as_raw_fd(), 2) >= 0
            && libc::chdir(exec.directory().as_ptr()) == 0
        {
            close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
            told.set(Told {
                at: now(),
                errno: 0,
            });
            libc::execve(exec.program().as_ptr(), exec.argv(), exec.envp());
        }
    }
    told.set(Told {
        errno: Errno::last_raw(),
        ..told.get()
    });
    exit(127)
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
                std::ptr::null::<u64>(),
                set_size,
            )
        };
    }
}

/// The socket to the harness.
#[derive(Clone, Copy)]
struct Tell(RawFd);

impl Tell {
    fn send(self, message: Message) {
        let bytes = message.encode();
        // SAFETY: the buffer is valid for its length. If the harness is gone nobody wants the message.
        unsafe {
            libc::send(
                self.0,
                bytes.as_ptr().cast(),
                bytes.len(),
                libc::MSG_NOSIGNAL,
            )
        };
    }
}

fn exit(code: libc::c_int) -> ! {
    // SAFETY: ends the process without running anything of the harness's.
    unsafe { libc::_exit(code) }
}
