//! The files of proc(5) that tell what a thread does, kept open: they are read again and again.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::work::Share;
use crate::stage::sys::trace::Tid;

/// Of how many threads files are kept open: runs side by side share the descriptors of a process.
const KEPT: usize = 24;

#[derive(Debug, Default)]
pub(super) struct Files(HashMap<Tid, Open>);

/// The files of one thread.
#[derive(Debug)]
pub(super) struct Open {
    schedstat: File,
    syscall: File,
    stat: File,
}

impl Open {
    fn of(pid: Tid, tid: Tid) -> io::Result<Self> {
        let open = |file: &str| File::open(format!("/proc/{pid}/task/{tid}/{file}"));
        Ok(Self {
            schedstat: open("schedstat")?,
            syscall: open("syscall")?,
            stat: open("stat")?,
        })
    }

    /// What the thread has had of the processors.
    pub(super) fn share(&self) -> Option<Share> {
        read(&self.schedstat, |text| {
            let mut numbers = text.split_ascii_whitespace();
            let mut next = || numbers.next()?.parse().ok();
            Some(Share {
                worked: next()?,
                waited: next()?,
            })
        })
    }

    /// How often the thread has had a processor.
    pub(super) fn runs(&self) -> Option<u64> {
        read(&self.schedstat, |text| {
            text.split_ascii_whitespace().nth(2)?.parse().ok()
        })
    }

    /// The number of the call in which the thread waits. `None` if it runs.
    pub(super) fn call(&self) -> Option<i64> {
        read(&self.syscall, |text| {
            text.split_ascii_whitespace().next()?.parse().ok()
        })
    }

    /// The letter for its state.
    pub(super) fn state(&self) -> Option<char> {
        // The name is in parentheses and may itself contain some.
        read(&self.stat, |text| {
            text.rsplit_once(')')?.1.trim_start().chars().next()
        })
    }
}

fn read<T>(file: &File, find: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let mut bytes = [0; 1024];
    let length = file.read_at(&mut bytes, 0).ok()?;
    find(&String::from_utf8_lossy(&bytes[..length]))
}

impl Files {
    /// Asks the files of a thread. `None` if there is no such thread any more.
    pub(super) fn ask<T>(
        &mut self,
        pid: Tid,
        tid: Tid,
        ask: impl FnOnce(&Open) -> Option<T>,
    ) -> Option<T> {
        if let Some(open) = self.0.get(&tid) {
            return ask(open);
        }
        let open = Open::of(pid, tid).ok()?;
        let answer = ask(&open);
        if self.0.len() < KEPT {
            self.0.insert(tid, open);
        }
        answer
    }

    pub(super) fn forget(&mut self, tid: Tid) {
        self.0.remove(&tid);
    }
}
