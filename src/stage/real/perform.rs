//! What the harness does to the subject when the moment of an action has come.

use std::time::Duration;

use super::run::Run;
use crate::record::{EventKind, Signal, SignalReason, Stream};
use crate::stage::action::Act;
use crate::stage::{proc, sys};

impl Run<'_, '_> {
    /// `late` is by how much it is done later than planned.
    pub(super) fn perform(&mut self, act: &Act, late: Duration) {
        // Stamped before it is done: what comes of it comes later.
        let at = self.elapsed();
        match act {
            Act::Signal { signal, group } => {
                match group {
                    true => sys::send_signal_to_group(*signal, self.pid),
                    false => sys::send_signal_to(*signal, self.pid),
                }
                // A subject may have stopped it, and its end by the signal would never be heard of.
                self.reaper.wake();
                self.sent_at(at, *signal, vec![self.pid], SignalReason::Planned);
            }
            Act::Write(bytes) => {
                self.actions.writes();
                self.input.send(self.plan.framing.frame(bytes.as_slice()));
                self.write_input();
            }
            Act::CloseStdin => {
                self.input.close();
                self.write_input();
            }
            Act::CloseOutput(stream) => self.close_output(*stream),
            Act::EndParent => self.end_parent(),
            Act::Request(request) => self.request(request, at, late),
            Act::Client(client) => self.start_client(client, at, late),
        }
    }

    fn end_parent(&mut self) {
        // Without the subject's exit it is still waiting for it, or a zombie of its reaper: the pid is its own.
        if self.parent != 0 {
            let at = self.elapsed();
            sys::send_signal_to(Signal::KILL, self.parent);
            // A clock that stands meanwhile must not go on before the subject can have heard of it.
            if !self.clock.can_lag() {
                proc::await_end(self.parent);
            }
            self.push(at, EventKind::ParentEnds { pid: self.parent });
        }
    }

    /// Closes our end of a stream. What has come by then is kept.
    fn close_output(&mut self, stream: Stream) {
        self.read_pipes();
        let is_meant = |pipe: Stream| pipe == stream || pipe == Stream::Merged;
        let open = |i: &usize| is_meant(self.pipes[*i].stream) && self.pipes[*i].is_open();
        let Some(i) = (0..self.pipes.len()).find(open) else {
            return;
        };
        self.end_line(i);
        let at = self.elapsed();
        self.pipes[i].close();
        // It holds the same end.
        if let Some(terminal) = self.control.size() {
            terminal.let_go();
        }
        self.push(at, EventKind::OutputClosed { stream });
    }
}
