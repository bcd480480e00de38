//! Each callback is called once, or refused.

use super::{Count, d, explore, n};
use crate::process::shut_down;
use crate::{at_exit, at_shutdown};

#[test]
fn a_thread_registers_at_exit() {
    explore(|| {
        let calls = Count::default();
        let seen = calls.clone();
        drop(n(move || at_exit(move || calls.add())));
        shut_down();
        assert_eq!(seen.get(), 1);
    });
}

/// A callback that starts a thread that registers a callback.
#[test]
fn a_second_round() {
    explore(|| {
        let calls = Count::default();
        let seen = calls.clone();
        at_exit(move || drop(n(move || at_exit(move || calls.add()))));
        shut_down();
        assert_eq!(seen.get(), 1);
    });
}

#[test]
fn at_shutdown_against_the_shutdown() {
    explore(|| {
        let calls = Count::default();
        let seen = calls.clone();
        let daemon = d(move || at_shutdown(move || calls.add()).is_ok());
        shut_down();
        let registered = daemon.join().ok() == Some(&true);
        assert_eq!(seen.get(), usize::from(registered));
    });
}

#[test]
fn at_shutdown_joins() {
    explore(|| {
        let thread = n(|| 7);
        let same = thread.clone();
        let joined = Count::default();
        let seen = joined.clone();
        let callback = move || {
            if same.join().is_ok() {
                joined.add();
            }
        };
        assert!(at_shutdown(callback).is_ok());
        drop(n(|| ()));
        shut_down();
        assert_eq!(seen.get(), 1);
        assert_eq!(thread.join().ok(), Some(&7));
    });
}

/// Either the callback is taken back, or it is called.
#[test]
fn unregister_against_the_shutdown() {
    explore(|| {
        let calls = Count::default();
        let seen = calls.clone();
        let registration = at_exit(move || calls.add());
        let daemon = d(move || registration.unregister());
        shut_down();
        let taken_back = daemon.join().ok() == Some(&true);
        assert_eq!(seen.get(), usize::from(!taken_back));
    });
}
