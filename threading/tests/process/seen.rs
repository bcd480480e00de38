//! What was seen of a subject, and what the cases assert of that.

use std::env;
use std::time::Duration;

use exeunt::{Record, Signal, Subject};
use predicates::prelude::*;

use crate::case::SUBJECT;

/// Only to tell a hang from a slow machine.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Seen(Record);

impl Seen {
    /// Runs this binary as the subject of the case. Both its streams share one pipe, which keeps the order of lines.
    pub(crate) fn of(case: &str) -> Self {
        let this = env::current_exe().expect("this binary has a path");
        let record = Subject::new(this).env(SUBJECT, case).timeout(TIMEOUT).run();
        Self(record.expect("the subject starts"))
    }
}

/// # Assertions
impl Seen {
    /// It ended by itself with this code, and so has everything that it started.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        _ = self.0.assert().code(code).leaves_nothing_behind();
        self
    }

    /// Nothing kept the process alive for long after this line.
    #[track_caller]
    pub(crate) fn at_once_after(self, line: &str) -> Self {
        let assert = self.0.assert().slack(Duration::from_secs(1));
        _ = assert.exits_after(line, Duration::ZERO);
        self
    }

    #[track_caller]
    pub(crate) fn signal(self, signal: Signal) -> Self {
        _ = self.0.assert().signal(signal).leaves_nothing_behind();
        self
    }

    /// These lines, no others, in this order.
    #[track_caller]
    pub(crate) fn says<const N: usize>(self, lines: [&str; N]) -> Self {
        let same = |text: &str| text.lines().eq(lines);
        _ = self.0.assert().output(predicate::function(same));
        self
    }

    /// These texts, in this order, whatever is between them.
    #[track_caller]
    pub(crate) fn contains<const N: usize>(self, texts: [&str; N]) -> Self {
        let after =
            |rest: &str, text: &str| rest.find(text).map(|at| rest[at + text.len()..].to_owned());
        let in_order = |all: &str| {
            texts
                .iter()
                .try_fold(all.to_owned(), |rest, text| after(&rest, text))
                .is_some()
        };
        _ = self.0.assert().output(predicate::function(in_order));
        self
    }

    #[track_caller]
    pub(crate) fn without(self, text: &str) -> Self {
        self.count(text, 0)
    }

    #[track_caller]
    pub(crate) fn count(self, text: &str, times: usize) -> Self {
        _ = self
            .0
            .assert()
            .output(predicate::str::contains(text).count(times));
        self
    }
}
