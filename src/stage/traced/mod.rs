//! The tracing stage: real processes, of which each birth and death is seen; on the real clock or on a virtual one.
//!
//! [tracing.md](https://github.com/exeunt-rs/exeunt/blob/main/docs/tracing.md) says how it works, what it promises and what
//! it does not.

mod alarm;
mod book;
mod calls;
mod clock;
mod deadlines;
mod files;
#[cfg(test)]
mod gate;
mod lookout;
mod memory;
mod outside;
mod rest;
mod rights;
mod since;
mod time;
mod timers;
mod tracer;
mod vdso;
mod work;

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use super::real::run;
use super::{Control, Plan, Real, RunError, Stage, Stdin};
use crate::record::{Clock, Finding, Record, Streams};
use clock::{Flow, VirtualClock};

/// Runs real processes under ptrace(2), under the same promises as [`Real`](super::Real); on the clock that the plan names.
///
/// The record tells how each thread and process began and ended ([`Lives`](crate::record::Lives)). Where the system refuses
/// to trace, the run is not traced, and a finding says so.
///
/// On the [virtual clock](Clock::Virtual) a wait takes no time: when every thread waits, the clock jumps to the next deadline.
/// A run of a subject that the clock cannot vouch for is thrown away, and the subject is run once more, on the real clock; a
/// finding of the record says why. So a subject may run twice. Whoever listens to its events hears of one run, once it is over.
///
/// On the real clock, a program with rights of its own (set-user-id and the like) has none under a tracer that may not trace
/// everything, and what is traced cannot trace. Such a run is made once more too, without tracing; whoever listens hears of both. A
/// test that talks to the subject while it runs gets an error.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traced {
    flow: Flow,
}

impl Traced {
    /// A virtual clock that only jumps: all that a subject computes takes no time, and the same subject ends at the same time in
    /// every run. One that never waits does not come to an end; it is run on the real clock.
    #[must_use]
    pub fn frozen() -> Self {
        Self { flow: Flow::Frozen }
    }
}

impl Stage for Traced {
    fn play(&self, plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError> {
        plan.check_requests()?;
        match plan.clock {
            Clock::Virtual => on_virtual_clock(plan, control, VirtualClock::new(self.flow)),
            Clock::Monotonic => on_real_clock(plan, control),
        }
    }
}

fn on_real_clock(plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError> {
    if !plan.lives {
        return Real.play(plan, control);
    }
    let mut lookout = lookout::Lookout::default();
    let record = run(plan, control, &mut lookout)?;
    match lookout.taint {
        None => Ok(record),
        // What was said to that one cannot be said once more.
        Some(why) if control.queue().is_some() => Err(RunError::Setup {
            program: plan.program.to_string_lossy().into_owned(),
            source: io::Error::other(format!("{why} (run it without `lives`)")),
        }),
        Some(why) => untraced(
            plan,
            control,
            format!("run again without tracing, since {why}"),
        ),
    }
}

fn untraced(plan: &Plan, control: &mut Control<'_>, why: String) -> Result<Record, RunError> {
    let mut record = Real.play(plan, control)?;
    record.findings.push(Finding::NotTraced { why });
    Ok(record)
}

/// On the virtual clock; where that does not hold, on the real one.
fn on_virtual_clock(
    plan: &Plan,
    control: &mut Control<'_>,
    mut clock: VirtualClock,
) -> Result<Record, RunError> {
    let why = match cannot_hold(plan, control) {
        Some(why) => why.to_owned(),
        None => {
            // Nobody hears of a run that may be thrown away.
            let mut silent = match control.switch() {
                Some(cancel) => Control::new().cancel(cancel),
                None => Control::new(),
            };
            let played = run(&bounded(plan), &mut silent, &mut clock);
            match (clock.taint(), played) {
                (Some(why), _) => why,
                (None, Ok(record)) => {
                    retell(&record, control);
                    return Ok(record);
                }
                // If it is not the filter that was refused, the real clock has the same error.
                (None, Err(error)) => format!("it could not be begun: {error}"),
            }
        }
    };
    let why = format!("run on the real clock, since the virtual one does not hold: {why}");
    if clock.untraceable() {
        return untraced(plan, control, why);
    }
    let mut record = on_real_clock(plan, control)?;
    record.findings.push(Finding::NotTraced { why });
    Ok(record)
}

/// Why there is no need to try.
fn cannot_hold(plan: &Plan, control: &Control<'_>) -> Option<&'static str> {
    match plan.stdin {
        Stdin::Inherit => Some("its standard input is the harness's own"),
        // Its driver delivers by a thread of the kernel's.
        _ if plan.streams == Streams::Terminal => Some("its output is a terminal"),
        _ if control.queue().is_some() => {
            Some("a test talks to it while it runs, and that takes real time")
        }
        _ => plan.acts_in_real_time(),
    }
}

/// With a timeout: on a virtual clock, what never ends takes as long to be known as what ends.
fn bounded(plan: &Plan) -> Cow<'_, Plan> {
    const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    let mut plan = Cow::Borrowed(plan);
    if plan.bounds.timeout.is_none() {
        plan.to_mut().bounds.timeout = Some(A_YEAR);
    }
    plan
}

fn retell(record: &Record, control: &mut Control<'_>) {
    control.tell_start(record.pid);
    record.events.iter().for_each(|event| control.tell(event));
}
