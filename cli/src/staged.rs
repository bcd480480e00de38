//! The stage that the command's runs are played on.

use exeunt::RunError;
use exeunt::record::{Clock, Record};
use exeunt::stage::{ByPlan, Control, Plan, Stage};

/// As the plan says, or on the clock that was asked for.
pub(crate) struct Staged {
    /// The clock of all cases. `None`: as the suite says.
    pub(crate) clock: Option<Clock>,
}

impl Stage for Staged {
    fn play(&self, plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError> {
        match self.clock {
            // Builds and probes are runs too, and of no case: they take what time they take.
            Some(clock) if plan.origin.is_some() => {
                let mut plan = plan.clone();
                plan.clock = clock;
                ByPlan.play(&plan, control)
            }
            _ => ByPlan.play(plan, control),
        }
    }
}
