//! Programs that ran beside the subject.

use super::check::{Check, Doubt, Expected, Observed};
use super::expect::ExpectedClient;
use super::judge;
use crate::record::Record;

/// The checks of a client, told as its own.
pub(super) fn client(record: &Record, wanted: &ExpectedClient) -> Vec<Check> {
    let Some(seen) = record.clients.iter().find(|seen| seen.name == wanted.name) else {
        let expected = Expected::ClientRuns(wanted.name.clone());
        let doubt = Doubt::NoMoment;
        return vec![Check::inconclusive(expected, Observed::NotDone, doubt)];
    };
    let Some(own) = &seen.record else {
        let expected = Expected::ClientRuns(wanted.name.clone());
        let problem = seen.problem.clone().unwrap_or_default();
        return vec![Check::broken(expected, Observed::Problem(problem))];
    };
    let of_client = |check: Check| Check {
        expected: Expected::OfClient {
            name: wanted.name.clone(),
            expected: Box::new(check.expected),
        },
        // Its events are not those of the subject.
        event: None,
        ..check
    };
    judge(own, &wanted.expectation)
        .checks
        .into_iter()
        .map(of_client)
        .collect()
}
