//! The tracer of a run on the virtual clock: it knows each thread, what it waits for, and until when.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::alarm::Alarm;
use super::book::Book;
use super::calls::{self, Timed, Wish};
use super::deadlines::Waiting;
use super::files::{Files, Open};
use super::lookout::onward;
use super::memory::Memory;
use super::rest::{self, Look, Tree};
use super::time::Time;
use super::timers::Timers;
use super::work::{Shares, Work};
use super::{outside, rights, vdso};
use crate::stage::sys::trace::{self, Go, Registers, Stop, Tid};

/// How long the end of what was killed is waited for.
const FAREWELL: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Tracer {
    pub(super) time: Time,
    /// Why the run says nothing.
    pub(super) taint: Option<String>,
    /// Whether a tracer that sets no clock would change what the subject does too.
    pub(super) untraceable: bool,
    subject: Tid,
    gone: bool,
    /// The thread that had something to tell last.
    pub(super) last: Tid,
    files: Files,
    pub(super) book: Book,
    /// The memory of each process, and where its word of the time is.
    pub(super) memories: BTreeMap<Tid, (Memory, u64)>,
    pub(super) waits: BTreeMap<Tid, Waiting>,
    /// Waits that a signal has interrupted, and that go on unless a handler runs.
    pub(super) kept: HashMap<Tid, Timed>,
    /// The alarm of each process.
    pub(super) alarms: BTreeMap<Tid, Alarm>,
    /// The timers that are not part of a wait.
    pub(super) timers: Timers,
    /// Threads whose process was stopped by a signal.
    stopped: BTreeSet<Tid>,
    /// Processes that have the memory of their parent, each with the thread that stands still for it.
    vforked: BTreeMap<Tid, Tid>,
    /// What each thread had of the processors, as far as it was counted.
    shares: Shares,
    /// How many waits there were: of two with one deadline, the first comes first.
    pub(super) count: u64,
    pub(super) peers: outside::Peers,
    /// Whether there is a socket of the Internet protocols.
    pub(super) net: bool,
}

impl Default for Tracer {
    fn default() -> Self {
        Self {
            time: Time {
                now: 0,
                real: 0,
                mono: 0,
            },
            taint: None,
            untraceable: false,
            subject: 0,
            gone: false,
            last: 0,
            files: Files::default(),
            book: Book::default(),
            memories: BTreeMap::new(),
            waits: BTreeMap::new(),
            kept: HashMap::new(),
            alarms: BTreeMap::new(),
            timers: Timers::default(),
            stopped: BTreeSet::new(),
            vforked: BTreeMap::new(),
            shares: Shares::default(),
            count: 0,
            peers: outside::Peers::default(),
            net: false,
        }
    }
}

/// # What others ask
impl Tracer {
    pub(super) fn seize(&mut self, pid: Tid) {
        match trace::seize(pid, true) {
            Ok(()) => {
                self.subject = pid;
                self.book = Book::of_subject(pid);
            }
            Err(error) => self.taint(format!("the system refused to trace it: {error}")),
        }
    }

    /// The first reason counts.
    pub(super) fn taint(&mut self, why: String) {
        self.taint.get_or_insert(why);
    }

    pub(super) fn subject_is_gone(&self) -> bool {
        self.gone
    }

    pub(super) fn is_empty(&self) -> bool {
        self.book.is_empty()
    }

    /// Each process by one of its threads that lives: of a main thread that has ended, nothing is left to look at.
    pub(super) fn processes(&self) -> Vec<Tid> {
        let living = self.book.tasks().filter(|(_, _, ended)| !ended);
        let living: BTreeMap<_, _> = living.map(|(tid, pid, _)| (pid, tid)).collect();
        living.into_values().collect()
    }

    pub(super) fn take_book(&mut self) -> Book {
        std::mem::take(&mut self.book)
    }

    pub(super) fn look(&mut self, whole: bool) -> Look {
        // Most often it is the one that was heard of last that runs.
        let (book, last) = (&self.book, self.last);
        let runs = book.is_alive(last) && {
            let pid = book.process_of(last);
            self.files.ask(pid, last, Open::call).is_none()
        };
        if runs && !self.stopped.contains(&last) {
            return Look::Moving;
        }
        let tree = Tree {
            book: &self.book,
            stopped: &self.stopped,
            vforked: &self.vforked,
            net: self.net,
        };
        rest::look(&tree, &mut self.files, whole)
    }

    /// Sets the time, for the subject too.
    pub(super) fn set(&mut self, now: u64) {
        self.time.now = now;
        for (memory, at) in self.memories.values() {
            // One that cannot be written to is about to be gone.
            let _ = memory.write(*at, &now.to_ne_bytes());
        }
    }

    /// What the threads have worked since this was asked last.
    pub(super) fn work(&mut self) -> Work {
        let tasks: Vec<_> = self.book.tasks().filter(|(_, _, ended)| !ended).collect();
        let shares = tasks.into_iter().filter_map(|(tid, pid, _)| {
            let share = self.files.ask(pid, tid, Open::share)?;
            Some((tid, share))
        });
        let shares = shares.collect();
        self.shares.work(shares)
    }

    fn ends_working(&mut self, pid: Tid, tid: Tid) {
        if let Some(share) = self.files.ask(pid, tid, Open::share) {
            self.shares.ends(tid, share);
        }
    }
}

/// # What the tracees tell
impl Tracer {
    /// Takes all that the tracees have to tell. True if that was something.
    pub(super) fn drain(&mut self) -> bool {
        let mut any = false;
        loop {
            let tids: Vec<_> = self.book.tasks().map(|(tid, ..)| tid).collect();
            let mut told = false;
            for tid in tids {
                // One that is no tracee any more has executed a program, of which its main thread will tell.
                if let Ok(Some(stop)) = trace::look(tid) {
                    told = true;
                    self.take(tid, stop);
                }
            }
            if !told {
                return any;
            }
            any = true;
        }
    }

    fn take(&mut self, tid: Tid, stop: Stop) {
        self.last = tid;
        let (mut how, signal) = onward(stop);
        match stop {
            Stop::Made(new) => self.made(tid, new),
            Stop::Vforked(new) => {
                self.made(tid, new);
                self.vforked.insert(new, tid);
            }
            Stop::Exec(former) => self.exec(tid, former),
            Stop::Exiting(status) => self.exiting(tid, status),
            Stop::Gone(status) => self.gone(tid, status),
            Stop::Call => how = Some(self.call(tid)),
            Stop::OtherAbi => self.taint("it makes system calls of another ABI".into()),
            Stop::CallEnded => self.call_ended(tid),
            Stop::Signal(signal) if is_caught(tid, signal) => {
                self.kept.remove(&tid);
            }
            Stop::Stopped => {
                self.stopped.insert(tid);
            }
            Stop::Paused => {
                self.stopped.remove(&tid);
            }
            Stop::Signal(_) => {}
        }
        if let Some(how) = how {
            trace::go(tid, how, signal);
        }
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.time.now)
    }

    fn made(&mut self, by: Tid, new: Tid) {
        let parent = self.book.process_of(by);
        self.book.made(self.now(), by, new);
        if self.book.process_of(new) == new
            && let Some((_, at)) = self.memories.get(&parent)
        {
            match Memory::of(new) {
                Ok(memory) => drop(self.memories.insert(new, (memory, *at))),
                Err(error) => self.taint(format!(
                    "the memory of a new process cannot be reached: {error}"
                )),
            }
        }
    }

    fn exec(&mut self, tid: Tid, former: Tid) {
        if self.memories.is_empty() {
            self.time = Time::starting();
        }
        self.ends_working(tid, tid);
        self.book.exec(tid, former);
        // Alarms and timers of descriptors live on.
        self.timers.end_of(tid);
        self.vforked.remove(&tid);
        for tid in [tid, former] {
            self.files.forget(tid);
            self.waits.remove(&tid);
            self.kept.remove(&tid);
        }
        if let Some(why) = rights::lost(tid) {
            self.untraceable = !rights::are_kept_on_the_real_clock();
            self.taint(why);
        }
        if let Some(why) = outside::program(tid) {
            self.taint(why);
        }
        let clocks = Memory::of(tid)
            .map_err(|error| error.to_string())
            .and_then(|memory| {
                let at = vdso::patch(tid, &memory, &self.time)?;
                Ok((memory, at))
            });
        match clocks {
            Ok(clocks) => drop(self.memories.insert(tid, clocks)),
            Err(why) => self.taint(why),
        }
    }

    fn exiting(&mut self, tid: Tid, status: i32) {
        let pid = self.book.process_of(tid);
        self.ends_working(pid, tid);
        self.book.exiting(self.now(), tid, status);
        self.vforked.remove(&tid);
        self.forget(tid);
    }

    fn gone(&mut self, tid: Tid, status: i32) {
        self.book.gone(self.now(), tid, status);
        self.forget(tid);
        self.shares.forget(tid);
        self.files.forget(tid);
        self.vforked.remove(&tid);
        if tid == self.subject {
            self.gone = true;
        }
        // A main thread is gone last.
        self.memories.remove(&tid);
        self.alarms.remove(&tid);
        self.timers.end_of(tid);
    }

    fn forget(&mut self, tid: Tid) {
        self.waits.remove(&tid);
        self.kept.remove(&tid);
        self.stopped.remove(&tid);
        self.timers.forget(tid);
    }
}

/// # Calls
impl Tracer {
    /// A thread is about to make a call that names a time.
    fn call(&mut self, tid: Tid) -> Go {
        let pid = self.book.process_of(tid);
        let Ok(registers) = trace::registers(tid) else {
            // It was killed.
            return Go::On;
        };
        let memory = match Memory::of(tid) {
            Ok(memory) => memory,
            Err(error) => {
                self.taint(format!("the memory of a thread cannot be reached: {error}"));
                return Go::On;
            }
        };
        match calls::wish(&registers, &memory, &self.time) {
            Some(Wish::Timed(timed)) => self.wait(tid, *timed, &registers),
            Some(Wish::Kernel) => Go::On,
            Some(Wish::Unknown(why)) => {
                self.taint(why);
                Go::On
            }
            None if registers.orig_rax.cast_signed() == libc::SYS_timer_create => {
                self.timers.makes(tid, &registers, &memory);
                Go::ToEndOfCall
            }
            None => {
                self.other_call(tid, pid, &registers, &memory);
                Go::On
            }
        }
    }

    /// Answers a call in the kernel's place.
    pub(super) fn answer(tid: Tid, registers: &Registers, result: i64) {
        let registers = Registers {
            orig_rax: u64::MAX,
            rax: result.cast_unsigned(),
            ..*registers
        };
        let _ = trace::set_registers(tid, &registers);
    }
}

/// # The end
impl Tracer {
    /// Kills what is left, and waits for its end, but not for long: a tracee ends only when its tracer lets it.
    pub(super) fn give_up(&mut self) {
        let begun = Instant::now();
        while !self.is_empty() && begun.elapsed() < FAREWELL {
            for pid in self.processes() {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            if !self.drain() {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// Whether a process has a handler for a signal.
fn is_caught(tid: Tid, signal: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    // Where it cannot be seen, the wait begins anew: later than right, but never too early.
    caught.is_none_or(|set| set & (1 << (signal - 1)) != 0)
}
