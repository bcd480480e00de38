//! The stacks of threads in native code: of what is still there at a time limit, and of what outlives a subject.
//!
//! Each thread is stopped by itself, for as long as it takes to copy its registers and its stack. What the copies say is read in
//! another thread, while the run goes on: the files of a program may be large.

mod elf;
mod files;
mod maps;
mod unwind;

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::sys::{self, Snapshot};
use crate::record::{Frame, Process};
use files::Files;
use maps::Mapping;

/// How long copying may take in all.
const COPYING: Duration = Duration::from_millis(500);
/// How long a run that is over waits for the names of functions.
const NAMING: Duration = Duration::from_secs(3);
/// So many threads of a process are looked at, and so many bytes are copied at the most.
const THREADS: usize = 64;
const BYTES: usize = 32 << 20;

type Stacks = HashMap<u32, Vec<Frame>>;

/// The stacks of some processes, copied.
pub(super) struct Copied {
    /// Where they come from, once they are read.
    read: Receiver<Stacks>,
    problem: Option<String>,
}

/// What was copied of one process.
struct Copy {
    mappings: Vec<Mapping>,
    /// Its code, open: its paths mean nothing any more once it has ended.
    files: Files,
    threads: Vec<(u32, Snapshot)>,
}

impl Copied {
    /// Copies the stacks of all threads of these processes, one after the other.
    pub(super) fn of(processes: &[Process]) -> Self {
        // What is stopped goes on when its tracer ends, whatever happens, so the tracer is a thread that ends right here.
        let copied = thread::scope(|scope| scope.spawn(|| copy_all(processes)).join());
        let (copies, problem) = copied.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let (sender, read) = channel();
        let deadline = sys::now() + NAMING;
        let reads = thread::Builder::new()
            .name("exeunt-stacks".into())
            .spawn(move || {
                let stacks = copies
                    .into_iter()
                    .flat_map(|copy| unwind::stacks(copy, deadline));
                // A run that has not waited any longer does not want it.
                let _ = sender.send(stacks.collect());
            });
        let unread = reads.err().map(|error| error.to_string());
        Self {
            read,
            problem: problem.or(unread),
        }
    }

    /// Puts the stacks in their places, once they are read. Says why there is one missing.
    pub(super) fn put<'a>(
        self,
        processes: impl Iterator<Item = &'a mut Process>,
    ) -> Option<String> {
        let Ok(mut stacks) = self.read.recv_timeout(NAMING) else {
            let slow = || format!("reading them took longer than {} s", NAMING.as_secs());
            return self.problem.or_else(|| Some(slow()));
        };
        for thread in processes.flat_map(|process| &mut process.threads) {
            if let Some(stack) = stacks.remove(&thread.tid) {
                thread.stack = stack;
            }
        }
        self.problem
    }
}

/// What could be copied, and the first reason why not all could.
fn copy_all(processes: &[Process]) -> (Vec<Copy>, Option<String>) {
    let deadline = sys::now() + COPYING;
    let (mut copies, mut problem, mut left) = (Vec::new(), None, BYTES);
    for process in processes
        .iter()
        .filter(|process| !is_interpreter(process.pid))
    {
        match copy(process, deadline, &mut left) {
            Ok(copy) => copies.push(copy),
            // It has ended meanwhile.
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                let why = format!("pid {} may not be looked at: {error}", process.pid);
                problem = problem.or(Some(why));
            }
        }
    }
    (copies, problem)
}

fn copy(process: &Process, deadline: Duration, left: &mut usize) -> io::Result<Copy> {
    let mappings = maps::of(process.pid)?;
    let mut threads = Vec::new();
    for thread in process.threads.iter().take(THREADS) {
        if sys::now() >= deadline || *left == 0 {
            break;
        }
        let end = |address| Some(maps::around(&mappings, address)?.range.end);
        match sys::snapshot(thread.tid, end) {
            Ok(None) => {}
            Ok(Some(snapshot)) => {
                *left = left.saturating_sub(snapshot.bytes.len());
                threads.push((thread.tid, snapshot));
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let files = Files::open(process.pid, &mappings);
    Ok(Copy {
        mappings,
        files,
        threads,
    })
}

/// Whether a process runs code that is not its own: of an interpreter the native stacks show nothing of the program.
fn is_interpreter(pid: u32) -> bool {
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let known = ["python", "pypy", "ruby", "perl", "php"];
    matches!(&*name, "java" | "node" | "bun" | "deno")
        || known.iter().any(|known| name.starts_with(known))
}

fn is_gone(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let gone = [Errno::ESRCH, Errno::ENOENT].map(|errno| errno as i32);
    error
        .raw_os_error()
        .is_some_and(|errno| gone.contains(&errno))
}
