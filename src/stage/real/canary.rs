//! The canary: a thread that only sleeps, and tells by how much it overslept while a run was going on.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::stage::sys::now;

const TICK: Duration = Duration::from_millis(5);

/// The watch of one run.
pub(super) struct Watch {
    canary: Arc<Canary>,
    begun: Duration,
    worst: Arc<Mutex<Duration>>,
}

#[derive(Default)]
struct Canary {
    watches: Mutex<Vec<Arc<Mutex<Duration>>>>,
    wanted: Condvar,
    /// When it went to sleep, while it sleeps.
    asleep_since: Mutex<Option<Duration>>,
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
        Self::of(canary)
    }

    fn of(canary: &Arc<Canary>) -> Self {
        let worst = Arc::new(Mutex::new(Duration::ZERO));
        let begun = now();
        lock(&canary.watches).push(Arc::clone(&worst));
        canary.wanted.notify_one();
        Self {
            canary: Arc::clone(canary),
            begun,
            worst,
        }
    }

    /// The worst oversleep since the beginning. A stall may hold up the canary for longer than its caller, so a sleep that
    /// has not ended yet counts too.
    pub(super) fn worst(&self) -> Duration {
        let asleep = match *lock(&self.canary.asleep_since) {
            Some(since) => now().saturating_sub(since.max(self.begun)),
            None => Duration::ZERO,
        };
        asleep.saturating_sub(TICK).max(*lock(&self.worst))
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
            *lock(&self.asleep_since) = Some(before);
            thread::sleep(TICK);
            let overslept = (now() - before).saturating_sub(TICK);
            for worst in seen {
                let mut worst = lock(&worst);
                *worst = overslept.max(*worst);
            }
            *lock(&self.asleep_since) = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_that_goes_on_counts() {
        let canary = Arc::new(Canary::default());
        let watch = Watch::of(&canary);
        assert_eq!(watch.worst(), Duration::ZERO);
        *lock(&canary.asleep_since) = Some(now());
        thread::sleep(4 * TICK);
        assert!(watch.worst() >= 3 * TICK);
    }

    #[test]
    fn a_sleep_from_before_the_beginning_does_not_count() {
        let canary = Arc::new(Canary::default());
        *lock(&canary.asleep_since) = Some(now().saturating_sub(Duration::from_secs(9)));
        let watch = Watch::of(&canary);
        assert!(watch.worst() < Duration::from_secs(8));
    }
}
