//! A terminal for a subject.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::libc;
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{self, LocalFlags, OutputFlags, SetArg};

/// A terminal: our side, which does not block, and the subject's. It has the size of our own terminal, if we have one, and
/// changes nothing of what is written.
pub(crate) fn terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let pair = openpty(&size(&io::stdout()), None)?;
    let mut settings = termios::tcgetattr(&pair.slave)?;
    settings.output_flags.remove(OutputFlags::OPOST);
    settings.local_flags.remove(LocalFlags::ECHO);
    termios::tcsetattr(&pair.slave, SetArg::TCSANOW, &settings)?;
    for end in [&pair.master, &pair.slave] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK;
    fcntl(&pair.master, FcntlArg::F_SETFL(flags))?;
    Ok((pair.master, pair.slave))
}

/// Gives a terminal the size of our own. False if it has that size, or if we have none.
pub(crate) fn resize(end: &OwnedFd) -> bool {
    let (own, known) = (own_size(&io::stdout()), own_size(end));
    let Some(own) = own.filter(|own| known.as_ref() != Some(own)) else {
        return false;
    };
    // SAFETY: the descriptor is open, and the kernel reads one `Winsize`, which outlives the call.
    unsafe { libc::ioctl(end.as_raw_fd(), libc::TIOCSWINSZ, &raw const own) == 0 }
}

/// The size of a terminal; 80 columns and 24 rows for what is none.
fn size(of: &impl AsFd) -> Winsize {
    own_size(of).unwrap_or(Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    })
}

/// `None` for what is no terminal, or has no size.
fn own_size(of: &impl AsFd) -> Option<Winsize> {
    let mut own = Winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the descriptor is open, and the kernel writes one `Winsize`, which outlives the call.
    let known = unsafe { libc::ioctl(of.as_fd().as_raw_fd(), libc::TIOCGWINSZ, &raw mut own) };
    (known == 0 && own.ws_col > 0).then_some(own)
}
