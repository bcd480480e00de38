//! Suites as ordinary tests: one test a case, under `cargo test` and nextest.
//!
//! In `Cargo.toml`:
//!
//! ```toml
//! [dev-dependencies]
//! exeunt = { version = "0.1", default-features = false, features = ["libtest"] }
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
//! An inconclusive case fails, and says that it is inconclusive: libtest knows no third outcome. Before that it was run again,
//! alone. A case whose implementation is missing is reported as ignored, with the reason. Under nextest each case is a
//! process of its own, which builds the programs anew where they are not up to date, and knows nothing of the cases beside
//! it: "alone" then only means alone in its process.

use std::path::Path;
use std::process::exit;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::outcome::Outcome;
use crate::report;
use crate::runner;
use crate::stage::Cancel;
use crate::suite::{Case, Prepared, Ready, Suite, SuiteError};

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
    match trials(suite.as_ref(), &arguments) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit(),
        Err(error) => {
            eprintln!("{error}");
            exit(101)
        }
    }
}

/// What all trials of a process share. It lives as long as the process.
struct Shared {
    suite: Suite,
    prepared: OnceLock<Result<Prepared<'static>, SuiteError>>,
    cancel: Cancel,
    /// Held for writing by a case that is run alone.
    stage: RwLock<()>,
}

fn trials(path: &Path, arguments: &Arguments) -> Result<Vec<Trial>, SuiteError> {
    let shared: &'static Shared = Box::leak(Box::new(Shared {
        suite: Suite::load(path)?,
        prepared: OnceLock::new(),
        cancel: Cancel::new().map_err(|error| SuiteError::setup(path, &error))?,
        stage: RwLock::new(()),
    }));
    let cases = shared.suite.cases();
    // Only to list the tests, nothing need be built.
    let skipped = |case: &Case| match arguments.list {
        true => None,
        false => shared.skipped(case),
    };
    Ok(cases
        .iter()
        .map(|case| {
            let name = format!("{}::{}", case.scenario, case.implementation);
            let skip = skipped(case);
            let kind = skip
                .as_ref()
                .map(|why| format!("skipped: {why}"))
                .unwrap_or_default();
            Trial::test(name, move || shared.run(case))
                .with_kind(kind)
                .with_ignored_flag(skip.is_some())
        })
        .collect())
}

impl Shared {
    fn prepared(&'static self) -> Result<&'static Prepared<'static>, SuiteError> {
        let prepare = || {
            let cases: Vec<_> = self.suite.cases().iter().collect();
            self.suite.prepare(&cases, |_| {})
        };
        self.prepared
            .get_or_init(prepare)
            .as_ref()
            .map_err(Clone::clone)
    }

    fn skipped(&'static self, case: &Case) -> Option<Arc<str>> {
        match self.prepared().ok()?.ready(&case.implementation)? {
            Ready::Skipped { why } => Some(why.as_str().into()),
            Ready::Yes { .. } => None,
        }
    }

    fn run(&'static self, case: &'static Case) -> Result<(), Failed> {
        let prepared = self.prepared().map_err(|error| error.to_string())?;
        let mut outcome = {
            let _beside_others = self.stage.read().unwrap_or_else(PoisonError::into_inner);
            runner::run_case(prepared, case, &self.cancel)
        };
        if outcome.retryable() {
            let _alone = self.stage.write().unwrap_or_else(PoisonError::into_inner);
            outcome = runner::retry(prepared, case, outcome, &self.cancel);
        }
        if outcome.status.is_expected() {
            Ok(())
        } else {
            Err(failed(&outcome))
        }
    }
}

fn failed(outcome: &Outcome) -> Failed {
    let widths = report::Widths::of([&outcome.case]);
    let text = report::case(outcome, widths, true);
    report::plain(&text).into()
}
