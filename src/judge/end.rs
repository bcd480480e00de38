//! How the subject ended, and what it left behind.

use std::time::Duration;

use super::check::{Check, Doubt, Expected, Observed};
use super::expect::{Expectation, ExpectedEnd, Survivors};
use crate::record::{
    EventKind, Exit, ExitSeen, Finding, Process, Record, Signal, SignalReason, SignalSent,
    Termination,
};

/// The end of a subject, as the record tells it.
pub(super) enum End {
    /// By itself, in time.
    Own(ExitSeen),
    /// By itself, after its timeout, since the harness looked too late to end it.
    Late { exit: ExitSeen, timeout: Duration },
    /// By the harness, at its timeout.
    TimedOut { timeout: Duration },
    /// By the harness, which was interrupted.
    Interrupted,
    /// Not at all, as far as the record goes.
    Unknown,
}

impl End {
    pub(super) fn of(record: &Record) -> Self {
        let exit = record.exit_event();
        match (record.termination, exit) {
            (Termination::Interrupted, _) => Self::Interrupted,
            (Termination::TimedOut { limit }, Some(exit)) if is_own(record, exit) => Self::Late {
                exit,
                timeout: limit,
            },
            (Termination::TimedOut { limit }, _) => Self::TimedOut { timeout: limit },
            (Termination::OnItsOwn, None) => Self::Unknown,
            (Termination::OnItsOwn, Some(exit)) => match limit(record, exit) {
                Some(timeout) if exit.at > timeout => Self::Late { exit, timeout },
                _ => Self::Own(exit),
            },
        }
    }
}

/// The limit that counted at an exit: the subject may have asked for more time.
fn limit(record: &Record, exit: ExitSeen) -> Option<Duration> {
    let before = record.events[..exit.event].iter();
    let extended = before.filter_map(|event| match event.kind {
        EventKind::ExtendsTimeout { by } => Some(event.at.saturating_add(by)),
        _ => None,
    });
    Some(record.timeout?.max(extended.max().unwrap_or_default()))
}

/// Whether a subject that was to be ended had ended before the harness came to it.
fn is_own(record: &Record, exit: ExitSeen) -> bool {
    let by_harness = |kind: &EventKind| {
        matches!(
            kind,
            EventKind::Signal(SignalSent {
                // One at which it is to show where it stands may end it too, as SIGABRT does.
                reason: SignalReason::AtTimeout | SignalReason::Timeout | SignalReason::GraceOver,
                ..
            })
        )
    };
    let mut signals = record.events.iter().map(|event| &event.kind);
    match signals.position(by_harness) {
        Some(first) => exit.event < first,
        // Nothing was left to send a signal to. A record by hand may leave it out.
        None => ![Signal::TERM, Signal::KILL]
            .map(Exit::Signal)
            .contains(&exit.exit),
    }
}

/// The doubt about what a subject did not do up to its timeout: half of the time went by without a processor for it, or
/// what is expected may have come later only because the machine was late.
fn doubt_at_timeout(lag: Duration, timeout: Duration, due: Option<Duration>) -> Option<Doubt> {
    let slow = lag.checked_mul(2).is_none_or(|twice| twice > timeout);
    let late = due.is_some_and(|due| due < timeout && due.saturating_add(lag) >= timeout);
    (slow || late).then_some(Doubt::Lag(lag))
}

/// Why it is no proof that something had not happened when the run was over.
pub(super) fn doubt_at_end(record: &Record) -> Option<Doubt> {
    match End::of(record) {
        End::Interrupted => Some(Doubt::Interrupted),
        End::TimedOut { .. } if hangs_for_ever(record) => None,
        End::TimedOut { timeout } => doubt_at_timeout(record.lag.measured(), timeout, None),
        _ => None,
    }
}

/// The observation of an exit that is not the subject's own, and the doubt about it.
pub(super) fn cut_short(
    record: &Record,
    due: Option<Duration>,
) -> Option<(Observed, Option<Doubt>)> {
    match End::of(record) {
        End::Interrupted => Some((Observed::EndedByHarness, Some(Doubt::Interrupted))),
        // That is a proof: no machine is slow enough to excuse it.
        End::TimedOut { timeout } if hangs_for_ever(record) => {
            let kept_by = kept_by(record);
            Some((Observed::HangsForEver { timeout, kept_by }, None))
        }
        End::TimedOut { timeout } => Some((
            Observed::StillRunning { timeout },
            doubt_at_timeout(record.lag.likely(), timeout, due),
        )),
        _ => None,
    }
}

fn hangs_for_ever(record: &Record) -> bool {
    record.findings.contains(&Finding::HangsForEver)
}

/// Who waits for whom: a deadlock says all, and else a descendant for which the subject may wait is told too.
fn kept_by(record: &Record) -> Option<String> {
    let processes = || record.ended_by_harness.iter();
    if let Some(locked) = processes().find(|process| process.deadlock().is_some()) {
        return locked.kept_alive_by();
    }
    let (subject, others): (Vec<_>, Vec<_>) =
        processes().partition(|process| process.pid == record.pid);
    let subject = subject.first().and_then(|process| process.kept_alive_by());
    let other = others.iter().find_map(|process| {
        let Process { pid, command, .. } = process;
        Some(format!(
            "of pid {pid} `{command}`, {}",
            process.kept_alive_by()?
        ))
    });
    let told: Vec<_> = subject.into_iter().chain(other).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

pub(super) fn end(record: &Record, end: &ExpectedEnd, due: Option<Duration>) -> Check {
    let expected = Expected::End(end.clone());
    if let Some((observed, doubt)) = cut_short(record, due) {
        let hangs = *end == ExpectedEnd::Hang
            && matches!(
                observed,
                Observed::StillRunning { .. } | Observed::HangsForEver { .. }
            );
        return match hangs {
            // What is only likely excuses a failure, and takes nothing from what was seen.
            true => Check::held_unless(doubt_at_end(record), expected, observed),
            false => Check::broken_unless(doubt, expected, observed),
        };
    }
    match End::of(record) {
        End::Late { exit, timeout } => late(record, end, exit, timeout),
        End::Own(ExitSeen { event, at, exit }) => {
            let observed = Observed::Exit { exit, at };
            match end.allows(exit) {
                true => Check::held(expected, observed).at(event),
                false => Check::broken(expected, observed).at(event),
            }
        }
        _ => Check::broken(expected, Observed::NoExit),
    }
}

/// An exit after the timeout. It shows that the subject does not hang for good, but not that it ends in time; and that
/// an expected hang was none, though at the timeout it may have been.
fn late(record: &Record, end: &ExpectedEnd, seen: ExitSeen, timeout: Duration) -> Check {
    let expected = Expected::End(end.clone());
    let ExitSeen { event, at, exit } = seen;
    let lag = record.lag.total();
    if *end != ExpectedEnd::Hang && !end.allows(exit) {
        // Whenever it came, it is the wrong one.
        return Check::broken(expected, Observed::Exit { exit, at }).at(event);
    }
    let by = at.saturating_sub(timeout);
    let observed = Observed::ExitAfterTimeout { exit, at, timeout };
    Check::inconclusive(expected, observed, Doubt::Lag(lag.max(by))).at(event)
}

pub(super) fn survivors(record: &Record, expectation: &Expectation) -> Option<Check> {
    let expected = Expected::NoSurvivors;
    if expectation.survivors == Survivors::Allowed {
        return None;
    }
    // A subject that had to be ended has left nothing behind; that it had to be is what the check of the end says.
    if record.termination != Termination::OnItsOwn {
        let (_, doubt) = cut_short(record, None)?;
        let doubt = doubt.unwrap_or(Doubt::EndedByHarness);
        let check = Check::inconclusive(expected, Observed::EndedByHarness, doubt);
        return expectation.end.is_none().then_some(check);
    }
    Some(match record.survivors.as_slice() {
        [] if !leaves_something(record) => Check::held(expected, Observed::NoSurvivors),
        survivors => {
            let exit = record.exit_event().map(|seen| seen.event);
            Check::broken(expected, Observed::Survivors(survivors.to_vec())).at(exit)
        }
    })
}

/// Whether something outlived the subject, though it may not have been seen by itself.
fn leaves_something(record: &Record) -> bool {
    let survives = |finding: &Finding| matches!(finding, Finding::Survivors { .. });
    record.findings.iter().any(survives)
}

/// A scenario with actions is only itself if they were done.
pub(super) fn signals(record: &Record) -> impl Iterator<Item = Check> {
    record.findings.iter().filter_map(|finding| match finding {
        Finding::SignalNotSent { signal } => {
            let expected = Expected::SignalSent(*signal);
            Some(Check::inconclusive(
                expected,
                Observed::SignalNotSent,
                Doubt::NoMoment,
            ))
        }
        Finding::NotDone { what } => {
            let expected = Expected::Done(what.clone());
            Some(Check::inconclusive(
                expected,
                Observed::NotDone,
                Doubt::NoMoment,
            ))
        }
        _ => None,
    })
}
