//! The files of proc(5), read with patience: where this process has no descriptor left, it waits for other runs to end.
//!
//! A look that fails for want of a descriptor must not pass for one that has found nothing.

use std::fs::{self, ReadDir};
use std::io;
use std::thread;
use std::time::Duration;

use crate::stage::sys::{is_scarce, now};

/// How long a look waits.
const LIMIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(2);

pub(super) fn text(path: &str) -> io::Result<String> {
    patiently(|| fs::read_to_string(path))
}

pub(super) fn bytes(path: &str) -> io::Result<Vec<u8>> {
    patiently(|| fs::read(path))
}

pub(super) fn entries(path: &str) -> io::Result<ReadDir> {
    patiently(|| fs::read_dir(path))
}

fn patiently<T>(look: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let deadline = now() + LIMIT;
    loop {
        match look() {
            Err(error) if is_scarce(&error) && now() < deadline => thread::sleep(PAUSE),
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use nix::errno::Errno;

    use super::*;

    #[test]
    fn a_look_without_a_descriptor_is_tried_again() {
        let left = Cell::new(3);
        let look = || match left.replace(left.get() - 1) {
            0 => Ok("seen"),
            _ => Err(Errno::EMFILE.into()),
        };
        assert_eq!(patiently(look).unwrap(), "seen");
        let missing = || fs::read_to_string("/proc/no such file");
        assert_eq!(
            patiently(missing).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }
}
