//! What is not told but must be looked for, again and again: where the tree listens, and which files are there.
//!
//! A change was between two looks. Each event says since when it can have been, so that nobody takes it for exact.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::run::Run;
use crate::record::{EventKind, EventName, FileSeen, FileState, Listening};
use crate::stage::Plan;
use crate::stage::action::Trigger;
use crate::stage::plan::Readiness;
use crate::stage::proc::{self, Place};

/// How far apart two looks are.
const GRAIN: Duration = Duration::from_millis(10);
/// How long after a look an action may be for what was seen to hold until then.
const STILL: Duration = Duration::from_millis(20);
/// How often it is looked again where that takes longer.
const TRIES: usize = 5;

pub(super) struct Looks {
    ports: Option<Ports>,
    files: Vec<Watched>,
    /// When the last look began, or until when what it saw held.
    since: Duration,
    next: Duration,
    /// When the last look began.
    last: Duration,
    /// The longest time between two looks in which something may have gone unseen.
    pub(super) gap: Duration,
    /// What the subject had done by then, where the clock knows.
    seen: Option<u64>,
}

struct Ports {
    /// What listened before the subject was started: none of it is the subject's.
    before: HashSet<u64>,
    /// In the order in which they were seen: the numbers of inodes say nothing of it.
    known: Vec<(u64, Place)>,
    /// Where the tree listens or did, in the order in which that was seen.
    ever: Vec<SocketAddr>,
}

/// A file that is waited for.
struct Watched {
    name: String,
    path: PathBuf,
    /// What was there before the subject was started does not count.
    before: Option<Identity>,
    seen: bool,
}

#[derive(PartialEq)]
struct Identity([u64; 3], [i64; 2]);

impl Identity {
    fn of(path: &Path) -> Option<Self> {
        // A link to nowhere is there all the same: such are the locks of some programs.
        let data = fs::metadata(path).or_else(|_| fs::symlink_metadata(path));
        let data = data.ok()?;
        Some(Self(
            // What sets the time back, as `cp -p` does, mostly changes the length.
            [data.dev(), data.ino(), data.len()],
            [data.mtime(), data.mtime_nsec()],
        ))
    }
}

/// The files that are to be looked for: those that the plan names, and those that something waits for.
fn files(plan: &Plan) -> Vec<String> {
    let waited = plan
        .actions
        .iter()
        .filter_map(|action| match &action.when().on {
            Trigger::Event(EventName::File(path), _) => Some(path),
            _ => None,
        });
    let ready = plan.ready.iter().filter_map(|ready| match ready {
        Readiness::File(path) => Some(path),
        _ => None,
    });
    let mut all: Vec<_> = plan
        .files
        .iter()
        .chain(waited)
        .chain(ready)
        .cloned()
        .collect();
    all.sort();
    all.dedup();
    all
}

impl Looks {
    /// The first look, before the subject is started.
    pub(super) fn new(plan: &Plan, directory: &Path) -> Self {
        let before = || {
            proc::all_listeners(std::process::id())
                .into_keys()
                .collect()
        };
        let watched = |name: String| {
            let path = directory.join(&name);
            Watched {
                before: Identity::of(&path),
                name,
                path,
                seen: false,
            }
        };
        Self {
            ports: plan.looks_at_ports().then(|| Ports {
                before: before(),
                known: Vec::new(),
                ever: Vec::new(),
            }),
            files: files(plan).into_iter().map(watched).collect(),
            since: Duration::ZERO,
            next: Duration::ZERO,
            last: Duration::ZERO,
            gap: Duration::ZERO,
            seen: None,
        }
    }

    /// When to look again.
    pub(super) fn next(&self) -> Option<Duration> {
        let waits = self.ports.is_some() || self.files.iter().any(|file| !file.seen);
        waits.then_some(self.next)
    }

    /// When to look again, if the subject has done this by now. Where it has done nothing, nothing is new.
    pub(super) fn next_after(&self, doings: Option<u64>) -> Option<Duration> {
        self.next()
            .filter(|_| doings.is_none() || doings != self.seen)
    }

    /// What the subject had done at the last look, while it is to be looked.
    pub(super) fn seen(&self) -> Option<u64> {
        self.next().and(self.seen)
    }

    /// Nothing has changed since the last look, which was a moment ago.
    pub(super) fn still_at(&mut self, at: Duration) {
        if at.saturating_sub(self.since) <= STILL {
            self.since = at;
        }
    }

    /// The files that the plan names, as they are now.
    pub(super) fn file_states(&self, named: &[String]) -> BTreeMap<String, FileState> {
        let named = self.files.iter().filter(|file| named.contains(&file.name));
        let state = |file: &Watched| match Identity::of(&file.path) {
            None => FileState::Absent,
            now if now == file.before => FileState::Unchanged,
            Some(_) => FileState::Written,
        };
        named.map(|file| (file.name.clone(), state(file))).collect()
    }

    /// The TCP addresses at which the tree listens, or did: the first that was seen comes first. A client knows one address, and
    /// asks there again when nothing listens there any more.
    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.ports
            .iter()
            .flat_map(|ports| ports.ever.iter().copied())
    }
}

impl Ports {
    /// What has begun and what has ended since the last look.
    fn look(&mut self, pid: u32, reaper: u32) -> (Vec<Place>, Vec<Place>) {
        let mut all = proc::all_listeners(pid);
        let gone = self
            .known
            .extract_if(.., |(inode, _)| !all.contains_key(inode));
        let gone = gone.map(|(_, place)| place).collect();
        let known: HashSet<u64> = self.known.iter().map(|(inode, _)| *inode).collect();
        let is_new = |inode: &u64| !self.before.contains(inode) && !known.contains(inode);
        let new: HashSet<u64> = all.keys().copied().filter(is_new).collect();
        if new.is_empty() {
            return (Vec::new(), gone);
        }
        let mut begun = Vec::new();
        for inode in proc::held_below(reaper, &new) {
            let Some(place) = all.remove(&inode) else {
                continue;
            };
            // Several sockets may listen at one place: it begins with the first, and ends with the last.
            if !self.listens_at(&place) {
                begun.push(place.clone());
            }
            if let Place::Tcp(address) = place
                && !self.ever.contains(&address)
            {
                self.ever.push(address);
            }
            self.known.push((inode, place));
        }
        (begun, gone)
    }

    fn listens_at(&self, place: &Place) -> bool {
        self.known.iter().any(|(_, known)| known == place)
    }

    /// The places at which nothing listens any more, each once.
    fn left(&self, mut gone: Vec<Place>) -> Vec<Place> {
        gone.sort();
        gone.dedup();
        gone.retain(|place| !self.listens_at(place));
        gone
    }
}

impl Run<'_, '_> {
    /// Looks, if it is time for that.
    pub(super) fn look_in_time(&mut self) {
        let now = self.elapsed();
        if self.looks.next().is_some_and(|next| now >= next) {
            self.look();
        }
    }

    /// Looks so shortly before something is done that what is seen later comes after it.
    pub(super) fn look_before_acting(&mut self) {
        self.tail();
        for _ in 0..TRIES {
            self.look();
            if self.elapsed().saturating_sub(self.looks.since) <= STILL / 2 {
                break;
            }
        }
    }

    /// Looks now.
    pub(super) fn look(&mut self) {
        if self.looks.next().is_none() {
            return;
        }
        let began = self.elapsed();
        // Of a virtual clock it is known that nothing was done between two looks.
        if self.clock.can_lag() {
            let gap = began.saturating_sub(self.looks.last);
            self.looks.gap = self.looks.gap.max(gap);
        }
        self.looks.last = began;
        let seen_before = std::mem::replace(&mut self.looks.seen, self.clock.doings());
        let mut seen = Vec::new();
        let since = self.unchanged(self.looks.since, seen_before, began);
        let (pid, reaper) = (self.pid, self.reaper.pid());
        if let Some(ports) = &mut self.looks.ports {
            let (begun, gone) = ports.look(pid, reaper);
            let change = |place: Place| Listening::new(place.to_string(), since);
            seen.extend(begun.into_iter().map(|p| EventKind::Listens(change(p))));
            let gone = ports.left(gone).into_iter();
            seen.extend(gone.map(|p| EventKind::StopsListening(change(p))));
        }
        for file in self.looks.files.iter_mut().filter(|file| !file.seen) {
            let now = Identity::of(&file.path);
            file.seen = now.is_some() && now != file.before;
            if file.seen {
                seen.push(EventKind::File(FileSeen::new(&file.name, since)));
            }
        }
        self.looks.since = began;
        self.looks.next = self.elapsed() + GRAIN;
        self.note(seen);
    }

    /// Since when something that is new now can have been there, where nothing was new at that time, when the subject had done this. On the
    /// real clock that is all that is known.
    pub(super) fn unchanged(
        &self,
        since: Duration,
        doings: Option<u64>,
        now: Duration,
    ) -> Duration {
        let until = doings.and_then(|doings| self.clock.unchanged_until(doings));
        let until = until.map(|until| until.saturating_sub(self.zero).min(now));
        since.max(until.unwrap_or_default())
    }

    fn note(&mut self, seen: Vec<EventKind>) {
        let now = self.elapsed();
        // What ends with the last process has ended by its exit.
        let exit = self.ended_at.filter(|_| self.empty);
        for kind in seen {
            let since = kind.since().unwrap_or_default();
            let at = exit.map_or(now, |exit| now.min(exit.max(since)));
            let ready = self.makes_ready(&kind);
            self.push(at, kind);
            if ready {
                self.becomes_ready(since, at);
            }
        }
    }

    fn makes_ready(&self, kind: &EventKind) -> bool {
        match (&self.plan.ready, kind) {
            // Requests go to a TCP port: a Unix socket alone is not what they wait for.
            (Some(Readiness::Listening), EventKind::Listens(place)) => {
                place.is_tcp() || !self.plan.has_requests()
            }
            (Some(Readiness::File(wanted)), EventKind::File(file)) => file.path == *wanted,
            _ => false,
        }
    }
}
