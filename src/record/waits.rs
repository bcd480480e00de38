//! What a thread that is blocked waits for, and so what keeps a process alive.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Process, ThreadSeen, ThreadState, words};

/// So many handles of an event loop are told.
const HANDLES: usize = 4;

/// What a blocked thread waits for, as far as the system tells without help from the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WaitsFor {
    /// The end of another thread of its process, in `pthread_join` of the GNU C library.
    Thread(u32),
    /// A mutex of the GNU C library, which this thread of its process holds.
    Lock(u32),
    /// Something to happen on one of these descriptors.
    Descriptors(Vec<Descriptor>),
    /// A child process to end.
    Child,
    /// A time to pass.
    Time,
    /// A signal.
    Signal,
}

/// An open descriptor of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Descriptor {
    /// Its number.
    pub fd: u32,
    /// The file behind it: a path, `pipe`, `socket`, `eventfd` and the like.
    pub target: String,
    /// Of a pipe, the processes that hold its other end.
    pub peers: Vec<Peer>,
}

/// A process at the other end of a pipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Peer {
    /// Its id.
    pub pid: u32,
    /// Its name, of which the system keeps 15 bytes.
    pub name: String,
}

/// What keeps an event loop alive, as the runtime tells: a timer, a server, a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Handle {
    /// The runtime's word for its kind: `timer`, `tcp`.
    pub kind: String,
    /// What it is: `a timer that is due in 3.5 s`.
    pub what: String,
}

impl Handle {
    /// A handle of a kind.
    #[must_use]
    pub fn new(kind: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            what: what.into(),
        }
    }
}

impl Descriptor {
    pub(crate) fn new(fd: u32, target: impl Into<String>, peers: Vec<Peer>) -> Self {
        let target = target.into();
        Self { fd, target, peers }
    }
}

impl Peer {
    pub(crate) fn new(pid: u32, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { pid, name }
    }
}

/// `descriptor 0, a pipe held by pid 7 sleep`
impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fd, target, peers } = self;
        match (target.as_str(), peers.as_slice()) {
            ("pipe", []) => write!(f, "descriptor {fd}, a pipe"),
            ("pipe", [first, rest @ ..]) => {
                let Peer { pid, name } = first;
                write!(f, "descriptor {fd}, a pipe held by pid {pid} {name}")?;
                match rest.len() {
                    0 => Ok(()),
                    1 => f.write_str(" and another process"),
                    n => write!(f, " and {n} other processes"),
                }
            }
            _ => write!(f, "descriptor {fd}, {target}"),
        }
    }
}

/// # What keeps it alive
impl Process {
    fn thread(&self, tid: u32) -> Option<&ThreadSeen> {
        self.threads.iter().find(|thread| thread.tid == tid)
    }

    /// The threads that wait for each other in a circle, so that none of them can ever go on. Only joins and mutexes of the GNU
    /// C library are seen.
    #[must_use]
    pub fn deadlock(&self) -> Option<Vec<&ThreadSeen>> {
        self.threads.iter().find_map(|first| {
            let mut circle = vec![first];
            loop {
                let next = self.thread(circle.last()?.waits_for.as_ref()?.thread()?)?;
                if next.tid == first.tid {
                    return Some(circle);
                }
                if circle.iter().any(|seen| seen.tid == next.tid) {
                    return None;
                }
                circle.push(next);
            }
        })
    }

    /// One sentence on what keeps the process alive, as far as it is known: who waits for whom from the main thread on.
    #[must_use]
    pub fn kept_alive_by(&self) -> Option<String> {
        if let Some(circle) = self.deadlock() {
            return Some(deadlocked(&circle));
        }
        if let Some(held) = self.event_loop() {
            return Some(held);
        }
        let Some(main) = self.thread(self.pid) else {
            let others = self.threads.first()?;
            return Some(format!(
                "its main thread has ended, and {} goes on",
                named(others)
            ));
        };
        let mut sentence = String::new();
        let mut thread = main;
        // Circles were told above, so this comes to an end.
        loop {
            let waits = thread.waits_for.as_ref();
            let next = waits.and_then(|w| Some((w, self.thread(w.thread()?)?)));
            let Some((waits, next)) = next else {
                break;
            };
            let verb = match waits {
                WaitsFor::Thread(_) => "joins",
                _ => "waits for a lock of",
            };
            sentence += &format!("{} {verb} ", named_in(thread, main));
            thread = next;
            sentence += &match thread.waits_for.as_ref().and_then(WaitsFor::thread) {
                Some(_) => format!("{}; ", named(thread)),
                None => named(thread),
            };
        }
        let Some(does) = does(thread) else {
            return self.beside(main);
        };
        Some(match sentence.is_empty() {
            true => format!("{} {does}", named_in(main, main)),
            false => format!("{sentence}, which {does}"),
        })
    }
}

impl Process {
    /// Equal handles are told once, with their number.
    fn event_loop(&self) -> Option<String> {
        let mut counted: Vec<(&str, usize)> = Vec::new();
        for Handle { what, .. } in &self.handles {
            match counted.iter_mut().find(|(told, _)| told == what) {
                Some((_, count)) => *count += 1,
                None => counted.push((what, 1)),
            }
        }
        let told = counted
            .iter()
            .take(HANDLES)
            .map(|(what, count)| match count {
                1 => (*what).to_owned(),
                n => format!("{n} × {what}"),
            });
        let mut told: Vec<_> = told.collect();
        match counted.len().saturating_sub(HANDLES) {
            0 => {}
            more => told.push(format!("{more} more")),
        }
        Some(format!(
            "its event loop is kept alive by {}",
            words::list(&told)?
        ))
    }

    /// Where the system does not tell what main waits for, another thread may tell why the process goes on.
    fn beside(&self, main: &ThreadSeen) -> Option<String> {
        let others = self.threads.iter().filter(|thread| thread.tid != main.tid);
        let (other, does) = others
            .filter_map(|other| Some((other, does(other)?)))
            .next()?;
        Some(format!(
            "its main thread is {}; beside it, {} {does}",
            main.state,
            named(other)
        ))
    }
}

fn deadlocked(circle: &[&ThreadSeen]) -> String {
    let mut text = String::from("deadlock: ");
    for (i, thread) in circle.iter().enumerate() {
        let next = circle[(i + 1) % circle.len()];
        let verb = match thread.waits_for {
            Some(WaitsFor::Thread(_)) => "joins",
            _ => "waits for a lock of",
        };
        let comma = if i == 0 { "" } else { ", " };
        let object = match circle.len() {
            1 => "itself".into(),
            _ => named(next),
        };
        text += &format!("{comma}{} {verb} {object}", named(thread));
    }
    text
}

/// A thread by its name and id: several may have the same name.
fn named(thread: &ThreadSeen) -> String {
    format!("`{}` ({})", thread.name, thread.tid)
}

fn named_in(thread: &ThreadSeen, main: &ThreadSeen) -> String {
    match thread.tid == main.tid {
        true => "its main thread".into(),
        false => named(thread),
    }
}

/// What a thread does, as a verb.
fn does(thread: &ThreadSeen) -> Option<String> {
    Some(match (&thread.waits_for, &thread.state) {
        (Some(waits), _) => waits.to_string(),
        (None, ThreadState::Running) => "runs".into(),
        (None, ThreadState::Stopped) => "is stopped".into(),
        // What is blocked in an unknown call is told by its thread.
        (None, _) => return None,
    })
}

impl WaitsFor {
    /// The thread that must act first.
    fn thread(&self) -> Option<u32> {
        match self {
            Self::Thread(tid) | Self::Lock(tid) => Some(*tid),
            _ => None,
        }
    }
}

/// As a verb: `joins thread 8`.
impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thread(tid) => write!(f, "joins thread {tid}"),
            Self::Lock(tid) => write!(f, "waits for a lock that thread {tid} holds"),
            Self::Child => f.write_str("waits for a child process"),
            Self::Time => f.write_str("sleeps"),
            Self::Signal => f.write_str("waits for a signal"),
            Self::Descriptors(all) => {
                f.write_str("waits for ")?;
                match all.as_slice() {
                    [] => f.write_str("a descriptor"),
                    [first] => first.fmt(f),
                    [first, _] => write!(f, "{first}, or another one"),
                    [first, rest @ ..] => write!(f, "{first}, or one of {} others", rest.len()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(tid: u32, name: &str, waits_for: Option<WaitsFor>) -> ThreadSeen {
        let state = ThreadState::Blocked {
            call: Some("futex".into()),
        };
        let name = name.into();
        ThreadSeen {
            tid,
            name,
            state,
            waits_for,
            stack: Vec::new(),
        }
    }

    fn process(threads: Vec<ThreadSeen>) -> Process {
        Process {
            pid: 1,
            command: "subject".into(),
            open_streams: Vec::new(),
            threads,
            handles: Vec::new(),
        }
    }

    #[test]
    fn a_runtime_tells_what_keeps_its_loop_alive() {
        let mut node = process(vec![thread(1, "node", Some(WaitsFor::Time))]);
        let handle = |what: &str| Handle::new("timer", what);
        node.handles = vec![handle("a timer")];
        let told = |node: &Process| node.kept_alive_by().unwrap();
        assert_eq!(told(&node), "its event loop is kept alive by a timer");
        node.handles = ["a timer", "a server", "a timer", "b", "c", "d"]
            .map(handle)
            .to_vec();
        assert_eq!(
            told(&node),
            "its event loop is kept alive by 2 × a timer, a server, b, c and 1 more"
        );
    }

    #[test]
    fn the_sentence_goes_from_main_to_the_cause() {
        let sleeps = thread(3, "worker", Some(WaitsFor::Time));
        let main = |tid| thread(1, "main", Some(WaitsFor::Thread(tid)));
        let one = process(vec![main(3), sleeps.clone()]);
        let joins = "its main thread joins `worker` (3), which sleeps";
        assert_eq!(one.kept_alive_by().as_deref(), Some(joins));
        let between = thread(2, "pool", Some(WaitsFor::Lock(3)));
        let two = process(vec![main(2), between, sleeps.clone()]);
        assert_eq!(
            two.kept_alive_by().as_deref(),
            Some(
                "its main thread joins `pool` (2); `pool` (2) waits for a lock of `worker` (3), which sleeps"
            )
        );
        let alone = process(vec![thread(1, "main", Some(WaitsFor::Child))]);
        let child = "its main thread waits for a child process";
        assert_eq!(alone.kept_alive_by().as_deref(), Some(child));
        let gone = process(vec![sleeps]);
        let others = "its main thread has ended, and `worker` (3) goes on";
        assert_eq!(gone.kept_alive_by().as_deref(), Some(others));
        assert_eq!(process(vec![thread(1, "main", None)]).kept_alive_by(), None);
        let unknown = process(vec![
            thread(1, "main", None),
            thread(2, "worker", Some(WaitsFor::Time)),
        ]);
        assert_eq!(
            unknown.kept_alive_by().as_deref(),
            Some(
                "its main thread is blocked in futex: a lock, a join or a condition; beside it, `worker` (2) sleeps"
            )
        );
        assert_eq!(process(Vec::new()).kept_alive_by(), None);
    }

    #[test]
    fn threads_in_a_circle_are_a_deadlock() {
        let main = thread(1, "main", Some(WaitsFor::Thread(2)));
        let first = thread(2, "a", Some(WaitsFor::Lock(3)));
        let second = thread(3, "b", Some(WaitsFor::Lock(2)));
        let process_of =
            |threads: &[&ThreadSeen]| process(threads.iter().map(|t| (*t).clone()).collect());
        let locked = process_of(&[&main, &first, &second]);
        assert_eq!(
            locked.kept_alive_by().as_deref(),
            Some(
                "deadlock: `a` (2) waits for a lock of `b` (3), `b` (3) waits for a lock of `a` (2)"
            )
        );
        let second = thread(3, "b", Some(WaitsFor::Time));
        assert_eq!(process_of(&[&main, &first, &second]).deadlock(), None);
        let itself = thread(1, "main", Some(WaitsFor::Lock(1)));
        assert_eq!(
            process_of(&[&itself]).kept_alive_by().as_deref(),
            Some("deadlock: `main` (1) waits for a lock of itself")
        );
    }

    #[test]
    fn descriptors_are_told_by_their_peers() {
        let pipe = |peers| Descriptor::new(0, "pipe", peers);
        let peer = Peer::new(7, "sleep");
        assert_eq!(pipe(vec![]).to_string(), "descriptor 0, a pipe");
        assert_eq!(
            pipe(vec![peer.clone()]).to_string(),
            "descriptor 0, a pipe held by pid 7 sleep"
        );
        assert_eq!(
            pipe(vec![peer.clone(), peer]).to_string(),
            "descriptor 0, a pipe held by pid 7 sleep and another process"
        );
        let waits = WaitsFor::Descriptors(vec![Descriptor::new(3, "socket 127.0.0.1:80", vec![])]);
        assert_eq!(
            waits.to_string(),
            "waits for descriptor 3, socket 127.0.0.1:80"
        );
    }
}
