//! Signals that the plan says to send, and when.

use std::time::Duration;

use crate::record::Signal;
use crate::stage::plan::Action;
use crate::stage::proc;

/// How long the main thread must have stood in one system call to count as parked.
const PARKED: Duration = Duration::from_millis(50);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// The cues of a run that have not come yet.
pub(super) struct Actions(Vec<Pending>);

struct Pending {
    cue: Action,
    /// When it is due; unknown until its line has come.
    due: Option<Duration>,
    /// What the main thread was seen to do, and since when it does just that.
    seen: Option<(String, Duration)>,
}

impl Actions {
    pub(super) fn new(actions: &[Action]) -> Self {
        let pending = |cue: &Action| Pending {
            due: cue.on.is_none().then_some(cue.after),
            cue: cue.clone(),
            seen: None,
        };
        Self(actions.iter().map(pending).collect())
    }

    /// A line came.
    pub(super) fn heard(&mut self, line: &[u8], at: Duration) {
        for pending in self.0.iter_mut().filter(|p| p.due.is_none()) {
            if pending.cue.on.as_ref().is_some_and(|on| on.matches(line)) {
                pending.due = Some(at + pending.cue.after);
            }
        }
    }

    /// When to look again at the latest.
    pub(super) fn next_look(&self, now: Duration) -> Option<Duration> {
        let looks = self.0.iter().filter_map(|p| match p.due? {
            due if due > now => Some(due),
            _ => Some(now + LOOK),
        });
        looks.min()
    }

    /// The signals whose time has come, each given out once.
    pub(super) fn ready(&mut self, now: Duration, pid: u32) -> Vec<Signal> {
        let ready = |pending: &mut Pending| {
            pending.due.is_some_and(|due| due <= now)
                && (!pending.cue.parked || pending.is_parked(now, pid))
        };
        self.0
            .extract_if(.., ready)
            .map(|pending| pending.cue.signal)
            .collect()
    }

    /// The signals that were never sent.
    pub(super) fn missed(&self) -> Vec<Signal> {
        self.0.iter().map(|pending| pending.cue.signal).collect()
    }
}

impl Pending {
    /// Whether the main thread has stood in one and the same system call for a while.
    fn is_parked(&mut self, now: Duration, pid: u32) -> bool {
        match (proc::main_thread_blocked(pid), &self.seen) {
            (Some(state), Some((before, since))) if state == *before => now - *since >= PARKED,
            (state, _) => {
                self.seen = state.map(|state| (state, now));
                false
            }
        }
    }
}
