//! A fork's wait for the threads that are starting. The fork itself is out of a checker's reach.

use super::{d, explore, n};
use crate::process::{registry, shut_down};

#[test]
fn a_fork_waits_for_a_start() {
    explore(|| {
        drop(n(|| ()));
        drop(registry().lock_when_all_run());
        shut_down();
    });
}

#[test]
fn a_start_waits_for_a_fork() {
    explore(|| {
        drop(n(|| ()));
        let starter = d(|| _ = n(|| ()));
        drop(registry().lock_when_all_run());
        assert!(starter.join().is_ok());
        shut_down();
    });
}
