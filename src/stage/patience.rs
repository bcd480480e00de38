//! How often, and when, a run that was inconclusive is made again.

use std::thread;
use std::time::{Duration, Instant};

use super::{processors, runnable};

/// How often an inconclusive run is made again.
pub(crate) const RETRIES: u32 = 5;

/// How long a retry waits at most for the machine to calm down. A stall is mostly over at once, so the first two do not wait.
const MOST: [Duration; RETRIES as usize] = [
    Duration::ZERO,
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// How long the machine must be calm: other processes that wake now and then shall be seen.
const CALM: Duration = Duration::from_millis(50);
const LOOK: Duration = Duration::from_millis(5);

/// Waits before the retry of this number, counted from 0, until no more threads are ready to run than there are processors.
pub(crate) fn wait_for_calm(retry: u32, cancelled: impl Fn() -> bool) {
    let most = MOST.get(retry as usize).copied().unwrap_or_default();
    let began = Instant::now();
    let mut calm_since = began;
    while began.elapsed() < most && calm_since.elapsed() < CALM && !cancelled() {
        thread::sleep(LOOK);
        if is_busy() {
            calm_since = Instant::now();
        }
    }
}

fn is_busy() -> bool {
    runnable().is_some_and(|threads| threads > processors())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_no_longer_than_it_may() {
        let began = Instant::now();
        wait_for_calm(0, || false);
        wait_for_calm(RETRIES, || false);
        wait_for_calm(4, || true);
        assert!(began.elapsed() < MOST[4], "{:?}", began.elapsed());
    }
}
