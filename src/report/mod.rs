//! What people and programs are told. Pure functions to text.

mod case;
mod explain;
pub mod json;
mod matrix;
mod timeline;

pub use case::{Widths, case, observation, summary, word};
pub use explain::explain;
pub use matrix::Matrix;
pub(crate) use timeline::escape;
pub use timeline::timeline;
