//! Signals to processes.

use crate::record::{Process, Signal};

/// Sends a signal to each process that is still there.
pub(crate) fn send_signal(signal: Signal, to: &[Process]) {
    for process in to {
        send_signal_to(signal, process.pid);
    }
}

/// Sends a signal to a process, if it is still there.
pub(crate) fn send_signal_to(signal: Signal, pid: u32) {
    // SAFETY: no pointers. Not by nix, which knows no real-time signals.
    unsafe { nix::libc::kill(pid.cast_signed(), signal.number()) };
}

/// Sends a signal to the process group that a process leads.
pub(crate) fn send_signal_to_group(signal: Signal, leader: u32) {
    // SAFETY: no pointers.
    unsafe { nix::libc::kill(-leader.cast_signed(), signal.number()) };
}
