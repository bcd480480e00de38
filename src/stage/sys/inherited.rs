//! What a subject inherits of its reaper, and a reaper of the harness at the time of its fork.
//!
//! umask and root are not here: reaper and harness share them.

use std::ptr;

use nix::libc;

/// How many resource limits Linux has.
const LIMITS: usize = 16;

/// Limits, priority, processors and user of a thread. Read without allocation, locks or panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inherited {
    limits: [[u64; 2]; LIMITS],
    priority: libc::c_int,
    processors: [u64; 16],
    ids: [u32; 6],
}

impl Inherited {
    /// Those of the calling thread.
    pub(super) fn now() -> Self {
        let mut now = Self {
            limits: [[0; 2]; LIMITS],
            priority: 0,
            processors: [0; 16],
            ids: [0; 6],
        };
        // SAFETY: each call gets pointers to arrays that are as long as it is told. What fails leaves zeros.
        unsafe {
            for (resource, limit) in now.limits.iter_mut().enumerate() {
                let none = ptr::null::<u64>();
                libc::syscall(libc::SYS_prlimit64, 0, resource, none, limit.as_mut_ptr());
            }
            now.priority = libc::getpriority(libc::PRIO_PROCESS, 0);
            let size = size_of_val(&now.processors);
            let processors = now.processors.as_mut_ptr();
            libc::syscall(libc::SYS_sched_getaffinity, 0, size, processors);
            let [a, b, c, d, e, f] = &mut now.ids;
            libc::getresuid(a, b, c);
            libc::getresgid(d, e, f);
        }
        now
    }
}
