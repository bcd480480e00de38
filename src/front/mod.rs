//! The front for `cargo test`: a [`Subject`] is run, its [`Record`](crate::Record) asserted.

mod assert;
#[cfg(all(feature = "libtest", target_os = "linux"))]
pub mod libtest;
#[cfg(target_os = "linux")]
mod live;
mod subject;

pub use assert::{Assert, AssertError, CodePredicate, OutputPredicate};
#[cfg(target_os = "linux")]
pub use live::{LiveError, LiveSubject};
pub use subject::Subject;
