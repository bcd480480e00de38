//! Tracing by the real clock: a thread of ours that waits for what the tracees have to tell.
//!
//! A thread of its own, since only the one that seized a tracee may wait for it, and it can wait for nothing else meanwhile.

use std::collections::BTreeSet;
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use super::book::Book;
use super::rights;
use crate::record::{Finding, Record};
use crate::stage::real::RunClock;
use crate::stage::sys::trace::{self, Go, Stop, Tid};
use crate::stage::sys::{self, Hold};

/// How long the end of the last tracee may take to be heard once the reaper has told of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The real clock of a subject that is traced.
#[derive(Default)]
pub(super) struct Lookout {
    zero: Duration,
    /// What the thread saw, once all tracees are gone.
    seen: Option<Receiver<Seen>>,
    /// Why nothing is traced.
    refused: Option<io::Error>,
    /// Why the run says nothing.
    pub(super) taint: Option<String>,
}

impl RunClock for Lookout {
    fn hold(&self) -> Hold {
        Hold::Traced
    }

    fn held(&mut self, pid: u32) -> io::Result<()> {
        let (answer, answered) = mpsc::channel();
        let (sender, receiver) = mpsc::channel();
        let pid = pid.cast_signed();
        thread::Builder::new()
            .name("exeunt-tracer".into())
            .spawn(move || look_out(pid, &answer, &sender))?;
        match answered.recv() {
            Ok(Ok(())) => self.seen = Some(receiver),
            Ok(Err(error)) => self.refused = Some(error),
            Err(_) => self.refused = Some(io::Error::other("its tracer ended")),
        }
        Ok(())
    }

    fn started(&mut self, at: Duration) -> Duration {
        self.zero = at;
        at
    }

    fn finish(&mut self, record: &mut Record) {
        let seen = self.seen.take();
        match seen.and_then(|seen| seen.recv_timeout(PATIENCE).ok()) {
            Some(seen) => {
                seen.book.write(record, self.zero);
                self.taint = seen.taint;
            }
            None => record.findings.push(Finding::NotTraced {
                why: not_traced(self.refused.as_ref()),
            }),
        }
    }
}

fn not_traced(refused: Option<&io::Error>) -> String {
    match refused {
        Some(error) => format!(
            "the run was to be traced, and the system refused that: {error} (`exeunt doctor` tells what this machine allows)"
        ),
        None => "the run was to be traced, and the end of a process was not seen".into(),
    }
}

/// The life of the thread.
fn look_out(pid: Tid, answer: &Sender<io::Result<()>>, sender: &Sender<Seen>) {
    // A kernel without filters cannot stop at any.
    let seized = trace::seize(pid, true).or_else(|_| trace::seize(pid, false));
    let go_on = seized.is_ok();
    // Whoever asked waits for it.
    let _ = answer.send(seized);
    if go_on {
        let mut seen = Seen {
            book: Book::of_subject(pid),
            early: Vec::new(),
            untold: BTreeSet::new(),
            keeps_rights: rights::are_kept_on_the_real_clock(),
            taint: None,
        };
        while let Ok((tid, stop)) = trace::wait_for_any() {
            seen.next(tid, stop);
        }
        // The run may have been given up.
        let _ = sender.send(seen);
    }
}

/// What the thread has seen so far.
struct Seen {
    book: Book,
    /// Those of which their maker has not told yet: they stay where they begin until it does.
    early: Vec<Tid>,
    /// Those that began before their maker has told, since it may never do so.
    untold: BTreeSet<Tid>,
    /// Whether programs have the same rights as without a tracer.
    keeps_rights: bool,
    /// Why the run says nothing.
    taint: Option<String>,
}

impl Seen {
    fn next(&mut self, tid: Tid, stop: Stop) {
        if stop == Stop::Paused && !self.book.has(tid) {
            return self.early.push(tid);
        }
        let is_old =
            matches!(stop, Stop::Made(new) | Stop::Vforked(new) if self.untold.remove(&new));
        if !is_old {
            note(&mut self.book, tid, stop);
        }
        if matches!(stop, Stop::Exec(_)) && !self.keeps_rights && self.taint.is_none() {
            self.taint = rights::lost(tid);
        }
        if stop == Stop::Call {
            let why = || "it traces processes itself, which it cannot while it is traced".into();
            self.taint.get_or_insert_with(why);
        }
        if let (Some(how), signal) = onward(stop) {
            trace::go(tid, how, signal);
        }
        match stop {
            Stop::Made(new) | Stop::Vforked(new) => self.begin(|tid| tid == new),
            // Perhaps it was the maker, killed before it could tell.
            Stop::Gone(_) => self.begin(|_| true),
            _ => {}
        }
    }

    fn begin(&mut self, which: impl Fn(Tid) -> bool) {
        for tid in self.early.extract_if(.., |tid| which(*tid)) {
            if !self.book.has(tid) {
                self.book.made(sys::now(), 0, tid);
                self.untold.insert(tid);
            }
            trace::go(tid, Go::On, 0);
        }
    }
}

fn note(book: &mut Book, tid: Tid, stop: Stop) {
    let now = sys::now();
    match stop {
        Stop::Made(new) | Stop::Vforked(new) => book.made(now, tid, new),
        Stop::Exec(former) => book.exec(tid, former),
        Stop::Exiting(status) => book.exiting(now, tid, status),
        Stop::Gone(status) => book.gone(now, tid, status),
        _ => {}
    }
}

/// How a tracee goes on from where it has stopped, if nothing is done to it, and with which signal.
pub(super) fn onward(stop: Stop) -> (Option<Go>, i32) {
    match stop {
        Stop::Gone(_) => (None, 0),
        Stop::Stopped => (Some(Go::Listen), 0),
        Stop::Signal(signal) => (Some(Go::On), signal),
        _ => (Some(Go::On), 0),
    }
}
