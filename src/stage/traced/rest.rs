//! Whether all threads of a tree wait, so that nothing can happen before some time has come.
//!
//! One look at each thread in turn does not tell: while the second is looked at, it may wake the first. Two looks do, if both
//! see every thread wait and none has run in between: then there was an instant, between the two, at which all of them waited.

use std::fs;

use nix::libc;

use super::book::Book;
use crate::stage::sys::trace::Tid;

/// What one look at all threads has seen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Each thread waits; this is how often each has run so far, and what the network has done.
    Waiting(Vec<(Tid, Runs)>, String),
    /// Some thread runs, is about to, or is about to tell.
    Moving,
    /// All wait, this one in a call of which it is not known whether another thread can end it.
    Unknown(Tid, Runs, String),
}

/// How often a thread has been given a processor.
pub(super) type Runs = u64;

/// Calls that only another thread of the tree, the harness or a timer can end.
const WAITS: [i64; 33] = [
    libc::SYS_futex,
    libc::SYS_futex_waitv,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_select,
    libc::SYS_pselect6,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_pause,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_semtimedop,
    libc::SYS_semop,
    libc::SYS_msgrcv,
    libc::SYS_msgsnd,
    libc::SYS_mq_timedsend,
    libc::SYS_mq_timedreceive,
];

/// Calls in which a parent stands still until its child has another memory.
const MAKES: [i64; 3] = [libc::SYS_vfork, libc::SYS_clone, libc::SYS_clone3];

/// Looks at all threads once. `is_stopped` says of which the process was stopped by a signal, `stands_still` which have made a
/// process that has their memory. `net`: whether they talk over the
/// network, which delivers by a thread of the kernel's.
pub(super) fn look(
    book: &Book,
    is_stopped: impl Fn(Tid) -> bool,
    stands_still: impl Fn(Tid) -> bool,
    net: bool,
) -> Look {
    let mut waiting = Vec::new();
    let mut unknown = None;
    let before = if net { network() } else { Some(String::new()) };
    for (tid, pid, ended) in book.tasks() {
        // One that was told to go on runs already, though it has not told yet.
        if is_stopped(tid) {
            match stopped(pid, tid) {
                Some(runs) => waiting.push((tid, runs)),
                None => return Look::Moving,
            }
            continue;
        }
        // A main thread that has ended stays until the others have. All others that have ended are about to go.
        if ended {
            let others = book
                .tasks()
                .any(|(t, p, ended)| p == pid && t != tid && !ended);
            match tid == pid && others {
                true => continue,
                false => return Look::Moving,
            }
        }
        let Some(seen) = Seen::of(pid, tid) else {
            return Look::Moving;
        };
        match seen.state {
            'S' if WAITS.contains(&seen.call) => {}
            // In the same call it may wait for no more than a lock of the kernel's, before it has made anything.
            'D' if stands_still(tid) && MAKES.contains(&seen.call) => {}
            'S' => unknown = Some((tid, seen.runs, seen.call)),
            _ => return Look::Moving,
        }
        waiting.push((tid, seen.runs));
    }
    match (unknown, before) {
        (Some((tid, runs, call)), _) => Look::Unknown(tid, runs, name_of(call)),
        (None, Some(network)) => Look::Waiting(waiting, network),
        (None, None) => Look::Moving,
    }
}

struct Seen {
    runs: Runs,
    state: char,
    call: i64,
}

impl Seen {
    fn of(pid: Tid, tid: Tid) -> Option<Self> {
        let read = |file: &str| fs::read(format!("/proc/{pid}/task/{tid}/{file}")).ok();
        let runs = runs(&read("schedstat")?)?;
        // `running`, or the number of the call and its arguments. The kernel sees to it that they belong together.
        let call = read("syscall")?;
        let call = str::from_utf8(&call)
            .ok()?
            .split_ascii_whitespace()
            .next()?;
        let state = state(&read("stat")?)?;
        Some(Self {
            runs,
            state,
            call: call.parse().ok()?,
        })
    }
}

/// How often a thread has run, if it stands still for a signal or its tracer.
fn stopped(pid: Tid, tid: Tid) -> Option<Runs> {
    let read = |file: &str| fs::read(format!("/proc/{pid}/task/{tid}/{file}")).ok();
    let runs = runs(&read("schedstat")?)?;
    matches!(state(&read("stat")?)?, 't' | 'T').then_some(runs)
}

/// The letter in stat.
fn state(stat: &[u8]) -> Option<char> {
    // The name is in parentheses and may itself contain some.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(end + 2).copied().map(char::from)
}

/// The third number of schedstat.
fn runs(schedstat: &[u8]) -> Option<Runs> {
    str::from_utf8(schedstat)
        .ok()?
        .split_ascii_whitespace()
        .nth(2)?
        .parse()
        .ok()
}

/// How long a thread has had a processor, in nanoseconds.
pub(super) fn worked(pid: Tid, tid: Tid) -> Option<u64> {
    let schedstat = fs::read_to_string(format!("/proc/{pid}/task/{tid}/schedstat")).ok()?;
    schedstat.split_ascii_whitespace().next()?.parse().ok()
}

/// How many packets each processor has taken. `None` while some are on their way.
fn network() -> Option<String> {
    const BACKLOG: usize = 11;
    let text = fs::read_to_string("/proc/net/softnet_stat").ok()?;
    let is_empty = |line: &str| {
        let backlog = line.split_ascii_whitespace().nth(BACKLOG);
        backlog.is_some_and(|n| n.bytes().all(|byte| byte == b'0'))
    };
    let taken = |line: &str| line.split_ascii_whitespace().next().map(str::to_owned);
    text.lines()
        .all(is_empty)
        .then(|| text.lines().filter_map(taken).collect())
}

fn name_of(call: i64) -> String {
    let known = [
        (libc::SYS_flock, "flock"),
        (libc::SYS_fcntl, "fcntl"),
        (libc::SYS_openat, "openat"),
        (libc::SYS_open, "open"),
        (libc::SYS_splice, "splice"),
        (libc::SYS_restart_syscall, "restart_syscall"),
    ];
    let known = known.iter().find(|(number, _)| *number == call);
    known.map_or_else(|| format!("number {call}"), |(_, name)| (*name).to_owned())
}
