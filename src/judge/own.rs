//! What a subject did by itself.

use std::borrow::Cow;
use std::time::Duration;

use crate::record::{Event, EventKind, Finding, Record, SignalReason};

/// The record up to the first signal by which the harness ends something for good. What a subject says, closes or leaves because of
/// that would else pass for what it did by itself, or for a line too many.
///
/// A signal at which it shows where it stands, and an interruption that is handed on, do not count: it is asked by them, and
/// what it answers is its own.
pub(super) fn before_the_end(record: &Record) -> Cow<'_, Record> {
    let ends = |kind: &EventKind| match kind {
        EventKind::Signal(sent) => matches!(
            sent.reason,
            SignalReason::Timeout | SignalReason::GraceOver | SignalReason::Survived
        ),
        _ => false,
    };
    let first = record.events.iter().position(|event| ends(&event.kind));
    let Some(first) = first.filter(|first| first + 1 < record.events.len()) else {
        return Cow::Borrowed(record);
    };
    let mut own = record.clone();
    let rest = own.events.split_off(first);
    let is_ready = |event: &Event| matches!(event.kind, EventKind::Ready { .. });
    let grain = Duration::ZERO;
    let never_ready = rest.iter().any(is_ready);
    let never_ready = never_ready.then_some(Finding::NeverReady { grain });
    own.findings.extend(never_ready);
    // That output was dropped is said behind it, however much of it came before.
    let is_dropped = |event: &Event| matches!(event.kind, EventKind::Cut(_));
    own.events.extend(rest.into_iter().filter(is_dropped));
    Cow::Owned(own)
}
