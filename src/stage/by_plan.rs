//! The stage that a plan asks for.

use super::{Control, Plan, Real, RunError, Stage};
use crate::record::{Clock, Record};

/// Plays each plan on the stage that it asks for: the tracing one where it wants [lives](Plan::lives) or a
/// [virtual clock](Plan::clock), else the real one.
///
/// Without the feature `trace`, and on other machines than x86-64, all is played on the real stage, and a finding of the
/// record says so.
#[derive(Debug, Clone, Copy, Default)]
pub struct ByPlan;

impl Stage for ByPlan {
    fn play(&self, plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError> {
        match plan.lives || plan.clock == Clock::Virtual {
            true => traced(plan, control),
            false => Real.play(plan, control),
        }
    }
}

#[cfg(all(feature = "trace", target_arch = "x86_64"))]
fn traced(plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError> {
    super::Traced::default().play(plan, control)
}

#[cfg(not(all(feature = "trace", target_arch = "x86_64")))]
fn traced(plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError> {
    untraced(plan, control)
}

/// By the real clock, and the record says so.
#[cfg(any(test, not(all(feature = "trace", target_arch = "x86_64"))))]
fn untraced(plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError> {
    let mut record = Real.play(plan, control)?;
    record.findings.push(crate::record::Finding::NotTraced {
        why: "the run was to be traced or on a virtual clock, and this build cannot do that: it needs the feature `trace` and \
              an x86-64 machine. It was run on the real clock"
            .into(),
    });
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Exit, Finding};

    /// As on other machines than x86-64.
    #[test]
    fn what_cannot_be_traced_runs_on_the_real_clock_and_says_so_once() {
        let mut plan = Plan::new("true");
        plan.clock = Clock::Virtual;
        plan.lives = true;
        let record = untraced(&plan, &mut Control::new()).unwrap();
        assert_eq!((record.clock, record.lives), (Clock::Monotonic, None));
        assert_eq!(record.exit(), Some(Exit::Code(0)));
        let said: Vec<_> = record.findings.iter().map(ToString::to_string).collect();
        assert!(
            said.len() == 1 && said[0].contains("on the real clock"),
            "{said:?}"
        );
        assert!(matches!(record.findings[0], Finding::NotTraced { .. }));
    }

    /// The counter-example: what asks for neither has nothing to be told.
    #[test]
    fn what_is_not_to_be_traced_says_nothing() {
        let record = ByPlan
            .play(&Plan::new("true"), &mut Control::new())
            .unwrap();
        assert_eq!(record.findings, []);
    }
}
