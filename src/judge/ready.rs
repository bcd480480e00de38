//! Whether the subject was ready before it ended.

use std::time::Duration;

use super::check::{Check, Doubt, Expected, Observed};
use super::end::{self, End};
use crate::record::{EventKind, Finding, Record};

/// How long a subject has to be ready at least, to be seen by any harness: one that was late by more may have missed it.
const BRIEF: Duration = Duration::from_millis(50);

/// A subject that was to be ready and never was. One that was is told by its event.
pub(super) fn ready(record: &Record) -> Option<Check> {
    if never(record).is_none() && !is_late(record) {
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
    let check = Check::broken_unless(doubt_about_looks(record), Expected::Ready, observed);
    Some(check.at(exit.map(|seen| seen.event)))
}

/// Lines that were other ones than their beginning was taken for: a subject is not ready by them, and no action had its moment.
pub(super) fn other_lines(record: &Record) -> impl Iterator<Item = Check> {
    record.findings.iter().filter_map(|finding| match finding {
        Finding::WentOn {
            wanted,
            line,
            ready,
        } => {
            let (expected, observed) = (
                Expected::WholeLine(wanted.clone()),
                Observed::Other(line.clone()),
            );
            let doubt = (!ready).then_some(Doubt::NoMoment);
            Some(Check::broken_unless(doubt, expected, observed))
        }
        _ => None,
    })
}

/// For a subject that was never ready: how far apart the looks for that were at the most.
fn never(record: &Record) -> Option<Duration> {
    record.findings.iter().find_map(|finding| match finding {
        Finding::NeverReady { grain } => Some(*grain),
        _ => None,
    })
}

/// The doubt about a readiness that was not seen: it may have come and gone while nobody looked.
pub(super) fn doubt_about_looks(record: &Record) -> Option<Doubt> {
    let grain = never(record)?;
    (grain > BRIEF).then_some(Doubt::Lag(grain))
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
