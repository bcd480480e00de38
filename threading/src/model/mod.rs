//! Models of the waiting protocol, for the model checkers loom and shuttle: see docs/models.md.
//!
//! Each model is a small process: its closure is main, and runs again and again, in other orders of what its threads do.
//! What it asserts must be asserted in main; a failed assertion elsewhere would be a thread's panic like any other.

mod callbacks;
mod forks;
mod joins;
mod pools;
mod shutdown;
mod timers;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Handle, Thread, sys};

/// Explores the model. `cargo test -- --nocapture` tells in how many executions.
#[track_caller]
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let executions = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&executions);
    check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        sys::begin();
        model();
        assert!(sys::all_have_ended(), "a thread outlives the process");
    });
    println!("{} executions", executions.load(Ordering::Relaxed));
}

/// All executions in which threads are preempted at most `LOOM_MAX_PREEMPTIONS` times.
#[cfg(not(exeunt_shuttle))]
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(3);
    builder.check(model);
}

/// Random executions, each with a preference for some threads, as many as `SHUTTLE_ITERATIONS` says.
#[cfg(exeunt_shuttle)]
fn check(model: impl Fn() + Send + Sync + 'static) {
    let iterations = std::env::var("SHUTTLE_ITERATIONS").ok();
    let iterations = iterations
        .and_then(|text| text.parse().ok())
        .unwrap_or(10_000);
    shuttle::check_pct(model, iterations, 3);
}

/// Starts a thread that is waited for.
fn n<T: Send + Sync + 'static>(function: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
    let thread = Thread::new(function).name("n").daemon(false);
    thread.start().expect("a thread can be started")
}

/// Starts a daemon. It must end before the model does.
fn d<T: Send + Sync + 'static>(function: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
    let thread = Thread::new(function).name("d").daemon(true);
    thread.start().expect("a thread can be started")
}

/// How often something happened. The checker does not see it, so it orders nothing.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
