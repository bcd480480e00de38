//! The canary: a thread that only sleeps, and tells by how much it overslept while a run was going on.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::sys::now;

const TICK: Duration = Duration::from_millis(5);

/// The watch of one run.
pub(super) struct Watch {
    worst: Arc<Mutex<Duration>>,
}

#[derive(Default)]
struct Canary {
    watches: Mutex<Vec<Arc<Mutex<Duration>>>>,
    wanted: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    /// Begins a watch. One thread serves all watches of the process; it sleeps for good while there is none.
    pub(super) fn begin() -> Self {
        static CANARY: OnceLock<Arc<Canary>> = OnceLock::new();
        let canary = CANARY.get_or_init(|| {
            let canary = Arc::new(Canary::default());
            let its = Arc::clone(&canary);
            // Without the thread nothing is measured, and no delay is excused.
            let _ = thread::Builder::new()
                .name("exeunt-canary".into())
                .spawn(move || its.live());
            canary
        });
        let worst = Arc::new(Mutex::new(Duration::ZERO));
        lock(&canary.watches).push(Arc::clone(&worst));
        canary.wanted.notify_one();
        Self { worst }
    }

    /// The worst oversleep since the beginning.
    pub(super) fn worst(&self) -> Duration {
        *lock(&self.worst)
    }
}

impl Canary {
    fn live(&self) -> ! {
        loop {
            let mut watches = lock(&self.watches);
            watches.retain(|watch| Arc::strong_count(watch) > 1);
            while watches.is_empty() {
                watches = self
                    .wanted
                    .wait(watches)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            let seen = watches.clone();
            drop(watches);
            let before = now();
            thread::sleep(TICK);
            let overslept = (now() - before).saturating_sub(TICK);
            for worst in seen {
                let mut worst = lock(&worst);
                *worst = overslept.max(*worst);
            }
        }
    }
}
