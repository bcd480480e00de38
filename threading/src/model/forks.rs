//! A fork's wait for the threads that are starting. The fork itself is out of a checker's reach.

use super::{explore, n};
use crate::process::{registry, shut_down};

#[test]
fn a_fork_waits_for_a_start() {
    explore(|| {
        drop(n(|| ()));
        drop(registry().lock_when_all_run());
        shut_down();
    });
}

/// The first thread runs, so that the fork may go on; but it has not yet when that thread starts another.
#[test]
fn a_start_waits_for_a_fork() {
    explore(|| {
        drop(n(|| drop(n(|| ()))));
        drop(registry().lock_when_all_run());
        shut_down();
    });
}
