//! The memory of a tracee.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

use crate::stage::sys::trace::Tid;

/// The memory of a process, as it is now: after an exec it is another.
#[derive(Debug)]
pub(super) struct Memory(File);

impl Memory {
    pub(super) fn of(pid: Tid) -> io::Result<Self> {
        let path = format!("/proc/{pid}/mem");
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map(Self)
    }

    pub(super) fn read<const N: usize>(&self, at: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    pub(super) fn read_bytes(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.0.read_exact_at(&mut bytes, at)?;
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
        self.0.write_all_at(bytes, at)
    }

    pub(super) fn write_pair(&self, at: u64, first: i64, second: i64) -> io::Result<()> {
        self.write(at, &first.to_ne_bytes())?;
        self.write(at + 8, &second.to_ne_bytes())
    }
}
