//! What a scenario says of its runs: how long they may take, and when the subject is ready.

use std::path::Path;
use std::time::Duration;

use super::error::SuiteError;
use super::ready::Ready;
use super::resolve::Reader;
use crate::stage::{Bounds, Readiness};

/// How long a subject may run, unless the suite says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Reader<'_> {
    /// A subject that is expected to be there still at its time limit is not asked why.
    pub(super) fn bounds(&self, may_hang: bool) -> Bounds {
        let (scenario, defaults) = (self.scenario, &self.defaults);
        let standard = Bounds::default();
        let timeout = scenario.timeout.or(defaults.timeout);
        let grace = scenario.grace.or(defaults.grace);
        let settle = scenario.settle.or(defaults.settle);
        Bounds {
            timeout: Some(timeout.map_or(TIMEOUT, |limit| limit.0)),
            grace: grace.map_or(standard.grace, |span| span.0),
            settle: settle.map_or(standard.settle, |span| span.0),
            at_timeout: scenario.at_timeout,
            ask: !may_hang,
            stacks: !may_hang,
        }
    }

    pub(super) fn root(&self) -> &Path {
        self.root
    }

    /// How it is known that the subject is ready.
    pub(super) fn ready(&self) -> Result<Option<Readiness>, SuiteError> {
        let Some(ready) = &self.scenario.ready else {
            return Ok(None);
        };
        Ok(Some(match ready.get_ref() {
            Ready::Other(readiness) => readiness.clone(),
            Ready::Line(line) => Readiness::Line(self.streams().pattern(&self.part.source, line)?),
        }))
    }
}
