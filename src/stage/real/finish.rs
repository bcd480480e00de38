//! From a run that is over to its record.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::node;
use super::run::Run;
use crate::record::{Clock, Finding, Lag, LogLines, RECORD_SCHEMA, Record, Usage, moment};
use crate::stage::proc::Stalled;
use crate::stage::sys;

/// What was known at the start of a run, and what was measured around it.
pub(super) struct Begun {
    /// The wall clock at the exec.
    pub(super) wall: SystemTime,
    pub(super) canary: Duration,
    pub(super) stalled: Stalled,
    /// How much longer than it worked a thread had to wait for processors.
    pub(super) crowding: f64,
    /// What the subject was given.
    pub(super) environment: BTreeMap<OsString, OsString>,
    pub(super) directory: PathBuf,
    /// Where Node.js has written its reports.
    pub(super) reports: Option<PathBuf>,
}

impl Run<'_, '_> {
    pub(super) fn into_record(mut self, begun: Begun) -> Record {
        let clients = self.clients.take();
        for copied in std::mem::take(&mut self.stacks) {
            let processes = self.ended_by_harness.iter_mut().chain(&mut self.survivors);
            let missing = copied.put(processes);
            self.findings
                .extend(missing.map(|why| Finding::NoStacks { why }));
        }
        if let Some(reports) = &begun.reports {
            node::read(reports, &mut self.ended_by_harness);
        }
        let plan = self.plan;
        let words = [&plan.program].into_iter().chain(&plan.args);
        let started = moment::rounded(begun.wall);
        let usage = self.exited.map_or(Usage::default(), |e| Usage {
            user: e.user,
            system: e.system,
            peak_memory: e.peak_memory,
        });
        let worked = usage.user.saturating_add(usage.system);
        let lag = Lag {
            canary: begun.canary,
            subject_waited: self
                .exited
                .map_or(Duration::ZERO, |e| e.waited)
                .max(self.starved),
            pressure: begun.stalled.processor.saturating_add(begun.stalled.disk),
            disk: match self.exited {
                Some(exited) if exited.used_disk => begun.stalled.disk,
                _ => Duration::ZERO,
            },
            queued: Duration::try_from_secs_f64(worked.as_secs_f64() * begun.crowding)
                .unwrap_or(Duration::MAX),
            harness: self.late,
        };
        let mut record = Record {
            schema: RECORD_SCHEMA,
            clock: Clock::Monotonic,
            origin: plan.origin.clone(),
            timeout: plan.bounds.timeout,
            command: words.map(|s| s.to_string_lossy().into_owned()).collect(),
            environment: told(begun.environment, plan.inherits_environment),
            directory: begun.directory,
            streams: plan.streams,
            started,
            utc_offset: sys::utc_offset(started),
            pid: self.pid,
            events: self.events.finish(),
            termination: self.termination,
            survivors: self.survivors,
            ended_by_harness: self.ended_by_harness,
            lag: if self.clock.can_lag() {
                lag
            } else {
                Lag::default()
            },
            usage,
            log: LogLines::default(),
            findings: self.findings,
            files: self.looks.file_states(&plan.files),
            clients,
            lives: None,
            flow: None,
        };
        self.clock.finish(&mut record);
        record
    }
}

/// The environment as the record tells it: of an inherited one only what differs from the harness's own, since a record is
/// read by others.
fn told(environment: BTreeMap<OsString, OsString>, inherited: bool) -> BTreeMap<String, String> {
    let ours = |name: &OsString, value: &OsString| std::env::var_os(name).as_ref() == Some(value);
    let text = |text: OsString| text.to_string_lossy().into_owned();
    environment
        .into_iter()
        .filter(|(name, value)| !(inherited && ours(name, value)))
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}
