//! Notices that the reader of one of our streams has gone away.

use std::io::{self, PipeWriter};
use std::os::fd::AsFd;
use std::thread::Scope;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Waits for it in a thread of its own, until this is dropped.
///
/// A write would fail too, but only one that comes after: the command's own next write has to.
pub(super) struct Reader(
    #[expect(dead_code, reason = "its drop is what is waited for")] PipeWriter,
);

impl Reader {
    pub(super) fn of<'scope>(
        scope: &'scope Scope<'scope, '_>,
        stream: impl AsFd + Send + 'scope,
        gone: impl FnOnce() + Send + 'scope,
    ) -> io::Result<Self> {
        let (over, writer) = io::pipe()?;
        scope.spawn(move || {
            if is_gone(&stream, &over) {
                gone();
            }
        });
        Ok(Self(writer))
    }
}

/// False if it is over before.
fn is_gone(stream: &impl AsFd, over: &impl AsFd) -> bool {
    // Errors and hang-ups are told without being asked for.
    let mut fds = [stream.as_fd(), over.as_fd()].map(|fd| PollFd::new(fd, PollFlags::empty()));
    loop {
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) => return fds[1].any() == Some(false),
            Err(Errno::EINTR) => {}
            // It is noticed when it is written to.
            Err(_) => return false,
        }
    }
}
