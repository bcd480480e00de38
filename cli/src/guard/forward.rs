//! Hands output on, just as it is.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use nix::errno::Errno;

/// How many pieces may wait to be written before the command has to.
const QUEUE: usize = 64;

/// Writes to one of our streams in a thread of its own: a reader that is slow does not keep us from looking at the command.
pub(super) struct Forward<'scope> {
    sender: Option<SyncSender<Vec<u8>>>,
    writer: Option<ScopedJoinHandle<'scope, io::Result<()>>>,
}

impl<'scope> Forward<'scope> {
    pub(super) fn to<'env>(
        scope: &'scope Scope<'scope, 'env>,
        out: File,
        failed: impl FnOnce() + Send + 'scope,
    ) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        Self {
            sender: Some(sender),
            writer: Some(scope.spawn(move || write(out, &receiver, failed))),
        }
    }

    /// Hands bytes on. Nothing comes of it where nothing can be written any more.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(bytes.to_vec());
        }
    }

    /// Waits until all is written.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.sender = None;
        match self.writer.take().map(ScopedJoinHandle::join) {
            None => Ok(()),
            Some(Ok(written)) => written,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

/// Writes until that fails, and says then that it has: the command could write for ever else. A reader that goes away, as `head`
/// does, or a terminal that is closed, is no failure of ours.
fn write(mut out: File, pieces: &Receiver<Vec<u8>>, failed: impl FnOnce()) -> io::Result<()> {
    let is_terminal = out.is_terminal();
    let written = pieces
        .iter()
        .try_for_each(|piece| out.write_all(&piece).and_then(|()| out.flush()));
    let Err(error) = written else {
        return Ok(());
    };
    failed();
    // What has come by then is taken all the same: the command does not wait for us.
    pieces.iter().for_each(drop);
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EPIPE) => Ok(()),
        Some(Errno::EIO) if is_terminal => Ok(()),
        _ => Err(error),
    }
}
