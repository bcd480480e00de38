//! The filter (seccomp(2)) by which the kernel stops a subject at each call that names a time, and at nothing else.
//!
//! A call that is not named here runs as it always does, without a stop.

use nix::libc;

type Instruction = libc::sock_filter;

/// Where the parts of `struct seccomp_data` are.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

const AUDIT_ARCH_X86_64: u32 = 0xC000_003E;
/// The number of ptrace(2) for programs of 32 bits.
const PTRACE_OF_I386: i64 = 26;
/// The bit that calls of the x32 ABI have in their number.
const X32: u32 = 0x4000_0000;

const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;
const IF_EQUAL: u16 = 0x15;
const IF_AT_LEAST: u16 = 0x35;
const IF_SET: u16 = 0x45;

const ALLOW: u32 = 0x7fff_0000;
const TRACE: u32 = 0x7ff0_0000;
/// What comes with the stop at a call of another ABI, and with no other.
pub(super) const OTHER_ABI: i32 = 1;
const TRACE_OTHER_ABI: u32 = TRACE | OTHER_ABI.unsigned_abs();
const NO_SUCH_CALL: u32 = 0x0005_0000 | libc::ENOSYS.unsigned_abs();

/// Not named by libc.
const SYS_IO_PGETEVENTS: i64 = 333;

/// Calls that are always looked at: sleeps, timers, raw reads of the clock, and what makes a run's time no longer ours.
const ALWAYS: [i64; 24] = [
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_alarm,
    libc::SYS_timer_create,
    libc::SYS_timer_settime,
    libc::SYS_timer_gettime,
    libc::SYS_timer_delete,
    libc::SYS_timerfd_settime,
    libc::SYS_timerfd_gettime,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_time,
    libc::SYS_io_getevents,
    SYS_IO_PGETEVENTS,
    libc::SYS_ptrace,
    libc::SYS_connect,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_clock_settime,
    libc::SYS_settimeofday,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_socket,
    libc::SYS_setitimer,
];

/// Calls with a pointer to a time, or to an address, which may be null; and which argument that is.
const IF_GIVEN: [(i64, u32); 11] = [
    (libc::SYS_ppoll, 2),
    (libc::SYS_select, 4),
    (libc::SYS_pselect6, 4),
    (libc::SYS_epoll_pwait2, 3),
    (libc::SYS_rt_sigtimedwait, 2),
    (libc::SYS_semtimedop, 3),
    (libc::SYS_mq_timedsend, 4),
    (libc::SYS_mq_timedreceive, 4),
    (libc::SYS_futex_waitv, 3),
    (libc::SYS_recvmmsg, 4),
    (libc::SYS_sendto, 4),
];

/// Calls with a time in milliseconds, of which 0 is not to wait and less is to wait for ever; and which argument that is.
const IF_POSITIVE: [(i64, u32); 3] = [
    (libc::SYS_poll, 2),
    (libc::SYS_epoll_wait, 3),
    (libc::SYS_epoll_pwait, 3),
];

/// The futex operations that wait: WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2. Others have a number there.
const FUTEX_WAITS: [u32; 5] = [0, 6, 9, 11, 13];
/// The socket options that are a time: SO_RCVTIMEO and SO_SNDTIMEO, each in its old and its new form.
const SOCKET_TIMES: [u32; 4] = [20, 21, 66, 67];

const LENGTH: usize = 256;

/// The filter, being written: all of it at compile time, since a subject's first moments may not allocate.
struct Program {
    instructions: [Instruction; LENGTH],
    length: usize,
}

static FILTER: Program = Program::written();
/// Of a subject that is only looked at: who uses ptrace(2) itself cannot do so.
static PTRACE: Program = Program::ptrace();

impl Program {
    const fn add(&mut self, code: u16, k: u32, yes: u8, no: u8) {
        self.instructions[self.length] = Instruction {
            code,
            jt: yes,
            jf: no,
            k,
        };
        self.length += 1;
    }

    const fn load_argument(&mut self, argument: u32, upper: bool) {
        self.add(
            LOAD,
            ARGUMENTS + 8 * argument + if upper { 4 } else { 0 },
            0,
            0,
        );
    }

    /// Goes on with the next instructions if it is this call, else passes over so many of them.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "numbers of calls"
    )]
    const fn if_call(&mut self, call: i64, over: u8) {
        self.add(IF_EQUAL, call as u32, 0, over);
    }

    /// The end of a rule whose test has passed over one instruction if the call is to be allowed.
    const fn trace_or_allow(&mut self) {
        self.add(RETURN, TRACE, 0, 0);
        self.add(RETURN, ALLOW, 0, 0);
    }

    const fn traced_if_given(&mut self, call: i64, argument: u32) {
        self.if_call(call, 6);
        self.load_argument(argument, false);
        self.add(IF_EQUAL, 0, 0, 2);
        self.load_argument(argument, true);
        self.add(IF_EQUAL, 0, 1, 0);
        self.trace_or_allow();
    }

    const fn traced_if_positive(&mut self, call: i64, argument: u32) {
        self.if_call(call, 5);
        self.load_argument(argument, false);
        self.add(IF_EQUAL, 0, 2, 0);
        self.add(IF_SET, 1 << 31, 1, 0);
        self.trace_or_allow();
    }

    /// A timed wait on a futex.
    const fn futex(&mut self) {
        let waits = FUTEX_WAITS.len() as u8;
        self.if_call(libc::SYS_futex, 2 + waits + 1 + 6);
        self.load_argument(1, false);
        self.add(AND, 0x7f, 0, 0);
        let mut i = 0;
        while i < waits {
            self.add(IF_EQUAL, FUTEX_WAITS[i as usize], waits - i, 0);
            i += 1;
        }
        self.add(RETURN, ALLOW, 0, 0);
        self.load_argument(3, false);
        self.add(IF_EQUAL, 0, 0, 2);
        self.load_argument(3, true);
        self.add(IF_EQUAL, 0, 1, 0);
        self.trace_or_allow();
    }

    /// A time as an option of a socket.
    const fn setsockopt(&mut self) {
        let times = SOCKET_TIMES.len() as u8;
        self.if_call(libc::SYS_setsockopt, 3 + times + 2);
        self.load_argument(1, false);
        self.add(IF_EQUAL, libc::SOL_SOCKET as u32, 0, times + 1);
        self.load_argument(2, false);
        let mut i = 0;
        while i < times {
            self.add(IF_EQUAL, SOCKET_TIMES[i as usize], times - i, 0);
            i += 1;
        }
        self.add(RETURN, ALLOW, 0, 0);
        self.add(RETURN, TRACE, 0, 0);
    }

    const fn empty() -> Self {
        let nothing = Instruction {
            code: 0,
            jt: 0,
            jf: 0,
            k: 0,
        };
        Self {
            instructions: [nothing; LENGTH],
            length: 0,
        }
    }

    const fn ptrace() -> Self {
        let mut program = Self::empty();
        program.add(LOAD, ARCHITECTURE, 0, 0);
        program.add(IF_EQUAL, AUDIT_ARCH_X86_64, 0, 3);
        program.add(LOAD, NUMBER, 0, 0);
        program.if_call(libc::SYS_ptrace, 4);
        program.add(RETURN, TRACE, 0, 0);
        program.add(LOAD, NUMBER, 0, 0);
        program.if_call(PTRACE_OF_I386, 1);
        program.add(RETURN, TRACE, 0, 0);
        program.add(RETURN, ALLOW, 0, 0);
        program
    }

    const fn written() -> Self {
        let mut program = Self::empty();
        program.add(LOAD, ARCHITECTURE, 0, 0);
        program.add(IF_EQUAL, AUDIT_ARCH_X86_64, 1, 0);
        program.add(RETURN, TRACE_OTHER_ABI, 0, 0);
        program.add(LOAD, NUMBER, 0, 0);
        program.add(IF_AT_LEAST, X32, 0, 1);
        program.add(RETURN, TRACE_OTHER_ABI, 0, 0);
        program.if_call(libc::SYS_io_uring_setup, 1);
        program.add(RETURN, NO_SUCH_CALL, 0, 0);
        program.futex();
        program.setsockopt();
        let mut i = 0;
        while i < IF_POSITIVE.len() {
            program.traced_if_positive(IF_POSITIVE[i].0, IF_POSITIVE[i].1);
            i += 1;
        }
        i = 0;
        while i < IF_GIVEN.len() {
            program.traced_if_given(IF_GIVEN[i].0, IF_GIVEN[i].1);
            i += 1;
        }
        i = 0;
        while i < ALWAYS.len() {
            program.if_call(ALWAYS[i], 1);
            program.add(RETURN, TRACE, 0, 0);
            i += 1;
        }
        program.add(RETURN, ALLOW, 0, 0);
        program
    }
}

/// Puts the filter on the calling process and all that will descend from it. No program that it executes has more rights than
/// itself from now on, which the kernel wants of whoever is not root. False, with an errno, if that is refused.
pub(in crate::stage) fn install_filter() -> bool {
    // SAFETY: no pointers.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && FILTER.install() }
}

/// Has the kernel stop the calling process and all that will descend from it where they use ptrace(2). That takes no rights from whoever
/// may install a filter as it is. Where it is refused, nothing is stopped.
pub(in crate::stage) fn watch_ptrace() {
    if !PTRACE.install() {
        // SAFETY: no pointers.
        let allowed = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 };
        let _ = allowed && PTRACE.install();
    }
}

impl Program {
    /// False, with an errno, if that is refused.
    fn install(&'static self) -> bool {
        let program = libc::sock_fprog {
            #[expect(clippy::cast_possible_truncation, reason = "less than LENGTH")]
            len: self.length as u16,
            filter: self.instructions.as_ptr().cast_mut(),
        };
        // SAFETY: the kernel reads the program, which is static, and changes nothing of it.
        unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                0,
                &raw const program,
            ) == 0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter says of a call, as the kernel would run it.
    fn verdict(call: i64, arguments: [u64; 6]) -> u32 {
        verdict_of(AUDIT_ARCH_X86_64, u32::try_from(call).unwrap(), arguments)
    }

    fn verdict_of(architecture: u32, call: u32, arguments: [u64; 6]) -> u32 {
        run(&FILTER, architecture, call, arguments)
    }

    fn run(filter: &Program, architecture: u32, call: u32, arguments: [u64; 6]) -> u32 {
        let mut data = Vec::new();
        data.extend(call.to_ne_bytes());
        data.extend(architecture.to_ne_bytes());
        data.extend([0; 8]);
        arguments.iter().for_each(|a| data.extend(a.to_ne_bytes()));
        let (mut at, mut accumulator) = (0, 0_u32);
        loop {
            let Instruction { code, jt, jf, k } = filter.instructions[at];
            assert!(at < filter.length);
            let jump = |yes| 1 + usize::from(if yes { jt } else { jf });
            at += match code {
                RETURN => return k,
                LOAD => {
                    let k = k as usize;
                    accumulator = u32::from_ne_bytes(data[k..k + 4].try_into().unwrap());
                    1
                }
                AND => {
                    accumulator &= k;
                    1
                }
                IF_EQUAL => jump(accumulator == k),
                IF_AT_LEAST => jump(accumulator >= k),
                IF_SET => jump(accumulator & k != 0),
                _ => panic!("{code:#x}"),
            };
        }
    }

    #[test]
    fn of_a_subject_that_is_only_looked_at_ptrace_is_stopped_and_nothing_else() {
        let i386 = 0x4000_0003;
        for (architecture, call, wanted) in [
            (AUDIT_ARCH_X86_64, 101, TRACE),
            (AUDIT_ARCH_X86_64, 26, ALLOW),
            (AUDIT_ARCH_X86_64, 35, ALLOW),
            (i386, 26, TRACE),
            (i386, 101, ALLOW),
        ] {
            assert_eq!(run(&PTRACE, architecture, call, [0; 6]), wanted, "{call}");
        }
    }

    #[test]
    fn calls_that_name_a_time_are_stopped_and_no_others() {
        let pointer = 0x7fff_0000_0000;
        let forever = u64::from(u32::MAX);
        for (call, arguments, wanted) in [
            (libc::SYS_read, [0; 6], ALLOW),
            (libc::SYS_nanosleep, [0; 6], TRACE),
            (libc::SYS_poll, [1, 1, 100, 0, 0, 0], TRACE),
            (libc::SYS_poll, [1, 1, 0, 0, 0, 0], ALLOW),
            (libc::SYS_poll, [1, 1, forever, 0, 0, 0], ALLOW),
            (libc::SYS_epoll_wait, [1, 1, 1, 5, 0, 0], TRACE),
            (libc::SYS_ppoll, [1, 1, pointer, 0, 0, 0], TRACE),
            (libc::SYS_ppoll, [1, 1, 0x1000, 0, 0, 0], TRACE),
            (libc::SYS_ppoll, [1, 1, 0, 0, 0, 0], ALLOW),
            (libc::SYS_futex, [1, 0x80, 0, pointer, 0, 0], TRACE),
            (libc::SYS_futex, [1, 0x189, 0, pointer, 0, 0], TRACE),
            (libc::SYS_futex, [1, 0x189, 0, 0x1000, 0, 0], TRACE),
            (libc::SYS_futex, [1, 0x189, 0, 0, 0, 0], ALLOW),
            (libc::SYS_futex, [1, 13, 0, 0x1000, 0, 0], TRACE),
            (libc::SYS_futex, [1, 0x81, 0, pointer, 0, 0], ALLOW),
            (libc::SYS_futex, [1, 0x84, 0, 3, 0, 0], ALLOW),
            (libc::SYS_setsockopt, [3, 1, 20, 0, 0, 0], TRACE),
            (libc::SYS_setsockopt, [3, 1, 67, 0, 0, 0], TRACE),
            (libc::SYS_setsockopt, [3, 1, 2, 0, 0, 0], ALLOW),
            (libc::SYS_setsockopt, [3, 6, 20, 0, 0, 0], ALLOW),
            (libc::SYS_recvmmsg, [1; 6], TRACE),
            (libc::SYS_sendto, [1, 1, 1, 1, 0, 0], ALLOW),
            (libc::SYS_io_uring_setup, [0; 6], NO_SUCH_CALL),
            (libc::SYS_ptrace, [0; 6], TRACE),
            (libc::SYS_exit_group, [0; 6], ALLOW),
        ] {
            assert_eq!(verdict(call, arguments), wanted, "{call} {arguments:x?}");
        }
        // read(2) of another ABI.
        assert_eq!(verdict_of(0x4000_0003, 3, [0; 6]), TRACE_OTHER_ABI);
        assert_eq!(verdict_of(AUDIT_ARCH_X86_64, X32, [0; 6]), TRACE_OTHER_ABI);
    }
}
