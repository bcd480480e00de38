//! Files that are written anew while cases end, so that what is known survives a kill of the harness.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::{Reporter, Results};
use crate::outcome::{CaseId, Outcome, Summary};

/// What a file has: a pure function of the results.
pub type Render = Box<dyn Fn(&Results) -> String + Send>;

/// After a file is written there is a rest of so long, or of fifty times as long as the writing took, whichever is more: so that
/// takes at most one part in fifty of a processor.
const REST: Duration = Duration::from_secs(1);
const SHARE: u32 = 50;
/// But on a machine that is too busy to write, no longer than this: what a file lacks is lost if the harness is killed.
const LONGEST_REST: Duration = Duration::from_secs(5);

/// Report files of one run of cases, each rewritten as a whole while cases end.
///
/// A file is replaced by renaming a new one over it, so a reader, or whoever looks after a crash, finds a whole report of what
/// was known a second before, or five where writing takes long. A thread of its own writes: no case waits for it.
pub struct Files {
    sender: Option<Sender<News>>,
    writer: Option<JoinHandle<io::Result<()>>>,
}

enum News {
    Case(Box<Outcome>),
    End(Duration),
}

impl Files {
    /// Writes each file once, with no outcome yet, and keeps them up to date from then on.
    ///
    /// # Errors
    /// If a file cannot be written, which is better known before anything is run, or if there is no thread for it.
    pub fn create(results: Results, files: Vec<(PathBuf, Render)>) -> io::Result<Self> {
        let writer = Writer { results, files };
        writer.write(false)?;
        let (sender, receiver) = channel();
        let thread = thread::Builder::new().name("reports".into());
        let writer = thread.spawn(move || writer.run(&receiver))?;
        Ok(Self {
            sender: Some(sender),
            writer: Some(writer),
        })
    }

    fn send(&self, news: News) {
        // A writer that has ended has failed, and says so at the end.
        let _ = self.sender.as_ref().map(|sender| sender.send(news));
    }

    /// Waits until all is written.
    fn finish(&mut self) -> io::Result<()> {
        self.sender = None;
        match self.writer.take() {
            None => Ok(()),
            Some(writer) => writer
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        }
    }
}

/// What is known is written, though nobody hears of a failure then.
impl Drop for Files {
    fn drop(&mut self) {
        if !thread::panicking() {
            let _ = self.finish();
        }
    }
}

impl Reporter for Files {
    fn begin(&mut self, _: &[CaseId]) -> io::Result<()> {
        Ok(())
    }

    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.send(News::Case(Box::new(outcome.clone())));
        Ok(())
    }

    fn end(&mut self, _: &Summary, elapsed: Duration) -> io::Result<()> {
        self.send(News::End(elapsed));
        self.finish()
    }
}

struct Writer {
    results: Results,
    files: Vec<(PathBuf, Render)>,
}

impl Writer {
    fn run(mut self, news: &Receiver<News>) -> io::Result<()> {
        let mut next = Instant::now() + REST;
        let mut stale = false;
        loop {
            let heard = match stale {
                true => news.recv_timeout(next.saturating_duration_since(Instant::now())),
                false => news.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match heard {
                Ok(one) => {
                    self.take(one);
                    stale = true;
                }
                Err(RecvTimeoutError::Timeout) => {
                    let begun = Instant::now();
                    self.write(false)?;
                    next = Instant::now() + (begun.elapsed() * SHARE).clamp(REST, LONGEST_REST);
                    stale = false;
                }
                Err(RecvTimeoutError::Disconnected) => return self.write(true),
            }
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Case(outcome) => self.results.outcomes.push(*outcome),
            News::End(elapsed) => self.results.elapsed = Some(elapsed),
        }
    }

    /// Writes all files. What cannot be replaced, a pipe or a terminal, is written once, when all is known.
    fn write(&self, last: bool) -> io::Result<()> {
        let files = self.files.iter();
        let mut files = files.filter(|(path, _)| last || !is_special(path));
        files.try_for_each(|(path, render)| {
            replace(path, &render(&self.results)).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })
        })
    }
}

/// Puts a new file in the place of an old one: there is never half of it.
///
/// # Errors
/// If it cannot be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    if is_special(path) {
        return fs::write(path, text);
    }
    // What a link leads to is replaced, not the link.
    let whole = fs::canonicalize(path);
    let path = whole.as_deref().unwrap_or(path);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{}", std::process::id(), unique()));
    let new = path.with_file_name(name);
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Whether this is no file that another one can take the place of.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir())
}

/// Two reports of one process may go to one directory.
fn unique() -> u128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default().as_nanos()
}
