//! The clock of a run: all its stamps are of it, and all waiting is by it.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, SystemTime};

use crate::record::{Process, Record};
use crate::stage::sys::{self, Hold};

/// The clock of a run, and what must be done at the subject's start and at the run's end for it.
pub(in crate::stage) trait RunClock {
    /// Whether the subject waits before its exec for [`held`](Self::held).
    fn hold(&self) -> Hold {
        Hold::No
    }

    /// The subject stands before its exec.
    fn held(&mut self, _pid: u32) -> io::Result<()> {
        Ok(())
    }

    /// The subject was started, at this time by the real clock. What that is on this clock is the zero of the run.
    fn started(&mut self, at: Duration) -> Duration {
        self.of_reaper(at)
    }

    /// The time now.
    fn now(&self) -> Duration {
        sys::now()
    }

    /// The time on this clock of something that the reaper has stamped by the real one, and of which it tells just now.
    fn of_reaper(&self, at: Duration) -> Duration {
        at
    }

    /// Waits until there is something to read or write, or until the time has come.
    fn wait(&mut self, wait: &Wait<'_>) -> io::Result<()> {
        let limit = wait
            .until
            .map_or(Duration::MAX, |until| until.saturating_sub(self.now()));
        sys::wait(wait.readable, wait.writable, limit)
    }

    /// How many bytes of a stream are read before the clock must be looked at again. `None` if it goes on by itself.
    fn reads_at_once(&self) -> Option<usize> {
        None
    }

    /// A number that is another one once the subject has done something, so that there may be something new to see. `None` if that is
    /// not known.
    fn doings(&self) -> Option<u64> {
        None
    }

    /// Until when the subject had done nothing since that number was [this](Self::doings), if that is known.
    fn unchanged_until(&self, _doings: u64) -> Option<Duration> {
        None
    }

    /// Whether a time can be late on it.
    fn can_lag(&self) -> bool {
        true
    }

    /// The wall clock at the start, if it is another than the machine's.
    fn wall_at_start(&self) -> Option<SystemTime> {
        None
    }

    /// Mends what was seen of threads whose calls are others than they made, since this clock has changed them.
    fn explain(&self, _processes: &mut [Process]) {}

    /// Adds to the record what only this clock knows.
    fn finish(&mut self, _record: &mut Record) {}

    /// The run is given up: nothing of what it needs from here on will be done.
    fn give_up(&mut self) {}
}

/// What a run waits for.
#[cfg_attr(
    not(all(feature = "trace", target_arch = "x86_64")),
    expect(dead_code, reason = "the virtual clock asks for all of it")
)]
pub(in crate::stage) struct Wait<'a> {
    pub(in crate::stage) readable: &'a [BorrowedFd<'a>],
    pub(in crate::stage) writable: &'a [BorrowedFd<'a>],
    /// When to look again at the latest.
    pub(in crate::stage) until: Option<Duration>,
    /// What the reaper has told so far.
    pub(in crate::stage) heard: Heard,
    /// What [`doings`](RunClock::doings) was when it was last looked what is new, if somebody wants to know.
    pub(in crate::stage) seen: Option<u64>,
    /// Whether the time that is waited for is the one by which the subject must have ended.
    pub(in crate::stage) timeout: bool,
}

/// What the reaper has told of a run so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stage) enum Heard {
    Nothing,
    Started,
    /// The subject has ended.
    Ended,
    /// No process of the tree is left.
    Empty,
}

/// The real clock of a subject that is not traced.
pub(in crate::stage) struct RealClock;

impl RunClock for RealClock {}
