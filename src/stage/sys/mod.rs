//! The one place of this crate with system calls and `unsafe`.
//!
//! A run is two processes. The harness has a **reaper**, and the reaper starts the subject:
//!
//! ```text
//! harness ── reaper ── subject ── …
//! ```
//!
//! The reaper is a *child subreaper* (prctl(2)), so every descendant of the subject stays in its tree, whatever group or
//! session it moved to. It reports the exit at the instant it happens, and when told to, or when the harness is gone, it kills
//! whatever is left in the tree. That is why nothing survives a harness that panics, is interrupted or is killed.
//!
//! A reaper is forked from the harness without an exec, which takes long if the harness is large. So it serves one run after
//! the other. It is used again only if its tree was emptied, nobody stopped it, and limits, priority, processors and user are
//! those of the harness. When idle it has no descriptor but its socket, and it ends after a second without a run.

#![expect(unsafe_code, reason = "the marked place for system calls")]

mod clock;
mod exec;
mod gate;
mod inherited;
mod life;
mod memory;
mod message;
mod parent;
mod pool;
mod process;
mod raw;
mod reaper;
mod scratch;
mod signals;
#[cfg(all(feature = "stacks", target_arch = "x86_64"))]
mod stop;
mod subject;
mod terminal;
#[cfg(all(feature = "trace", target_arch = "x86_64"))]
pub(crate) mod trace;
mod trim;

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags};
use nix::sys::time::TimeSpec;

pub(crate) use clock::{now, utc_offset};
pub(crate) use exec::{Exec, Given};
pub(crate) use gate::{Admission, is_scarce};
pub(super) use memory::memory;
#[cfg(all(feature = "trace", target_arch = "x86_64"))]
pub(super) use memory::write_memory;
pub(crate) use message::{Exited, Hold, Message};
pub(crate) use reaper::{Ends, Reaper};
pub(crate) use signals::{send_signal, send_signal_to, send_signal_to_group};
#[cfg(all(feature = "stacks", target_arch = "x86_64"))]
pub(super) use stop::{Snapshot, snapshot};
pub(crate) use terminal::{resize, terminal};

/// Waits until one of the descriptors can be read, is closed at the other end, or the time is over.
pub(crate) fn wait_readable(fds: &[BorrowedFd<'_>], limit: Duration) -> io::Result<()> {
    wait(fds, &[], limit)
}

/// As [`wait_readable`]; or until one of `writable` can be written.
pub(crate) fn wait(
    readable: &[BorrowedFd<'_>],
    writable: &[BorrowedFd<'_>],
    limit: Duration,
) -> io::Result<()> {
    poll(readable, writable, limit).map(drop)
}

/// How many of them are ready.
fn poll(
    readable: &[BorrowedFd<'_>],
    writable: &[BorrowedFd<'_>],
    limit: Duration,
) -> io::Result<i32> {
    let readable = readable.iter().map(|fd| (*fd, PollFlags::POLLIN));
    let writable = writable.iter().map(|fd| (*fd, PollFlags::POLLOUT));
    let mut polled: Vec<PollFd<'_>> = readable
        .chain(writable)
        .map(|(fd, events)| PollFd::new(fd, events))
        .collect();
    // A day is as good as forever, and fits every platform's time.
    let limit = limit.min(Duration::from_secs(86_400));
    match nix::poll::ppoll(&mut polled, Some(TimeSpec::from(limit)), None) {
        Ok(ready) => Ok(ready),
        Err(Errno::EINTR) => Ok(0),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether one of the descriptors can be read or is closed at the other end, or one of `writable` can be written, now.
#[cfg(all(feature = "trace", target_arch = "x86_64"))]
pub(crate) fn is_ready(
    readable: &[BorrowedFd<'_>],
    writable: &[BorrowedFd<'_>],
) -> io::Result<bool> {
    poll(readable, writable, Duration::ZERO).map(|ready| ready > 0)
}

/// A pipe whose reading end does not block.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    fcntl(&read, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((read, write))
}

/// Lets a pipe hold more, if the system allows it.
///
/// Not from the start: the pipes of a user share a limit, and beyond it new ones are small, those of others too.
pub(crate) fn enlarge_pipe(pipe: BorrowedFd<'_>, size: usize) {
    use nix::fcntl::{FcntlArg, fcntl};
    if let Ok(size) = libc::c_int::try_from(size) {
        let _ = fcntl(pipe, FcntlArg::F_SETPIPE_SZ(size));
    }
}

/// A pipe whose writing end does not block: the reading end, and the writing end.
pub(crate) fn input_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    fcntl(&write, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((read, write))
}

#[cfg(test)]
mod tests {
    use std::ffi::{OsStr, OsString};
    use std::fs::File;
    use std::os::fd::AsFd;
    use std::path::Path;

    use super::*;

    fn null() -> OwnedFd {
        File::open("/dev/null").unwrap().into()
    }

    fn start(reaper: &mut Reaper, program: &str, args: &[&str]) {
        let args: Vec<OsString> = args.iter().map(Into::into).collect();
        let name = OsStr::new(program);
        let path = Path::new(program);
        let root = Path::new("/");
        let exec = Exec::new(path, name, &args, [].into_iter(), root, &Given::default()).unwrap();
        let ends = Ends {
            stdin: null(),
            stdout: null(),
            stderr: null(),
            ready: None,
            gate: None,
        };
        reaper.start(&exec, &ends, Hold::No).unwrap();
    }

    /// All that the reaper says of its subject.
    fn messages(reaper: &mut Reaper) -> Vec<Message> {
        let mut messages = Vec::new();
        while !messages.last().is_some_and(Message::is_last) {
            wait_readable(&[reaper.as_fd()], Duration::from_secs(20)).unwrap();
            match reaper.receive() {
                Ok(message) => messages.extend(message),
                Err(error) => panic!("{error} after {messages:?}"),
            }
        }
        messages
    }

    #[test]
    fn a_start_is_stamped_between_the_order_and_the_exit() {
        let before = now();
        let mut reaper = Reaper::engage().unwrap();
        start(&mut reaper, "/bin/sleep", &["0.1"]);
        let messages = messages(&mut reaper);
        let [Message::Started { pid, at, .. }, Message::Exited(exited)] = messages[..] else {
            panic!("{messages:?}");
        };
        assert_ne!(pid, 0);
        assert!(before < at, "{before:?} {at:?}");
        assert!(exited.at - at >= Duration::from_millis(100), "{messages:?}");
        assert!(exited.at <= now() && exited.alone);
    }

    #[test]
    fn of_a_program_that_is_not_there_no_start_is_told() {
        let mut reaper = Reaper::engage().unwrap();
        start(&mut reaper, "/no/such/program", &[]);
        let errno = Errno::ENOENT as i32;
        assert_eq!(messages(&mut reaper), [Message::ExecFailed { errno }]);
        // It can go on.
        start(&mut reaper, "/bin/true", &[]);
        let messages = messages(&mut reaper);
        assert!(
            matches!(messages[..], [Message::Started { .. }, Message::Exited(_)]),
            "{messages:?}"
        );
    }
}
