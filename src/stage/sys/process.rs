//! The process of a reaper, as the harness sees it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SigSet, SigmaskHow, kill, pthread_sigmask};
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, Shutdown, SockFlag, SockType, recv, sendmsg, shutdown,
    socketpair,
};
use nix::unistd::Pid;

use super::clock::now;
use super::inherited::Inherited;
use super::message::{Message, Order, SIZE};
use super::scratch::Scratch;
use super::{life, pool, wait_readable};

/// Dropping it lets it end by itself.
pub(super) struct Process {
    pid: Pid,
    socket: OwnedFd,
    inherited: Inherited,
    /// The scratch directory of its subjects, kept from run to run as long as none of them touches it.
    pub(super) scratch: Option<Scratch>,
    /// Whether it was waited for, so that its pid is no longer its own.
    gone: bool,
}

/// Whether an error says that the reaper is gone.
pub(super) fn is_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof || was_unheard(error)
}

/// Whether the reaper is gone and has not taken the last order: a socket that is closed with a message in it is reset.
pub(super) fn was_unheard(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}

impl Process {
    pub(super) fn fork() -> io::Result<Self> {
        needs_proc()?;
        let (ours, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?;
        let inherited = Inherited::now();
        let harness = nix::unistd::getpid().as_raw();
        // No handler of the harness may run in the reaper: all signals are blocked across the fork.
        let mut before = SigSet::empty();
        pthread_sigmask(
            SigmaskHow::SIG_SETMASK,
            Some(&SigSet::all()),
            Some(&mut before),
        )?;
        // By number, for two things that fork(2) has not. A child without a signal at its end is not seen by a test that calls
        // waitpid(-1, …): it neither waits for the reaper nor takes it from us. With CLONE_FS a reaper shares umask, root and
        // current directory with the harness: subjects get what these are now, and an idle reaper holds no directory.
        // SAFETY: a copy of this process, which calls only `live`; that keeps to async-signal-safe calls and never returns.
        let forked = unsafe { libc::syscall(libc::SYS_clone, libc::CLONE_FS, 0, 0, 0, 0) };
        if forked == 0 {
            life::live(theirs.as_raw_fd(), harness)
        }
        let forked = Errno::result(forked);
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
        #[expect(clippy::cast_possible_truncation, reason = "a pid")]
        Ok(Self {
            pid: Pid::from_raw(forked? as i32),
            socket: ours,
            inherited,
            scratch: None,
            gone: false,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw().cast_unsigned()
    }

    /// Whether it waits for orders, and hands on what the harness would hand on now.
    pub(super) fn is_fit(&self, inherited: &Inherited) -> bool {
        self.inherited == *inherited && matches!(self.receive(), Ok(None))
    }

    pub(super) fn order(&self, order: Order, files: &[BorrowedFd<'_>]) -> io::Result<()> {
        let bytes = order.encode();
        let files: Vec<_> = files.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&files)];
        let rights = if files.is_empty() { &[][..] } else { &rights };
        let part = [io::IoSlice::new(&bytes)];
        sendmsg::<()>(
            self.socket.as_raw_fd(),
            &part,
            rights,
            MsgFlags::MSG_NOSIGNAL,
            None,
        )
        .map(drop)
        .map_err(io::Error::from)
    }

    pub(super) fn receive(&self) -> io::Result<Option<Message>> {
        self.read(MsgFlags::MSG_DONTWAIT)
    }

    fn read(&self, flags: MsgFlags) -> io::Result<Option<Message>> {
        let mut buffer = [0; SIZE];
        match recv(self.socket.as_raw_fd(), &mut buffer, flags) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(Some(Message::decode(&buffer))),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Waits for the next message and leaves it where it is. `None` if it does not come in time.
    pub(super) fn peek(&self, limit: Duration) -> io::Result<Option<Message>> {
        let deadline = now() + limit;
        loop {
            let message = self.read(MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT)?;
            match deadline.checked_sub(now()) {
                Some(left) if message.is_none() => wait_readable(&[self.as_fd()], left)?,
                _ => return Ok(message),
            }
        }
    }

    /// Lets it go on, in case it was stopped.
    pub(super) fn wake(&self) {
        // Until it is waited for, the pid is its own.
        if !self.gone {
            let _ = kill(self.pid, nix::sys::signal::Signal::SIGCONT);
        }
    }

    /// Waits for its end, of which the socket has told.
    pub(super) fn wait_for_end(&mut self) {
        self.gone = true;
        has_news(self.pid, libc::WEXITED);
    }

    /// Whether somebody has stopped it, though it may go on by now.
    pub(super) fn was_stopped(&self) -> bool {
        let flags = libc::WSTOPPED | libc::WCONTINUED | libc::WNOHANG;
        !self.gone && has_news(self.pid, flags)
    }

    /// Ends it at once. Only for one whose tree is empty.
    pub(super) fn kill(&self) {
        if !self.gone {
            let _ = kill(self.pid, nix::sys::signal::Signal::SIGKILL);
        }
    }

    /// The process knows now which directory it has to remove in the end.
    pub(super) fn knows_scratch(&mut self) {
        if let Some(scratch) = &mut self.scratch {
            scratch.known = true;
        }
    }

    /// After a run: removes the scratch directory unless it is as it was. False if it could not be removed.
    pub(super) fn clear_scratch(&mut self) -> bool {
        match self.scratch.take() {
            Some(scratch) if scratch.is_as_it_was() => {
                self.scratch = Some(scratch);
                true
            }
            Some(scratch) => scratch.remove(),
            None => true,
        }
    }

    /// After the process, which can no longer do so.
    pub(super) fn remove_scratch(&mut self) {
        if let Some(scratch) = self.scratch.take() {
            scratch.remove();
        }
    }

    /// Has an idle one end, and waits for that, but not for long.
    pub(super) fn farewell(&mut self, limit: Duration) {
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Write);
        self.wake();
        if matches!(self.peek(limit), Err(error) if is_end(&error)) {
            self.wait_for_end();
            self.remove_scratch();
        }
    }

    /// Lets an idle one go. It ends, and removes its scratch directory; one that was killed has not done that.
    pub(super) fn dismiss(mut self) {
        if matches!(self.receive(), Err(error) if is_end(&error)) {
            self.wait_for_end();
            self.remove_scratch();
        }
    }

    /// For the copy in a process that was forked from the harness: it is not its own.
    pub(super) fn disown(mut self) {
        self.gone = true;
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.gone {
            pool::leaves(self.pid);
        }
    }
}

/// Without it no descendant would be seen, and each subject would seem to leave nothing behind.
fn needs_proc() -> io::Result<()> {
    match std::fs::metadata("/proc/self/stat") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(io::Error::other(
            "processes cannot be watched without /proc: mount it (`mount -t proc proc /proc`)",
        )),
        _ => Ok(()),
    }
}

/// Waits for a process that was dismissed, if it has ended. False while it has not.
pub(super) fn is_gone(pid: Pid) -> bool {
    has_news(pid, libc::WEXITED | libc::WNOHANG)
}

/// Whether waitid(2) tells something of a reaper.
///
/// By libc, since such a child needs __WALL. If there is no such child, because a test has waited for all with __WALL, it is
/// taken for one that has ended.
fn has_news(pid: Pid, flags: libc::c_int) -> bool {
    // SAFETY: zeroed siginfo is valid, and waitid fills it.
    let (result, told) = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let id = pid.as_raw().cast_unsigned();
        let result = libc::waitid(libc::P_PID, id, &raw mut info, flags | libc::__WALL);
        (result, info.si_pid())
    };
    match result {
        0 => told != 0,
        _ if Errno::last() == Errno::EINTR => has_news(pid, flags),
        _ => true,
    }
}
