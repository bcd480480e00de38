//! What was submitted is done, or refused, or cancelled; and nobody waits in vain.

use std::sync::Arc;

use super::{Count, d, explore};
use crate::process::shut_down;
use crate::{JoinError, Pool};

#[test]
fn a_pool_is_dropped_with_work_left() {
    explore(|| {
        let done = Count::default();
        let (first, second) = (done.clone(), done.clone());
        let pool = Pool::new(1);
        assert!(pool.submit(move || first.add()).is_ok());
        assert!(pool.submit(move || second.add()).is_ok());
        drop(pool);
        shut_down();
        assert_eq!(done.get(), 2);
    });
}

/// The second submission meets a thread that may wait already.
#[test]
fn tasks_are_joined() {
    explore(|| {
        let pool = Pool::new(1);
        for number in 0..2 {
            let task = pool.submit(move || number);
            assert_eq!(
                task.ok().and_then(|task| task.into_value().ok()),
                Some(number)
            );
        }
        pool.shutdown();
        shut_down();
    });
}

/// Each piece of work finds a thread, whether it waits already or has still to start.
#[test]
fn two_threads_share_the_work() {
    explore(|| {
        let pool = Pool::new(2);
        let first = pool.submit(|| 1).expect("a thread");
        let second = pool.submit(|| 2).expect("a thread");
        assert_eq!(second.into_value().ok(), Some(2));
        assert_eq!(first.into_value().ok(), Some(1));
        drop(pool);
        shut_down();
    });
}

#[test]
fn two_submit() {
    explore(|| {
        let done = Count::default();
        let (first, second) = (done.clone(), done.clone());
        let pool = Arc::new(Pool::new(1));
        let same = Arc::clone(&pool);
        let daemon = d(move || same.submit(move || first.add()).is_ok());
        assert!(pool.submit(move || second.add()).is_ok());
        assert_eq!(daemon.join().ok(), Some(&true));
        pool.shutdown();
        assert_eq!(done.get(), 2);
        shut_down();
    });
}

/// Either the submission is refused, or the work is done before the shutdown is over. The pool has its thread already,
/// so no other would do late work.
#[test]
fn a_submission_against_the_shutdown() {
    explore(|| {
        let done = Count::default();
        let seen = done.clone();
        let pool = Pool::new(1);
        assert!(pool.submit(|| ()).is_ok());
        let daemon = d(move || pool.submit(move || done.add()).is_ok());
        shut_down();
        let done_by_then = seen.get();
        let accepted = daemon.join().ok() == Some(&true);
        assert_eq!(done_by_then, usize::from(accepted));
        assert_eq!(seen.get(), done_by_then);
    });
}

#[test]
fn a_task_is_cancelled_when_it_runs() {
    explore(|| {
        let done = Count::default();
        let seen = done.clone();
        let pool = Pool::new(1);
        let task = pool.submit(move || done.add()).expect("a thread");
        let cancelled = task.cancel();
        assert_eq!(matches!(task.join(), Err(JoinError::Cancelled)), cancelled);
        assert_eq!(seen.get(), usize::from(!cancelled));
        drop(pool);
        shut_down();
    });
}
