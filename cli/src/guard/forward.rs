//! Hands output on, just as it is.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

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
        out: impl Write + Send + 'scope,
    ) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        Self {
            sender: Some(sender),
            writer: Some(scope.spawn(move || write(out, &receiver))),
        }
    }

    /// Hands bytes on. A writer that has failed is told of at the end.
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

/// A reader that goes away, as `head` does, is no failure. The command's output is taken all the same.
fn write(mut out: impl Write, pieces: &Receiver<Vec<u8>>) -> io::Result<()> {
    let mut written = Ok(());
    for piece in pieces {
        if written.is_ok() {
            written = out.write_all(&piece).and_then(|()| out.flush());
        }
    }
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
