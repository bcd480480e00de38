//! The stage: the only part that touches processes, clocks and signals. It turns a [`Plan`] into a [`Record`].
//!
//! `Real` runs real processes by the real clock, on Linux; `Traced` (feature `trace`, x86-64) sees the births and deaths of their
//! threads, and has a virtual clock; `ByPlan` takes the one that a plan asks for; [`Canned`] runs nothing and answers from a
//! table, anywhere.

mod action;
#[cfg(target_os = "linux")]
mod by_plan;
mod cancel;
mod canned;
mod client;
mod control;
pub mod defaults;
mod environment;
mod error;
mod framing;
mod orders;
mod os_strings;
#[cfg(target_os = "linux")]
pub(crate) mod patience;
mod plan;
mod port;
#[cfg(target_os = "linux")]
mod proc;
#[cfg(target_os = "linux")]
mod real;
mod request;
#[cfg(all(feature = "stacks", target_os = "linux", target_arch = "x86_64"))]
mod stacks;
#[cfg(all(
    target_os = "linux",
    not(all(feature = "stacks", target_arch = "x86_64"))
))]
#[path = "no_stacks.rs"]
mod stacks;
#[cfg(target_os = "linux")]
mod sys;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(all(feature = "trace", target_os = "linux", target_arch = "x86_64"))]
mod traced;

pub use action::{Act, Action, Trigger, When};
#[cfg(target_os = "linux")]
pub use by_plan::ByPlan;
pub use cancel::Cancel;
pub use canned::Canned;
pub use client::Client;
pub use control::Control;
pub use environment::PASSED_ON;
pub use error::RunError;
pub use framing::Framing;
pub use orders::Orders;
pub use plan::{Bounds, Limits, Plan, Readiness, Stdin};
#[cfg(target_os = "linux")]
pub use real::Real;
pub use request::{Head, Request};
#[cfg(target_os = "linux")]
pub use terminal::Terminal;
#[cfg(all(feature = "trace", target_os = "linux", target_arch = "x86_64"))]
pub use traced::Traced;

pub(crate) use port::give_port;
#[cfg(target_os = "linux")]
pub(crate) use port::reachable;

#[cfg(all(feature = "suite", target_os = "linux"))]
pub(crate) use environment::find_program;
#[cfg(target_os = "linux")]
pub(crate) use proc::{processors, runnable};

use crate::record::Record;

/// Turns plans into records.
pub trait Stage: Sync {
    /// Runs a plan once and records what happens. Lines are not yet read as lines of log; [`run`](Self::run) does that too.
    ///
    /// # Errors
    /// If the subject could not be started. How it ended is not an error but in the record.
    fn play(&self, plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError>;

    /// Runs a plan once, records what happens, and reads the lines as the plan's log format says.
    ///
    /// # Errors
    /// As [`play`](Self::play).
    fn run(&self, plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError> {
        let mut record = self.play(plan, control)?;
        plan.log.read(&mut record);
        Ok(record)
    }
}
