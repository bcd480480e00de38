//! Who lives: the threads and processes of a run, and how each began and ended.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use nix::libc;

use crate::record::{Began, Ended, Event, EventKind, Finding, Lives, Record, Signal, TaskEnd};
use crate::stage::sys::trace::{self, Tid};

/// How many beginnings and ends are told one by one: a storm of forks must not cost memory without bound.
const TOLD: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Book {
    /// The process of each thread that lives, and whether its end was seen: it is still there until it is waited for.
    tasks: BTreeMap<Tid, Task>,
    lives: Lives,
    events: Vec<Event>,
    left_out: u64,
}

#[derive(Debug, Clone, Copy)]
struct Task {
    pid: Tid,
    ended: bool,
}

impl Book {
    /// The subject itself.
    pub(super) fn of_subject(pid: Tid) -> Self {
        let mut book = Self::default();
        book.tasks.insert(pid, Task { pid, ended: false });
        book.lives.processes.began += 1;
        book
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Whether a thread is there whose end was not seen.
    pub(super) fn is_alive(&self, tid: Tid) -> bool {
        self.tasks.get(&tid).is_some_and(|task| !task.ended)
    }

    pub(super) fn has(&self, tid: Tid) -> bool {
        self.tasks.contains_key(&tid)
    }

    /// All threads, each with its process, and whether its end was seen.
    pub(super) fn tasks(&self) -> impl Iterator<Item = (Tid, Tid, bool)> {
        self.tasks
            .iter()
            .map(|(tid, task)| (*tid, task.pid, task.ended))
    }

    /// The process of a thread.
    pub(super) fn process_of(&self, tid: Tid) -> Tid {
        self.tasks.get(&tid).map_or(tid, |task| task.pid)
    }

    /// A thread has made another, or a process.
    pub(super) fn made(&mut self, at: Duration, by: Tid, tid: Tid) {
        // One that was gone at once, in between, was a process: a thread would have told.
        let pid = thread_group(tid).unwrap_or(tid);
        self.tasks.insert(tid, Task { pid, ended: false });
        match pid == tid {
            true => self.lives.processes.began += 1,
            false => self.lives.threads.began += 1,
        }
        let began = Began::new(number(pid), number(tid), number(by));
        self.tell(at, EventKind::Began(began));
    }

    /// A thread has executed another program, and has the number of its process now.
    pub(super) fn exec(&mut self, tid: Tid, former: Tid) {
        if former != tid {
            self.tasks.remove(&former);
        }
        self.tasks.insert(
            tid,
            Task {
                pid: tid,
                ended: false,
            },
        );
    }

    /// A thread is about to end. It must be stopped there.
    pub(super) fn exiting(&mut self, at: Duration, tid: Tid, status: i32) {
        self.end(at, tid, end_of(tid, status));
    }

    /// A thread is gone.
    pub(super) fn gone(&mut self, at: Duration, tid: Tid, status: i32) {
        // Where its end was not seen, it was killed at once.
        let end = match libc::WIFSIGNALED(status) {
            true => TaskEnd::Signal(Signal::from_kernel(libc::WTERMSIG(status))),
            false => TaskEnd::Killed,
        };
        self.end(at, tid, end);
        self.tasks.remove(&tid);
        // A main thread is gone last.
        self.tasks.retain(|_, task| task.pid != tid);
    }

    fn end(&mut self, at: Duration, tid: Tid, end: TaskEnd) {
        let Some(task) = self.tasks.get_mut(&tid) else {
            return;
        };
        if std::mem::replace(&mut task.ended, true) {
            return;
        }
        let pid = task.pid;
        let ends = match pid == tid {
            true => &mut self.lives.processes,
            false => &mut self.lives.threads,
        };
        ends.add(end);
        let ended = Ended::new(number(pid), number(tid), name_of(pid, tid), end);
        self.tell(at, EventKind::Ended(ended));
    }

    fn tell(&mut self, at: Duration, kind: EventKind) {
        match self.events.len() < TOLD {
            true => self.events.push(Event { at, kind }),
            false => self.left_out += 1,
        }
    }

    /// Puts all of it into a record that counts from `zero`.
    pub(super) fn write(self, record: &mut Record, zero: Duration) {
        record.lives = Some(self.lives);
        record
            .events
            .extend(self.events.into_iter().map(|event| Event {
                at: event.at.saturating_sub(zero),
                ..event
            }));
        // Stable: of what has one stamp, lines stand first.
        record.events.sort_by_key(|event| event.at);
        if self.left_out > 0 {
            let events = self.left_out;
            record.findings.push(Finding::LivesCut { events });
        }
    }
}

fn number(tid: Tid) -> u32 {
    tid.unsigned_abs()
}

/// How a thread that is about to end does so: the call that it is in tells whether by itself.
fn end_of(tid: Tid, status: i32) -> TaskEnd {
    let call = trace::registers(tid).map_or(-1, |registers| registers.orig_rax.cast_signed());
    if call == libc::SYS_exit {
        TaskEnd::Returned
    } else if libc::WIFSIGNALED(status) {
        TaskEnd::Signal(Signal::from_kernel(libc::WTERMSIG(status)))
    } else if call == libc::SYS_exit_group {
        TaskEnd::Exited
    } else {
        TaskEnd::Killed
    }
}

fn thread_group(tid: Tid) -> Option<Tid> {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    line.trim().parse().ok()
}

fn name_of(pid: Tid, tid: Tid) -> String {
    let name = fs::read(format!("/proc/{pid}/task/{tid}/comm")).unwrap_or_default();
    String::from_utf8_lossy(&name)
        .trim_end_matches('\n')
        .to_owned()
}
