//! What was observed of the programs that ran beside the subject.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Record, seconds};

/// A client that ran beside the subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientSeen {
    /// Its name.
    pub name: String,
    /// When it was started, in the subject's time, in seconds when serialised.
    #[serde(with = "seconds")]
    pub at: Duration,
    /// By how much that was later than planned, in seconds when serialised.
    #[serde(default, with = "seconds", skip_serializing_if = "Duration::is_zero")]
    pub late: Duration,
    /// What was observed of it. `None` if it could not be run.
    pub record: Option<Record>,
    /// Why it could not be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl ClientSeen {
    /// A client that was started at this time, and its record or the reason that there is none.
    #[must_use]
    pub fn new(name: impl Into<String>, at: Duration, result: Result<Record, String>) -> Self {
        let (record, problem) = match result {
            Ok(record) => (Some(record), None),
            Err(problem) => (None, Some(problem)),
        };
        Self {
            name: name.into(),
            at,
            late: Duration::ZERO,
            record,
            problem,
        }
    }
}

impl Record {
    /// The record of the client of this name, if it ran.
    #[must_use]
    pub fn client(&self, name: &str) -> Option<&Record> {
        let mut clients = self.clients.iter();
        clients.find(|client| client.name == name)?.record.as_ref()
    }
}
