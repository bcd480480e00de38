//! What people and programs are told. Each format is a file.
//!
//! Reports are made of [outcomes](crate::outcome) and [records](crate::Record) alone: a saved one is reported the same.
//! A format for a run of cases is a [`Reporter`]; to add one, add a file with a type that implements it.

#[cfg(feature = "suite")]
mod ctrf;
#[cfg(feature = "suite")]
mod diff;
#[cfg(feature = "suite")]
mod facts;
#[cfg(feature = "suite")]
mod files;
#[cfg(feature = "suite")]
mod github;
#[cfg(feature = "suite")]
mod html;
#[cfg(feature = "suite")]
mod in_order;
#[cfg(feature = "suite")]
pub mod json;
#[cfg(feature = "junit")]
mod junit;
#[cfg(feature = "suite")]
mod lanes;
#[cfg(feature = "suite")]
mod matrix;
#[cfg(feature = "suite")]
mod results;
#[cfg(feature = "suite")]
mod saved;
mod text;
#[cfg(feature = "suite")]
mod trace;

#[cfg(feature = "suite")]
use std::io;
#[cfg(feature = "suite")]
use std::time::Duration;

#[cfg(feature = "suite")]
use crate::outcome::{CaseId, Outcome, Summary};

#[cfg(feature = "suite")]
pub use ctrf::ctrf;
#[cfg(feature = "suite")]
pub use diff::{Change, DiffOptions, compare};
#[cfg(feature = "suite")]
pub use files::{Files, Render, replace};
#[cfg(feature = "suite")]
pub use github::{annotations, step_summary};
#[cfg(feature = "suite")]
pub use html::{html, html_beside};
#[cfg(feature = "suite")]
pub use in_order::InOrder;
#[cfg(feature = "suite")]
pub use json::Json;
#[cfg(feature = "junit")]
pub use junit::junit;
#[cfg(feature = "suite")]
pub use matrix::{MatrixFormat, MatrixReport};
#[cfg(feature = "suite")]
pub use results::Results;
#[cfg(feature = "suite")]
pub use saved::{SAVED_SCHEMA, Save, SavedError, Shard};
pub use text::{Live, Page, explain, processes, timeline, timeline_on};
#[cfg(feature = "suite")]
pub use text::{Matrix, MatrixOptions, Text, Widths, case, observation, summary};
pub(crate) use text::{escape, plain};
#[cfg(feature = "suite")]
pub use trace::trace;

/// A report of a run of cases, in one format.
///
/// Outcomes come in the order in which cases end; [`InOrder`] hands them on in the order of the suite.
#[cfg(feature = "suite")]
pub trait Reporter {
    /// A run of these cases begins.
    ///
    /// # Errors
    /// If the report cannot be written.
    fn begin(&mut self, cases: &[CaseId]) -> io::Result<()> {
        let _ = cases;
        Ok(())
    }

    /// A case is over.
    ///
    /// # Errors
    /// If the report cannot be written.
    fn case(&mut self, outcome: &Outcome) -> io::Result<()>;

    /// The run is over: how many cases came out how, and how long it took, which is zero where that is not known.
    ///
    /// # Errors
    /// If the report cannot be written.
    fn end(&mut self, summary: &Summary, elapsed: Duration) -> io::Result<()>;
}

#[cfg(feature = "suite")]
impl<R: Reporter + ?Sized> Reporter for Box<R> {
    fn begin(&mut self, cases: &[CaseId]) -> io::Result<()> {
        (**self).begin(cases)
    }

    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        (**self).case(outcome)
    }

    fn end(&mut self, summary: &Summary, elapsed: Duration) -> io::Result<()> {
        (**self).end(summary, elapsed)
    }
}

/// Several reports of one run. One that cannot be written does not keep others from it: the first failure is told.
#[cfg(feature = "suite")]
impl Reporter for Vec<Box<dyn Reporter>> {
    fn begin(&mut self, cases: &[CaseId]) -> io::Result<()> {
        each(self, |report| report.begin(cases))
    }

    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        each(self, |report| report.case(outcome))
    }

    fn end(&mut self, summary: &Summary, elapsed: Duration) -> io::Result<()> {
        each(self, |report| report.end(summary, elapsed))
    }
}

#[cfg(feature = "suite")]
fn each(
    reports: &mut [Box<dyn Reporter>],
    write: impl FnMut(&mut Box<dyn Reporter>) -> io::Result<()>,
) -> io::Result<()> {
    // All of them first, and only then the first failure.
    let written: Vec<_> = reports.iter_mut().map(write).collect();
    written.into_iter().collect()
}
