//! The processes below a reaper, from proc(5).

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::thread;
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::files;
use crate::record::{Process, Stream};
use crate::stage::sys::is_scarce;

/// All living descendants of `root`, parents before their children.
///
/// # Errors
/// If it cannot be looked: that there are none is only said where that was seen.
pub(crate) fn descendants(
    root: u32,
    pipes: &[(Stream, BorrowedFd<'_>)],
) -> io::Result<Vec<Process>> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for pid in all()? {
        if let Some(stat) = Stat::of(pid)? {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    let pipes: Vec<(Stream, String)> = pipes
        .iter()
        .filter_map(|(stream, fd)| Some((*stream, target(fd.as_fd())?)))
        .collect();
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        for &pid in children.get(&parent).into_iter().flatten() {
            next.push(pid);
            if Stat::of(pid)?.is_some_and(|stat| !stat.dead) {
                found.push(Process {
                    pid,
                    command: command(pid),
                    open_streams: held(pid, &pipes),
                    threads: super::threads(pid),
                    handles: Vec::new(),
                });
            }
        }
    }
    Ok(found)
}

/// The children of a process that have ended and are not reaped yet.
pub(in crate::stage) fn dead_below(root: u32) -> Vec<u32> {
    let is_dead = |pid: &u32| {
        let stat = Stat::of(*pid);
        matches!(stat, Ok(Some(Stat { parent, dead: true, .. })) if parent == root)
    };
    all().into_iter().flatten().filter(is_dead).collect()
}

/// All processes of the machine, zombies included.
pub(super) fn all() -> io::Result<impl Iterator<Item = u32>> {
    let entries = files::entries("/proc")?.flatten();
    Ok(entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
}

/// What /proc/<pid>/stat says of a process.
pub(super) struct Stat {
    pub(super) parent: u32,
    pub(super) session: u32,
    pub(super) dead: bool,
}

impl Stat {
    /// `None` if there is no such process any more.
    pub(super) fn of(pid: u32) -> io::Result<Option<Self>> {
        match files::text(&format!("/proc/{pid}/stat")) {
            Ok(stat) => Ok(Self::parse(&stat)),
            Err(error) if is_scarce(&error) => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn parse(stat: &str) -> Option<Self> {
        // The name is in parentheses and may itself contain some: the fields start behind the last one.
        let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let session = fields.nth(1)?.parse().ok()?;
        // A process whose main thread alone has ended looks like a zombie, but for its other threads.
        let threads: u32 = fields.nth(13)?.parse().ok()?;
        Some(Self {
            parent,
            session,
            dead: matches!(state, "Z" | "X") && threads <= 1,
        })
    }
}

/// Waits until something is so, but not for long: what is in the kernel's hands may take its time.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    const PATIENCE: Duration = Duration::from_secs(2);
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE && !is_so() {
        thread::sleep(Duration::from_micros(100));
    }
}

/// Waits for the end of a process that was killed, but not for long.
pub(in crate::stage) fn await_end(pid: u32) {
    wait_until(|| !matches!(Stat::of(pid), Ok(Some(Stat { dead: false, .. }))));
}

/// Waits until nobody can write any more to the pipe that is the standard input of a process, but not for long.
pub(in crate::stage) fn await_end_of_input(pid: u32) {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK);
    // One that has another input by now does not read this one.
    let Ok(end) = options.open(format!("/proc/{pid}/fd/0")) else {
        return;
    };
    let is_pipe = target(end.as_fd()).is_some_and(|target| target.starts_with("pipe:["));
    wait_until(|| {
        let mut ends = [PollFd::new(end.as_fd(), PollFlags::empty())];
        let polled = poll(&mut ends, PollTimeout::ZERO);
        let seen = ends[0].revents();
        let hung_up = seen.is_some_and(|seen| seen.contains(PollFlags::POLLHUP));
        !is_pipe || polled.is_ok() && hung_up
    });
}

fn command(pid: u32) -> String {
    let line = files::bytes(&format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let args: Vec<_> = line
        .split(|b| *b == 0)
        .map(String::from_utf8_lossy)
        .collect();
    let text = args.join(" ").trim_end().to_owned();
    if !text.is_empty() {
        return text;
    }
    format!("[{}]", name(pid))
}

/// The name of a process, of which the system keeps 15 bytes.
pub(super) fn name(pid: u32) -> String {
    let name = files::text(&format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

/// What a descriptor of ours points at, such as `pipe:[1234]`.
pub(super) fn target(fd: BorrowedFd<'_>) -> Option<String> {
    link(&format!("/proc/self/fd/{}", fd.as_raw_fd()))
}

pub(super) fn link(path: &str) -> Option<String> {
    fs::read_link(path)
        .ok()?
        .into_os_string()
        .into_string()
        .ok()
}

/// Which of the pipes a process holds open. Needs the right to look at it.
fn held(pid: u32, pipes: &[(Stream, String)]) -> Vec<Stream> {
    let Ok(fds) = files::entries(&format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    let open: Vec<_> = fds
        .flatten()
        .filter_map(|fd| link(fd.path().to_str()?))
        .collect();
    pipes
        .iter()
        .filter(|(_, pipe)| open.contains(pipe))
        .map(|(stream, _)| *stream)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_dead_only_when_all_its_threads_are() {
        let stat = |state, threads| {
            let line =
                format!("7 (a (b) c) {state} 1 7 5 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0 99 0");
            Stat::parse(&line).unwrap()
        };
        assert!(stat("Z", 1).dead && stat("X", 0).dead);
        assert!(!stat("Z", 2).dead && !stat("S", 1).dead);
        assert_eq!((stat("S", 1).parent, stat("S", 1).session), (1, 5));
    }
}
