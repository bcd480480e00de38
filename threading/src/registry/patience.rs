//! How long the process waits for its threads, and what it does then.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::Registry;
use crate::record::Record;

/// What the process does when it has waited for its threads as long as it was [bounded](crate::set_wait_limit) to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtLimit {
    /// It waits no longer, for any thread: those that are left are as daemons, and no others can be started.
    /// [`at_exit`](crate::at_exit) callbacks are called, and the process ends with its exit code.
    Abandon,
    /// It waits so much longer, and then asks again.
    Wait(Duration),
}

/// Asked at the limit, with the threads that are left.
pub(crate) type Decide = Box<dyn FnMut(&[Arc<Record>]) -> AtLimit + Send>;

pub(crate) struct Limit {
    pub(crate) after: Duration,
    pub(crate) decide: Decide,
}

impl Registry {
    /// When to tell who is waited for: after so long, or never.
    pub(crate) fn set_report(&self, after: Option<Duration>) {
        self.lock().report = Some(after);
    }

    /// `None` if nobody said when to tell.
    pub(crate) fn report(&self) -> Option<Option<Duration>> {
        self.lock().report
    }

    /// Returns the old limit: it is the user's to drop, not under the lock.
    pub(crate) fn replace_limit(&self, limit: Option<Limit>) -> Option<Limit> {
        mem::replace(&mut self.lock().limit, limit)
    }

    /// From here on no thread is waited for.
    pub(crate) fn abandon_threads(&self) {
        self.lock().abandoned = true;
    }
}
