//! The memory of other processes.

use std::io::IoSliceMut;

use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;

/// A part of the memory of a process, by one of its threads; less than was asked for where the rest is not mapped.
pub(in crate::stage) fn memory(tid: u32, address: u64, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    let remote = RemoteIoVec {
        base: usize::try_from(address).ok()?,
        len: length,
    };
    let mut local = [IoSliceMut::new(&mut bytes)];
    let tid = Pid::from_raw(tid.cast_signed());
    let read = process_vm_readv(tid, &mut local, &[remote]).ok()?;
    bytes.truncate(read);
    Some(bytes)
}
