//! The life of a reaper, in a process of its own.
//!
//! It is forked without an exec from a harness that may have threads, so the code here keeps to async-signal-safe calls
//! (signal-safety(7)): no allocation, no locks, no panics.
//!
//! It serves one run after the other. Between them it holds nothing but its socket, and it ends when no order comes for a
//! while, when the harness is gone, and when a subject has changed what the next one would inherit.

use std::cell::Cell;
use std::mem::{self, MaybeUninit};
use std::os::fd::RawFd;
use std::ptr;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;

use super::clock::now;
use super::exec::Mapped;
use super::inherited::Inherited;
use super::message::{Exited, Hold, Message, Order, SIZE};
use super::parent::start_below;
use super::raw::{close_range, exit, read_file, remove_directory};
use super::subject::{STACK, Subject, Told};
use super::trim::drop_memory;
use crate::record::{Exit, Signal};

/// How long a reaper waits for an order, in milliseconds.
const IDLE: libc::c_int = 1000;
/// The socket to the harness: at one place, whatever the harness has open.
const SOCKET: RawFd = 3;
/// The longest path there is, its NUL included.
const PATH: usize = 4096;

/// What a reaper has.
struct Life {
    tell: Tell,
    signals: RawFd,
    /// Becomes readable when the harness is gone, whoever still holds the other end of the socket.
    harness: RawFd,
    /// The upper end of the stack for a subject's first moments.
    stack: *mut u8,
    /// A directory that is to be removed in the end; empty if there is none.
    scratch: [u8; PATH],
    inherited: Inherited,
}

/// The descriptors that come with the order to start: the block of the exec, the three standard streams, then the gate of a
/// subject that is held, and where the subject tells that it is ready, as far as it has them; -1 for what did not come.
type Files = [RawFd; 6];

/// What came from the harness.
enum Heard {
    Start {
        length: usize,
        hold: Hold,
        files: Files,
    },
    Finish,
    /// Nothing more will come.
    End,
}

/// Lives. `socket` leads to the harness, whose pid is `harness`.
pub(super) fn live(socket: RawFd, harness: libc::pid_t) -> ! {
    // A session of its own: the terminal's Ctrl-C reaches the harness, which decides; and the subject has no terminal.
    // SAFETY: system calls without pointers, and a static string.
    unsafe {
        libc::setsid();
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        libc::prctl(libc::PR_SET_NAME, c"exeunt-reaper".as_ptr());
        // Where SIGCHLD is ignored the kernel reaps children unasked, and their status is lost.
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        keep_only(socket);
        drop_memory();
    }
    let mut life = Life {
        tell: Tell(SOCKET),
        signals: all_signals(),
        harness: watch_harness(harness),
        stack: stack(),
        scratch: [0; PATH],
        inherited: Inherited::now(),
    };
    loop {
        match life.next_order() {
            Heard::Start {
                length,
                hold,
                files,
            } => life.serve(length, hold, files),
            Heard::Finish => {}
            Heard::End => life.leave(),
        }
    }
}

/// Closes every inherited descriptor but the socket: the reaper must not hold a pipe open, neither that of a run beside it
/// nor the harness's own. The standard ones are taken, so that no other gets their numbers.
///
/// # Safety
/// Nothing of this process uses the descriptors any more.
unsafe fn keep_only(socket: RawFd) {
    // SAFETY: as promised.
    unsafe {
        close_range(0, socket.cast_unsigned().wrapping_sub(1), 0);
        close_range(socket.cast_unsigned().wrapping_add(1), u32::MAX, 0);
        if socket != SOCKET {
            libc::dup3(socket, SOCKET, libc::O_CLOEXEC);
            libc::close(socket);
        }
        for standard in 0..SOCKET {
            libc::dup2(SOCKET, standard);
        }
    }
}

/// A descriptor that becomes readable when a signal comes: all are blocked since before the fork, and SIGCHLD tells of
/// children.
fn all_signals() -> RawFd {
    // SAFETY: the set is initialised by sigfillset.
    unsafe {
        let mut set = MaybeUninit::uninit();
        libc::sigfillset(set.as_mut_ptr());
        libc::signalfd(-1, set.as_ptr(), libc::SFD_NONBLOCK | libc::SFD_CLOEXEC)
    }
}

fn watch_harness(harness: libc::pid_t) -> RawFd {
    // SAFETY: no pointers.
    let watched = unsafe { libc::syscall(libc::SYS_pidfd_open, harness, 0) };
    // SAFETY: no pointers.
    if unsafe { libc::getppid() } != harness {
        // It was gone before it could be watched.
        exit(0)
    }
    // poll(2) passes over what is negative; the end of the socket is still told.
    RawFd::try_from(watched).unwrap_or(-1)
}

fn stack() -> *mut u8 {
    // SAFETY: a new private mapping.
    let base = unsafe {
        libc::mmap(
            ptr::null_mut(),
            STACK,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK,
            -1,
            0,
        )
    };
    if base == libc::MAP_FAILED {
        exit(1)
    }
    base.cast::<u8>().wrapping_add(STACK)
}

impl Life {
    /// Waits for an order, but not for long.
    fn next_order(&self) -> Heard {
        loop {
            match self.wait(IDLE) {
                None => return Heard::End,
                Some([signals, order, harness]) => {
                    if signals {
                        drain(self.signals);
                    }
                    if order {
                        return self.hear();
                    }
                    if harness {
                        return Heard::End;
                    }
                }
            }
        }
    }

    /// Which of signals, socket and harness have something to tell. `None` after the time.
    fn wait(&self, milliseconds: libc::c_int) -> Option<[bool; 3]> {
        let mut polled = [self.signals, self.tell.0, self.harness].map(|fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        });
        // SAFETY: the array is valid for its length.
        let ready = unsafe { libc::poll(polled.as_mut_ptr(), 3, milliseconds) };
        (ready != 0).then(|| polled.map(|p| p.revents != 0))
    }

    /// Removes what is to be removed, and ends.
    fn leave(&self) -> ! {
        if self.scratch[0] != 0 {
            // SAFETY: it ends with a NUL.
            unsafe { remove_directory(self.scratch.as_ptr().cast()) };
        }
        exit(0)
    }

    /// One run.
    fn serve(&mut self, length: usize, hold: Hold, files: Files) {
        let [block, stdin, stdout, stderr, fifth, sixth] = files;
        let (gate, ready) = match hold {
            Hold::No => (-1, fifth),
            _ => (fifth, sixth),
        };
        // SAFETY: that is what the harness sends.
        let Some(exec) = (unsafe { Mapped::new(block, length) }) else {
            close(files);
            return self.tell.send(Message::ForkFailed {
                errno: libc::ENOMEM,
            });
        };
        self.remember(&exec);
        // SAFETY: no pointers.
        let reaper = unsafe { libc::getpid() };
        let mut subject = Subject {
            exec: &exec,
            stdin,
            stdout,
            stderr,
            ready,
            parent: reaper,
            bound: true,
            hold,
            gate,
            tell: self.tell,
            told: Cell::new(Told {
                at: Duration::ZERO,
                errno: 0,
            }),
        };
        // SAFETY: one subject is started at a time, and is off the stack when that returns.
        let (parent, pid, Told { at, errno }) = unsafe {
            match exec.has_parent() {
                true => start_below(&mut subject, self.stack),
                false => {
                    let (pid, told) = subject.start(self.stack);
                    (0, pid, told)
                }
            }
        };
        close(files);
        drop(exec);
        match (pid, errno) {
            (..0, errno) => {
                if parent > 0 {
                    wait(parent);
                }
                self.tell.send(Message::ForkFailed { errno });
            }
            (pid, 0) => {
                self.tell.send(Message::Started {
                    pid: pid.cast_unsigned(),
                    at,
                    parent: parent.cast_unsigned(),
                });
                self.guard(pid);
            }
            (pid, errno) => {
                wait(if parent > 0 { parent } else { pid });
                self.tell.send(Message::ExecFailed { errno });
            }
        }
        if Inherited::now() != self.inherited {
            self.leave()
        }
    }

    /// Takes down which directory is to be removed in the end.
    fn remember(&mut self, exec: &Mapped) {
        let mut from = exec.scratch();
        self.scratch[0] = 0;
        if from.is_null() {
            return;
        }
        let (last, places) = match self.scratch.split_last_mut() {
            Some(split) => split,
            None => return,
        };
        *last = 0;
        for place in places {
            // SAFETY: it is a string, and is not read beyond its NUL.
            *place = unsafe { *from.cast() };
            if *place == 0 {
                return;
            }
            from = from.wrapping_add(1);
        }
        // Longer than a path can be.
        self.scratch[0] = 0;
    }

    /// Waits for exits and orders until nothing of the run is left.
    fn guard(&mut self, pid: libc::pid_t) {
        let mut run = Run {
            subject: pid,
            told: false,
            tell: self.tell,
        };
        loop {
            let [signals, order, harness] = self.wait(-1).unwrap_or_default();
            if signals {
                drain(self.signals);
                if run.reap() {
                    return run.over();
                }
            }
            if order || harness {
                let heard = match order {
                    true => self.hear(),
                    false => Heard::End,
                };
                run.end_all();
                run.over();
                match heard {
                    Heard::End => self.leave(),
                    _ => return,
                }
            }
        }
    }

    /// What the harness says.
    fn hear(&self) -> Heard {
        let mut bytes = [0_u8; SIZE];
        let mut control = [0_u64; 8];
        let mut files: Files = [-1; 6];
        // SAFETY: zeroed `msghdr` is valid, and its pointers are to live locals of the lengths that are given. The control
        // message is looked at as cmsg(3) says.
        let read = unsafe {
            let mut part = libc::iovec {
                iov_base: bytes.as_mut_ptr().cast(),
                iov_len: SIZE,
            };
            let mut message: libc::msghdr = mem::zeroed();
            message.msg_iov = &raw mut part;
            message.msg_iovlen = 1;
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = size_of_val(&control) as _;
            let read = libc::recvmsg(self.tell.0, &raw mut message, libc::MSG_CMSG_CLOEXEC);
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            if read > 0 && !header.is_null() && (*header).cmsg_type == libc::SCM_RIGHTS {
                let data: *const RawFd = libc::CMSG_DATA(header).cast();
                let length = (*header).cmsg_len as usize;
                let count = length.saturating_sub(libc::CMSG_LEN(0) as usize) / size_of::<RawFd>();
                for (i, file) in files.iter_mut().enumerate().take(count) {
                    *file = data.wrapping_add(i).read_unaligned();
                }
            }
            read
        };
        match read {
            // EINTR does not happen, since all signals are blocked, except after a stop.
            -1 if Errno::last() == Errno::EINTR => self.hear(),
            1.. => match Order::decode(&bytes) {
                Order::Start { length, hold } => Heard::Start {
                    length,
                    hold,
                    files,
                },
                Order::Finish => Heard::Finish,
            },
            _ => Heard::End,
        }
    }
}

fn close(files: Files) {
    for file in files.into_iter().filter(|file| *file >= 0) {
        // SAFETY: they came with the order, and are used no more.
        unsafe { libc::close(file) };
    }
}

/// A subject that was started, and its descendants.
struct Run {
    subject: libc::pid_t,
    /// Whether the harness knows that nothing is left.
    told: bool,
    tell: Tell,
}

impl Run {
    /// Reaps every child that has ended. True if no child is left.
    fn reap(&mut self) -> bool {
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
                (_, pid) if pid == self.subject => self.subject_ended(now()),
                (_, pid) => {
                    wait(pid);
                }
            }
        }
    }

    fn subject_ended(&mut self, at: Duration) {
        let waited = run_delay(self.subject);
        let (status, usage) = wait(self.subject);
        let exited = exited(at, waited, status, &usage);
        self.told = exited.alone;
        self.tell.send(Message::Exited(exited));
    }

    /// Kills and reaps until no child is left. Orphans come to the reaper when their parent dies, so in the end it sees all.
    fn end_all(&mut self) {
        while !self.reap() {
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

    fn over(&self) {
        if !self.told {
            self.tell.send(Message::Empty);
        }
    }
}

fn drain(signals: RawFd) {
    let mut info = [0_u8; mem::size_of::<libc::signalfd_siginfo>()];
    // SAFETY: the buffer is valid for its length.
    while unsafe { libc::read(signals, info.as_mut_ptr().cast(), info.len()) } > 0 {}
}

pub(super) fn wait(pid: libc::pid_t) -> (libc::c_int, libc::rusage) {
    let mut status = 0;
    // SAFETY: zeroed rusage is valid; both pointers are to live locals.
    unsafe {
        let mut usage: libc::rusage = mem::zeroed();
        libc::wait4(pid, &raw mut status, 0, &raw mut usage);
        (status, usage)
    }
}

fn exited(at: Duration, waited: Duration, status: libc::c_int, usage: &libc::rusage) -> Exited {
    let exit = if libc::WIFSIGNALED(status) {
        Exit::Signal(Signal::from_kernel(libc::WTERMSIG(status)))
    } else {
        Exit::Code(libc::WEXITSTATUS(status))
    };
    let time = |t: libc::timeval| {
        Duration::new(t.tv_sec.cast_unsigned(), 0)
            + Duration::from_micros(t.tv_usec.cast_unsigned())
    };
    Exited {
        at,
        exit,
        waited,
        user: time(usage.ru_utime),
        system: time(usage.ru_stime),
        peak_memory: usage.ru_maxrss.cast_unsigned().saturating_mul(1024),
        used_disk: usage.ru_inblock + usage.ru_oublock + usage.ru_majflt > 0,
        alone: !has_children(),
    }
}

fn has_children() -> bool {
    // SAFETY: as in `Run::reap`.
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

/// The socket to the harness.
#[derive(Clone, Copy)]
pub(super) struct Tell(RawFd);

impl Tell {
    pub(super) fn send(self, message: Message) {
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
