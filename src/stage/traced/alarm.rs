//! Calls that are no waits, but name a time or something that acts at one: clocks that are read, alarms, sockets.

use nix::libc;

use super::calls::argument;
use super::memory::Memory;
use super::time::{SECOND, of_timeval, split};
use super::tracer::Tracer;
use crate::stage::sys::trace::{Registers, Tid};

/// A signal that a process will get: `alarm`, `setitimer`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alarm {
    pub(super) deadline: u64,
    /// How long after that it comes again; 0: never.
    pub(super) interval: u64,
}

impl Alarm {
    /// The one after this one, which has come now.
    pub(super) fn next(self, now: u64) -> Option<Self> {
        (self.interval > 0).then(|| Self {
            deadline: self.deadline.saturating_add(self.interval).max(now),
            ..self
        })
    }
}

impl Tracer {
    /// A call that names no time to wait for.
    pub(super) fn other_call(
        &mut self,
        tid: Tid,
        pid: Tid,
        registers: &Registers,
        memory: &Memory,
    ) {
        let at = |i| argument(registers, i);
        match registers.orig_rax.cast_signed() {
            libc::SYS_clock_gettime | libc::SYS_gettimeofday | libc::SYS_time => {
                self.read_clock(tid, registers, memory);
            }
            libc::SYS_alarm => {
                let seconds = at(0) & 0xffff_ffff;
                let left = self.set_alarm(pid, seconds * SECOND, 0).0;
                Self::answer(tid, registers, left.div_ceil(SECOND).cast_signed());
            }
            libc::SYS_setitimer if at(0) == u64::from(libc::ITIMER_REAL.unsigned_abs()) => {
                self.set_timer(tid, pid, registers, memory);
            }
            libc::SYS_setitimer => {}
            libc::SYS_socket => self.socket(at(0)),
            libc::SYS_connect => self.peer(memory, at(1), at(2)),
            libc::SYS_sendto => self.peer(memory, at(4), at(5)),
            libc::SYS_sendmsg => self.message(memory, at(1)),
            libc::SYS_sendmmsg => {
                for i in 0..at(2).min(1024) {
                    self.message(memory, at(1) + 64 * i);
                }
            }
            libc::SYS_timerfd_settime
            | libc::SYS_timerfd_gettime
            | libc::SYS_timer_settime
            | libc::SYS_timer_gettime
            | libc::SYS_timer_delete => self.timer_call(tid, pid, registers, memory),
            libc::SYS_setsockopt => {
                if memory.read_pair(at(3)).is_ok_and(|time| time != (0, 0)) {
                    self.taint("it set a time for a socket (SO_RCVTIMEO or SO_SNDTIMEO)".into());
                }
            }
            libc::SYS_ptrace => {
                self.untraceable = true;
                self.taint("it traces processes itself".into());
            }
            libc::SYS_recvmmsg => self.taint("it called recvmmsg with a time".into()),
            libc::SYS_io_getevents | 333 => {
                self.taint("it uses asynchronous input and output".into())
            }
            call => self.taint(format!("it sets the clock of the machine (call {call})")),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "an argument of 32 bits")]
    fn read_clock(&self, tid: Tid, registers: &Registers, memory: &Memory) {
        let at = |i| argument(registers, i);
        let real = self.time.real.saturating_add(self.time.now);
        let (seconds, nanos) = split(real);
        let (written, result) = match registers.orig_rax.cast_signed() {
            libc::SYS_time if at(0) == 0 => (Ok(()), seconds),
            libc::SYS_time => (memory.write(at(0), &seconds.to_ne_bytes()), seconds),
            libc::SYS_gettimeofday if at(0) == 0 => (Ok(()), 0),
            libc::SYS_gettimeofday => (memory.write_pair(at(0), seconds, nanos / 1000), 0),
            _ => match self.time.base(at(0) as i32) {
                Some(base) => {
                    let (seconds, nanos) = split(base.saturating_add(self.time.now));
                    (memory.write_pair(at(1), seconds, nanos), 0)
                }
                // A processor's clock is the kernel's.
                None => return,
            },
        };
        // What cannot be written to, the kernel refuses.
        if written.is_ok() {
            Self::answer(tid, registers, result);
        }
    }

    /// Sets or stops the alarm of a process. What was left of the one before, and its interval.
    fn set_alarm(&mut self, pid: Tid, after: u64, interval: u64) -> (u64, u64) {
        let before = self.alarms.remove(&pid);
        if after > 0 {
            let deadline = self.time.after(after);
            self.alarms.insert(pid, Alarm { deadline, interval });
        }
        before.map_or((0, 0), |alarm| {
            (
                alarm.deadline.saturating_sub(self.time.now).max(1),
                alarm.interval,
            )
        })
    }

    fn set_timer(&mut self, tid: Tid, pid: Tid, registers: &Registers, memory: &Memory) {
        let (new, old) = (argument(registers, 1), argument(registers, 2));
        let time = |at: u64| memory.read_pair(at).ok().and_then(of_timeval);
        let (interval, value) = match new {
            0 => (Some(0), Some(0)),
            at => (time(at), time(at + 16)),
        };
        // What cannot be read, the kernel refuses.
        let (Some(interval), Some(value)) = (interval, value) else {
            return;
        };
        let (left, before) = self.set_alarm(pid, value, interval);
        if old != 0 {
            for (at, nanos) in [(old, before), (old + 16, left)] {
                let (seconds, nanos) = split(nanos);
                let _ = memory.write_pair(at, seconds, nanos / 1000);
            }
        }
        Self::answer(tid, registers, 0);
    }

    #[expect(clippy::cast_possible_truncation, reason = "an argument of 32 bits")]
    fn socket(&mut self, family: u64) {
        match family as i32 {
            libc::AF_UNIX | libc::AF_NETLINK => {}
            libc::AF_INET | libc::AF_INET6 => self.net = true,
            family => self.taint(format!("it opened a socket of family {family}")),
        }
    }

    fn peer(&mut self, memory: &Memory, address: u64, length: u64) {
        if address != 0
            && let tree = self.processes()
            && let Some(why) = self.peers.outside(memory, address, length, &tree)
        {
            self.taint(why);
        }
    }

    /// The address in a `struct msghdr`.
    fn message(&mut self, memory: &Memory, at: u64) {
        if let (Ok(address), Ok(length)) = (memory.read_word(at), memory.read_word(at + 8)) {
            self.peer(memory, address, length & 0xffff_ffff);
        }
    }
}
