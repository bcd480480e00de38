//! What a log shows unasked.

use std::time::{Duration, UNIX_EPOCH};

use crate::record::{EventKind, Finding, Record, Seen, Stamp, StampTime, Termination};

/// By how much a line may come late before it counts as buffered, beyond the machine's own lateness.
const LATE: Duration = Duration::from_millis(300);
/// By how much more the first line may come late, if nothing came together with it.
///
/// A first line can take long from its stamp to its write: a Java formatter that was yet to be loaded took 0.1 s on a quiet
/// machine, 0.4 s on a busy one.
const FIRST_LATE: Duration = Duration::from_secs(1);
/// Lines that one write brought are not further apart than this.
const AT_ONCE: Duration = Duration::from_millis(2);
/// What a program writes as it ends comes so soon before its exit.
const BEFORE_EXIT: Duration = Duration::from_millis(50);
/// Time zones, daylight saving included, are whole quarters of an hour apart.
const QUARTER: f64 = 900.0;

/// Whether a finding is one of those that a log shows.
pub(super) fn is_noticed(finding: &Finding) -> bool {
    matches!(
        finding,
        Finding::BuffersOutput { .. }
            | Finding::MayBufferOutput { .. }
            | Finding::OtherClock { .. }
            | Finding::UnreadTimes { .. }
            | Finding::TornLine { .. }
            | Finding::LineCut { .. }
            | Finding::OutputCut(_)
            | Finding::InvalidUtf8 { .. }
    )
}

pub(super) fn notice(record: &Record) -> Vec<Finding> {
    let drifts = drifts(record);
    let findings = [
        buffers_output(record, &drifts),
        other_clock(&drifts),
        may_buffer_output(record),
        first(record, |seen| seen.line.is_log() && !seen.line.newline)
            .map(|event| Finding::TornLine { event }),
        first(record, |seen| seen.line.cut_from.is_some()).map(|event| Finding::LineCut { event }),
        output_cut(record),
        first(record, is_invalid_utf8).map(|event| Finding::InvalidUtf8 { event }),
    ];
    findings.into_iter().flatten().collect()
}

/// The first line of a kind.
fn first(record: &Record, is: impl Fn(&Seen<'_>) -> bool) -> Option<usize> {
    record.lines().find(is).map(|seen| seen.event)
}

fn is_invalid_utf8(seen: &Seen<'_>) -> bool {
    let bytes = seen.line.bytes.as_slice();
    seen.line.cut_from.is_none() && str::from_utf8(bytes).is_err()
}

fn output_cut(record: &Record) -> Option<Finding> {
    record.events.iter().find_map(|event| match event.kind {
        EventKind::Cut(cut) => Some(Finding::OutputCut(cut)),
        _ => None,
    })
}

/// How long after its stamp a line came, in seconds.
struct Drift {
    event: usize,
    stamp: Stamp,
    seconds: f64,
}

impl Drift {
    /// The part that is a difference of clocks.
    fn of_clock(&self) -> f64 {
        match self.stamp.time {
            StampTime::SinceStart(_) => 0.0,
            _ => (self.seconds / QUARTER).round() * QUARTER,
        }
    }

    /// The part that is lateness.
    fn late(&self) -> f64 {
        self.seconds - self.of_clock()
    }

    /// The lateness that is certain: a stamp is rounded down, so a line of grain 1 s that was logged just now may seem to
    /// be up to 1 s late.
    fn beyond_grain(&self) -> f64 {
        self.late() - self.stamp.grain.as_secs_f64()
    }
}

fn drifts(record: &Record) -> Vec<Drift> {
    let started = unix_seconds(record);
    let mut drifts: Vec<_> = record
        .lines()
        .filter_map(|seen| {
            let stamp = seen.line.stamp?;
            let seconds = drift(record, started, seen.at, stamp);
            Some(Drift {
                event: seen.event,
                stamp,
                seconds,
            })
        })
        .collect();
    // When the subject's own clock began is unknown: at the latest when the line that came soonest after its stamp was written.
    let own = |drift: &Drift| matches!(drift.stamp.time, StampTime::SinceStart(_));
    let soonest = drifts
        .iter()
        .filter(|drift| own(drift))
        .map(|drift| drift.seconds)
        .fold(f64::INFINITY, f64::min);
    for drift in drifts.iter_mut().filter(|drift| own(drift)) {
        drift.seconds -= soonest;
    }
    drifts
}

/// The wall clock at the start of a run.
fn unix_seconds(record: &Record) -> f64 {
    match record.started.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

fn drift(record: &Record, started: f64, at: Duration, stamp: Stamp) -> f64 {
    const DAY: f64 = 86_400.0;
    // The time since the start is added last: it is exact, and seconds since 1970 are not.
    let at = at.as_secs_f64();
    let local = started + f64::from(record.utc_offset);
    match stamp.time {
        // The nearest distance round the clock, so that midnight does not matter.
        StampTime::TimeOfDay(time) => {
            let drift = local.rem_euclid(DAY) + at - time.as_secs_f64();
            drift - (drift / DAY).round() * DAY
        }
        StampTime::Local(time) => local - time.as_secs_f64() + at,
        StampTime::Unix(time) => started - time.as_secs_f64() + at,
        StampTime::SinceStart(time) => at - time.as_secs_f64(),
    }
}

fn buffers_output(record: &Record, drifts: &[Drift]) -> Option<Finding> {
    let allowed = LATE.saturating_add(record.lag.measured()).as_secs_f64();
    let mut late = drifts.iter().filter(|drift| drift.beyond_grain() > allowed);
    let first = late.next()?;
    if late.next().is_none() && is_slow_first_line(record, drifts, first, allowed) {
        return None;
    }
    Some(Finding::BuffersOutput {
        event: first.event,
        late: Duration::try_from_secs_f64(first.late()).ok()?,
    })
}

/// Whether a line that came late may have been slow to write. What a buffer held back comes together with a later line, or
/// with the exit.
fn is_slow_first_line(record: &Record, drifts: &[Drift], late: &Drift, allowed: f64) -> bool {
    let came = record.events[late.event].at;
    let is_soon = |at: Duration, bound| at.saturating_sub(came) <= bound;
    let with_another = record
        .lines()
        .any(|seen| seen.event > late.event && is_soon(seen.at, AT_ONCE));
    let with_exit = record
        .exit_event()
        .is_some_and(|exit| is_soon(exit.at, BEFORE_EXIT));
    drifts
        .first()
        .is_some_and(|first| first.event == late.event)
        && late.beyond_grain() <= allowed + FIRST_LATE.as_secs_f64()
        && !with_another
        && !with_exit
}

fn other_clock(drifts: &[Drift]) -> Option<Finding> {
    let ahead = -drifts.first()?.of_clock();
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
    (ahead != 0.0).then_some(Finding::OtherClock {
        ahead: ahead as i64,
    })
}

/// Lines without stamps tell nothing of when they were written, but how they come may.
fn may_buffer_output(record: &Record) -> Option<Finding> {
    const SILENCE: Duration = Duration::from_millis(500);
    let exit = record
        .exit_event()
        .filter(|_| record.termination == Termination::OnItsOwn)?;
    let lines: Vec<_> = record.lines().collect();
    let last = lines.last()?;
    let burst = lines
        .iter()
        .rposition(|seen| last.at.saturating_sub(seen.at) > AT_ONCE)
        .map_or(0, |before| before + 1);
    let before = burst.checked_sub(1).map_or(Duration::ZERO, |i| lines[i].at);
    let (silence, count) = (lines[burst].at.saturating_sub(before), lines.len() - burst);
    let suspicious = count >= 3
        && silence >= SILENCE
        && exit.at.saturating_sub(last.at) <= BEFORE_EXIT
        && lines.iter().all(|seen| seen.line.stamp.is_none());
    suspicious.then_some(Finding::MayBufferOutput {
        event: lines[burst].event,
        lines: count as u64,
        silence,
    })
}
