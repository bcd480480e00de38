//! Whether the subject was ready before it ended.

use super::check::{Check, Expected, Observed};
use super::end::{self, End};
use crate::record::{EventKind, Finding, Record};

/// A subject that was to be ready and never was. One that was is told by its event.
pub(super) fn ready(record: &Record) -> Option<Check> {
    let never = |finding: &Finding| matches!(finding, Finding::NeverReady);
    if !record.findings.iter().any(never) && !is_late(record) {
        return None;
    }
    if let Some((observed, doubt)) = end::cut_short(record, None) {
        return Some(Check::broken_unless(doubt, Expected::Ready, observed));
    }
    let exit = record.exit_event();
    let observed = match (End::of(record), exit) {
        (End::Late { exit, timeout }, _) => Observed::ExitAfterTimeout {
            exit: exit.exit,
            at: exit.at,
            timeout,
        },
        (_, Some(exit)) => Observed::Exit {
            exit: exit.exit,
            at: exit.at,
        },
        _ => Observed::NoExit,
    };
    let check = Check::broken(Expected::Ready, observed);
    Some(check.at(exit.map(|seen| seen.event)))
}

/// Whether only what the subject has left behind was ready, surely after the subject had ended.
fn is_late(record: &Record) -> bool {
    let since = record.events.iter().find_map(|event| match event.kind {
        EventKind::Ready { since } => Some(since),
        _ => None,
    });
    let exit = record.exit_event();
    since.zip(exit).is_some_and(|(since, exit)| since > exit.at)
}
