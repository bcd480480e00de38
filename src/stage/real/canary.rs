//! The canary: a thread that only sleeps, and tells by how much it overslept while a run was going on. It also counts, again and
//! again, how many threads of the machine want a processor.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::stage::proc;
use crate::stage::sys::now;

const TICK: Duration = Duration::from_millis(5);
/// Each so many ticks it counts the threads that want a processor.
const COUNT: u32 = 10;

/// The watch of one run.
pub(super) struct Watch {
    canary: Arc<Canary>,
    id: u64,
}

#[derive(Default)]
struct Canary {
    sleeps: Mutex<Sleeps>,
    wanted: Condvar,
}

/// What the canary does, and what came of it for each watch.
#[derive(Default)]
struct Sleeps {
    /// When the sleep that goes on began. `None` while there is no watch.
    since: Option<Duration>,
    watches: Vec<Watched>,
    next: u64,
}

struct Watched {
    id: u64,
    begun: Duration,
    worst: Duration,
    /// How many threads wanted a processor: the sum of all counts, and how often was counted.
    runnable: usize,
    counts: usize,
}

impl Watched {
    /// By how much longer than its work a thread had to wait for processors, on average: 0 if there was one for each.
    #[expect(clippy::cast_precision_loss, reason = "of counts")]
    fn crowding(&self, processors: usize) -> f64 {
        let runnable = self.runnable as f64 / self.counts.max(1) as f64;
        (runnable / processors as f64 - 1.0).max(0.0)
    }

    /// By how much a sleep was, or is by now, too long, as far as that falls into the watch.
    fn overslept(&self, since: Duration, now: Duration) -> Duration {
        now.saturating_sub(self.begun.max(since + TICK))
    }
}

impl Sleeps {
    /// Begins a watch. If there was none, a sleep begins too: that the canary has yet to hear of it is no excuse.
    fn begin(&mut self, now: Duration) -> u64 {
        let id = self.next;
        self.next += 1;
        self.since.get_or_insert(now);
        self.watches.push(Watched {
            id,
            begun: now,
            worst: Duration::ZERO,
            runnable: 0,
            counts: 0,
        });
        id
    }

    /// So many threads want a processor now.
    fn count(&mut self, runnable: usize) {
        for watched in &mut self.watches {
            watched.runnable += runnable;
            watched.counts += 1;
        }
    }

    fn end(&mut self, id: u64) {
        self.watches.retain(|watched| watched.id != id);
    }

    /// The canary woke, and sleeps again if there is a watch: what holds it up in between is part of its next sleep.
    fn wake(&mut self, now: Duration) {
        if let Some(since) = self.since {
            for watched in &mut self.watches {
                watched.worst = watched.worst.max(watched.overslept(since, now));
            }
        }
        self.since = (!self.watches.is_empty()).then_some(now);
    }

    /// The worst oversleep of a watch so far. The sleep that goes on counts: a stall may hold up the canary longer than what
    /// asks.
    fn worst(&self, id: u64, now: Duration) -> Duration {
        let watched = self.watches.iter().find(|watched| watched.id == id);
        watched.map_or(Duration::ZERO, |watched| {
            let going_on = self.since.map(|since| watched.overslept(since, now));
            watched.worst.max(going_on.unwrap_or_default())
        })
    }
}

impl Watch {
    /// Begins a watch. One thread serves all watches of the process; it sleeps for good while there is none.
    pub(super) fn begin() -> Self {
        static CANARY: OnceLock<Arc<Canary>> = OnceLock::new();
        let canary = CANARY.get_or_init(|| {
            let canary = Arc::new(Canary::default());
            let its = Arc::clone(&canary);
            // Without the thread all time counts as overslept, and no delay is called broken.
            let _ = thread::Builder::new()
                .name("exeunt-canary".into())
                .spawn(move || its.live());
            canary
        });
        let canary = Arc::clone(canary);
        let id = canary.lock().begin(now());
        canary.wanted.notify_one();
        Self { canary, id }
    }

    /// How much longer than it worked a thread had to wait for processors since the beginning, on average.
    pub(super) fn crowding(&self) -> f64 {
        let sleeps = self.canary.lock();
        let watched = sleeps.watches.iter().find(|watched| watched.id == self.id);
        watched.map_or(0.0, |watched| watched.crowding(proc::online()))
    }

    /// The worst oversleep since the beginning.
    pub(super) fn worst(&self) -> Duration {
        self.canary.lock().worst(self.id, now())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.canary.lock().end(self.id);
    }
}

impl Canary {
    fn lock(&self) -> MutexGuard<'_, Sleeps> {
        self.sleeps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> ! {
        let mut tick = 0_u32;
        loop {
            let mut sleeps = self.lock();
            while sleeps.since.is_none() {
                sleeps = self
                    .wanted
                    .wait(sleeps)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            drop(sleeps);
            thread::sleep(TICK);
            // This thread runs, but wants no processor of those that the subject could have had.
            tick = tick.wrapping_add(1);
            let runnable = match tick % COUNT {
                0 => proc::runnable().map(|threads| threads.saturating_sub(1)),
                _ => None,
            };
            let mut sleeps = self.lock();
            sleeps.wake(now());
            if let Some(threads) = runnable {
                sleeps.count(threads);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_sleep_of_one_tick_is_no_oversleep() {
        let mut sleeps = Sleeps::default();
        let watch = sleeps.begin(ms(100));
        assert_eq!(sleeps.worst(watch, ms(105)), ms(0));
        sleeps.wake(ms(105));
        sleeps.wake(ms(110));
        assert_eq!(sleeps.worst(watch, ms(115)), ms(0));
    }

    #[test]
    fn the_worst_oversleep_counts_also_while_it_goes_on() {
        let mut sleeps = Sleeps::default();
        let watch = sleeps.begin(ms(100));
        sleeps.wake(ms(145));
        sleeps.wake(ms(155));
        assert_eq!(sleeps.worst(watch, ms(155)), ms(40));
        assert_eq!(sleeps.worst(watch, ms(240)), ms(80));
    }

    #[test]
    fn of_a_sleep_that_began_before_the_watch_the_part_within_it_counts() {
        let mut sleeps = Sleeps::default();
        let early = sleeps.begin(ms(100));
        let late = sleeps.begin(ms(130));
        let next = sleeps.begin(ms(150));
        for _ in 0..2 {
            assert_eq!(sleeps.worst(early, ms(160)), ms(55));
            assert_eq!(sleeps.worst(late, ms(160)), ms(30));
            assert_eq!(sleeps.worst(next, ms(160)), ms(10));
            sleeps.wake(ms(160));
        }
        // One that begins before the canary should have woken has nothing of the time before that.
        let prompt = sleeps.begin(ms(162));
        assert_eq!(sleeps.worst(prompt, ms(170)), ms(5));
    }

    #[test]
    fn a_canary_that_does_not_hear_of_a_watch_is_late_too() {
        let mut sleeps = Sleeps::default();
        let first = sleeps.begin(ms(100));
        sleeps.wake(ms(105));
        sleeps.end(first);
        sleeps.wake(ms(110));
        assert_eq!(sleeps.since, None);
        let watch = sleeps.begin(ms(500));
        assert_eq!(sleeps.worst(watch, ms(600)), ms(95));
    }

    #[test]
    fn the_crowd_is_counted_while_a_watch_goes_on() {
        let mut sleeps = Sleeps::default();
        sleeps.count(1000);
        let first = sleeps.begin(ms(0));
        sleeps.count(4);
        let second = sleeps.begin(ms(50));
        sleeps.count(8);
        let crowding = |id| {
            sleeps
                .watches
                .iter()
                .find(|w| w.id == id)
                .unwrap()
                .crowding(2)
        };
        assert_eq!([first, second].map(crowding), [2.0, 3.0]);
        // With a processor for each thread, nobody waits.
        assert_eq!(sleeps.watches[0].crowding(8), 0.0);
        let begun = sleeps.begin(ms(100));
        assert_eq!(sleeps.watches[begun as usize].crowding(2), 0.0);
    }

    #[test]
    fn there_is_a_thread_that_wakes() {
        let watch = Watch::begin();
        let begun = now();
        loop {
            thread::sleep(4 * TICK);
            let sleeps = watch.canary.lock();
            if sleeps.since.is_some_and(|since| since > begun) {
                return;
            }
            drop(sleeps);
            assert!(now() - begun < Duration::from_secs(20), "it sleeps on");
        }
    }
}
