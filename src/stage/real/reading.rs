//! What the subject writes and reads.

use std::time::Duration;

use nix::errno::Errno;

use super::actions::Actions;
use super::collect::Collector;
use super::lines::{Piece, RawLine};
use super::run::Run;
use crate::record::{Event, EventKind, EventName, Line, Stream};
use crate::stage::{Control, proc, sys};

/// How long what is there is read before the clock is looked at again.
const READ_BOUND: Duration = Duration::from_millis(20);
/// How much is read at once where a subject writes faster than that.
const FLOOD_CHUNK: usize = 256 * 1024;

impl Run<'_, '_> {
    pub(super) fn write_input(&mut self) {
        // Stamped before it is done: what comes of it comes later.
        let at = self.elapsed();
        let was_open = self.input.is_open();
        while let Some(done) = self.input.proceed() {
            self.push(at, done);
        }
        // A process that we are about to start has the pipe open too until its exec: a clock that stands must not go on before.
        if was_open && !self.input.is_open() && !self.clock.can_lag() {
            proc::await_end_of_input(self.pid);
        }
    }

    /// Reads what is there, as far as the clock lets us do that at once.
    pub(super) fn read_some(&mut self) {
        match self.clock.reads_at_once() {
            None => self.read_pipes(),
            Some(limit) => {
                for i in 0..self.pipes.len() {
                    self.read(i, limit);
                }
            }
        }
    }

    /// Reads what is there.
    pub(super) fn read_pipes(&mut self) {
        let begun = sys::now();
        for i in 0..self.pipes.len() {
            // A subject that writes faster than we read, or than a listener takes it, must not keep us from the clock.
            for _ in 0..16 {
                let is_more = self.read(i, usize::MAX);
                if !is_more || sys::now() - begun > READ_BOUND {
                    break;
                }
            }
        }
    }

    /// Reads one chunk, no longer than that. False if there is none.
    fn read(&mut self, i: usize, limit: usize) -> bool {
        // Nobody is interested in each line of a flood.
        let blocks =
            self.events.takes_blocks() && !self.actions.await_lines() && !self.control.is_heard();
        let pipe = &mut self.pipes[i];
        let Some(fd) = pipe.fd() else {
            return false;
        };
        let limit = limit.min(self.buffer.len());
        let read = nix::unistd::read(fd, &mut self.buffer[..limit]);
        let at = self.clock.now().saturating_sub(self.zero);
        match read {
            Ok(n @ 1..) => {
                pipe.last = at;
                self.control.tell_output(pipe.stream, &self.buffer[..n]);
                pipe.lines.push(&self.buffer[..n], blocks, |piece| {
                    pipe.told = 0;
                    let line = match piece {
                        Piece::Line(line) => line,
                        Piece::Block(bytes) => {
                            return self.events.push_block(at, pipe.stream, bytes);
                        }
                    };
                    let stream = pipe.stream;
                    take_line(
                        &mut self.actions,
                        self.control,
                        &mut self.events,
                        at,
                        stream,
                        line,
                    );
                });
                if blocks && n == self.buffer.len() && n < FLOOD_CHUNK {
                    if let Some(fd) = pipe.fd() {
                        sys::enlarge_pipe(fd, FLOOD_CHUNK);
                    }
                    self.buffer = vec![0; FLOOD_CHUNK];
                }
                true
            }
            Err(Errno::EAGAIN | Errno::EINTR) => false,
            Ok(0) | Err(_) => {
                pipe.close();
                let stream = pipe.stream;
                self.end_line(i);
                self.push(at, EventKind::Closed { stream });
                false
            }
        }
    }

    /// Takes what came after the last newline for a line. It came when its last bytes came.
    pub(super) fn end_line(&mut self, i: usize) {
        let pipe = &mut self.pipes[i];
        if let Some(rest) = pipe.lines.rest() {
            let (at, stream) = (pipe.last, pipe.stream);
            take_line(
                &mut self.actions,
                self.control,
                &mut self.events,
                at,
                stream,
                rest,
            );
        }
    }

    /// Notes bytes that no newline has ended for a while: a prompt, a progress bar.
    pub(super) fn tell_partials(&mut self) {
        let now = self.elapsed();
        for i in 0..self.pipes.len() {
            let pipe = &mut self.pipes[i];
            if let Some(partial) = pipe.partial(now) {
                let (at, stream) = (pipe.last, pipe.stream);
                self.actions.partial(stream, pipe.lines.unfinished(), at);
                self.push(at, EventKind::Partial(partial));
            }
        }
    }

    /// Notes a line that is on none of the pipes.
    pub(super) fn push_line(&mut self, at: Duration, line: Line) {
        let event = Event::new(at, line);
        self.control.tell(&event);
        self.events.push_line_event(event);
    }

    /// Notes an event: a listener is told, and actions may wait for it.
    pub(super) fn push(&mut self, at: Duration, kind: EventKind) {
        if let Some(name) = EventName::of(&kind) {
            self.actions.happened(&name, at);
        }
        let event = Event { at, kind };
        self.control.tell(&event);
        self.events.push(event);
    }
}

/// A line came: actions may wait for it, a listener is told, and it is kept.
///
/// Not a method: it is called while the stream's own buffer is borrowed.
fn take_line(
    actions: &mut Actions<'_>,
    control: &mut Control<'_>,
    events: &mut Collector,
    at: Duration,
    stream: Stream,
    line: RawLine,
) {
    actions.line(stream, &line.bytes, at);
    control.tell_with(|| Event::new(at, line.clone().into_line(stream)));
    events.push_line(at, stream, line);
}
