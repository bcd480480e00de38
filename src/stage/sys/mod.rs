//! The one place of this crate with system calls and `unsafe`.
//!
//! A run is two processes. The harness forks a **reaper**, and the reaper forks the subject:
//!
//! ```text
//! harness ── reaper ── subject ── …
//! ```
//!
//! The reaper is a *child subreaper* (prctl(2)), so every descendant of the subject stays in its tree, whatever group or
//! session it moved to. It reports the exit at the instant it happens, and when told to, or when its socket to the
//! harness closes because the harness died, it kills whatever is left in the tree. That is why nothing survives a harness
//! that panics, is interrupted or is killed.

#![expect(unsafe_code, reason = "the marked place for system calls")]

mod clock;
mod exec;
mod message;
mod reaper;
mod signals;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use nix::sys::signal::{SigSet, SigmaskHow, kill, pthread_sigmask};
use nix::sys::socket::{
    AddressFamily, MsgFlags, Shutdown, SockFlag, SockType, recv, shutdown, socketpair,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{ForkResult, Pid};

pub(crate) use clock::{now, utc_offset};
pub(crate) use exec::Exec;
pub(crate) use message::{Exited, Message};
pub(crate) use signals::{send_signal, send_signal_to, send_signal_to_group};

/// The subject's ends of its streams.
pub(crate) struct Ends {
    pub(crate) stdin: OwnedFd,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
}

/// The harness's hold on a running reaper. Dropping it ends everything in the reaper's tree.
pub(crate) struct Reaper {
    pid: Pid,
    socket: OwnedFd,
}

/// How long a dropped reaper may take to clean up before it is left to do so alone.
const FAREWELL: Duration = Duration::from_secs(2);

impl Reaper {
    /// Starts a subject under a new reaper.
    pub(crate) fn start(exec: &Exec, ends: Ends) -> io::Result<Self> {
        let (ours, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?;
        // No handler of the harness may run in the reaper: all signals are blocked across the fork.
        let mut before = SigSet::empty();
        pthread_sigmask(
            SigmaskHow::SIG_SETMASK,
            Some(&SigSet::all()),
            Some(&mut before),
        )?;
        // SAFETY: the child calls only `reaper::watch`, which keeps to async-signal-safe calls and never returns.
        let forked = match unsafe { nix::unistd::fork() } {
            Ok(ForkResult::Child) => reaper::watch(exec, &ends, theirs.as_raw_fd()),
            Ok(ForkResult::Parent { child }) => Ok(Self {
                pid: child,
                socket: ours,
            }),
            Err(errno) => Err(errno.into()),
        };
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
        forked
    }

    /// The next message, if one is there. `Err` with `UnexpectedEof` if the reaper is gone.
    pub(crate) fn receive(&self) -> io::Result<Option<Message>> {
        let mut buffer = [0; message::SIZE];
        match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(Some(Message::decode(&buffer))),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(Errno::ECONNRESET) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Tells the reaper to kill whatever is left in its tree and to end; it answers [`Message::Empty`].
    pub(crate) fn finish(&self) {
        // Not by a message: a socket that is closed with an unread one is reset, and the reaper's last words are lost.
        // If the reaper is gone there is nobody to tell.
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Write);
        self.wake();
    }

    /// Lets the reaper go on, in case the subject has stopped it.
    pub(crate) fn wake(&self) {
        // Until it is waited for, when this is dropped, the pid is its own.
        let _ = kill(self.pid, nix::sys::signal::Signal::SIGCONT);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw().cast_unsigned()
    }
}

impl AsFd for Reaper {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.finish();
        let deadline = now() + FAREWELL;
        while let Some(left) = deadline.checked_sub(now()) {
            match self.receive() {
                Ok(Some(_)) => continue,
                Ok(None) => {
                    let _ = wait_readable(&[self.as_fd()], left);
                }
                Err(_) => {
                    let _ = nix::sys::wait::waitpid(self.pid, None);
                    return;
                }
            }
        }
    }
}

/// Waits until one of the descriptors can be read, is closed at the other end, or the time is over.
pub(crate) fn wait_readable(fds: &[BorrowedFd<'_>], limit: Duration) -> io::Result<()> {
    wait(fds, None, limit)
}

/// As [`wait_readable`]; or until `writable` can be written.
pub(crate) fn wait(
    readable: &[BorrowedFd<'_>],
    writable: Option<BorrowedFd<'_>>,
    limit: Duration,
) -> io::Result<()> {
    let readable = readable.iter().map(|fd| (*fd, PollFlags::POLLIN));
    let writable = writable.map(|fd| (fd, PollFlags::POLLOUT));
    let mut polled: Vec<PollFd<'_>> = readable
        .chain(writable)
        .map(|(fd, events)| PollFd::new(fd, events))
        .collect();
    // A day is as good as forever, and fits every platform's time.
    let limit = limit.min(Duration::from_secs(86_400));
    match nix::poll::ppoll(&mut polled, Some(TimeSpec::from(limit)), None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// A pipe whose reading end does not block.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    fcntl(&read, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((read, write))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs::File;
    use std::path::Path;

    use super::*;

    /// All that the reaper says of a program, until nothing of it is left.
    fn messages(program: &str, args: &[&str]) -> Vec<Message> {
        let args: Vec<_> = args.iter().map(Into::into).collect();
        let exec = Exec::new(
            Path::new(program),
            OsStr::new(program),
            &args,
            [].into_iter(),
            Path::new("/"),
            &[],
        )
        .unwrap();
        let null = || OwnedFd::from(File::open("/dev/null").unwrap());
        let ends = Ends {
            stdin: null(),
            stdout: null(),
            stderr: null(),
        };
        let reaper = Reaper::start(&exec, ends).unwrap();
        let mut messages = Vec::new();
        loop {
            wait_readable(&[reaper.as_fd()], Duration::from_secs(20)).unwrap();
            match reaper.receive() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => {}
                Err(error) => panic!("{error} after {messages:?}"),
            }
            if let Some(Message::Empty | Message::ExecFailed { .. }) = messages.last() {
                return messages;
            }
        }
    }

    #[test]
    fn a_start_is_stamped_between_the_order_and_the_exit() {
        let before = now();
        let messages = messages("/bin/sleep", &["0.1"]);
        let [
            Message::Started { pid, at },
            Message::Exited(exited),
            Message::Empty,
        ] = messages[..]
        else {
            panic!("{messages:?}");
        };
        assert_ne!(pid, 0);
        assert!(before < at, "{before:?} {at:?}");
        assert!(exited.at - at >= Duration::from_millis(100), "{messages:?}");
        assert!(exited.at <= now());
    }

    #[test]
    fn of_a_program_that_is_not_there_no_start_is_told() {
        let messages = messages("/no/such/program", &[]);
        assert_eq!(
            messages,
            [Message::ExecFailed {
                errno: Errno::ENOENT as i32
            }]
        );
    }
}

/// A pipe whose writing end does not block: the reading end, and the writing end.
pub(crate) fn input_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    fcntl(&write, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((read, write))
}
