//! What the threads of a run wait for, and until when.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::calls::{self, Timed};
use super::memory::Memory;
use super::tracer::Tracer;
use crate::stage::sys::trace::{self, Go, Registers, Tid};

/// A thread that waits for a time at the most.
#[derive(Debug)]
pub(super) struct Waiting {
    timed: Timed,
    turn: u64,
    /// Whether its time was over, so that it was interrupted.
    fired: bool,
}

/// # Deadlines
impl Tracer {
    /// The earliest deadline of all.
    pub(super) fn earliest(&self) -> Option<u64> {
        let waits = self.next_wait().map(|(_, deadline)| deadline);
        let alarms = self.alarms.values().map(|alarm| alarm.deadline).min();
        waits
            .into_iter()
            .chain(alarms)
            .chain(self.timers.earliest())
            .min()
    }

    /// The call by which a thread sleeps, if it does.
    pub(super) fn sleeps(&self, tid: Tid) -> Option<&'static str> {
        self.waits.get(&tid)?.timed.sleeps()
    }

    /// Whether a thread whose deadline has come has yet to tell that it was interrupted.
    pub(super) fn is_firing(&self) -> bool {
        self.waits.values().any(|wait| wait.fired)
    }

    fn next_wait(&self) -> Option<(Tid, u64)> {
        let waits = self.waits.iter().filter(|(_, wait)| !wait.fired);
        let next = waits.min_by_key(|(_, wait)| (wait.timed.deadline, wait.turn));
        next.map(|(tid, wait)| (*tid, wait.timed.deadline))
    }

    /// Lets the earliest deadline come, and no other. True if there was one. While the subject works, it is not `at_rest`.
    pub(super) fn fire(&mut self, at_rest: bool) -> bool {
        let Some(deadline) = self.earliest() else {
            return false;
        };
        match self.next_wait().filter(|(_, own)| *own == deadline) {
            Some((tid, _)) => {
                if let Some(wait) = self.waits.get_mut(&tid) {
                    wait.fired = true;
                }
                self.last = tid;
                // One that was killed meanwhile waits no more.
                let _ = trace::interrupt(tid);
            }
            None if self.timers.earliest() == Some(deadline) => self.expire(at_rest),
            None => self.ring(deadline),
        }
        true
    }

    fn ring(&mut self, deadline: u64) {
        let Some(pid) = self
            .alarms
            .iter()
            .find(|(_, alarm)| alarm.deadline == deadline)
            .map(|(pid, _)| *pid)
        else {
            return;
        };
        if let Some(alarm) = self
            .alarms
            .remove(&pid)
            .and_then(|alarm| alarm.next(self.time.now))
        {
            self.alarms.insert(pid, alarm);
        }
        let _ = kill(Pid::from_raw(pid), Signal::SIGALRM);
    }
}

/// # Waits
impl Tracer {
    pub(super) fn wait(&mut self, tid: Tid, mut timed: Timed, registers: &Registers) -> Go {
        // One that is made again after a signal has the deadline that it had.
        if let Some(kept) = self.kept.remove(&tid)
            && kept.is_again(registers)
        {
            timed = kept;
        }
        let _ = trace::set_registers(tid, &timed.endless());
        self.count += 1;
        let waiting = Waiting {
            timed,
            turn: self.count,
            fired: false,
        };
        self.waits.insert(tid, waiting);
        Go::ToEndOfCall
    }

    pub(super) fn call_ended(&mut self, tid: Tid) {
        if self.timers.is_made_by(tid) {
            return self.timer_made(tid);
        }
        let Some(Waiting { timed, fired, .. }) = self.waits.remove(&tid) else {
            return;
        };
        let (Ok(after), Ok(memory)) = (trace::registers(tid), Memory::of(tid)) else {
            // It was killed.
            return;
        };
        timed.tell_what_is_left(&memory, self.time.now);
        let registers = match (calls::was_interrupted(&after), fired) {
            // A result of its own wins, also where the time was over.
            (false, _) => timed.ended(&after),
            (true, true) => timed.timed_out(&after, &memory),
            (true, false) => {
                let registers = timed.interrupted(&after, &memory, self.time.now);
                self.kept.insert(tid, timed);
                registers
            }
        };
        let _ = trace::set_registers(tid, &registers);
    }
}
