//! Whether all threads of a tree wait, so that nothing can happen before some time has come.
//!
//! One look at each thread in turn does not tell: while the second is looked at, it may wake the first. Two looks do, if both
//! see every thread wait and none has run in between: then there was an instant, between the two, at which all of them waited.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use nix::libc;

use super::book::Book;
use super::files::{Files, Open};
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

/// What a look must know of the tree beside its threads.
pub(super) struct Tree<'a> {
    pub(super) book: &'a Book,
    /// Threads whose process was stopped by a signal.
    pub(super) stopped: &'a BTreeSet<Tid>,
    /// Processes that have the memory of their parent, each with the thread that stands still for it.
    pub(super) vforked: &'a BTreeMap<Tid, Tid>,
    /// Whether they talk over the network, which delivers by a thread of the kernel's.
    pub(super) net: bool,
}

/// Looks at all threads once. A first look need not be `whole`: whether a call waits or works is seen in the second, and a thread
/// that has not run in between was in the same state in both.
pub(super) fn look(tree: &Tree<'_>, files: &mut Files, whole: bool) -> Look {
    let mut waiting = Vec::new();
    let mut unknown = None;
    let before = if tree.net {
        network()
    } else {
        Some(String::new())
    };
    for (tid, pid, ended) in tree.book.tasks() {
        if ended {
            match tree.is_left_behind(tid, pid) {
                true => continue,
                false => return Look::Moving,
            }
        }
        match files.ask(pid, tid, |open| tree.seen(open, tid, whole)) {
            Some(Seen::Waits(runs)) => waiting.push((tid, runs)),
            Some(Seen::Stands(runs, call)) => unknown = Some((tid, runs, call)),
            None => return Look::Moving,
        }
    }
    match (unknown, before) {
        (Some((tid, runs, call)), _) => Look::Unknown(tid, runs, name_of(call)),
        (None, Some(network)) => Look::Waiting(waiting, network),
        (None, None) => Look::Moving,
    }
}

enum Seen {
    Waits(Runs),
    /// In a call that is not known.
    Stands(Runs, i64),
}

impl Tree<'_> {
    /// Whether a thread that has ended is a main thread that stays until the others have. All others are about to go.
    fn is_left_behind(&self, tid: Tid, pid: Tid) -> bool {
        let mut tasks = self.book.tasks();
        tid == pid && tasks.any(|(t, p, ended)| p == pid && t != tid && !ended)
    }

    /// What a thread does. `None` if it runs, is about to, or works within a call.
    fn seen(&self, open: &Open, tid: Tid, whole: bool) -> Option<Seen> {
        let runs = open.runs()?;
        // One that was told to go on runs already, though it has not told yet.
        if self.stopped.contains(&tid) {
            return matches!(open.state()?, 't' | 'T').then_some(Seen::Waits(runs));
        }
        let call = open.call()?;
        let stands_still = || self.vforked.values().any(|parent| *parent == tid);
        let (state, seen) = if WAITS.contains(&call) {
            ('S', Seen::Waits(runs))
        } else if MAKES.contains(&call) && stands_still() {
            // In the same call it may wait for no more than a lock of the kernel's, before it has made anything.
            ('D', Seen::Waits(runs))
        } else {
            ('S', Seen::Stands(runs, call))
        };
        (!whole || open.state()? == state).then_some(seen)
    }
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
