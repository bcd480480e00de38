//! What descends from a subject whose reaper was killed.
//!
//! Its descendants are then nobody's: they have moved to init, among all other processes of the machine. They are known by
//! what they inherited: the reaper's session, the run's mark in the environment, its pipes. A process that has got rid of all
//! three, in a session of its own and without a parent that is known, is not found.

use std::collections::HashSet;
use std::fs;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::files;
use super::tree::{Stat, all, link, target};
use crate::stage::sys::now;

/// How long the hunt may last, for the case that something forks faster than it can be killed.
const LIMIT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(2);

/// Kills all of them.
///
/// `mark` is a variable's value that no other process has in its environment.
pub(crate) fn kill_orphans(reaper: u32, mark: &str, pipes: &[BorrowedFd<'_>]) {
    let inherited = Inherited {
        session: reaper,
        mark: mark.as_bytes(),
        pipes: pipes.iter().filter_map(|fd| target(*fd)).collect(),
    };
    let deadline = now() + LIMIT;
    loop {
        let orphans = inherited.orphans();
        if orphans.is_empty() || now() > deadline {
            return;
        }
        for pid in orphans {
            // One that has ended meanwhile needs no signal.
            let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
        }
        std::thread::sleep(PAUSE);
    }
}

struct Inherited<'a> {
    session: u32,
    mark: &'a [u8],
    pipes: Vec<String>,
}

impl Inherited<'_> {
    fn orphans(&self) -> HashSet<u32> {
        let this = std::process::id();
        // What cannot be looked at now is looked at again, as long as there is time.
        let living: Vec<_> = all()
            .into_iter()
            .flatten()
            .filter(|pid| *pid != this)
            .filter_map(|pid| Some((pid, Stat::of(pid).ok()??)))
            .filter(|(_, stat)| !stat.dead)
            .collect();
        let has_one = |pid: u32, stat: &Stat| {
            stat.session == self.session
                || self.in_environment(pid)
                // A child of ours is the reaper of a run beside this one, on its way to let go of our pipes.
                || (stat.parent != this && self.writes(pid))
        };
        let mut found: HashSet<_> = living
            .iter()
            .filter(|(pid, stat)| has_one(*pid, stat))
            .map(|(pid, _)| *pid)
            .collect();
        loop {
            let before = found.len();
            let children = living
                .iter()
                .filter(|(_, stat)| found.contains(&stat.parent));
            let children: Vec<_> = children.map(|(pid, _)| *pid).collect();
            found.extend(children);
            if found.len() == before {
                return found;
            }
        }
    }

    fn in_environment(&self, pid: u32) -> bool {
        let environment = files::bytes(&format!("/proc/{pid}/environ")).unwrap_or_default();
        let mut parts = environment.split(|b| *b == 0);
        parts.any(|variable| variable.ends_with(self.mark))
    }

    fn writes(&self, pid: u32) -> bool {
        let fds = files::entries(&format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten()
            .flatten();
        fds.map(|fd| fd.path()).any(|fd| {
            let is_ours = fd
                .to_str()
                .and_then(link)
                .is_some_and(|to| self.pipes.contains(&to));
            // The rights of such a link are those of the descriptor.
            is_ours && fs::symlink_metadata(&fd).is_ok_and(|m| m.permissions().mode() & 0o200 != 0)
        })
    }
}
