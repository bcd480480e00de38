//! The real stage: real processes, the real clock.

mod actions;
mod canary;
mod collect;
mod lines;
mod run;

pub use run::RunError;
pub(super) use run::run;
