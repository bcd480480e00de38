//! Pools while main runs: order, threads, cancelling, values.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use exeunt_threading::{self as threading, JoinError, Pool, SubmitError, Task};

const SHORT: Duration = Duration::from_millis(5);

#[test]
fn one_thread_works_in_the_order_of_the_submissions() {
    let pool = Pool::new(1);
    let order = Arc::new(Mutex::new(Vec::new()));
    for number in 0..100 {
        let order = Arc::clone(&order);
        let work = move || order.lock().expect("no panic").push(number);
        drop(pool.submit(work).expect("it is open"));
    }
    pool.shutdown();
    assert!(order.lock().expect("no panic").iter().copied().eq(0..100));
}

#[test]
fn as_many_threads_as_asked_for_work_at_once_and_no_more() {
    let pool = Pool::named("three", 3);
    let (meet, most) = (
        Arc::new(Barrier::new(3)),
        Arc::new((AtomicUsize::new(0), AtomicUsize::new(0))),
    );
    let work = || {
        let (meet, most) = (Arc::clone(&meet), Arc::clone(&most));
        move || {
            let now = most.0.fetch_add(1, Ordering::SeqCst) + 1;
            most.1.fetch_max(now, Ordering::SeqCst);
            meet.wait();
            most.0.fetch_sub(1, Ordering::SeqCst);
            threading::current().name().to_owned()
        }
    };
    let tasks: Vec<_> = (0..30)
        .map(|_| pool.submit(work()).expect("it is open"))
        .collect();
    let names: HashSet<_> = tasks
        .into_iter()
        .map(|task| task.into_value().expect("a name"))
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("three-")));
    assert_eq!(most.1.load(Ordering::SeqCst), 3);
}

#[test]
fn an_idle_thread_is_used_again() {
    let pool = Pool::new(8);
    let thread = || threading::current().ident();
    let first = *pool
        .submit(thread)
        .expect("it is open")
        .join()
        .expect("a number");
    // It may still be on its way back to the queue.
    let again = |_: &usize| {
        *pool
            .submit(thread)
            .expect("it is open")
            .join()
            .expect("a number")
            == first
    };
    assert!((0..1000).any(|i| again(&i)));
}

#[test]
fn a_task_can_be_waited_for_with_a_bound() {
    let pool = Pool::new(1);
    let (go, gone) = channel::<()>();
    let (begun, has_begun) = channel();
    let task = pool
        .submit(move || {
            begun.send(()).expect("it is received");
            gone.recv().is_err()
        })
        .expect("it is open");
    has_begun.recv().expect("it is called");
    assert_eq!(task.join_timeout(SHORT).expect("no error"), None);
    assert!(!task.is_done() && !task.cancel(), "it runs");
    drop(go);
    assert_eq!(
        task.join_timeout(Duration::MAX).expect("no error"),
        Some(&true)
    );
    assert!(task.is_done());
}

#[test]
fn a_tasks_value_can_be_taken_or_shared() {
    let pool = Pool::new(1);
    let task = pool.submit(|| channel::<u8>().1).expect("it is open");
    assert!(task.into_value().is_ok());
    let task = pool.submit(|| vec![1]).expect("it is open");
    let same = task.clone();
    assert_eq!(task.join().expect("a value"), &[1]);
    assert!(matches!(task.into_value(), Err(JoinError::Shared)));
    assert_eq!(same.into_value().expect("the last of them"), [1]);
}

/// Neither the function that was not called nor a panic is the end of a thread of the pool.
#[test]
fn a_pool_outlives_what_its_tasks_do() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in a destructor, on purpose");
        }
    }
    let pool = Pool::new(1);
    let (go, gone) = channel::<()>();
    let first = pool.submit(move || _ = gone.recv()).expect("it is open");
    let fails: Task<()> = pool.submit(|| panic!("on purpose")).expect("it is open");
    let bomb = Bomb;
    let cancelled = pool.submit(move || drop(bomb)).expect("it is open");
    let dropped = pool.submit(|| Bomb).expect("it is open");
    drop(dropped);
    assert!(cancelled.cancel() && !cancelled.cancel());
    drop(go);
    assert!(first.join().is_ok());
    assert!(matches!(fails.join(), Err(JoinError::Panicked(_))));
    assert!(matches!(cancelled.join(), Err(JoinError::Cancelled)));
    assert_eq!(
        pool.submit(|| 7)
            .expect("it is open")
            .join()
            .expect("a value"),
        &7
    );
}

#[test]
fn a_closed_pool_does_what_it_has_and_takes_no_more() {
    let pool = Pool::new(1);
    let (go, gone) = channel::<()>();
    pool.submit(move || _ = gone.recv()).expect("it is open");
    let second = pool.submit(|| 2).expect("it is open");
    pool.close();
    let refused = pool.submit(|| 3);
    assert!(matches!(refused, Err(SubmitError::Closed)));
    drop(go);
    assert_eq!(second.join().expect("a value"), &2);
    pool.shutdown();
    pool.shutdown_now();
}

#[test]
#[should_panic(expected = "a pool needs a thread")]
fn a_pool_without_threads_is_refused() {
    drop(Pool::new(0));
}
