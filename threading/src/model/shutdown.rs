//! No thread is lost, whenever it starts.

use super::{Count, d, explore, n};
use crate::process::shut_down;
use crate::{StartError, Thread, at_exit, at_shutdown, sync};

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
