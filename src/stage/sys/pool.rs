//! Reapers that wait for the next run.

use std::process;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use nix::libc;
use nix::unistd::Pid;

use super::inherited::Inherited;
use super::process::{Process, is_gone};

/// How long the end of this process may take for each idle reaper.
const FAREWELL: Duration = Duration::from_millis(100);

/// The idle ones, and whose they are: a process that is forked from a harness has a copy of this, and no reaper.
static IDLE: Mutex<(u32, Vec<Process>)> = Mutex::new((0, Vec::new()));
/// Those that were dismissed, and may not have ended yet.
static LEAVING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn idle() -> MutexGuard<'static, (u32, Vec<Process>)> {
    let mut idle = lock(&IDLE);
    let this = process::id();
    if idle.0 != this {
        idle.1.drain(..).for_each(Process::disown);
        lock(&LEAVING).clear();
        idle.0 = this;
    }
    idle
}

/// One that is fit for the next run. Those that are not are dismissed.
pub(super) fn take() -> Option<Process> {
    lock(&LEAVING).retain(|pid| !is_gone(*pid));
    let inherited = Inherited::now();
    loop {
        // Not in the condition of a `while`: the lock would be held while one is dropped.
        let last = idle().1.pop();
        match last {
            Some(process) if process.is_fit(&inherited) => return Some(process),
            Some(process) => process.dismiss(),
            None => return None,
        }
    }
}

/// Takes one back.
pub(super) fn keep(process: Process) {
    static AT_EXIT: Once = Once::new();
    AT_EXIT.call_once(|| {
        // SAFETY: `at_exit` is a function without arguments. If there is no room for it, the reapers end a little later.
        unsafe { libc::atexit(at_exit) };
    });
    idle().1.push(process);
}

/// A process that ends by itself is to be waited for one day.
pub(super) fn leaves(pid: Pid) {
    lock(&LEAVING).push(pid);
}

/// Dismisses all idle ones. False if there was none.
pub(super) fn clear() -> bool {
    let all = std::mem::take(&mut idle().1);
    !all.is_empty()
}

/// So that an idle reaper and its scratch directory are gone when this process is.
extern "C" fn at_exit() {
    // Whoever holds the lock may be another thread that has been stopped by the exit.
    let Ok(mut idle) = IDLE.try_lock() else {
        return;
    };
    if idle.0 == process::id() {
        idle.1.drain(..).for_each(|mut one| one.farewell(FAREWELL));
    }
}
