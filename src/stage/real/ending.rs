//! From phase to phase, and the end of what does not end by itself.

use std::time::Duration;

use super::phase::{self, Facts, Order, Phase};
use super::run::Run;
use crate::record::{EventKind, Finding, Process, Signal, SignalReason, SignalSent, Termination};
use crate::stage::sys::{self, Hold};
use crate::stage::{Cancel, proc, stacks};

/// How often, and how soon, it is looked for what is left and was not found.
const LOOKS: u32 = 60;
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// The longest time without a processor that is made up for to what is left.
const LONGEST_STARVED: Duration = Duration::from_secs(2);

/// What is left of a tree and is found by no look, since it makes another process and ends, again and again.
#[derive(Default)]
pub(super) struct Unseen {
    looks: u32,
    /// What was seen to have ended, and was not reaped.
    dead: Vec<u32>,
    /// How many of these the first look did not see: what it sees has ended with the subject, and its reaper is late.
    new: usize,
}

impl Unseen {
    fn look(&mut self, dead: Vec<u32>) {
        let new = dead.into_iter().filter(|pid| !self.dead.contains(pid));
        let new: Vec<_> = new.collect();
        if self.looks > 0 {
            self.new += new.len();
        }
        self.looks += 1;
        self.dead.extend(new);
    }

    /// Whether processes were made that were not there at first.
    fn goes_on(&self) -> bool {
        self.new >= 2
    }
}

impl Run<'_, '_> {
    /// Goes on to the next phase where its time has come.
    pub(super) fn advance(&mut self) {
        let facts = Facts {
            now: self.elapsed(),
            started: self.pid != 0,
            ended: self.exited.is_some(),
            empty: self.empty,
            closed: self.pipes.iter().all(|p| !p.is_open()),
            cancelled: self.cancelled().is_some(),
            handed_on: self.handed_on().is_some(),
            killed: self.cancelled().is_some_and(Cancel::is_killed),
            expired: self.control.switch().is_some_and(Cancel::is_expired),
        };
        let (phase, order) = phase::next(self.phase, facts, &self.bounds);
        self.phase = phase;
        match order {
            None => return,
            Some(Order::Ask) => self.ask(),
            Some(Order::HandOn) => self.hand_on(),
            Some(Order::Terminate(reason)) => self.end_tree(reason),
            Some(Order::Survey) => self.survey(),
            Some(Order::Kill) => self.kill(),
            Some(Order::GiveUp) => self.give_up(),
        }
        let late = self.elapsed().saturating_sub(facts.now);
        self.phase = self.phase.later_by(late);
    }

    /// The limit that counts now does not come before this.
    pub(super) fn extend_timeout(&mut self, end: Duration) {
        match self.phase {
            Phase::Running => self.bounds.timeout = self.bounds.timeout.map(|limit| limit.max(end)),
            phase => self.phase = phase.extended_to(end),
        }
    }

    fn timed_out(&mut self) {
        let limit = match self.control.switch().is_some_and(Cancel::is_expired) {
            true => Some(self.elapsed()),
            false => self.bounds.timeout,
        };
        if let Some(limit) = limit {
            self.termination = Termination::TimedOut { limit };
            let tree = self.descendants();
            let waits = tree.iter().map(|process| proc::waited(process.pid));
            self.starved = waits.max().unwrap_or_default().max(self.starved);
        }
    }

    /// Has the subject show where it stands.
    fn ask(&mut self) {
        self.timed_out();
        let left = self.descendants();
        self.ended_by_harness = self.explained(left);
        self.copy_stacks(|run| &run.ended_by_harness);
        if let Some(signal) = self.plan.bounds.at_timeout {
            self.sent(signal, vec![self.pid], SignalReason::AtTimeout);
            sys::send_signal_to(signal, self.pid);
            return;
        }
        let pids: Vec<u32> = self.ended_by_harness.iter().map(|p| p.pid).collect();
        for pid in pids {
            if let Some(signal) = proc::dump_signal(pid) {
                self.sent(signal, vec![pid], SignalReason::AtTimeout);
                sys::send_signal_to(signal, pid);
            }
        }
    }

    /// Ends everything from outside.
    fn end_tree(&mut self, reason: SignalReason) {
        match reason {
            SignalReason::Interrupted => self.termination = Termination::Interrupted,
            _ => self.timed_out(),
        }
        self.send_to_tree(Signal::TERM, reason);
    }

    /// Has the whole tree end by the signal that interrupted us.
    fn hand_on(&mut self) {
        self.termination = Termination::Interrupted;
        if let Some(signal) = self.handed_on() {
            self.send_to_tree(signal, SignalReason::Interrupted);
        }
    }

    fn send_to_tree(&mut self, signal: Signal, reason: SignalReason) {
        let left = self.descendants();
        if self.ended_by_harness.is_empty() {
            self.ended_by_harness = self.explained(left.clone());
            // Whoever interrupts us is in a hurry.
            if reason == SignalReason::Timeout {
                self.copy_stacks(|run| &run.ended_by_harness);
            }
        }
        self.terminate(signal, &left, reason);
    }

    /// The settling period is over: what is still there has outlived the subject.
    fn survey(&mut self) {
        let left = self.descendants();
        if let Some(until) = self.has_more_time(&left) {
            self.phase = Phase::Settling { until };
            return;
        }
        self.survivors = self.explained(left);
        self.copy_stacks(|run| &run.survivors);
        for pipe in self.pipes.iter().filter(|p| p.is_open()) {
            self.findings.push(Finding::StreamHeld {
                stream: pipe.stream,
            });
        }
        if self.survivors.is_empty() {
            let (phase, order) = phase::after_survey(self.elapsed(), self.empty);
            self.phase = phase;
            if order == Some(Order::Kill) {
                let goes_on = self.unseen.goes_on();
                self.findings
                    .extend(goes_on.then_some(Finding::Survivors { count: 1 }));
                self.reaper.finish();
            }
            return;
        }
        let count = self.survivors.len();
        self.findings.push(Finding::Survivors { count });
        let survivors = self.survivors.clone();
        self.terminate(Signal::TERM, &survivors, SignalReason::Survived);
    }

    /// Until when it may settle still: for as long as what is left had no processor, and while there is something that no look finds,
    /// since it makes another process and ends, again and again.
    fn has_more_time(&mut self, left: &[Process]) -> Option<Duration> {
        let now = self.elapsed();
        if left.is_empty() && !self.empty && self.unseen.looks < LOOKS {
            self.unseen.look(proc::dead_below(self.reaper.pid()));
            return Some(now.saturating_add(LOOK_AGAIN));
        }
        let starved = left.iter().map(|process| proc::waited(process.pid)).max();
        let settle = self
            .bounds
            .settle
            .saturating_add(starved?.min(LONGEST_STARVED));
        let until = self.ended_at?.saturating_add(settle);
        (now < until).then_some(until)
    }

    fn terminate(&mut self, signal: Signal, processes: &[Process], reason: SignalReason) {
        let pids: Vec<_> = processes.iter().map(|p| p.pid).collect();
        self.sent(signal, pids, reason);
        sys::send_signal(signal, processes);
        // A stopped process heeds a signal only once it goes on.
        sys::send_signal(Signal::CONT, processes);
        self.reaper.wake();
    }

    /// Has the reaper kill whatever is left, and end.
    fn kill(&mut self) {
        let left = self.descendants();
        let pids = left.iter().map(|p| p.pid).collect();
        let reason = match self.cancelled().is_some_and(Cancel::is_killed) {
            true => SignalReason::Interrupted,
            false => SignalReason::GraceOver,
        };
        self.sent(Signal::KILL, pids, reason);
        // The reaper would do it alone, unless one of these keeps stopping it.
        sys::send_signal(Signal::KILL, &left);
        self.reaper.finish();
    }

    fn give_up(&mut self) {
        let pids: Vec<_> = self.descendants().iter().map(|p| p.pid).collect();
        if !pids.is_empty() {
            self.findings.push(Finding::Unkillable { pids });
        }
    }

    /// Notes a signal that is about to be sent. What has come by then came without it.
    fn sent(&mut self, signal: Signal, to: Vec<u32>, reason: SignalReason) {
        self.read_pipes();
        self.sent_at(self.elapsed(), signal, to, reason);
    }

    pub(super) fn sent_at(
        &mut self,
        at: Duration,
        signal: Signal,
        to: Vec<u32>,
        reason: SignalReason,
    ) {
        if !to.is_empty() {
            let sent = SignalSent { signal, to, reason };
            self.push(at, EventKind::Signal(sent));
        }
    }

    /// What is still there, and what keeps it there.
    fn explained(&self, mut processes: Vec<Process>) -> Vec<Process> {
        proc::explain(&mut processes);
        self.clock.explain(&mut processes);
        processes
    }

    /// Has the stacks of what is still there read.
    fn copy_stacks(&mut self, of: impl FnOnce(&Self) -> &[Process]) {
        // What is traced has a tracer, and cannot have two.
        if self.plan.bounds.stacks && self.clock.hold() == Hold::No {
            let copied = stacks::Copied::of(of(self));
            self.stacks.push(copied);
        }
    }

    fn descendants(&mut self) -> Vec<Process> {
        let open = self.pipes.iter();
        let pipes: Vec<_> = open.filter_map(|p| Some((p.stream, p.fd()?))).collect();
        let mut all = proc::descendants(self.reaper.pid(), &pipes).unwrap_or_else(|error| {
            self.blind = Some(error);
            Vec::new()
        });
        // It is ours, and ends with the subject.
        all.retain(|process| process.pid != self.parent);
        all
    }
}
