//! Suites as ordinary tests: one test a case, under `cargo test` and nextest.
//!
//! In `Cargo.toml`:
//!
//! ```toml
//! [dev-dependencies]
//! exeunt = { version = "0.1", features = ["libtest"] }
//!
//! [[test]]
//! name = "suite"
//! harness = false
//! ```
//!
//! and in `tests/suite.rs`:
//!
//! ```no_run
//! exeunt::libtest::main("exeunt.toml");
//! ```
//!
//! A test has the name of its case, `scenario/implementation`; a filter may be written with `::` too. Only the implementations
//! of the cases that are run are probed, and only the binaries of these cases are built. Listing runs nothing.
//!
//! An inconclusive case fails, and says that it is inconclusive: libtest knows no third outcome. Before that it is run again,
//! alone.
//!
//! # Skipped cases
//!
//! A case whose implementation is missing is reported as ignored, with the reason. Under nextest, tests are listed before any
//! is run, so a case is ignored there if the program of the probe is missing. A probe that is there and fails is seen only when
//! the case is run, in a process of its own, and nextest would call it passed if it were skipped then. So it fails, as
//! `skipped: …`; with the variable `EXEUNT_ALLOW_SKIPPED=1` it passes.
//!
//! # One process for each case
//!
//! Under nextest each case is a process of its own that probes and builds what it needs. What one process of a run has found out
//! and built, the others do not again: they keep it for each other in a directory of this user, in that of temporary files.
//! `exclusive` holds there too: the processes lock the suite file. A case that is run again is alone in its process
//! only.
//!
//! Nextest runs as many tests side by side as there are processors. Subjects mostly sleep, so more is faster: `--test-threads 12`, or a
//! profile's `test-threads`.
//!
//! # Archives of nextest
//!
//! A test that `cargo nextest run --archive-file` has unpacked takes the binaries of cargo packages from the archive, and needs no
//! cargo. The `build` commands of the suite are run. With the variable `EXEUNT_NO_BUILD=1` nothing is built at all.

use std::cmp::Reverse;
use std::fs::File;
use std::path::Path;
use std::process::exit;
use std::sync::{PoisonError, RwLock};

use libtest_mimic::{Arguments, Failed, Trial};
use nix::fcntl::{Flock, FlockArg};

use crate::build::{Builds, Prepared, surely_missing};
use crate::outcome::Outcome;
use crate::report;
use crate::runner;
use crate::stage::{ByPlan, Cancel};
use crate::suite::{Case, Suite, SuiteError};

/// Runs a suite as the `main` of a test, and exits as libtest does.
///
/// The path is relative to the directory of the package. If the suite is wrong or cannot be built, the error is printed and
/// the test fails with exit code 101.
pub fn main(suite: impl AsRef<Path>) -> ! {
    let mut arguments = Arguments::from_args();
    // Subjects mostly sleep, so more of them than there are processors can run side by side.
    arguments
        .test_threads
        .get_or_insert(runner::default_jobs().get());
    arguments.filter = arguments.filter.map(|filter| filter.replace("::", "/"));
    match trials(suite.as_ref(), &arguments) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit(),
        Err(error) => {
            eprintln!("{error}");
            exit(101)
        }
    }
}

fn trials(path: &Path, arguments: &Arguments) -> Result<Vec<Trial>, SuiteError> {
    // It lives as long as the process.
    let suite: &'static Suite = Box::leak(Box::new(Suite::load(path)?));
    match arguments.list {
        true => Ok(suite
            .cases()
            .iter()
            .map(|case| listed(suite, case))
            .collect()),
        false => runnable(suite, arguments),
    }
}

/// A test that is only listed. Nothing is run for that, so what is ignored is what cannot be there.
fn listed(suite: &Suite, case: &Case) -> Trial {
    let mut implementations = suite.implementations().iter();
    let implementation = implementations.find(|i| i.name == case.implementation);
    let missing = implementation.and_then(|i| surely_missing(suite, i));
    Trial::test(case.id().to_string(), || Ok(())).with_ignored_flag(missing.is_some())
}

fn runnable(suite: &'static Suite, arguments: &Arguments) -> Result<Vec<Trial>, SuiteError> {
    let mut cases: Vec<_> = suite
        .cases()
        .iter()
        .filter(|case| is_wanted(case, arguments))
        .collect();
    // A long case that begins last would be waited for alone.
    cases.sort_by_key(|case| Reverse(case.expected_time()));
    let cancel = Cancel::new().map_err(|error| SuiteError::setup(suite.path(), &error))?;
    let builds = Builds::of_test();
    let shared: &'static Shared = Box::leak(Box::new(Shared {
        prepared: match under_nextest() {
            true => suite.prepare_in_nextest(&cases, &ByPlan, Some(&cancel), builds)?,
            false if builds == Builds::Nothing => {
                suite.prepare_built(&cases, &ByPlan, Some(&cancel))?
            }
            false => suite.prepare(&cases, &ByPlan, Some(&cancel), |_| {})?,
        },
        lock: suite.cases().iter().any(|case| case.exclusive),
        cancel,
        stage: RwLock::new(()),
    }));
    Ok(cases.into_iter().map(|case| shared.trial(case)).collect())
}

/// Whether a case is among those that the command line names. What it does not name is not prepared.
fn is_wanted(case: &Case, arguments: &Arguments) -> bool {
    let id = case.id().to_string();
    let means = |filter: &String| match arguments.exact {
        true => id == *filter,
        false => id.contains(filter.as_str()),
    };
    arguments.filter.as_ref().is_none_or(means) && !arguments.skip.iter().any(means)
}

/// What all trials of a process share.
struct Shared {
    prepared: Prepared<'static>,
    cancel: Cancel,
    /// Held for writing by a case that is run alone.
    stage: RwLock<()>,
    /// Whether other processes may run cases of the suite that must be alone.
    lock: bool,
}

impl Shared {
    fn trial(&'static self, case: &'static Case) -> Trial {
        let skipped = self.prepared.skipped(case);
        let trial = Trial::test(case.id().to_string(), {
            let skipped = skipped.clone();
            move || match skipped {
                Some(why) => skip(&why),
                None => self.run(case),
            }
        });
        match skipped {
            // Nextest has listed it as one that is run: ignored, it would be called passed.
            Some(_) if under_nextest() => trial,
            Some(why) => trial
                .with_kind(format!("skipped: {why}"))
                .with_ignored_flag(true),
            None => trial,
        }
    }

    fn run(&'static self, case: &'static Case) -> Result<(), Failed> {
        let mut outcome = self.beside_others(case, || {
            runner::run_case(&self.prepared, case, &self.cancel)
        })?;
        if outcome.retryable() {
            let _alone = self.stage.write().unwrap_or_else(PoisonError::into_inner);
            outcome = runner::retry(&self.prepared, case, outcome, &self.cancel);
        }
        if outcome.status.is_expected() {
            Ok(())
        } else {
            Err(failed(&outcome))
        }
    }

    /// Runs a case beside others of this process and of others, or alone if it is exclusive.
    fn beside_others<T>(&self, case: &Case, run: impl FnOnce() -> T) -> Result<T, Failed> {
        let alone = case.exclusive;
        let _others = self
            .lock
            .then(|| lock(self.prepared.suite_path(), alone))
            .transpose()?;
        if alone {
            let _alone = self.stage.write().unwrap_or_else(PoisonError::into_inner);
            Ok(run())
        } else {
            let _beside = self.stage.read().unwrap_or_else(PoisonError::into_inner);
            Ok(run())
        }
    }
}

/// Locks the suite file, as all processes that run its cases do: nextest has one for each case.
fn lock(suite: &Path, alone: bool) -> Result<Flock<File>, Failed> {
    let file = File::open(suite)?;
    let how = match alone {
        true => FlockArg::LockExclusive,
        false => FlockArg::LockShared,
    };
    Flock::lock(file, how)
        .map_err(|(_, errno)| format!("could not lock {}: {errno}", suite.display()).into())
}

fn under_nextest() -> bool {
    std::env::var_os("NEXTEST").is_some()
}

/// A case that turns out to be missing only when it is run.
fn skip(why: &str) -> Result<(), Failed> {
    match std::env::var_os(ALLOW_SKIPPED) {
        Some(value) if value == "1" => Ok(()),
        _ => Err(format!(
            "skipped: {why}\nThe case was not run, so it cannot be called passed. {ALLOW_SKIPPED}=1 lets such cases pass."
        )
        .into()),
    }
}

/// The variable by which skipped cases pass where they cannot be reported as ignored.
const ALLOW_SKIPPED: &str = "EXEUNT_ALLOW_SKIPPED";

fn failed(outcome: &Outcome) -> Failed {
    let widths = report::Widths::of([&outcome.case]);
    let text = report::case(outcome, widths, true);
    report::plain(&text).into()
}
