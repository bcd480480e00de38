//! Log files of the subject, tailed as a stream.
//!
//! A look is every 10 ms, before each action, and at the exit. What was there before the subject was started is passed over.

use std::collections::HashMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::libc;

use super::lines::{Lines, Piece, RawLine};
use super::run::Run;
use crate::record::{Dropped, EventKind, Finding, Line, LogFile, Stream};
use crate::stage::{Framing, Plan};

const GRAIN: Duration = Duration::from_millis(10);
/// So much of a file is read in one look, and in the last one.
const PIECE: u64 = 1 << 20;
const REST: u64 = 64 << 20;
/// So many files are tailed.
const FILES: usize = 64;

/// The files that are tailed.
pub(super) struct Logs {
    patterns: Vec<Wanted>,
    tailed: Vec<Tailed>,
    /// How long each file was before the subject was started.
    before: HashMap<Id, u64>,
    /// Why a file cannot be read, told once for each.
    unread: Vec<(String, String)>,
    limit: usize,
    since: Duration,
    next: Duration,
    /// What the subject had done by the last look, where the clock knows.
    seen: Option<u64>,
}

type Id = (u64, u64);

/// The files of one directory whose names match.
struct Wanted {
    directory: PathBuf,
    /// What stands before the name in what is told.
    shown: String,
    /// The parts of the name between the stars.
    name: String,
}

struct Tailed {
    id: Id,
    shown: String,
    file: File,
    read: u64,
    lines: Lines,
    /// When its last bytes came, and since when they can have been there.
    last: (Duration, Duration),
}

/// A line of a file, and when it came.
struct Told {
    at: Duration,
    line: RawLine,
    file: LogFile,
}

impl Logs {
    /// The first look, before the subject is started.
    pub(super) fn new(plan: &Plan, directory: &Path) -> Self {
        let patterns: Vec<_> = plan
            .logs
            .iter()
            .map(|pattern| Wanted::new(pattern, directory))
            .collect();
        let there = patterns.iter().flat_map(Wanted::files);
        let before = there
            .filter_map(|(path, _)| fs::metadata(path).ok())
            .map(|data| (id(&data), data.len()));
        Self {
            before: before.collect(),
            patterns,
            tailed: Vec::new(),
            unread: Vec::new(),
            limit: plan.limits.line,
            since: Duration::ZERO,
            next: Duration::ZERO,
            seen: None,
        }
    }

    /// When to look again.
    pub(super) fn next(&self) -> Option<Duration> {
        (!self.patterns.is_empty()).then_some(self.next)
    }

    /// When to look again, if the subject has done this by now. Where it has done nothing, nothing is new.
    pub(super) fn next_after(&self, doings: Option<u64>) -> Option<Duration> {
        self.next()
            .filter(|_| doings.is_none() || doings != self.seen)
    }

    /// What the subject had done at the last look.
    pub(super) fn seen(&self) -> Option<u64> {
        self.next().and(self.seen)
    }

    /// Finds files that are new. One that was renamed is known.
    fn find(&mut self) {
        let found: Vec<_> = self.patterns.iter().flat_map(Wanted::files).collect();
        for (path, shown) in found {
            match open(&path) {
                Ok(Some((file, data))) => self.add(file, &data, shown),
                Ok(None) => {}
                // It is gone again.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if self.unread.iter().all(|(known, _)| *known != shown) => {
                    self.unread.push((shown, error.to_string()));
                }
                Err(_) => {}
            }
        }
    }

    fn add(&mut self, mut file: File, data: &Metadata, shown: String) {
        let id = id(data);
        if self.tailed.iter().any(|known| known.id == id) {
            return;
        }
        if self.tailed.len() == FILES {
            let why = format!("{FILES} files are tailed already");
            if self.unread.iter().all(|(_, known)| *known != why) {
                self.unread.push((shown, why));
            }
            return;
        }
        let read = self.before.remove(&id).unwrap_or_default();
        if file.seek(SeekFrom::Start(read)).is_ok() {
            let lines = Lines::new(self.limit, Framing::Lines);
            let last = (Duration::ZERO, Duration::ZERO);
            self.tailed.push(Tailed {
                id,
                shown,
                file,
                read,
                lines,
                last,
            });
        }
    }

    /// Reads what is new, at most so much of each file.
    fn read(&mut self, since: Duration, now: Duration, most: u64) -> Vec<Told> {
        self.find();
        let mut told = Vec::new();
        for file in &mut self.tailed {
            file.look(now, since, most, &mut told);
        }
        self.since = now;
        told
    }
}

impl Tailed {
    fn look(&mut self, now: Duration, since: Duration, most: u64, told: &mut Vec<Told>) {
        // Shorter than it was: it was written anew from its beginning.
        if self
            .file
            .metadata()
            .is_ok_and(|data| data.len() < self.read)
        {
            self.end(told);
            self.read = 0;
            let _ = self.file.rewind();
        }
        let mut bytes = Vec::new();
        let read = (&self.file)
            .take(most)
            .read_to_end(&mut bytes)
            .unwrap_or_default();
        if read == 0 {
            return;
        }
        self.read += read as u64;
        self.last = (now, since);
        let file = LogFile::new(&self.shown, since);
        self.lines.push(&bytes, false, |piece| {
            if let Piece::Line(line) = piece {
                told.push(Told {
                    at: now,
                    line,
                    file: file.clone(),
                });
            }
        });
    }

    /// Takes what no newline has ended for a line.
    fn end(&mut self, told: &mut Vec<Told>) {
        let (at, since) = self.last;
        let file = LogFile::new(&self.shown, since);
        told.extend(self.lines.rest().map(|line| Told { at, line, file }));
    }

    fn unread(&self) -> u64 {
        let length = self.file.metadata().map_or(0, |data| data.len());
        length.saturating_sub(self.read)
    }
}

impl Wanted {
    fn new(pattern: &str, directory: &Path) -> Self {
        let (below, name) = match pattern.rsplit_once('/') {
            Some((below, name)) => (format!("{below}/"), name),
            None => (String::new(), pattern),
        };
        Self {
            directory: directory.join(&below),
            shown: below,
            name: name.to_owned(),
        }
    }

    /// The paths that match, and how they are told.
    fn files(&self) -> Vec<(PathBuf, String)> {
        let entries = fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten();
        let mut files: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                matches(&self.name, &name).then(|| (entry.path(), format!("{}{name}", self.shown)))
            })
            .collect();
        files.sort();
        files
    }
}

/// Whether a name is meant by a pattern, in which a star stands for any characters. As in a shell, none at the beginning stands for a
/// dot.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    if !name.starts_with(first) || (first.is_empty() && name.starts_with('.')) {
        return false;
    }
    let mut name = &name[first.len()..];
    let mut parts: Vec<_> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(last)
}

/// Opens a regular file; `None` for what is none. A pipe is not waited for.
fn open(path: &Path) -> io::Result<Option<(File, Metadata)>> {
    if !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    let data = file.metadata()?;
    Ok(data.is_file().then_some((file, data)))
}

fn id(data: &Metadata) -> Id {
    (data.dev(), data.ino())
}

impl Run<'_, '_> {
    /// Looks, if it is time for that.
    pub(super) fn tail_in_time(&mut self) {
        let doings = self.clock.doings();
        let due = |next| doings.is_some() || self.elapsed() >= next;
        if self.logs.next_after(doings).is_some_and(due) {
            self.tail();
        }
    }

    /// Looks now.
    pub(super) fn tail(&mut self) {
        if self.logs.next().is_none() {
            return;
        }
        let told = self.read_logs(PIECE);
        self.logs.next = self.elapsed() + GRAIN;
        told.into_iter().for_each(|told| self.take_file_line(told));
    }

    fn read_logs(&mut self, most: u64) -> Vec<Told> {
        let now = self.elapsed();
        let before = std::mem::replace(&mut self.logs.seen, self.clock.doings());
        let since = self.unchanged(self.logs.since, before, now);
        self.logs.read(since, now, most)
    }

    fn take_file_line(&mut self, told: Told) {
        let Told { at, line, file } = told;
        self.actions.line(Stream::File, &line.bytes, at);
        let line = Line {
            file: Some(file),
            ..line.into_line(Stream::File)
        };
        self.push_line(at, line);
    }

    /// The last look, when nothing of the subject is left.
    pub(super) fn end_logs(&mut self) {
        if self.logs.next().is_none() {
            return;
        }
        let now = self.elapsed();
        let mut told = self.read_logs(REST);
        let mut left = Dropped::default();
        for file in &mut self.logs.tailed {
            file.end(&mut told);
            let bytes = file.unread();
            left.bytes += bytes;
            left.lines += u64::from(bytes > 0);
        }
        let at = self
            .ended_at
            .map_or(now, |exit| now.min(exit.max(self.logs.since)));
        told.into_iter().for_each(|told| self.take_file_line(told));
        if left.lines > 0 {
            self.push(at, EventKind::Cut(left));
        }
        let unread = std::mem::take(&mut self.logs.unread).into_iter();
        self.findings
            .extend(unread.map(|(file, why)| Finding::LogUnread { file, why }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, is_meant) in [
            ("*.log", "a.log", true),
            ("*.log", "a.log.1", false),
            ("*.log", ".log", false),
            ("app*", "app", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("app.log", "app.log", true),
            ("app.log", "app-log", false),
            ("*", "anything", true),
        ] {
            assert_eq!(matches(pattern, name), is_meant, "{pattern} {name}");
        }
    }
}
