//! The actions of a plan, and when their moment is.

use std::time::Duration;

use crate::log::{LogFormat, Pattern};
use crate::record::{Bytes, EventName, Finding, Stream};
use crate::stage::action::{Act, Action, Trigger};
use crate::stage::plan::Readiness;
use crate::stage::proc;

/// How long the main thread must have stood in one system call to count as blocked.
const BLOCKED: Duration = Duration::from_millis(50);
/// How often a state is looked at, and how far apart two actions are at least: the kernel makes one of two signals that are
/// sent before the first is taken.
pub(super) const LOOK: Duration = Duration::from_millis(10);
/// How long a signal may wait for another of its kind to be taken. A subject that blocks a signal for good never takes it.
pub(super) const TAKEN: Duration = Duration::from_secs(1);

/// The actions of a run that have not been done yet.
pub(super) struct Actions<'p> {
    log: &'p LogFormat,
    /// The line by which the subject is ready, until it has come.
    ready: Option<&'p Pattern>,
    /// When that line came.
    ready_line: Option<Duration>,
    pending: Vec<Pending<'p>>,
    /// Lines whose beginning was taken for what was waited for.
    early: Vec<Early<'p>>,
    went_on: Vec<Finding>,
    /// When the last action was done.
    last: Option<Duration>,
}

/// A line that has no newline yet, and what it was taken for.
struct Early<'p> {
    stream: Stream,
    wanted: &'p Pattern,
    ready: bool,
}

struct Pending<'p> {
    action: &'p Action,
    /// When it is due; unknown until its event has come.
    due: Option<Duration>,
    /// How many lines or events are yet to come, the one it waits for included.
    missing: u32,
    /// The stream whose unfinished line was counted already.
    counted: Option<Stream>,
    /// What the main thread was seen to do, and since when it does just that.
    seen: Option<(String, Duration)>,
}

/// An action whose moment has come.
pub(super) struct Due<'p> {
    pub(super) act: &'p Act,
    /// How long ago its moment was.
    pub(super) late: Duration,
}

impl<'p> Actions<'p> {
    pub(super) fn new(actions: &'p [Action], log: &'p LogFormat) -> Self {
        let pending = actions.iter().map(|action| {
            let (due, missing) = match action.when().on {
                Trigger::Start => (Some(action.when().after), 0),
                Trigger::Line(_, n) | Trigger::Event(_, n) => (None, n.get()),
            };
            Pending {
                action,
                due,
                missing,
                counted: None,
                seen: None,
            }
        });
        Self {
            log,
            ready: None,
            ready_line: None,
            pending: pending.collect(),
            early: Vec::new(),
            went_on: Vec::new(),
            last: None,
        }
    }

    /// Has the subject be ready by a line.
    pub(super) fn ready_by(&mut self, readiness: Option<&'p Readiness>) {
        if let Some(Readiness::Line(line)) = readiness {
            self.ready = Some(line);
        }
    }

    /// When the line came by which the subject is ready; told once.
    pub(super) fn take_ready_line(&mut self) -> Option<Duration> {
        self.ready_line.take()
    }

    /// Whether a line can still matter.
    pub(super) fn await_lines(&self) -> bool {
        self.ready.is_some()
            || !self.early.is_empty()
            || self.pending.iter().any(Pending::awaits_line)
    }

    /// An event of this name came.
    pub(super) fn happened(&mut self, name: &EventName, at: Duration) {
        for pending in self.pending.iter_mut().filter(|p| p.due.is_none()) {
            pending.happened(name, at);
        }
    }

    /// A line came.
    pub(super) fn line(&mut self, stream: Stream, line: &[u8], at: Duration) {
        self.heard(stream, line, at, false);
    }

    /// These bytes came, and no newline has ended them yet.
    pub(super) fn partial(&mut self, stream: Stream, line: &[u8], at: Duration) {
        self.heard(stream, line, at, true);
    }

    fn heard(&mut self, stream: Stream, line: &[u8], at: Duration, partial: bool) {
        if !self.await_lines() {
            return;
        }
        let bytes = Bytes::from(line.to_vec());
        let text = bytes.to_text();
        let message = self.log.message(&text).unwrap_or(&text);
        if !partial {
            self.ends(stream, message);
        }
        if let Some(wanted) = self.ready.filter(|line| means(line, stream, message)) {
            self.ready = None;
            self.ready_line = Some(at);
            let ready = true;
            self.early.extend(partial.then_some(Early {
                stream,
                wanted,
                ready,
            }));
        }
        for pending in self.pending.iter_mut().filter(|p| p.awaits_line()) {
            let counted = pending.heard(stream, message, at, partial);
            let wanted = counted.filter(|_| partial);
            self.early.extend(wanted.map(|wanted| Early {
                stream,
                wanted,
                ready: false,
            }));
        }
    }

    /// A line has its newline: it may be another one than its beginning was taken for.
    fn ends(&mut self, stream: Stream, message: &str) {
        let ended = self.early.extract_if(.., |early| early.stream == stream);
        let others = ended.filter(|early| !means(early.wanted, stream, message));
        self.went_on.extend(others.map(|early| Finding::WentOn {
            wanted: early.wanted.to_string(),
            line: message.to_owned(),
            ready: early.ready,
        }));
    }

    /// Something is written to the subject: its lines may well go on with what it makes of that.
    pub(super) fn writes(&mut self) {
        self.early.clear();
    }

    /// When to look again at the latest.
    pub(super) fn next_look(&self, now: Duration) -> Option<Duration> {
        let looks = self.pending.iter().filter_map(|p| match p.due? {
            due if due > now => Some(due),
            _ => Some(now + LOOK),
        });
        looks.min()
    }

    /// The action whose moment has come, if there is one. Never two at one look.
    pub(super) fn next_ready(&mut self, now: Duration, pid: u32) -> Option<Due<'p>> {
        let last = self.last;
        if last.is_some_and(|last| now < last + LOOK) {
            return None;
        }
        let ready = |pending: &mut Pending<'_>| pending.is_ready(now, pid, last);
        let i = self.pending.iter_mut().position(ready)?;
        let done = self.pending.remove(i);
        self.last = Some(now);
        Some(Due {
            act: done.action.act(),
            late: done.lateness(now),
        })
    }

    /// What was never done.
    pub(super) fn missed(&self) -> Vec<Finding> {
        let acts = self.pending.iter().map(|pending| pending.action.act());
        let missed = acts.map(|act| match act {
            Act::Signal { signal, .. } => Finding::SignalNotSent { signal: *signal },
            other => Finding::NotDone {
                what: other.event(),
            },
        });
        missed.chain(self.went_on.iter().cloned()).collect()
    }
}

impl<'p> Pending<'p> {
    fn awaits_line(&self) -> bool {
        self.due.is_none() && matches!(self.action.when().on, Trigger::Line(..))
    }

    fn happened(&mut self, name: &EventName, at: Duration) {
        if matches!(&self.action.when().on, Trigger::Event(wanted, _) if wanted == name) {
            self.count(at);
        }
    }

    /// One of those it waits for has come.
    fn count(&mut self, at: Duration) {
        self.missing -= 1;
        if self.missing == 0 {
            self.due = Some(at + self.action.when().after);
        }
    }

    /// What it waits for, if this counts as that.
    fn heard(
        &mut self,
        stream: Stream,
        message: &str,
        at: Duration,
        partial: bool,
    ) -> Option<&'p Pattern> {
        // A line whose beginning was counted is not counted again.
        if !partial && self.counted == Some(stream) {
            self.counted = None;
            return None;
        }
        let Trigger::Line(pattern, _) = &self.action.when().on else {
            return None;
        };
        if self.counted == Some(stream) || !means(pattern, stream, message) {
            return None;
        }
        self.counted = partial.then_some(stream);
        self.count(at);
        Some(pattern)
    }

    fn is_ready(&mut self, now: Duration, pid: u32, last: Option<Duration>) -> bool {
        if self.due.is_none_or(|due| now < due) {
            return false;
        }
        if self.action.when().blocked && !self.is_blocked(now, pid) {
            return false;
        }
        let Act::Signal { signal, .. } = self.action.act() else {
            return true;
        };
        let untaken = last.is_some_and(|last| now < last + TAKEN);
        !(untaken && proc::signal_pending(pid, *signal))
    }

    /// Whether the main thread has stood in one and the same system call for a while.
    fn is_blocked(&mut self, now: Duration, pid: u32) -> bool {
        match (proc::main_thread_blocked(pid), &self.seen) {
            (Some(state), Some((before, since))) if state == *before => now - *since >= BLOCKED,
            (state, _) => {
                self.seen = state.map(|state| (state, now));
                false
            }
        }
    }

    /// How late it is. Waiting for the subject to be blocked is no lateness.
    fn lateness(&self, now: Duration) -> Duration {
        match (self.action.when().blocked, self.due) {
            (false, Some(due)) => now.saturating_sub(due),
            _ => Duration::ZERO,
        }
    }
}

fn means(pattern: &Pattern, stream: Stream, message: &str) -> bool {
    pattern.is_of(stream) && pattern.matches(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Signal;
    use std::num::NonZeroU32;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn int() -> Action {
        Action::signal(Signal::INT)
    }

    #[test]
    fn an_event_counts_by_its_name() {
        let two = NonZeroU32::new(2).unwrap();
        let second = int().on_nth(two, EventName::StdinWritten).after(ms(5));
        let (actions, log) = ([second], LogFormat::default());
        let mut actions = Actions::new(&actions, &log);
        assert!(!actions.await_lines());
        actions.happened(&EventName::StdinWritten, ms(10));
        actions.happened(&EventName::StdinClosed, ms(20));
        assert!(actions.next_look(ms(30)).is_none());
        actions.happened(&EventName::StdinWritten, ms(30));
        assert_eq!(actions.next_look(ms(30)), Some(ms(35)));
    }

    /// No process has this pid: nothing is pending for it.
    const NOBODY: u32 = u32::MAX >> 1;

    #[test]
    fn two_actions_that_are_due_are_not_done_at_one_look() {
        let (actions, log) = (
            [int().after(ms(300)), int().after(ms(600))],
            LogFormat::default(),
        );
        let mut actions = Actions::new(&actions, &log);
        assert!(actions.next_ready(ms(299), NOBODY).is_none());
        let first = actions.next_ready(ms(1000), NOBODY).unwrap();
        assert_eq!(first.late, ms(700));
        assert!(actions.next_ready(ms(1000), NOBODY).is_none());
        assert!(actions.next_ready(ms(1009), NOBODY).is_none());
        let second = actions.next_ready(ms(1010), NOBODY).unwrap();
        assert_eq!(second.late, ms(410));
    }

    #[test]
    fn a_prompt_is_a_line_before_its_newline_and_counts_once() {
        let two = NonZeroU32::new(2).unwrap();
        let prompt = int().on_nth(two, Pattern::contains("Password:"));
        let (actions, log) = ([prompt], LogFormat::default());
        let mut actions = Actions::new(&actions, &log);
        actions.partial(Stream::Merged, b"Password: ", ms(1));
        actions.line(Stream::Merged, b"Password: ", ms(2));
        assert!(actions.next_ready(ms(9), NOBODY).is_none());
        actions.partial(Stream::Merged, b"Password: ", ms(3));
        assert!(actions.next_ready(ms(9), NOBODY).is_some());
    }

    #[test]
    fn what_never_came_is_missed() {
        let (actions, log) = ([int().on("never")], LogFormat::default());
        let mut actions = Actions::new(&actions, &log);
        actions.line(Stream::Merged, b"something else", ms(1));
        let signal = Signal::INT;
        assert_eq!(actions.missed(), [Finding::SignalNotSent { signal }]);
        assert!(actions.next_look(ms(9)).is_none());
    }
}
