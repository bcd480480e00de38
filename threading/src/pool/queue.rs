//! The work that waits for a pool's threads, and the threads.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::process;
use std::sync::Arc;

use super::task::{Fate, Job};
use crate::current::current;
use crate::error::{StartError, SubmitError};
use crate::handle::Handle;
use crate::stop::stop_token;
use crate::sync::{Condvar, Mutex};
use crate::thread::Thread;

pub(super) struct Queue {
    name: String,
    threads: usize,
    /// A fork's child has neither the threads nor, perhaps, the lock.
    process: u32,
    state: Mutex<State>,
    /// Notified when there is a job, and when the queue is closed.
    work: Condvar,
    /// Notified when a thread has started, or failed to.
    started: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    closed: bool,
    /// Threads that wait for a job.
    idle: usize,
    /// Threads that were asked for and have not come yet.
    starting: usize,
    /// How many were ever asked for.
    numbered: usize,
    threads: Vec<Handle>,
}

impl Queue {
    pub(super) fn new(name: String, threads: usize) -> Self {
        Self {
            name,
            threads,
            process: process::id(),
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                closed: false,
                idle: 0,
                starting: 0,
                numbered: 0,
                threads: Vec::new(),
            }),
            work: Condvar::new(),
            started: Condvar::new(),
        }
    }

    /// Puts in a job, and starts a thread for it if all are busy and there may be one more.
    pub(super) fn push(queue: &Arc<Self>, job: Job) -> Result<(), SubmitError> {
        if queue.is_in_child() {
            return Err(SubmitError::Forked);
        }
        if stop_token().is_set() {
            return Err(SubmitError::ProcessEnds);
        }
        let mut state = queue.state.lock();
        if state.closed {
            // The function is the user's to drop: not under the lock.
            drop(state);
            return Err(SubmitError::Closed);
        }
        state.jobs.push_back(job);
        if state.idle >= state.jobs.len() {
            queue.work.notify_one();
        } else if state.threads.len() + state.starting < queue.threads {
            state.starting += 1;
            state.numbered += 1;
            let number = state.numbered;
            drop(state);
            return Self::start_thread(queue, number).or_else(|error| queue.do_without(error));
        }
        Ok(())
    }

    fn start_thread(queue: &Arc<Self>, number: usize) -> Result<(), StartError> {
        let this = Arc::clone(queue);
        let thread = Thread::new(move || this.work()).daemon(false);
        thread
            .name(format!("{}-{number}", queue.name))
            .start()
            .map(drop)
    }

    /// No thread could be started: that is an error only if there is none at all.
    fn do_without(&self, error: StartError) -> Result<(), SubmitError> {
        let mut state = self.state.lock();
        state.starting -= 1;
        self.started.notify_all();
        if state.threads.len() + state.starting > 0 {
            return Ok(());
        }
        // Others may have submitted meanwhile, and counted on the same thread.
        let jobs = mem::take(&mut state.jobs);
        drop(state);
        jobs.into_iter().for_each(|job| job(Fate::Cancel));
        Err(SubmitError::Start(error))
    }

    /// What a thread does.
    fn work(&self) {
        self.enter();
        while let Some(job) = self.next() {
            job(Fate::Run);
        }
    }

    fn enter(&self) {
        let me = current();
        let mut state = self.state.lock();
        state.starting -= 1;
        state.threads.push(me);
        self.started.notify_all();
    }

    /// Waits for a job. `None` if there is none, and none will come.
    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        while state.jobs.is_empty() && !state.closed {
            state.idle += 1;
            state = self.work.wait(state, None);
            state.idle -= 1;
        }
        state.jobs.pop_front()
    }

    pub(super) fn close(&self) {
        if !self.is_in_child() {
            self.state.lock().closed = true;
            self.work.notify_all();
        }
    }

    pub(super) fn cancel_all(&self) {
        if !self.is_in_child() {
            let jobs = mem::take(&mut self.state.lock().jobs);
            jobs.into_iter().for_each(|job| job(Fate::Cancel));
        }
    }

    /// Waits for all threads but the calling one. To be called when the queue is closed: no more come.
    pub(super) fn wait_for_threads(&self) {
        if self.is_in_child() {
            return;
        }
        let mut state = self.state.lock();
        while state.starting > 0 {
            state = self.started.wait(state, None);
        }
        let threads = state.threads.clone();
        drop(state);
        for thread in threads {
            // A pool's thread does not fail; one that joins itself is told so, and goes on.
            _ = thread.join();
        }
    }

    fn is_in_child(&self) -> bool {
        process::id() != self.process
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.name)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
