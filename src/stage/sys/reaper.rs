//! The harness's hold on a reaper: one is engaged for a run, and afterwards kept for the next.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::clock::now;
use super::exec::Exec;
use super::message::{Hold, Message, Order};
use super::process::{Process, is_end, was_unheard};
use super::scratch::Scratch;
use super::{pool, wait_readable};

/// The subject's ends of its streams.
pub(crate) struct Ends {
    pub(crate) stdin: OwnedFd,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
    /// A descriptor on which it tells that it is ready.
    pub(crate) ready: Option<OwnedFd>,
    /// Readable once a subject that is held may go on.
    pub(crate) gate: Option<OwnedFd>,
}

/// How long a dropped reaper may take to clean up before it is left to do so alone.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long the answer to an order is waited for before the run goes on without.
const PROMPT: Duration = Duration::from_millis(50);
/// How often.
const PROMPT_LOOKS: usize = 20;

/// The harness's hold on a reaper during one run. Dropping it ends everything in the reaper's tree.
pub(crate) struct Reaper {
    /// `None` only while this is dropped.
    process: Option<Process>,
    /// Whether the reaper has a subject, or descendants of one.
    busy: bool,
}

/// How a run stands when it is given up.
#[derive(PartialEq)]
enum Rest {
    /// Nothing is left.
    Nothing,
    /// The reaper is gone.
    Lost,
    /// The reaper still tries to empty the tree.
    Busy,
}

impl Reaper {
    /// A reaper that waits for orders: one that has served before, or a new one.
    pub(crate) fn engage() -> io::Result<Self> {
        let process = match pool::take() {
            Some(process) => process,
            None => Process::fork()?,
        };
        Ok(Self {
            process: Some(process),
            busy: false,
        })
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("only a drop takes it")
    }

    fn process_mut(&mut self) -> &mut Process {
        self.process.as_mut().expect("only a drop takes it")
    }

    /// An empty directory for the subject. It is removed after the run, also where the harness is killed.
    pub(crate) fn scratch(&mut self) -> io::Result<PathBuf> {
        let process = self.process_mut();
        let scratch = match process.scratch.take() {
            Some(scratch) if scratch.is_where_new_ones_are() => scratch,
            Some(elsewhere) => {
                elsewhere.remove();
                Scratch::new()?
            }
            None => Scratch::new()?,
        };
        Ok(process.scratch.insert(scratch).path().to_owned())
    }

    /// The directory that the reaper has to remove in the end.
    pub(crate) fn scratch_path(&self) -> Option<&Path> {
        self.process().scratch.as_ref().map(Scratch::path)
    }

    /// Starts a subject. What becomes of it, [`receive`](Self::receive) tells.
    ///
    /// An error may pass when other runs end: no process or descriptor was left.
    pub(crate) fn start(&mut self, exec: &Exec, ends: &Ends, hold: Hold) -> io::Result<()> {
        let block = exec.file()?;
        let order = Order::Start {
            length: exec.len(),
            hold,
        };
        let streams = [&block, &ends.stdin, &ends.stdout, &ends.stderr];
        let files: Vec<_> = streams
            .into_iter()
            .chain(&ends.gate)
            .chain(&ends.ready)
            .map(AsFd::as_fd)
            .collect();
        loop {
            let sent = self.process().order(order, &files);
            if sent.is_ok() {
                self.busy = true;
                self.process_mut().knows_scratch();
            }
            match sent.and_then(|()| self.answer()) {
                Ok(Some(Message::ForkFailed { errno })) => {
                    self.receive()?;
                    return Err(io::Error::from_raw_os_error(errno));
                }
                // It had waited long enough, or was killed while it was idle.
                Err(error) if was_unheard(&error) => {
                    self.busy = false;
                    self.replace()?;
                }
                Err(error) if !is_end(&error) => return Err(error),
                _ => return Ok(()),
            }
        }
    }

    /// The first message about a subject, left where it is. `None` if it does not come in time.
    fn answer(&self) -> io::Result<Option<Message>> {
        for _ in 0..PROMPT_LOOKS {
            let message = self.process().peek(PROMPT)?;
            if message.is_some() {
                return Ok(message);
            }
            // A subject may have stopped its parent before that has said that there is a subject.
            self.wake();
        }
        Ok(None)
    }

    /// Goes on with a new process, and the same scratch directory: its path may be in the subject's environment already.
    fn replace(&mut self) -> io::Result<()> {
        let process = self.process_mut();
        process.wait_for_end();
        let scratch = process.scratch.take();
        let mut process = Process::fork()?;
        process.scratch = scratch.map(Scratch::again).transpose()?;
        self.process = Some(process);
        Ok(())
    }

    /// The next message, if one is there. `Err` with `UnexpectedEof` if the reaper is gone.
    pub(crate) fn receive(&mut self) -> io::Result<Option<Message>> {
        let message = self
            .process()
            .receive()
            .map_err(|error| match is_end(&error) {
                true => io::ErrorKind::UnexpectedEof.into(),
                false => error,
            })?;
        if message.is_some_and(|message| message.is_last()) {
            self.busy = false;
        }
        Ok(message)
    }

    /// Tells the reaper to kill whatever is left of the tree; it answers [`Message::Empty`].
    pub(crate) fn finish(&self) {
        // If the reaper is gone there is nobody to tell.
        let _ = self.process().order(Order::Finish, &[]);
        self.wake();
    }

    /// Lets the reaper go on, in case the subject has stopped it.
    pub(crate) fn wake(&self) {
        self.process().wake();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process().pid()
    }

    /// Waits until nothing of the run is left, but not for ever.
    fn end(&mut self) -> Rest {
        if !self.busy {
            return Rest::Nothing;
        }
        self.finish();
        let deadline = now() + FAREWELL;
        while let Some(left) = deadline.checked_sub(now()) {
            match self.receive() {
                Ok(Some(message)) if message.is_last() => return Rest::Nothing,
                Ok(Some(_)) => {}
                Ok(None) => {
                    let _ = wait_readable(&[self.as_fd()], left);
                }
                Err(_) => return Rest::Lost,
            }
        }
        Rest::Busy
    }
}

impl AsFd for Reaper {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.process().as_fd()
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        let rest = self.end();
        let Some(mut process) = self.process.take() else {
            return;
        };
        match rest {
            // Somebody knows it, and may stop it again at any time, so that it would never end by itself.
            Rest::Nothing if process.was_stopped() => {
                process.kill();
                process.remove_scratch();
            }
            Rest::Nothing if process.clear_scratch() => pool::keep(process),
            // It ends, and removes its scratch directory itself: it has descriptors left for that.
            Rest::Nothing => {}
            Rest::Lost => process.remove_scratch(),
            // It removes its scratch directory when the tree is empty.
            Rest::Busy => {}
        }
    }
}
