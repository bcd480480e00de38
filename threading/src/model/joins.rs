//! Those who wait for a thread, and its end.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use super::{d, explore, n};
use crate::process::{registry, shut_down};
use crate::{JoinError, Timer, current, enumerate, exit, main_thread, primitives, sync, sys};

#[test]
fn two_join_one() {
    explore(|| {
        let thread = n(|| 7);
        let same = thread.clone();
        let joiner = n(move || same.join().ok().copied());
        assert_eq!(thread.join().ok(), Some(&7));
        assert_eq!(joiner.join().ok(), Some(&Some(7)));
        shut_down();
    });
}

/// The start of the second looks for threads that ended, and so does its end.
#[test]
fn an_end_against_a_sweep() {
    explore(|| {
        let first = n(|| 1);
        let second = n(|| 2);
        assert_eq!(first.join().ok(), Some(&1));
        assert!(!first.is_alive());
        assert_eq!(second.join().ok(), Some(&2));
        shut_down();
    });
}

#[test]
fn a_join_against_the_shutdown() {
    explore(|| {
        let thread = n(|| 7);
        let same = thread.clone();
        let joiner = d(move || same.join().ok().copied());
        shut_down();
        // The daemon cannot be the one: it ends after the thread.
        assert!(sys::ended() >= 1, "the thread has ended");
        assert_eq!(joiner.join().ok(), Some(&Some(7)));
    });
}

#[test]
fn a_timeout_against_an_end() {
    explore(|| {
        let thread = n(|| 7);
        let same = thread.clone();
        let clock = d(move || registry().wake(same.record(), primitives::pass_time));
        let in_time = thread.join_timeout(Duration::from_secs(1));
        assert!(matches!(in_time, Ok(None | Some(&7))));
        assert_eq!(thread.join().ok(), Some(&7));
        _ = clock.join();
        shut_down();
    });
}

/// No time passes: the thread's end alone must wake main.
#[test]
fn a_join_in_time() {
    explore(|| {
        let thread = n(|| 7);
        let in_time = thread.join_timeout(Duration::from_secs(1));
        assert_eq!(in_time.ok(), Some(Some(&7)));
        shut_down();
    });
}

/// The thread does not end meanwhile, so its first step must wake main.
#[test]
fn a_native_id_of_a_thread_that_starts() {
    explore(|| {
        let timer = Timer::new(Duration::MAX, || 1).start().expect("a thread");
        assert_eq!(timer.handle().native_id(), Some(1));
        timer.cancel();
        shut_down();
    });
}

#[test]
fn a_join_times_out() {
    explore(|| {
        let timer = Timer::new(Duration::MAX, || 1).start().expect("a thread");
        let same = timer.clone();
        let clock = d(move || {
            registry().wake(same.handle().record(), primitives::pass_time);
        });
        let in_time = timer.handle().join_timeout(Duration::from_secs(1));
        assert!(matches!(in_time, Ok(None)) && timer.handle().is_alive());
        timer.cancel();
        assert_eq!(timer.handle().join().ok(), Some(&None));
        _ = clock.join();
        shut_down();
    });
}

#[test]
fn a_thread_that_exits() {
    explore(|| {
        let thread = n(|| -> () { exit(5) });
        let same = thread.clone();
        let joiner = n(move || matches!(same.join(), Err(JoinError::Exited(5))));
        assert_eq!(joiner.join().ok(), Some(&true));
        shut_down();
        assert!(matches!(thread.join(), Err(JoinError::Exited(5))));
    });
}

struct AsksWhoRuns;

impl Drop for AsksWhoRuns {
    fn drop(&mut self) {
        _ = current();
    }
}

/// What a panic carries is dropped by the last who knows of the thread: not under a lock.
#[test]
fn a_payload_that_uses_the_library() {
    explore(|| {
        drop(n(|| -> () { resume_unwind(Box::new(AsksWhoRuns)) }));
        let looks = d(|| enumerate().len());
        shut_down();
        assert!(looks.join().is_ok());
    });
}

#[test]
fn a_thread_joins_main() {
    explore(|| {
        let joiner = n(|| main_thread().join().is_ok() && !main_thread().is_alive());
        shut_down();
        assert_eq!(joiner.join().ok(), Some(&true));
    });
}

#[test]
fn a_foreign_thread_comes_and_goes() {
    explore(|| {
        let dummy = Arc::new(OnceLock::new());
        let seen = Arc::clone(&dummy);
        let foreign = sync::spawn("foreign", None, move || _ = seen.set(current()));
        assert!(enumerate().len() <= 2);
        _ = foreign.expect("a thread can be started").join();
        let dummy = dummy.get().expect("it has ended");
        assert!(dummy.join().is_ok() && !dummy.is_alive());
        assert_eq!(enumerate().len(), 1);
        shut_down();
    });
}

/// Main has not used the library yet either.
#[test]
fn two_first_uses() {
    explore(|| {
        let foreign = sync::spawn("foreign", None, || _ = current());
        assert_eq!(current(), main_thread());
        _ = foreign.expect("a thread can be started").join();
        assert_eq!(sys::times_hooked(), 1);
        shut_down();
    });
}
