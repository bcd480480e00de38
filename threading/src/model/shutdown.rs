//! No thread is lost, whenever it starts.

use std::time::Duration;

use super::{Count, d, explore, n};
use crate::process::{registry, shut_down};
use crate::{
    AtLimit, StartError, Thread, Timer, at_exit, at_shutdown, primitives, set_wait_limit,
    set_wait_report, stop_token, sync,
};

#[test]
fn a_late_start() {
    explore(|| {
        let ended = Count::default();
        let seen = ended.clone();
        drop(n(move || drop(n(move || ended.add()))));
        shut_down();
        assert_eq!(seen.get(), 1);
    });
}

#[test]
fn a_callback_starts_a_thread() {
    explore(|| {
        let ended = Count::default();
        let (late, seen) = (ended.clone(), ended.clone());
        at_exit(move || drop(n(move || late.add())));
        _ = at_shutdown(move || drop(n(move || ended.add())));
        shut_down();
        assert_eq!(seen.get(), 2);
    });
}

/// Either the start is refused, or the thread is waited for.
#[test]
fn a_daemon_starts_at_the_close() {
    explore(|| {
        let ended = Count::default();
        let seen = ended.clone();
        let daemon = d(move || {
            let start = Thread::new(move || ended.add()).daemon(false).start();
            matches!(start, Err(StartError::ProcessEnds))
        });
        shut_down();
        let ended_by_then = seen.get();
        let refused = daemon.join().ok() == Some(&true);
        assert_eq!(ended_by_then, usize::from(!refused));
        assert_eq!(seen.get(), ended_by_then);
    });
}

/// Main waits for it though its creator has not told the end of its start yet.
#[test]
fn a_foreign_thread_starts_one() {
    explore(|| {
        let ended = Count::default();
        let seen = ended.clone();
        let foreign = sync::spawn("foreign", None, move || {
            let thread = Thread::new(move || ended.add()).daemon(false);
            _ = thread.start();
        });
        shut_down();
        let ended_by_then = seen.get();
        _ = foreign.expect("a thread can be started").join();
        assert_eq!(seen.get(), ended_by_then);
    });
}

#[test]
fn a_thread_waits_for_the_stop() {
    explore(|| {
        let waits = n(|| stop_token().wait());
        shut_down();
        assert!(waits.join().is_ok());
    });
}

/// Who is waited for would be told after an hour. So the shutdown's waiting has deadlines.
#[test]
fn a_thread_ends_before_it_is_told() {
    explore(|| {
        set_wait_report(Some(Duration::from_secs(3600)));
        let ended = Count::default();
        let seen = ended.clone();
        drop(n(move || drop(n(move || ended.add()))));
        shut_down();
        assert_eq!(seen.get(), 1);
    });
}

/// The bound on the waiting is reached: the shutdown leaves the thread behind, which is alive all the same.
#[test]
fn a_limit_is_reached() {
    explore(|| {
        set_wait_limit(Duration::from_secs(1), |_| AtLimit::Abandon);
        let timer = Timer::new(Duration::MAX, || 1).start().expect("a thread");
        let same = timer.clone();
        let clock = d(move || {
            registry().wake(same.handle().record(), primitives::pass_time);
        });
        shut_down();
        assert!(timer.handle().is_alive());
        timer.cancel();
        assert_eq!(timer.handle().join().ok(), Some(&None));
        _ = clock.join();
    });
}
