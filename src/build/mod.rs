//! Before the first case: is each implementation here, in which version, and are its programs built from what the sources say
//! now?
//!
//! Probes and builds are runs too: they go through the stage.

mod cargo;
mod command;
mod known;
mod port;
mod probe;
#[cfg(feature = "libtest")]
mod shared;
mod version;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::thread;

use serde::{Deserialize, Serialize};

use crate::record::Record;
use crate::stage::{Cancel, Control, Plan, RunError, Stage, Stdin};
use crate::suite::placeholder::{expand, has};
use crate::suite::{CargoBuild, Case, Implementation, Start, Suite, SuiteError, Version};
use command::{Failure, Tools};
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
        let prepared = self.prepare_knowing(cases, stage, cancel, on_build, known);
        prepared.map(|(prepared, _)| prepared)
    }

    /// As [`prepare`](Self::prepare), but for what is known; and what is known then.
    fn prepare_knowing<'s>(
        &'s self,
        cases: &[&Case],
        stage: &'s dyn Stage,
        cancel: Option<&Cancel>,
        on_build: impl FnMut(&str),
        mut known: Known,
    ) -> Result<(Prepared<'s>, Known), SuiteError> {
        let tools = Tools {
            stage,
            cancel,
            root: self.root(),
        };
        let mut prepared = Prepared {
            suite: self,
            stage,
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
        tools: Tools<'_>,
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

    /// Builds side by side, but for cargo's builds: they would wait for each other's lock.
    fn build(
        &mut self,
        cases: &[&Case],
        ready: &[&Implementation],
        tools: Tools<'_>,
        mut on_build: impl FnMut(&str),
        known: &mut Known,
    ) -> Result<(), SuiteError> {
        let mut jobs: Vec<Job<'_>> = Vec::new();
        for implementation in ready {
            if !cases
                .iter()
                .any(|case| case.implementation == implementation.name)
            {
                continue;
            }
            if let Some(words) = &implementation.build {
                let words = self.build_words(implementation, words);
                // Several implementations may have the same build.
                if known.built.insert(words.clone()) {
                    on_build(&format!(
                        "building {}: {}",
                        implementation.name,
                        words.join(" ")
                    ));
                    jobs.push(Job::Command(implementation, words));
                }
            }
        }
        let cargo = self.cargo_builds(cases, ready, known);
        for build in &cargo {
            on_build(&format!(
                "building package {} with cargo",
                build.cargo.package
            ));
        }
        jobs.extend((!cargo.is_empty()).then_some(Job::Cargo(cargo)));
        for done in side_by_side(&jobs, |job| self.run_job(job, tools)) {
            let done = done?.into_iter();
            known
                .binaries
                .extend(done.map(|((of, bin), path)| (of, bin, path)));
        }
        let built = known.binaries.iter().cloned();
        self.binaries
            .extend(built.map(|(of, bin, path)| ((of, bin), path)));
        Ok(())
    }

    fn build_words(&self, implementation: &Implementation, words: &[String]) -> Vec<String> {
        let root = self.suite.root().to_string_lossy();
        let values = [
            ("implementation", implementation.name.as_str()),
            ("root", &root),
        ];
        words.iter().map(|word| expand(word, &values)).collect()
    }

    /// The binaries that cases need and that are not known, by what cargo is told.
    fn cargo_builds<'i>(
        &self,
        cases: &[&Case],
        ready: &[&'i Implementation],
        known: &Known,
    ) -> Vec<CargoJob<'i>> {
        let mut jobs: BTreeMap<&CargoBuild, (BTreeSet<String>, Option<&'i Implementation>)> =
            BTreeMap::new();
        for case in cases {
            if let Start::Cargo { cargo, .. } = &self.case(case).start
                && known.binary(&cargo.build, &cargo.bin).is_none()
            {
                let (bins, of) = jobs.entry(&cargo.build).or_default();
                bins.insert(cargo.bin.clone());
                *of = ready
                    .iter()
                    .find(|i| i.name == case.implementation)
                    .copied();
            }
        }
        let jobs = jobs.into_iter();
        jobs.filter_map(|(cargo, (bins, of))| {
            Some(CargoJob {
                cargo: cargo.clone(),
                bins: bins.into_iter().collect(),
                of: of?,
            })
        })
        .collect()
    }

    fn run_job(&self, job: &Job<'_>, tools: Tools<'_>) -> Result<Binaries, SuiteError> {
        match job {
            Job::Command(implementation, words) => {
                let plan = tools.build_plan(words, implementation.build_timeout);
                match tools.run(&plan) {
                    Ok(_) => Ok(Vec::new()),
                    Err(failure) => Err(self.build_failed(implementation, words, &failure)),
                }
            }
            Job::Cargo(builds) => {
                let mut all = Vec::new();
                for CargoJob { cargo, bins, of } in builds {
                    let built =
                        cargo::build(cargo, bins, of.build_timeout, tools).map_err(|failure| {
                            self.build_failed(of, &cargo::words(cargo, bins), &failure)
                        })?;
                    all.extend(
                        built
                            .into_iter()
                            .map(|(bin, path)| ((cargo.clone(), bin), path)),
                    );
                }
                Ok(all)
            }
        }
    }

    fn build_failed(
        &self,
        implementation: &Implementation,
        words: &[String],
        failure: &Failure,
    ) -> SuiteError {
        let (how, said) = failure.explain();
        let name = &implementation.name;
        let message = format!(
            "implementation `{name}` could not be built: `{}`: {how}",
            words.join(" ")
        );
        let error = SuiteError::new(self.suite.source(), message);
        match said {
            Some(said) => error.help(said),
            None => error,
        }
    }
}

type Binaries = Vec<((CargoBuild, String), PathBuf)>;

/// Builds that are run one after the other.
enum Job<'i> {
    Command(&'i Implementation, Vec<String>),
    Cargo(Vec<CargoJob<'i>>),
}

struct CargoJob<'i> {
    cargo: CargoBuild,
    bins: Vec<String>,
    of: &'i Implementation,
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

/// Puts one free port in the place of `{port}`, wherever it is.
fn give_port(plan: &mut Plan) -> Result<(), RunError> {
    const PORT: &str = "port";
    let wants = |word: &OsString| word.to_str().is_some_and(|word| has(word, PORT));
    let stdin = match &plan.stdin {
        Stdin::Bytes(bytes) => Some(bytes.to_text().into_owned()).filter(|text| has(text, PORT)),
        _ => None,
    };
    let in_words = {
        let words = [&plan.program].into_iter().chain(&plan.args);
        words.chain(plan.environment.values()).any(wants)
    };
    if stdin.is_none() && !in_words {
        return Ok(());
    }
    let port = port::free().map_err(|source: io::Error| RunError::Setup {
        program: plan.program.to_string_lossy().into_owned(),
        source,
    })?;
    let port = port.to_string();
    let values = [(PORT, port.as_str())];
    let words = [&mut plan.program].into_iter().chain(&mut plan.args);
    for word in words.chain(plan.environment.values_mut()) {
        if let Some(text) = word.to_str() {
            *word = expand(text, &values).into();
        }
    }
    if let Some(text) = stdin {
        plan.stdin = Stdin::Bytes(expand(&text, &values).as_str().into());
    }
    Ok(())
}
