//! The real stage: real processes, the real clock.

mod actions;
mod address;
mod canary;
mod clients;
mod clock;
mod collect;
mod ending;
mod finish;
#[cfg(feature = "http")]
mod http;
#[cfg(not(feature = "http"))]
#[path = "no_http.rs"]
mod http;
mod input;
mod lines;
mod logs;
mod looks;
mod node;
mod perform;
mod phase;
mod pipe;
mod reading;
mod ready;
mod run;
mod setup;
mod tail;

#[cfg(all(feature = "trace", target_arch = "x86_64"))]
pub(super) use clock::{Heard, RunClock, Wait};
#[cfg(all(feature = "trace", target_arch = "x86_64"))]
pub(super) use run::run;

use super::{Control, Plan, RunError, Stage};
use crate::record::Record;

/// Runs real processes by the real clock.
///
/// A run takes at most the plan's timeout and its grace and settling periods together, whatever the subject does; ending
/// what ignores SIGTERM takes a moment more, at most 5 s for what not even SIGKILL ends (it is then named in the record). A
/// plan without a timeout runs for as long as its subject does. No process of the run is left behind, also if the harness
/// panics, is interrupted or is killed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Real;

impl Stage for Real {
    fn play(&self, plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError> {
        plan.check_requests()?;
        run::run(plan, control, &mut clock::RealClock)
    }
}
