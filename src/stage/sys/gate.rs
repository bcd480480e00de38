//! Waiting for what other runs of this process hold: descriptors, processes, memory.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};

use super::pool;

/// How often a run that waits looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(50);

static GATE: Gate = Gate {
    runs: Mutex::new(Runs {
        active: 0,
        waiting: 0,
        wakes: 0,
        ended: 0,
    }),
    changed: Condvar::new(),
};

struct Gate {
    runs: Mutex<Runs>,
    changed: Condvar,
}

struct Runs {
    /// Those that are being set up or are going on.
    active: usize,
    waiting: usize,
    /// How many of those that wait may try again.
    wakes: usize,
    /// How many have ended so far.
    ended: u64,
}

impl Runs {
    /// Lets one of those that wait try again.
    fn wake_one(&mut self) {
        if self.wakes < self.waiting {
            self.wakes += 1;
            GATE.changed.notify_one();
        }
    }
}

fn runs() -> MutexGuard<'static, Runs> {
    GATE.runs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run of this process, from its setting up until nothing of it is left: to be dropped last.
pub(crate) struct Admission(());

impl Admission {
    pub(crate) fn new() -> Self {
        runs().active += 1;
        Self(())
    }

    /// Sets a run up. Where the machine has not enough left, what was set up is dropped, and it is tried again when another
    /// run has ended; that is an error only if there is no other run.
    pub(crate) fn set_up<T>(
        &self,
        is_cancelled: impl Fn() -> bool,
        mut set_up: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        let mut cleared = false;
        loop {
            let (alone, ended) = {
                let runs = runs();
                (runs.active == 1, runs.ended)
            };
            match set_up().and_then(with_spare) {
                Err(error) if is_scarce(&error) => {
                    // Idle reapers hold descriptors too. Once: what failed just now has left one there again.
                    if !cleared && pool::clear() {
                        cleared = true;
                        continue;
                    }
                    cleared = false;
                    if !wait(alone, ended, &is_cancelled) {
                        return Err(explain(error));
                    }
                }
                done => {
                    // There may be enough for one more.
                    runs().wake_one();
                    return done;
                }
            }
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut runs = runs();
        runs.active -= 1;
        runs.ended += 1;
        runs.wake_one();
    }
}

/// Makes sure that there are two descriptors more: for the looks at processes, without which nothing can be said of them.
fn with_spare<T>(done: T) -> io::Result<T> {
    io::pipe().map(|_| done)
}

/// Waits until there may be more than when so many runs had ended. False if that is in vain.
fn wait(alone: bool, ended: u64, is_cancelled: &impl Fn() -> bool) -> bool {
    let mut runs = runs();
    if runs.ended != ended || (!alone && runs.active == 1) {
        return true;
    }
    if alone {
        return false;
    }
    runs.active -= 1;
    runs.waiting += 1;
    // The one that is left may have failed for what this one held.
    if runs.active == 1 {
        runs.wake_one();
    }
    while runs.wakes == 0 && runs.active > 0 && !is_cancelled() {
        runs = GATE
            .changed
            .wait_timeout(runs, LOOK)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
    runs.wakes = runs.wakes.saturating_sub(1);
    runs.waiting -= 1;
    runs.active += 1;
    !is_cancelled()
}

/// Whether an error may pass when others give back what they hold.
pub(crate) fn is_scarce(error: &io::Error) -> bool {
    let scarce = [
        Errno::EMFILE,
        Errno::ENFILE,
        Errno::EAGAIN,
        Errno::ENOMEM,
        Errno::ENOBUFS,
        Errno::ETOOMANYREFS,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| scarce.contains(&Errno::from_raw(code)))
}

/// What was lacking, its limit, and what to do.
fn explain(error: io::Error) -> io::Error {
    let limit = |resource| match getrlimit(resource) {
        Ok((soft, _)) => soft.to_string(),
        Err(_) => "unknown".into(),
    };
    let help = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE | Errno::ETOOMANYREFS) => format!(
            "this process may have {} descriptors: raise `ulimit -n`, or close some",
            limit(Resource::RLIMIT_NOFILE)
        ),
        Some(Errno::ENFILE) => {
            "the machine has no descriptor left: see /proc/sys/fs/file-max".into()
        }
        Some(Errno::EAGAIN) => format!(
            "this user may have {} processes (`ulimit -u`), a container perhaps fewer",
            limit(Resource::RLIMIT_NPROC)
        ),
        _ => "the machine has no memory left".into(),
    };
    io::Error::new(error.kind(), format!("{error}; {help}"))
}
