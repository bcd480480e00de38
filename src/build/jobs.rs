//! Builds what cases need: commands side by side, cargo's one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::command::{Failure, Tools};
use super::found::{Builds, Here};
use super::known::Known;
use super::{Prepared, cargo, side_by_side};
use crate::suite::placeholder::{self, expand};
use crate::suite::{CargoBuild, Case, Implementation, Start, SuiteError};

impl Prepared<'_> {
    /// Builds side by side, but for cargo's builds: they would wait for each other's lock.
    pub(super) fn build(
        &mut self,
        cases: &[&Case],
        ready: &[&Implementation],
        tools: Tools<'_, '_>,
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
            if let Some(words) = &implementation.build
                && tools.builds != Builds::Nothing
            {
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
        let mut cargo = self.cargo_builds(cases, ready, known);
        if tools.builds != Builds::All {
            for job in cargo.drain(..) {
                known.binaries.extend(self.found(&job)?);
            }
        }
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
        let root = placeholder::root(self.suite.root());
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

    /// Where the binaries are that are not to be built.
    fn found(&self, job: &CargoJob<'_>) -> Result<Vec<(CargoBuild, String, PathBuf)>, SuiteError> {
        let here = Here::new(self.suite.root());
        let found = job.bins.iter().map(|bin| {
            let places = here.places(&job.cargo, bin);
            let there = places.iter().find(|place| place.is_file());
            let path = there.ok_or_else(|| self.not_built(job, bin, &places))?;
            Ok((job.cargo.clone(), bin.clone(), path.clone()))
        });
        found.collect()
    }

    fn not_built(&self, job: &CargoJob<'_>, bin: &str, places: &[PathBuf]) -> SuiteError {
        let package = &job.cargo.package;
        let places: Vec<_> = places.iter().map(|p| p.display().to_string()).collect();
        let message = format!(
            "implementation `{}`: binary `{bin}` of package `{package}` is not there, and nothing is to be built: there is no {}",
            job.of.name,
            places.join(", no ")
        );
        SuiteError::new(self.suite.source(), message).help(format!(
            "build it before: `{}`; an archive of nextest's has the binaries of packages that have integration tests",
            cargo::by_hand(&job.cargo, bin)
        ))
    }

    fn run_job(&self, job: &Job<'_>, tools: Tools<'_, '_>) -> Result<Binaries, SuiteError> {
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
