//! Timers that are not part of a wait: descriptors (timerfd_create(2)), and signals (timer_create(2)).
//!
//! The kernel makes them, but never lets them expire: at its deadline we do. A timer of a descriptor is known by its interval in
//! the kernel, which is a number of ours: so it is found again whatever process has it open, under whatever number. We hold no
//! descriptor of it ourselves, since a file that the subject has closed must be gone.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::AsFd;

use nix::libc;

use super::alarm::Alarm;
use super::calls::argument;
use super::memory::Memory;
use super::time::{of_timespec, split};
use super::tracer::Tracer;
use crate::record::Signal;
use crate::stage::proc;
use crate::stage::sys::trace::{self, Registers, Tid, timer};

/// When the kernel would let a timer of ours expire: never, in a run.
const FAR: i64 = 100 * 365 * 24 * 3600;
const OFF: Alarm = Alarm {
    deadline: u64::MAX,
    interval: 0,
};

#[derive(Debug, Default)]
pub(super) struct Timers {
    /// By the number that the kernel has as the nanoseconds of its interval.
    descriptors: BTreeMap<i64, Descriptor>,
    /// By process and the kernel's number.
    signals: BTreeMap<(Tid, i32), Signals>,
    /// Threads that make one, with their registers and how it will signal.
    made: BTreeMap<Tid, (Registers, Option<Notice>)>,
    last: i64,
}

#[derive(Debug)]
struct Descriptor {
    armed: Alarm,
    /// Which process has it open, and under which number, when it was set.
    pid: Tid,
    fd: i32,
}

#[derive(Debug)]
struct Signals {
    armed: Option<Alarm>,
    clock: i32,
    notice: Notice,
}

/// What a timer does when it expires.
#[derive(Debug, Clone, Copy)]
struct Notice {
    signal: i32,
    /// The thread that gets it, if not any of the process.
    thread: Option<Tid>,
    /// What comes with it. `None`: the number of the timer.
    value: Option<u64>,
    silent: bool,
}

impl Timers {
    pub(super) fn earliest(&self) -> Option<u64> {
        let descriptors = self.descriptors.values().map(|timer| timer.armed.deadline);
        let signals = self.signals.values().filter_map(Signals::deadline);
        descriptors.chain(signals).min()
    }

    /// A process is gone, or executes another program.
    pub(super) fn end_of(&mut self, pid: Tid) {
        self.signals.retain(|(of, _), _| *of != pid);
        self.made.remove(&pid);
    }

    /// A thread is gone.
    pub(super) fn forget(&mut self, tid: Tid) {
        self.made.remove(&tid);
    }

    /// A thread is about to make one that signals.
    pub(super) fn makes(&mut self, tid: Tid, registers: &Registers, memory: &Memory) {
        let notice = Notice::at(argument(registers, 1), memory);
        self.made.insert(tid, (*registers, notice));
    }

    pub(super) fn is_made_by(&self, tid: Tid) -> bool {
        self.made.contains_key(&tid)
    }
}

impl Signals {
    fn deadline(&self) -> Option<u64> {
        let armed = self.armed.filter(|_| !self.notice.silent)?;
        Some(armed.deadline)
    }
}

impl Notice {
    /// What a `struct sigevent` says. `None` if it cannot be read.
    #[expect(clippy::cast_possible_truncation, reason = "fields of 32 bits")]
    fn at(address: u64, memory: &Memory) -> Option<Self> {
        if address == 0 {
            return Some(Self {
                signal: libc::SIGALRM,
                thread: None,
                value: None,
                silent: false,
            });
        }
        let value = memory.read_word(address).ok()?;
        let numbers = memory.read_word(address + 8).ok()?;
        let thread = memory.read_word(address + 16).ok()? as i32;
        let how = (numbers >> 32) as i32;
        Some(Self {
            signal: numbers as i32,
            thread: (how & libc::SIGEV_THREAD_ID != 0).then_some(thread),
            value: Some(value),
            silent: how & !libc::SIGEV_THREAD_ID == libc::SIGEV_NONE,
        })
    }
}

/// What proc(5) says of a timer's descriptor.
#[derive(Debug, PartialEq)]
struct Info {
    clock: i32,
    ticks: u64,
    /// The nanoseconds of its interval.
    number: i64,
}

impl Info {
    fn of(pid: Tid, fd: i32) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{pid}/fdinfo/{fd}")).ok()?)
    }

    fn read(text: &str) -> Option<Self> {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let interval = field("it_interval: (")?.strip_suffix(')')?;
        Some(Self {
            clock: field("clockid: ")?.trim().parse().ok()?,
            ticks: field("ticks: ")?.trim().parse().ok()?,
            number: interval.split_once(", ")?.1.parse().ok()?,
        })
    }
}

/// What `timerfd_settime` or `timer_settime` is to do. `None` if the kernel refuses it, or cannot read it.
fn wanted(memory: &Memory, at: u64) -> Option<(u64, u64)> {
    let time = |at| memory.read_pair(at).ok().and_then(of_timespec);
    Some((time(at)?, time(at + 16)?))
}

/// # Calls
impl Tracer {
    /// A call about timers.
    #[expect(clippy::cast_possible_truncation, reason = "numbers of 32 bits")]
    pub(super) fn timer_call(
        &mut self,
        tid: Tid,
        pid: Tid,
        registers: &Registers,
        memory: &Memory,
    ) {
        let at = |i| argument(registers, i);
        let number = at(0) as i32;
        let answered = match registers.orig_rax.cast_signed() {
            libc::SYS_timerfd_settime => self.set_descriptor((pid, number), registers, memory),
            libc::SYS_timerfd_gettime => self.descriptor_left((pid, number)).map(|left| {
                self.tell_left(memory, at(1), left);
            }),
            libc::SYS_timer_settime => self.set_signals((pid, number), registers, memory),
            libc::SYS_timer_gettime => self.timers.signals.get(&(pid, number)).map(|timer| {
                self.tell_left(memory, at(1), timer.armed.unwrap_or(OFF));
            }),
            _ => {
                self.timers.signals.remove(&(pid, number));
                None
            }
        };
        // What we do not know, the kernel refuses or does by itself.
        if answered.is_some() {
            Self::answer(tid, registers, 0);
        }
    }

    /// When a timer that is set so expires.
    fn expiry(&self, clock: i32, absolute: bool, (interval, value): (u64, u64)) -> Option<Alarm> {
        let deadline = match absolute {
            true => self.time.when(clock, value),
            false => self.time.base(clock).map(|_| self.time.after(value)),
        };
        Some(Alarm {
            deadline: deadline?,
            interval,
        })
    }

    fn tell_left(&self, memory: &Memory, at: u64, armed: Alarm) {
        let left = match armed.deadline {
            u64::MAX => 0,
            deadline => deadline.saturating_sub(self.time.now).max(1),
        };
        for (at, nanos) in [(at, armed.interval), (at + 16, left)] {
            let (seconds, nanos) = split(nanos);
            // Where it cannot be written, the kernel would have said so; nobody relies on that.
            let _ = memory.write_pair(at, seconds, nanos);
        }
    }

    /// What is left of a timer's descriptor. `None` for one that is not ours.
    fn descriptor_left(&self, (pid, fd): (Tid, i32)) -> Option<Alarm> {
        let info = Info::of(pid, fd)?;
        let known = self.timers.descriptors.get(&info.number);
        known.map(|timer| timer.armed).or(Some(OFF))
    }

    fn set_descriptor(
        &mut self,
        (pid, fd): (Tid, i32),
        registers: &Registers,
        memory: &Memory,
    ) -> Option<()> {
        let (flags, old) = (argument(registers, 1), argument(registers, 3));
        let wanted = wanted(memory, argument(registers, 2))?;
        let info = Info::of(pid, fd)?;
        if flags & !3 != 0 {
            return None;
        }
        let armed = self.expiry(info.clock, flags & 1 != 0, wanted)?;
        let before = self.timers.descriptors.remove(&info.number);
        if old != 0 {
            self.tell_left(memory, old, before.map_or(OFF, |timer| timer.armed));
        }
        let (number, far) = match wanted.1 {
            0 => (0, 0),
            _ => {
                self.timers.last += 1;
                (self.timers.last, FAR)
            }
        };
        match set(pid, fd, (far, number), (far, 0)) {
            Ok(()) if number == 0 => {}
            Ok(()) => {
                let timer = Descriptor { armed, pid, fd };
                self.timers.descriptors.insert(number, timer);
            }
            Err(error) => self.taint(format!(
                "it set a timer (timerfd_settime), and that cannot be moved: {error}"
            )),
        }
        Some(())
    }

    fn set_signals(
        &mut self,
        of: (Tid, i32),
        registers: &Registers,
        memory: &Memory,
    ) -> Option<()> {
        let (flags, old) = (argument(registers, 1), argument(registers, 3));
        let wanted = wanted(memory, argument(registers, 2))?;
        let clock = self.timers.signals.get(&of)?.clock;
        let Some(armed) = self.expiry(clock, flags & 1 != 0, wanted) else {
            self.taint("it set a timer (timer_settime) on a clock of processor time".into());
            return None;
        };
        let armed = (wanted.1 > 0).then_some(armed);
        let timer = self.timers.signals.get_mut(&of)?;
        let before = std::mem::replace(&mut timer.armed, armed);
        if old != 0 {
            self.tell_left(memory, old, before.unwrap_or(OFF));
        }
        Some(())
    }

    /// A thread has made a timer that signals, or was refused it.
    #[expect(clippy::cast_possible_truncation, reason = "numbers of 32 bits")]
    pub(super) fn timer_made(&mut self, tid: Tid) {
        let pid = self.book.process_of(tid);
        let Some((before, notice)) = self.timers.made.remove(&tid) else {
            return;
        };
        let is_made = trace::registers(tid).is_ok_and(|after| after.rax == 0);
        let (clock, at) = (argument(&before, 0) as i32, argument(&before, 2));
        let number = Memory::of(tid).and_then(|memory| memory.read::<4>(at));
        if let (true, Some(notice), Ok(number)) = (is_made, notice, number) {
            let timer = Signals {
                armed: None,
                clock,
                notice,
            };
            let number = i32::from_ne_bytes(number);
            self.timers.signals.insert((pid, number), timer);
        }
    }
}

fn set(pid: Tid, fd: i32, interval: timer::Pair, value: timer::Pair) -> io::Result<()> {
    if !timer::can_set_ticks() {
        return Err(io::Error::other("this kernel cannot set its count"));
    }
    timer::set(timer::descriptor_of(pid, fd)?.as_fd(), interval, value)
}

/// # Deadlines
impl Tracer {
    /// The earliest timer expires.
    pub(super) fn expire(&mut self, at_rest: bool) {
        let Some(deadline) = self.timers.earliest() else {
            return;
        };
        let mut descriptors = self.timers.descriptors.iter();
        let descriptor = descriptors.find(|(_, timer)| timer.armed.deadline == deadline);
        let mut signals = self.timers.signals.iter();
        let signal = signals.find(|(_, timer)| timer.deadline() == Some(deadline));
        match (descriptor, signal) {
            (Some((number, _)), _) => self.expire_descriptor(*number, at_rest),
            (None, Some((of, _))) => self.expire_signal(*of),
            (None, None) => {}
        }
    }

    fn expire_descriptor(&mut self, number: i64, at_rest: bool) {
        let Some(timer) = self.timers.descriptors.remove(&number) else {
            return;
        };
        // Where nobody has it open any more, it is gone.
        let Some((pid, fd, info)) = self.holder(number, (timer.pid, timer.fd)) else {
            return;
        };
        if info.ticks > 0 && !at_rest {
            // It may be read just now, and what was read would be counted twice.
            return self.taint("a timer (timerfd) came again while the subject worked".into());
        }
        if let Some(armed) = timer.armed.next(self.time.now) {
            let timer = Descriptor { armed, ..timer };
            self.timers.descriptors.insert(number, timer);
        }
        let ticks = info.ticks + 1;
        let expired = timer::descriptor_of(pid, fd)
            .and_then(|descriptor| timer::set_ticks(descriptor.as_fd(), ticks));
        if let Err(error) = expired {
            self.taint(format!("a timer (timerfd) could not be moved: {error}"));
        }
    }

    /// A process that has this timer open, and under which number.
    fn holder(&self, number: i64, known: (Tid, i32)) -> Option<(Tid, i32, Info)> {
        let open = |(pid, fd)| {
            let info = Info::of(pid, fd).filter(|info| info.number == number)?;
            Some((pid, fd, info))
        };
        open(known).or_else(|| {
            self.processes()
                .into_iter()
                .flat_map(descriptors)
                .find_map(open)
        })
    }

    fn expire_signal(&mut self, (pid, number): (Tid, i32)) {
        let Some(timer) = self.timers.signals.get_mut(&(pid, number)) else {
            return;
        };
        let notice = timer.notice;
        timer.armed = timer.armed.and_then(|armed| armed.next(self.time.now));
        let taker = notice.thread.unwrap_or(pid).cast_unsigned();
        if proc::signal_pending(taker, Signal::from_kernel(notice.signal)) {
            // The kernel would count it, and tell how often it came.
            return self
                .taint("a timer (timer_settime) came again before its signal was taken".into());
        }
        let value = notice.value.unwrap_or(u64::from(number.unsigned_abs()));
        let sent = timer::signal(pid, notice.thread, notice.signal, number, value);
        if let Err(error) = sent {
            self.taint(format!("the signal of a timer could not be sent: {error}"));
        }
    }
}

fn descriptors(pid: Tid) -> Vec<(Tid, i32)> {
    let all = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten();
    let numbers = all.filter_map(|fd| fd.ok()?.file_name().to_str()?.parse().ok());
    numbers.map(|fd| (pid, fd)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proc_says_of_a_timer() {
        let text = "pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t1\nclockid: 1\nticks: 3\nsettime flags: 01\nit_value: (0, 49406829)\nit_interval: (1, 7)\n";
        let info = Info {
            clock: 1,
            ticks: 3,
            number: 7,
        };
        assert_eq!(Info::read(text), Some(info));
        assert_eq!(Info::read("pos:\t0\nflags:\t02\n"), None);
    }
}
