//! The memory of other processes.

#[cfg(all(feature = "trace", target_arch = "x86_64"))]
use std::io::IoSlice;
use std::io::IoSliceMut;

#[cfg(all(feature = "trace", target_arch = "x86_64"))]
use nix::sys::uio::process_vm_writev;
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

/// Writes to the memory of a process, by one of its threads, where that process may do so itself.
#[cfg(all(feature = "trace", target_arch = "x86_64"))]
pub(in crate::stage) fn write_memory(tid: i32, address: u64, bytes: &[u8]) -> nix::Result<()> {
    let remote = RemoteIoVec {
        base: usize::try_from(address).map_err(|_| nix::errno::Errno::EFAULT)?,
        len: bytes.len(),
    };
    process_vm_writev(Pid::from_raw(tid), &[IoSlice::new(bytes)], &[remote]).map(drop)
}
