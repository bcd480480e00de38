//! For people, in a terminal.

#[cfg(feature = "suite")]
mod case;
pub(super) mod conversation;
mod escape;
mod explain;
mod live;
#[cfg(feature = "suite")]
mod matrix;
mod page;
mod plain;
mod processes;
mod quote;
#[cfg(feature = "suite")]
mod reporter;
#[cfg(feature = "suite")]
mod table;
mod timeline;

#[cfg(feature = "suite")]
pub use case::{Widths, case, observation, summary};
#[cfg(feature = "suite")]
pub(super) use case::{case_on, reason, word};
pub(crate) use escape::escape;
#[cfg(feature = "suite")]
pub(super) use escape::escape_output;
pub use explain::explain;
pub use live::Live;
#[cfg(feature = "suite")]
pub use matrix::{Matrix, MatrixOptions};
pub use page::Page;
pub(crate) use plain::plain;
pub use processes::processes;
#[cfg(feature = "suite")]
pub(super) use processes::thread_does;
#[cfg(feature = "suite")]
pub use reporter::Text;
#[cfg(feature = "suite")]
pub(super) use timeline::{command, is_of_interest, message, source};
pub use timeline::{timeline, timeline_on};
