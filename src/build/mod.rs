//! Before the first case: is each implementation here, in which version, and are its programs built from what the sources say
//! now?
//!
//! Probes and builds are runs too: they go through the stage.

mod cargo;
mod command;
mod found;
mod jobs;
mod known;
mod probe;
#[cfg(feature = "libtest")]
mod shared;
mod version;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::thread;

use serde::{Deserialize, Serialize};

use crate::record::Record;
use crate::stage::{Cancel, Control, Plan, RunError, Stage, give_port};
use crate::suite::{CargoBuild, Case, Implementation, Start, Suite, SuiteError, Version};
use command::Tools;
pub(crate) use found::Builds;
use known::Known;
#[cfg(feature = "libtest")]
pub(crate) use probe::surely_missing;

/// What of an implementation is ready to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ready {
    /// All of it.
    Yes {
        /// The first line that the probe printed, where there is a probe.
        probe: Option<String>,
        /// The version in that line.
        version: Option<Version>,
        /// The path of its program, where the suite has it located.
        program: Option<String>,
    },
    /// It is not on this machine.
    Skipped {
        /// Why.
        why: String,
    },
}

/// A suite whose selected cases can be run.
pub struct Prepared<'s> {
    suite: &'s Suite,
    stage: &'s dyn Stage,
    ready: BTreeMap<String, Ready>,
    /// Where cargo put the binaries: by build and name.
    binaries: HashMap<(CargoBuild, String), PathBuf>,
    /// The cases that are others in the version that is there; `None` where the scenario does not have it.
    resolved: HashMap<(String, String), Option<Case>>,
}

fn key(case: &Case) -> (String, String) {
    (case.scenario.clone(), case.implementation.clone())
}

impl fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("suite", &self.suite.path())
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

impl Suite {
    /// Probes the implementations of these cases and builds what they need, under this stage.
    ///
    /// A probe may take 20 s; a build as long as the suite says, by default 10 minutes. Both end when `cancel` is thrown.
    /// `on_build` is called with what is about to be built, so that it can be shown.
    ///
    /// # Errors
    /// If a program is missing, if an implementation that was asked for by [`set_command`](Suite::set_command) is, if a probe
    /// crashes, if a build fails, or if `cancel` was thrown.
    pub fn prepare<'s>(
        &'s self,
        cases: &[&Case],
        stage: &'s dyn Stage,
        cancel: Option<&Cancel>,
        on_build: impl FnMut(&str),
    ) -> Result<Prepared<'s>, SuiteError> {
        let known = Known::default();
        let tools = self.tools(stage, cancel, Builds::All);
        let prepared = self.prepare_knowing(cases, tools, on_build, known);
        prepared.map(|(prepared, _)| prepared)
    }

    /// As [`prepare`](Self::prepare), but nothing is built: what is there is run, as it is.
    ///
    /// Binaries of cargo are looked for in `CARGO_TARGET_DIR`; without it, in `target` of the suite's directory and of those above
    /// it. A test looks beside itself.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare), and if a binary of cargo is not there.
    pub fn prepare_built<'s>(
        &'s self,
        cases: &[&Case],
        stage: &'s dyn Stage,
        cancel: Option<&Cancel>,
    ) -> Result<Prepared<'s>, SuiteError> {
        let tools = self.tools(stage, cancel, Builds::Nothing);
        let prepared = self.prepare_knowing(cases, tools, |_| {}, Known::default());
        prepared.map(|(prepared, _)| prepared)
    }

    fn tools<'t, 's: 't>(
        &'s self,
        stage: &'s dyn Stage,
        cancel: Option<&'t Cancel>,
        builds: Builds,
    ) -> Tools<'t, 's> {
        Tools {
            stage,
            cancel,
            root: self.root(),
            builds,
        }
    }

    /// As [`prepare`](Self::prepare), but for what is known; and what is known then.
    fn prepare_knowing<'s>(
        &'s self,
        cases: &[&Case],
        tools: Tools<'_, 's>,
        on_build: impl FnMut(&str),
        mut known: Known,
    ) -> Result<(Prepared<'s>, Known), SuiteError> {
        let mut prepared = Prepared {
            suite: self,
            stage: tools.stage,
            ready: BTreeMap::new(),
            binaries: HashMap::new(),
            resolved: HashMap::new(),
        };
        let used: BTreeSet<&str> = cases.iter().map(|c| c.implementation.as_str()).collect();
        let all = self.implementations().iter();
        let used: Vec<_> = all.filter(|i| used.contains(i.name.as_str())).collect();
        prepared.probe(&used, tools, &mut known)?;
        let ready: Vec<_> = used
            .into_iter()
            .filter(|i| prepared.is_ready(&i.name))
            .collect();
        let cases: Vec<_> = cases
            .iter()
            .copied()
            .filter(|c| prepared.is_ready(&c.implementation))
            .collect();
        prepared.resolve(&cases, &ready)?;
        let cases: Vec<_> = cases
            .into_iter()
            .filter(|c| prepared.skipped(c).is_none())
            .collect();
        prepared.build(&cases, &ready, tools, on_build, &mut known)?;
        Ok((prepared, known))
    }
}

/// # Getting ready
impl Prepared<'_> {
    /// Probes side by side: each mostly waits for a program to start.
    fn probe(
        &mut self,
        used: &[&Implementation],
        tools: Tools<'_, '_>,
        known: &mut Known,
    ) -> Result<(), SuiteError> {
        let suite = self.suite;
        let used: Vec<_> = used
            .iter()
            .filter(|i| !known.probed.contains_key(&i.name))
            .collect();
        let probed = side_by_side(&used, |implementation| {
            probe::probe(suite, implementation, tools)
        });
        for (implementation, ready) in used.iter().zip(probed) {
            known.probed.insert(implementation.name.clone(), ready?);
        }
        self.ready = known.probed.clone();
        Ok(())
    }

    /// Puts cases in the place of those that are others in the version that is there.
    fn resolve(&mut self, cases: &[&Case], ready: &[&Implementation]) -> Result<(), SuiteError> {
        for case in cases {
            if !self.suite.hangs_on_version(case)? {
                continue;
            }
            match self.version(&case.implementation) {
                Some(version) => {
                    let resolved = self.suite.case_for(case, &version)?;
                    self.resolved.insert(key(case), resolved);
                }
                None => {
                    let mut ready = ready.iter();
                    let implementation = ready.find(|i| i.name == case.implementation);
                    return Err(self.no_version(case, implementation.copied()));
                }
            }
        }
        Ok(())
    }

    fn no_version(&self, case: &Case, implementation: Option<&Implementation>) -> SuiteError {
        let printed = match self.ready.get(&case.implementation) {
            Some(Ready::Yes {
                probe: Some(line), ..
            }) => format!("its probe printed {line:?}"),
            _ => "it has no probe".into(),
        };
        let message = format!(
            "the version of implementation `{}` is not known, and case `{}` hangs on it: {printed}",
            case.implementation,
            format_args!("{}/{}", case.scenario, case.implementation)
        );
        let error = match implementation {
            Some(implementation) => {
                implementation.error(self.suite.source(), message, "of this implementation")
            }
            None => SuiteError::new(self.suite.source(), message),
        };
        error.help("let the first line that its probe prints have the version in it, as `1.2.3`")
    }
}

/// Does something with each item, each in a thread of its own, and gives the results in the order of the items.
fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let threads: Vec<_> = items
            .iter()
            .map(|item| scope.spawn(|| work(item)))
            .collect();
        let results = threads.into_iter().map(thread::ScopedJoinHandle::join);
        results
            .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// # What is there
impl Prepared<'_> {
    /// Where the suite is.
    #[cfg(feature = "libtest")]
    pub(crate) fn suite_path(&self) -> &std::path::Path {
        self.suite.path()
    }

    /// Whether an implementation can be run, and if not, why.
    #[must_use]
    pub fn ready(&self, implementation: &str) -> Option<&Ready> {
        self.ready.get(implementation)
    }

    /// The version of an implementation: the first number of the form `1.2` or `1.2.3` that its probe printed.
    #[must_use]
    pub fn version(&self, implementation: &str) -> Option<Version> {
        match self.ready.get(implementation)? {
            Ready::Yes { version, .. } => version.clone(),
            Ready::Skipped { .. } => None,
        }
    }

    fn is_ready(&self, implementation: &str) -> bool {
        matches!(self.ready.get(implementation), Some(Ready::Yes { .. }))
    }

    /// A case as it is for the version of its implementation that is there.
    #[must_use]
    pub fn case<'c>(&'c self, case: &'c Case) -> &'c Case {
        let resolved = self.resolved.get(&key(case));
        resolved.and_then(Option::as_ref).unwrap_or(case)
    }

    /// Why a case is not run, if it is not: its implementation is not there, or not in a version that the scenario has.
    #[must_use]
    pub fn skipped(&self, case: &Case) -> Option<String> {
        if let Some(Ready::Skipped { why }) = self.ready.get(&case.implementation) {
            return Some(why.clone());
        }
        let none = matches!(self.resolved.get(&key(case)), Some(None));
        none.then(|| {
            let version = self.version(&case.implementation);
            let version = version
                .map(|version| version.to_string())
                .unwrap_or_default();
            format!("the scenario does not have {} {version}", case.like)
        })
    }
}

/// # Running
impl Prepared<'_> {
    /// Runs a case once.
    ///
    /// # Errors
    /// If its subject could not be started.
    pub fn run(&self, case: &Case, cancel: Option<&Cancel>) -> Result<Record, RunError> {
        let mut control = Control::new();
        if let Some(cancel) = cancel {
            control = control.cancel(cancel);
        }
        let mut plan = self.plan(case);
        give_port(&mut plan)?;
        self.stage.run(&plan, &mut control)
    }

    /// The command that starts the subject of a case.
    #[must_use]
    pub fn command(&self, case: &Case) -> Vec<OsString> {
        let plan = self.plan(case);
        [plan.program].into_iter().chain(plan.args).collect()
    }

    /// The plan of a case, with the program that was built for it and the version that is there. `{port}` is still in it: it is
    /// another one for each run.
    #[must_use]
    pub fn plan(&self, case: &Case) -> Plan {
        let case = self.case(case);
        let mut plan = case.plan();
        if let Start::Cargo { cargo, .. } = &case.start
            && let Some(path) = self.binaries.get(&(cargo.build.clone(), cargo.bin.clone()))
        {
            plan.program = path.into();
        }
        self.put_located(case, &mut plan);
        if let Some(origin) = &mut plan.origin {
            let version = self.version(&case.implementation);
            origin.version = version.map(|version| version.to_string());
        }
        plan
    }
}

impl Prepared<'_> {
    /// Puts the program where it was located in the place of its name.
    fn put_located(&self, case: &Case, plan: &mut Plan) {
        let Some(Ready::Yes {
            program: Some(program),
            ..
        }) = self.ready.get(&case.implementation)
        else {
            return;
        };
        match case.start.program_index() {
            Some(0) => plan.program = program.into(),
            Some(i) => plan.args[i - 1] = program.into(),
            None => {}
        }
    }
}
