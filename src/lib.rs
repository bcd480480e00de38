//! Watch how programs end.
mod bytes;
pub mod expect;
mod fluent;
pub mod judge;
#[cfg(feature = "libtest")]
pub mod libtest;
mod log;
pub mod record;
pub mod report;
pub mod runner;
mod seconds;
mod signal;
pub mod stage;
pub mod suite;
mod sys;

use std::time::Duration;

pub use fluent::{Assert, AssertError, Subject};
pub use log::{LogFormat, LogFormatError};
pub use record::{Record, Streams};
pub use signal::{Signal, UnknownSignal};
pub use stage::{Cancel, RunError};

/// So many seconds.
#[must_use]
pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// So many milliseconds.
#[must_use]
pub const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The path of a binary of the package whose test this is.
///
/// Cargo builds it before the test runs. Only for integration tests and benchmarks, as `CARGO_BIN_EXE_…` is.
#[macro_export]
macro_rules! cargo_bin {
    ($name:literal) => {
        env!(concat!("CARGO_BIN_EXE_", $name))
    };
}
