//! Calls that wait for a time at the most: how each says the time, and what it answers when the time is over.

use nix::libc;

use super::memory::Memory;
use super::time::{SECOND, Time, of_timespec, of_timeval, split};
use crate::stage::sys::trace::Registers;

/// A call that waits, and until when.
#[derive(Debug, Clone)]
pub(super) struct Timed {
    pub(super) deadline: u64,
    /// The registers as the subject had them.
    pub(super) registers: Registers,
    form: &'static Form,
    /// Whether it counts from when it was made, so that an interrupted sleep tells what is left of it.
    relative: bool,
}

/// What a call is about to do.
#[derive(Debug)]
pub(super) enum Wish {
    Timed(Box<Timed>),
    /// Something that the kernel is to refuse or to do by itself.
    Kernel,
    /// The clock does not know this one.
    Unknown(String),
}

/// How a call says a time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    /// A `struct timespec` from now.
    After,
    /// A `struct timeval` from now.
    AfterMicros,
    /// Milliseconds from now.
    Millis,
    /// What this clock shows.
    Shows(i32),
    /// What the clock shows whose number is in this argument.
    ShowsOf(usize),
    /// As its flags and its clock say: `clock_nanosleep`.
    ByFlags,
    /// As its operation says: `futex`.
    ByOperation,
}

/// What is left in memory when the time is over.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Left {
    Nothing,
    /// No event at any of these descriptors: `struct pollfd`.
    Polled,
    /// No descriptor in any of these three sets.
    Sets,
}

#[derive(Debug)]
struct Form {
    call: i64,
    name: &'static str,
    /// The argument that is the time.
    argument: usize,
    how: How,
    /// The result when the time is over.
    result: i64,
    left: Left,
    /// Whether the call only sleeps, so that another takes its place: one that waits for ever.
    sleeps: bool,
}

const TIMED_OUT: i64 = -(libc::ETIMEDOUT as i64);
const AGAIN: i64 = -(libc::EAGAIN as i64);

const fn form(call: i64, name: &'static str, argument: usize, how: How, result: i64) -> Form {
    Form {
        call,
        name,
        argument,
        how,
        result,
        left: Left::Nothing,
        sleeps: false,
    }
}

const fn sleep(call: i64, name: &'static str, argument: usize, how: How) -> Form {
    Form {
        sleeps: true,
        ..form(call, name, argument, how, 0)
    }
}

const fn leaves(left: Left, form: Form) -> Form {
    Form { left, ..form }
}

static FORMS: [Form; 15] = [
    sleep(libc::SYS_nanosleep, "nanosleep", 0, How::After),
    sleep(
        libc::SYS_clock_nanosleep,
        "clock_nanosleep",
        2,
        How::ByFlags,
    ),
    form(libc::SYS_futex, "futex", 3, How::ByOperation, TIMED_OUT),
    form(
        libc::SYS_futex_waitv,
        "futex_waitv",
        3,
        How::ShowsOf(4),
        TIMED_OUT,
    ),
    leaves(
        Left::Polled,
        form(libc::SYS_poll, "poll", 2, How::Millis, 0),
    ),
    leaves(
        Left::Polled,
        form(libc::SYS_ppoll, "ppoll", 2, How::After, 0),
    ),
    leaves(
        Left::Sets,
        form(libc::SYS_select, "select", 4, How::AfterMicros, 0),
    ),
    leaves(
        Left::Sets,
        form(libc::SYS_pselect6, "pselect6", 4, How::After, 0),
    ),
    form(libc::SYS_epoll_wait, "epoll_wait", 3, How::Millis, 0),
    form(libc::SYS_epoll_pwait, "epoll_pwait", 3, How::Millis, 0),
    form(libc::SYS_epoll_pwait2, "epoll_pwait2", 3, How::After, 0),
    form(
        libc::SYS_rt_sigtimedwait,
        "rt_sigtimedwait",
        2,
        How::After,
        AGAIN,
    ),
    form(libc::SYS_semtimedop, "semtimedop", 3, How::After, AGAIN),
    form(
        libc::SYS_mq_timedsend,
        "mq_timedsend",
        4,
        How::Shows(libc::CLOCK_REALTIME),
        TIMED_OUT,
    ),
    form(
        libc::SYS_mq_timedreceive,
        "mq_timedreceive",
        4,
        How::Shows(libc::CLOCK_REALTIME),
        TIMED_OUT,
    ),
];

pub(super) fn argument(registers: &Registers, i: usize) -> u64 {
    match i {
        0 => registers.rdi,
        1 => registers.rsi,
        2 => registers.rdx,
        3 => registers.r10,
        4 => registers.r8,
        _ => registers.r9,
    }
}

fn argument_mut(registers: &mut Registers, i: usize) -> &mut u64 {
    match i {
        0 => &mut registers.rdi,
        1 => &mut registers.rsi,
        2 => &mut registers.rdx,
        3 => &mut registers.r10,
        4 => &mut registers.r8,
        _ => &mut registers.r9,
    }
}

/// What a call with a time is about to do. `None` if it is no such call.
pub(super) fn wish(registers: &Registers, memory: &Memory, time: &Time) -> Option<Wish> {
    let call = registers.orig_rax.cast_signed();
    let form = FORMS.iter().find(|form| form.call == call)?;
    Some(form.wish(registers, memory, time))
}

impl Form {
    fn wish(&'static self, registers: &Registers, memory: &Memory, time: &Time) -> Wish {
        let given = argument(registers, self.argument);
        let nanos = match self.how {
            How::Millis => Some((given & 0xffff_ffff) * (SECOND / 1000)),
            How::AfterMicros => memory.read_pair(given).ok().and_then(of_timeval),
            _ => memory.read_pair(given).ok().and_then(of_timespec),
        };
        // A time that the kernel refuses, or cannot read.
        let Some(nanos) = nanos else {
            return Wish::Kernel;
        };
        let clock = self.clock(registers);
        let deadline = match clock {
            None => Some(time.after(nanos)),
            Some(clock) => time.when(clock, nanos),
        };
        // A relative sleep may be on a clock too.
        let known = self.how != How::ByFlags || time.base(clock_of_sleep(registers)).is_some();
        match deadline.filter(|_| known) {
            // Not to wait at all.
            _ if clock.is_none() && nanos == 0 => Wish::Kernel,
            Some(deadline) => Wish::Timed(Box::new(Timed {
                deadline,
                registers: *registers,
                form: self,
                relative: clock.is_none(),
            })),
            None => Wish::Unknown(format!(
                "{} was called for a clock that does not show the time of day or since the start",
                self.name
            )),
        }
    }

    /// The clock that is to show the time. `None` if the time counts from now.
    #[expect(clippy::cast_possible_truncation, reason = "arguments of 32 bits")]
    fn clock(&self, registers: &Registers) -> Option<i32> {
        match self.how {
            How::After | How::AfterMicros | How::Millis => None,
            How::Shows(clock) => Some(clock),
            How::ShowsOf(i) => Some(argument(registers, i) as i32),
            How::ByFlags => {
                let absolute = argument(registers, 1) as i32 & libc::TIMER_ABSTIME != 0;
                absolute.then(|| clock_of_sleep(registers))
            }
            How::ByOperation => clock_of_futex(argument(registers, 1) as i32),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an argument of 32 bits")]
fn clock_of_sleep(registers: &Registers) -> i32 {
    argument(registers, 0) as i32
}

/// The clock that is to show the timeout of a futex operation: of FUTEX_WAIT none, since that counts from now.
fn clock_of_futex(operation: i32) -> Option<i32> {
    const LOCK_PI: i32 = libc::FUTEX_LOCK_PI;
    match operation & libc::FUTEX_CMD_MASK {
        libc::FUTEX_WAIT => None,
        LOCK_PI => Some(libc::CLOCK_REALTIME),
        _ if operation & libc::FUTEX_CLOCK_REALTIME != 0 => Some(libc::CLOCK_REALTIME),
        _ => Some(libc::CLOCK_MONOTONIC),
    }
}

impl Timed {
    /// The registers for the same wait without an end.
    pub(super) fn endless(&self) -> Registers {
        let mut registers = self.registers;
        if self.form.sleeps {
            registers.orig_rax = libc::SYS_pause.cast_unsigned();
        } else {
            *argument_mut(&mut registers, self.form.argument) = match self.form.how {
                How::Millis => u64::MAX,
                _ => 0,
            };
        }
        registers
    }

    /// The name of the call, if it does nothing but sleep.
    pub(super) fn sleeps(&self) -> Option<&'static str> {
        self.form.sleeps.then_some(self.form.name)
    }

    /// Whether another call is the same one, made again.
    pub(super) fn is_again(&self, registers: &Registers) -> bool {
        registers.orig_rax == self.registers.orig_rax
            && registers.rip == self.registers.rip
            && registers.rsp == self.registers.rsp
            && (0..6).all(|i| argument(registers, i) == argument(&self.registers, i))
    }

    /// The registers after the call, with this result.
    fn with_result(&self, after: &Registers, result: i64) -> Registers {
        let mut registers = *after;
        for i in 0..6 {
            *argument_mut(&mut registers, i) = argument(&self.registers, i);
        }
        registers.orig_rax = self.registers.orig_rax;
        registers.rax = result.cast_unsigned();
        registers
    }

    /// Linux says what is left of the timeout of some calls, however they end; programs go on with that.
    pub(super) fn tell_what_is_left(&self, memory: &Memory, now: u64) {
        let (seconds, nanos) = split(self.deadline.saturating_sub(now));
        let rest = match self.form.call {
            libc::SYS_select => nanos / 1000,
            libc::SYS_pselect6 | libc::SYS_ppoll => nanos,
            _ => return,
        };
        let at = argument(&self.registers, self.form.argument);
        memory.write_pair_where_allowed(at, seconds, rest);
    }

    /// The registers after a call that has come to a result by itself.
    pub(super) fn ended(&self, after: &Registers) -> Registers {
        self.with_result(after, after.rax.cast_signed())
    }

    /// The registers after a call whose time is over, with what it leaves in memory.
    pub(super) fn timed_out(&self, after: &Registers, memory: &Memory) -> Registers {
        let at = |i| argument(&self.registers, i);
        // Where memory cannot be written, the kernel could not have done so either.
        match self.form.left {
            Left::Nothing => {}
            Left::Polled => (0..at(1).min(1 << 20)).for_each(|i| {
                let _ = memory.write(at(0) + 8 * i + 6, &[0; 2]);
            }),
            Left::Sets => {
                let bytes = (at(0).min(1 << 20).div_ceil(64) * 8) as usize;
                for set in (1..4).map(at).filter(|set| *set != 0) {
                    let _ = memory.write(set, &vec![0; bytes]);
                }
            }
        }
        self.with_result(after, self.form.result)
    }

    /// The registers after a call that a signal has interrupted: it is made again unless a handler runs.
    pub(super) fn interrupted(&self, after: &Registers, memory: &Memory, now: u64) -> Registers {
        let remaining = match self.form.call {
            libc::SYS_nanosleep => argument(&self.registers, 1),
            libc::SYS_clock_nanosleep if self.relative => argument(&self.registers, 3),
            _ => 0,
        };
        if remaining != 0 {
            let (seconds, nanos) = split(self.deadline.saturating_sub(now));
            let _ = memory.write_pair(remaining, seconds, nanos);
        }
        match is_restart(after) {
            true => self.with_result(after, -NO_HAND),
            false => self.ended(after),
        }
    }
}

/// `ERESTARTNOHAND`: made again if no handler runs, else `EINTR`.
const NO_HAND: i64 = 514;

/// Whether a call has ended without a result of its own, to be made again.
fn is_restart(after: &Registers) -> bool {
    matches!(-after.rax.cast_signed(), 512 | 513 | NO_HAND | 516)
}

/// Whether a call was interrupted before it came to a result.
pub(super) fn was_interrupted(after: &Registers) -> bool {
    is_restart(after) || after.rax.cast_signed() == -i64::from(libc::EINTR)
}
