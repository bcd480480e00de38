//! What people and programs are told. Pure functions to text.

#[cfg(feature = "suite")]
mod case;
mod explain;
#[cfg(feature = "suite")]
pub mod json;
#[cfg(feature = "suite")]
mod matrix;
mod timeline;

#[cfg(feature = "suite")]
pub use case::{Widths, case, observation, summary, word};
pub use explain::explain;
#[cfg(feature = "suite")]
pub use matrix::Matrix;
pub(crate) use timeline::escape;
pub use timeline::timeline;
