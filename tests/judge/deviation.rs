//! A case may be known to deviate: then it must, and as it is known to.

use exeunt::judge::Verdict;
use exeunt::outcome::{Outcome, Status, Summary};
use exeunt::record::{Dropped, Exit, Termination};
use exeunt::suite::{Case, Suite};
use exeunt::{Record, secs};

/// Code 0 is right; what is known to come instead is said by `deviates`.
fn case(deviates: &str) -> Case {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("exeunt.toml");
    let text = format!(
        "[implementation.old]\n\
         command = ['old']\n\
         probe = ['{{program}}', '--version']\n\
         [[scenario]]\n\
         name = 'end'\n\
         {deviates}"
    );
    std::fs::write(&path, text).unwrap();
    Suite::load(&path).unwrap().cases()[0].clone()
}

const KNOWN: &str = "deviates.old = { why = 'it is old', exit = { code = 1 } }";

fn exited(code: i32) -> Record {
    Record::new(["old"]).with(secs(1), Exit::Code(code))
}

fn slow() -> Record {
    let mut record = Record::new(["old"]);
    record.termination = Termination::TimedOut { limit: secs(1) };
    record.lag.canary = secs(1);
    record
}

fn status(case: &Case, record: Record) -> Status {
    Outcome::of(case, None, record).status
}

#[test]
fn nothing_known() {
    let case = case("");
    assert_eq!(status(&case, exited(0)), Status::Held);
    assert_eq!(status(&case, exited(1)), Status::Broken);
    assert_eq!(status(&case, slow()), Status::Inconclusive);
}

#[test]
fn broken_as_is_known() {
    let case = case(KNOWN);
    let outcome = Outcome::of(&case, None, exited(1));
    assert_eq!(outcome.status, Status::Deviates);
    assert_eq!(outcome.known_deviation.as_deref(), Some("it is old"));
    assert_eq!(outcome.observed.unwrap().judgement.verdict(), Verdict::Held);
}

#[test]
fn broken_no_more() {
    let case = case(KNOWN);
    let outcome = Outcome::of(&case, None, exited(0));
    assert_eq!(outcome.status, Status::DeviatesNoMore);
    assert_eq!(outcome.known_deviation.as_deref(), Some("it is old"));
}

#[test]
fn broken_otherwise() {
    assert_eq!(status(&case(KNOWN), exited(2)), Status::Broken);
}

#[test]
fn not_told() {
    assert_eq!(status(&case(KNOWN), slow()), Status::Inconclusive);
    // Broken for sure, but whether as is known cannot be told.
    let known = "deviates.old = { why = 'it is old', exit = { code = 1 }, present = ['sorry'] }";
    let cut = exited(1).with(secs(1), Dropped { lines: 1, bytes: 1 });
    assert_eq!(status(&case(known), cut), Status::Inconclusive);
}

#[test]
fn interrupted() {
    let mut record = exited(0);
    record.termination = Termination::Interrupted;
    for deviates in ["", KNOWN] {
        assert_eq!(status(&case(deviates), record.clone()), Status::Interrupted);
    }
}

#[test]
fn of_some_versions() {
    let known = "deviates.old = [\
        { why = 'not yet', version = '<2', exit = { code = 1 } },\
        { why = 'no more', version = '>=3', exit = { code = 3 } },\
    ]";
    let case = case(known);
    let status = |version: &str, code| {
        let version = version.parse().ok();
        Outcome::of(&case, version.as_ref(), exited(code)).status
    };
    assert_eq!(status("1.9.9", 1), Status::Deviates);
    assert_eq!(status("1.9.9", 0), Status::DeviatesNoMore);
    assert_eq!(status("2.0.0", 0), Status::Held);
    assert_eq!(status("2.0.0", 1), Status::Broken);
    assert_eq!(status("3.0.0", 3), Status::Deviates);
    assert_eq!(status("3.0.0", 1), Status::Broken);
    assert_eq!(status("unknown", 0), Status::Held);
    assert_eq!(status("unknown", 1), Status::Broken);
}

#[test]
fn each_status_is_counted_once() {
    let all = [
        Status::Held,
        Status::Deviates,
        Status::Broken,
        Status::DeviatesNoMore,
        Status::Failed,
        Status::Inconclusive,
        Status::Skipped,
        Status::Interrupted,
    ];
    let mut summary = Summary::default();
    all.into_iter().for_each(|status| summary.count(status));
    let expected = Summary {
        held: 1,
        deviates: 1,
        broken: 3,
        inconclusive: 1,
        skipped: 1,
        interrupted: 1,
    };
    assert_eq!(summary, expected);
}
