//! The stage: the only part that touches processes, clocks and signals. It turns a [`Plan`] into a [`Record`].

mod cancel;
mod environment;
mod plan;
mod proc;
mod real;
mod sys;

pub use cancel::Cancel;
pub use environment::PASSED_ON;
pub use plan::{Action, Limits, LineTest, Plan, Stdin};
pub use real::RunError;

pub(crate) use environment::find_program;

use crate::record::Record;

/// Runs a subject once and records what happens.
///
/// Returns within the plan's timeout plus its grace and settling periods, whatever the subject does, and leaves no process
/// of its own behind.
///
/// # Errors
/// If the subject could not be started. How it ended is not an error but in the record.
pub fn run(plan: &Plan, cancel: Option<&Cancel>) -> Result<Record, RunError> {
    real::run(plan, cancel)
}
