//! Watch how programs end: run a program, record when each line of its output came, when and how it ended and what it left
//! behind, and judge that record.
//!
//! ```
//! use exeunt::{Subject, millis, secs};
//! use predicates::prelude::*;
//!
//! let script = "echo all done; sleep 0.3; echo finishing";
//! let record = Subject::new("sh").args(["-c", script]).timeout(secs(10)).run()?;
//! record
//!     .assert()
//!     .success()
//!     .log(["all done", "finishing"])
//!     .exits_after("all done", millis(300))
//!     .output(predicate::str::contains("panicked").not())
//!     .leaves_nothing_behind();
//! # Ok::<(), exeunt::RunError>(())
//! ```
//!
//! # One straight line
//!
//! ```text
//! suite → build → stage → record → log → judge → outcome → report
//! ```
//!
//! - A [`stage`] is the only part that touches processes, clocks and signals. It turns a [`Plan`](stage::Plan), which is plain
//!   data, into a [`Record`], which is plain data too. [`Real`](stage::Real) runs processes; [`Canned`](stage::Canned) answers from
//!   a table, for tests of whatever uses a stage.
//! - A [`Record`] can be saved, and judged elsewhere and later. Its lines are read as lines of log by the plan's [`LogFormat`].
//! - [`judge`](judge::judge) is a pure function of a record and an [`Expectation`](expect::Expectation). Its
//!   [`Judgement`](judge::Judgement) is held, broken, or inconclusive.
//! - [`report`] makes text of records and judgements.
//! - [`Subject`] and [`Assert`] are a front for single runs, in `cargo test`; a [`LiveSubject`] runs while a test talks to it. With the feature `suite`, `suite` and `runner` do the
//!   same for many cases, whose results are in `outcome`.
//!
//! Which part may know which is in [the design](https://github.com/exeunt-rs/exeunt/blob/main/docs/design.md); a test holds the code to it.
//!
//! # What a run promises
//!
//! - The exit is seen when it happens, whoever still holds the output open. A line that the subject wrote is never recorded
//!   earlier than it was written, and later only by as much as the machine was late ([`Lag`](record::Lag)).
//! - A timeout bounds the run. The subject's whole tree is ended, SIGTERM first, then SIGKILL, processes that left its group
//!   or its session included; also when the harness panics, is interrupted or is killed.
//! - The subject starts with a clean environment, default signal actions, an empty signal mask, no descriptors but the three
//!   standard ones, no terminal, and a scratch directory of its own as `TMPDIR`.
//! - The memory that a record takes is bounded ([`Limits`](stage::Limits)), the subject is never blocked by that.
//!
//! # Known limitations
//!
//! - Subjects are run on Linux only, 5.9 or later, with `/proc`. Elsewhere there is no `stage::Real`, no `Subject::run`, and neither
//!   `build`, `runner` nor `libtest`; suites are read, and records are judged and reported, on any platform.
//! - What happens between two lines is not seen. A subject that buffers its output is noticed by the time stamps of its log,
//!   where it has some; a log whose stamps have whole seconds shows only delays of more than a second.
//! - A descendant that ends within the settling period (0.2 s) after the subject's exit is not called a survivor.
//! - A process that runs as another user, and that we may not signal, is named as unkillable and left.
//! - A subject that kills its parent (the reaper, see below) ends its own run with an error. It is killed itself, its process
//!   group too, and what still has its environment; descendants that got rid of all that are not found then.
//! - Between harness and subject stands a process of ours, the *reaper*: the subject's parent is not the harness. It is forked
//!   without an exec, which takes long in a harness with much memory, and serves one run after the other. It ends after a second
//!   without a run. The subject inherits umask, resource limits, priority, processors and user of the harness as they are at the
//!   start of the run; namespaces, control groups and capabilities as they were when the reaper was forked, at most some runs
//!   before.
//! - A run that finds no descriptor or process left waits for another run of the same process to end.
//!
//! # Features
//!
//! None is on by default: [`Subject`], [`Assert`], the judge and the reports of a single run need none.
//!
//! - `http`: requests to a subject that is a server ([`Request`](stage::Request)).
//! - `suite`: suites (`exeunt.toml`), their cases, and reports of them. It brings `http`.
//! - `stacks`: the native stacks of threads that are still there at a time limit ([`Subject::stacks`], x86-64).
//! - `trace`: the tracing stage and the virtual clock (x86-64). [Its page](https://github.com/exeunt-rs/exeunt/blob/main/docs/tracing.md).
//! - `libtest`: one test a case under `cargo test` and nextest. It brings `suite`.
//! - `junit`: reports of suites as JUnit XML. It brings `suite`.
//!
//! The command is a package of its own: `cargo install exeunt-cli`.

#![warn(missing_docs)]
#![cfg_attr(
    not(target_os = "linux"),
    expect(
        dead_code,
        reason = "where nothing is run, what only runs need is unused"
    )
)]

#[cfg(all(feature = "suite", target_os = "linux"))]
pub mod build;
mod front;
pub mod judge;
mod log;
#[cfg(feature = "suite")]
pub mod outcome;
pub mod record;
pub mod report;
#[cfg(all(feature = "suite", target_os = "linux"))]
pub mod runner;
pub mod stage;
#[cfg(feature = "suite")]
pub mod suite;

use std::time::Duration;

#[cfg(all(feature = "libtest", target_os = "linux"))]
pub use front::libtest;
pub use front::{Assert, AssertError, CodePredicate, OutputPredicate, Subject};
#[cfg(target_os = "linux")]
pub use front::{LiveError, LiveSubject};
pub use judge::expect;
pub use log::{LogFormat, LogFormatError};
pub use record::{Record, Signal, Streams, UnknownSignal};
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
