//! Our hold on the command while it runs.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use exeunt::Signal;
use exeunt::record::Stream;
use exeunt::stage::{Act, Orders};

/// What is done to the command meanwhile, from other threads than the one that watches it.
pub(super) struct Hold {
    orders: Orders,
    /// 0 until the command was executed.
    pid: AtomicU32,
}

impl Hold {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            orders: Orders::new()?,
            pid: AtomicU32::new(0),
        })
    }

    pub(super) fn orders(&self) -> &Orders {
        &self.orders
    }

    pub(super) fn started(&self, pid: u32) {
        self.pid.store(pid, Ordering::SeqCst);
    }

    /// Sends the command a signal. False if it has ended: what it left is then waited for, and gets none.
    ///
    /// A terminal sends SIGINT to the whole group of its command, and its shell does so with SIGHUP when it goes. SIGTERM comes
    /// from kill(1) or a supervisor.
    pub(super) fn hand_on(&self, signal: Signal) -> bool {
        let group = signal != Signal::TERM;
        self.orders.send(Act::Signal { signal, group });
        let pid = self.pid.load(Ordering::SeqCst);
        pid == 0 || Path::new("/proc").join(pid.to_string()).exists()
    }

    /// Has the next write of the command to a stream fail.
    pub(super) fn close(&self, stream: Stream) {
        self.orders.send(Act::CloseOutput(stream));
    }
}
