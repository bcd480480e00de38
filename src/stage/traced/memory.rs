//! The memory of a tracee.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

use nix::errno::Errno;

use crate::stage::sys;
use crate::stage::sys::trace::Tid;

/// The memory of a process, as it is now: after an exec it is another.
#[derive(Debug)]
pub(super) struct Memory {
    file: File,
    /// One of its threads.
    tid: Tid,
}

impl Memory {
    pub(super) fn of(tid: Tid) -> io::Result<Self> {
        let path = format!("/proc/{tid}/mem");
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self { file, tid })
    }

    pub(super) fn read<const N: usize>(&self, at: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    pub(super) fn read_bytes(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    pub(super) fn read_word(&self, at: u64) -> io::Result<u64> {
        self.read(at).map(u64::from_ne_bytes)
    }

    /// Two words: a `struct timespec`, a `struct timeval`.
    pub(super) fn read_pair(&self, at: u64) -> io::Result<(i64, i64)> {
        let first = self.read_word(at)?.cast_signed();
        Ok((first, self.read_word(at + 8)?.cast_signed()))
    }

    /// Also where the process itself may not write.
    pub(super) fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    /// Only where the process itself may write; else nothing, and nobody is told.
    pub(super) fn write_pair_where_allowed(&self, at: u64, first: i64, second: i64) {
        let pair = [first.to_ne_bytes(), second.to_ne_bytes()].concat();
        match sys::write_memory(self.tid, at, &pair) {
            Ok(()) | Err(Errno::EFAULT) => {}
            // Some containers refuse that call.
            Err(_) => drop(self.write(at, &pair)),
        }
    }

    pub(super) fn write_pair(&self, at: u64, first: i64, second: i64) -> io::Result<()> {
        self.write(at, &first.to_ne_bytes())?;
        self.write(at + 8, &second.to_ne_bytes())
    }
}
