//! What blocked threads wait for, from proc(5) and the memory of their process.
//!
//! All of it is told by the kernel, none by the program: a thread may have gone on between two reads. So what does not fit
//! together is left out.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use nix::libc;

use super::files;
use super::sockets::Sockets;
use super::tree::{all, link, name};
use crate::record::{Descriptor, Peer, Process, WaitsFor};
use crate::stage::sys;

/// So many descriptors of one wait are told at the most.
const TOLD: usize = 16;

/// Finds out what each blocked thread of these processes waits for.
pub(in crate::stage) fn explain(processes: &mut [Process]) {
    let holders = OnceCell::new();
    for process in processes {
        let pid = process.pid;
        let threads: BTreeSet<u32> = process.threads.iter().map(|thread| thread.tid).collect();
        let sockets = OnceCell::new();
        for thread in &mut process.threads {
            let look = Look {
                pid,
                tid: thread.tid,
                threads: &threads,
                holders: &holders,
                sockets: &sockets,
            };
            thread.waits_for = look.waits_for();
        }
    }
}

/// The processes that hold the ends of pipes, by the pipe and by whether it is the end that is written.
type Holders = HashMap<(String, bool), Vec<u32>>;

/// A look at one thread.
struct Look<'a> {
    pid: u32,
    tid: u32,
    /// The threads of its process.
    threads: &'a BTreeSet<u32>,
    holders: &'a OnceCell<Holders>,
    /// The sockets that its process can have.
    sockets: &'a OnceCell<Sockets>,
}

/// A system call and its arguments.
type Call = (libc::c_long, [u64; 6]);

impl Look<'_> {
    fn waits_for(&self) -> Option<WaitsFor> {
        let path = format!("/proc/{}/task/{}/syscall", self.pid, self.tid);
        let (number, args) = call(&files::text(&path).ok()?)?;
        let fds = match number {
            libc::SYS_futex => return self.futex(args),
            libc::SYS_clock_nanosleep | libc::SYS_nanosleep => return Some(WaitsFor::Time),
            libc::SYS_wait4 | libc::SYS_waitid => return Some(WaitsFor::Child),
            libc::SYS_rt_sigsuspend | libc::SYS_rt_sigtimedwait => return Some(WaitsFor::Signal),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_pause => return Some(WaitsFor::Signal),
            libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_recvfrom
            | libc::SYS_recvmsg
            | libc::SYS_sendto
            | libc::SYS_sendmsg
            | libc::SYS_connect
            | libc::SYS_accept
            | libc::SYS_accept4 => vec![u32::try_from(args[0]).ok()?],
            libc::SYS_ppoll => self.polled(args)?,
            #[cfg(target_arch = "x86_64")]
            libc::SYS_poll => self.polled(args)?,
            libc::SYS_pselect6 => self.selected(args)?,
            #[cfg(target_arch = "x86_64")]
            libc::SYS_select => self.selected(args)?,
            libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => self.watched(args[0])?,
            #[cfg(target_arch = "x86_64")]
            libc::SYS_epoll_wait => self.watched(args[0])?,
            _ => return None,
        };
        let is_write = matches!(number, libc::SYS_write | libc::SYS_writev);
        let mut descriptors: Vec<_> = fds
            .into_iter()
            .take(TOLD)
            .filter_map(|fd| self.descriptor(fd, is_write))
            .collect();
        // An event loop wakes itself by some: they say something only where there is nothing else.
        if descriptors.iter().any(|one| !self.is_inner(one)) {
            descriptors.retain(|one| !self.is_inner(one));
        }
        descriptors.sort_by_key(|one| !one.target.starts_with("socket"));
        // A wait for no descriptor at all is one for its time.
        match descriptors.is_empty() {
            true => Some(WaitsFor::Time),
            false => Some(WaitsFor::Descriptors(descriptors)),
        }
    }

    /// Whether only the process itself can make something happen on a descriptor.
    fn is_inner(&self, descriptor: &Descriptor) -> bool {
        let own = |peer: &Peer| peer.pid == self.pid;
        match descriptor.target.as_str() {
            "pipe" => !descriptor.peers.is_empty() && descriptor.peers.iter().all(own),
            other => matches!(other, "eventfd" | "timerfd" | "signalfd"),
        }
    }

    /// In the GNU C library, a join waits for the word in which the kernel keeps the other thread's id, and a mutex has the id
    /// of its owner beside its state.
    fn futex(&self, args: [u64; 6]) -> Option<WaitsFor> {
        const CONTENDED: u32 = 2;
        let [address, operation, value, ..] = args;
        let operation = i32::try_from(operation & 0xffff_ffff).ok()?;
        let command = operation & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME);
        let value = u32::try_from(value & 0xffff_ffff).ok()?;
        let [word, _, owner] = self.words(address)?;
        let is_private = operation & libc::FUTEX_PRIVATE_FLAG != 0;
        match command {
            libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET => match value {
                joined if !is_private && word == joined && self.is_other(joined) => {
                    Some(WaitsFor::Thread(joined))
                }
                CONTENDED if word == CONTENDED && self.threads.contains(&owner) => {
                    Some(WaitsFor::Lock(owner))
                }
                _ => None,
            },
            libc::FUTEX_LOCK_PI | libc::FUTEX_LOCK_PI2 => {
                let owner = word & libc::FUTEX_TID_MASK;
                self.threads
                    .contains(&owner)
                    .then_some(WaitsFor::Lock(owner))
            }
            _ => None,
        }
    }

    fn is_other(&self, tid: u32) -> bool {
        tid != self.tid && self.threads.contains(&tid)
    }

    fn words(&self, address: u64) -> Option<[u32; 3]> {
        let bytes = self.memory(address, 12)?;
        let word = |i: usize| Some(u32::from_ne_bytes(bytes.get(i..i + 4)?.try_into().ok()?));
        Some([word(0)?, word(4)?, word(8)?])
    }

    fn memory(&self, address: u64, len: usize) -> Option<Vec<u8>> {
        sys::memory(self.pid, address, len).filter(|bytes| bytes.len() == len)
    }

    /// The descriptors in an array of `struct pollfd`.
    fn polled(&self, args: [u64; 6]) -> Option<Vec<u32>> {
        const POLLFD: usize = 8;
        let count = usize::try_from(args[1]).ok()?.min(1024);
        let bytes = match count {
            0 => Vec::new(),
            _ => self.memory(args[0], count * POLLFD)?,
        };
        let fds = bytes.chunks_exact(POLLFD).filter_map(|one| {
            let fd = i32::from_ne_bytes(one.get(..4)?.try_into().ok()?);
            // A negative one is passed over by the kernel too.
            u32::try_from(fd).ok()
        });
        Some(fds.collect())
    }

    /// The descriptors in the sets of `select`: those to read, and those to write.
    fn selected(&self, args: [u64; 6]) -> Option<Vec<u32>> {
        let count = usize::try_from(args[0]).ok()?.min(1024);
        let mut fds = BTreeSet::new();
        for set in [args[1], args[2]].into_iter().filter(|set| *set != 0) {
            let bytes = self.memory(set, count.div_ceil(64) * 8)?;
            let is_set = |fd: &usize| bytes[fd / 8] & (1 << (fd % 8)) != 0;
            fds.extend(
                (0..count)
                    .filter(is_set)
                    .filter_map(|fd| u32::try_from(fd).ok()),
            );
        }
        Some(fds.into_iter().collect())
    }

    /// The descriptors that an epoll instance watches.
    fn watched(&self, epoll: u64) -> Option<Vec<u32>> {
        let info = files::text(&format!("/proc/{}/fdinfo/{epoll}", self.pid)).ok()?;
        let fds = info.lines().filter_map(|line| {
            let rest = line.strip_prefix("tfd:")?;
            rest.split_whitespace().next()?.parse().ok()
        });
        Some(fds.collect())
    }

    fn descriptor(&self, fd: u32, is_write: bool) -> Option<Descriptor> {
        let target = link(&format!("/proc/{}/fd/{fd}", self.pid))?;
        if target.starts_with("pipe:[") {
            return Some(Descriptor::new(fd, "pipe", self.peers(&target, !is_write)));
        }
        if let Some(inode) = target.strip_prefix("socket:[") {
            let inode = inode.trim_end_matches(']');
            let sockets = self.sockets.get_or_init(|| Sockets::seen_by(self.pid));
            let address = sockets.describe(inode).unwrap_or_default();
            return Some(Descriptor::new(fd, format!("socket{address}"), Vec::new()));
        }
        let anonymous = target
            .strip_prefix("anon_inode:")
            .map(|name| name.trim_matches(['[', ']']).to_owned());
        Some(Descriptor::new(fd, anonymous.unwrap_or(target), Vec::new()))
    }

    /// The processes that hold the other end of a pipe: others before this one itself.
    fn peers(&self, pipe: &str, written: bool) -> Vec<Peer> {
        let holders = self.holders.get_or_init(holders);
        let mut pids = holders
            .get(&(pipe.to_owned(), written))
            .cloned()
            .unwrap_or_default();
        pids.sort_by_key(|pid| (*pid == self.pid, *pid));
        pids.dedup();
        pids.into_iter()
            .map(|pid| Peer::new(pid, name(pid)))
            .collect()
    }
}

/// The call in a line of `/proc/…/syscall`: its number, and its arguments.
fn call(line: &str) -> Option<Call> {
    let mut words = line.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let mut args = [0; 6];
    for arg in &mut args {
        *arg = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    }
    Some((number, args))
}

/// All ends of pipes of the processes that may be looked at.
fn holders() -> Holders {
    let mut holders = Holders::new();
    for pid in all().into_iter().flatten() {
        let entries = files::entries(&format!("/proc/{pid}/fd"));
        for entry in entries.into_iter().flatten().flatten() {
            let fd = entry.file_name();
            let target = entry.path().to_str().and_then(link);
            let (Some(fd), Some(pipe)) = (fd.to_str(), target.filter(|t| t.starts_with("pipe:[")))
            else {
                continue;
            };
            for written in ends(pid, fd) {
                holders
                    .entry((pipe.clone(), written))
                    .or_default()
                    .push(pid);
            }
        }
    }
    holders
}

/// Which ends of a pipe a descriptor is: the one that is written, the one that is read, or both.
fn ends(pid: u32, fd: &str) -> Vec<bool> {
    let info = files::text(&format!("/proc/{pid}/fdinfo/{fd}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    match flags.map(|flags| flags & libc::O_ACCMODE) {
        Some(libc::O_RDONLY) => vec![false],
        Some(libc::O_WRONLY) => vec![true],
        Some(libc::O_RDWR) => vec![false, true],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_with_its_arguments() {
        let line = "202 0x7f00 0x109 0x1d1f 0x0 0x0 0xffffffff 0x7ffe 0x7f11\n";
        assert_eq!(
            call(line),
            Some((202, [0x7f00, 0x109, 0x1d1f, 0, 0, 0xffff_ffff]))
        );
        assert_eq!(call("running\n"), None);
        assert_eq!(call("-1 0x7ffe 0x7f11\n"), None);
        assert_eq!(call(""), None);
    }
}
