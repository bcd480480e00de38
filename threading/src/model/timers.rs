//! A timer fires or is cancelled, and ends.

use std::time::Duration;

use super::{Count, d, explore, n};
use crate::process::{registry, shut_down};
use crate::{Timer, primitives};

#[test]
fn a_timer_is_cancelled() {
    explore(|| {
        let timer = Timer::new(Duration::MAX, || 1).start().expect("a thread");
        timer.cancel();
        shut_down();
        assert_eq!(timer.handle().join().ok(), Some(&None));
    });
}

#[test]
fn a_thread_cancels_a_timer() {
    explore(|| {
        let timer = Timer::new(Duration::MAX, || 1).start().expect("a thread");
        let same = timer.clone();
        drop(n(move || same.cancel()));
        shut_down();
        assert_eq!(timer.handle().join().ok(), Some(&None));
    });
}

#[test]
fn a_timer_is_cancelled_when_it_fires() {
    explore(|| {
        let fired = Count::default();
        let seen = fired.clone();
        let timer = Timer::new(Duration::from_secs(1), move || fired.add());
        let timer = timer.start().expect("a thread");
        let same = timer.clone();
        let clock = d(move || {
            let thread = same.handle().record();
            registry().wake(thread, primitives::pass_time);
        });
        timer.cancel();
        shut_down();
        let outcome = timer.handle().join().ok();
        assert_eq!(outcome.map(Option::is_some), Some(seen.get() == 1));
        _ = clock.join();
    });
}
