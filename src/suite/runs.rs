//! What a scenario says of its runs: how long they may take.

use std::time::Duration;

use super::resolve::Reader;
use crate::stage::Bounds;

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
        }
    }
}
