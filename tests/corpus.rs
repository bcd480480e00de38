//! The corpus of the fuzz targets, by a stable compiler, and inputs near to it. `ci/fuzz` goes on from there, guided by coverage.

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

#[path = "../fuzz/targets.rs"]
mod targets;

/// The inputs of a target.
#[track_caller]
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let entries = std::fs::read_dir(corpus).unwrap();
    let mut inputs: Vec<_> = entries
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert!(inputs.len() >= 3, "the corpus is there");
    inputs.sort();
    inputs
}

/// The inputs of a target, each also cut short at some places.
#[track_caller]
fn run(target: fn(&[u8]), name: &str, cuts: usize) {
    for input in corpus(name) {
        target(&input);
        for cut in 1..cuts {
            target(&input[..input.len() * cut / cuts]);
        }
    }
}

/// One change to an input.
#[derive(Debug, Clone)]
enum Change {
    Remove(Index, Index),
    Repeat(Index, Index),
    Insert(Index, &'static [u8]),
    Set(Index, u8),
}

/// What parsers take for something else.
const PIECES: [&[u8]; 24] = [
    b"\n",
    b"\"",
    b"\"\"\"",
    b"'",
    b"\\",
    b"[",
    b"]",
    b"[[",
    b"{",
    b"}",
    b" = ",
    b"=",
    b",",
    b".",
    b"#",
    b"\0",
    b"\xff",
    b"\xe2\x80\xae",
    b"(?<time>",
    b"99999999999999999999",
    b"-1",
    b"{port}",
    b"{scenario}",
    b"1e999",
];

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), index()).prop_map(|(at, length)| Change::Remove(at, length)),
        (index(), index()).prop_map(|(at, length)| Change::Repeat(at, length)),
        (index(), select(&PIECES[..])).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (index(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
    ]
}

fn changed(mut input: Vec<u8>, change: &Change) -> Vec<u8> {
    let place = |index: &Index| index.index(input.len() + 1);
    let part = |at: &Index, length: &Index| {
        let at = place(at);
        at..at + length.index((input.len() - at).min(40) + 1)
    };
    match change {
        Change::Remove(at, length) => drop(input.drain(part(at, length))),
        Change::Repeat(at, length) => {
            let part = part(at, length);
            let text = input[part.clone()].to_vec();
            input.splice(part.end..part.end, text);
        }
        Change::Insert(at, piece) => {
            let at = place(at);
            input.splice(at..at, piece.iter().copied());
        }
        Change::Set(at, byte) => {
            let at = place(at);
            if let Some(old) = input.get_mut(at) {
                *old = *byte;
            }
        }
    }
    input
}

/// Gives a target inputs near to those of the corpus, the same in each run.
fn mutate(target: fn(&[u8]), inputs: Vec<Vec<u8>>, cases: u32) {
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        ..ProptestConfig::default()
    });
    let changes = proptest::collection::vec(change(), 1..6);
    let tested = runner.run(&(select(inputs), changes), |(input, changes)| {
        target(&changes.iter().fold(input, changed));
        Ok(())
    });
    tested.unwrap();
}

#[test]
fn logs() {
    run(targets::log, "log", 50);
}

#[test]
fn logs_that_were_changed() {
    mutate(targets::log, corpus("log"), 2000);
}

#[test]
fn suites() {
    run(targets::suite, "suite", 20);
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("exeunt.toml");
    targets::suite(&std::fs::read(whole).unwrap());
}

#[test]
fn suites_that_were_changed() {
    mutate(targets::suite, corpus("suite"), 2000);
}

#[test]
#[should_panic(expected = "found")]
fn a_target_that_panics_is_found() {
    mutate(
        |input| assert!(!input.contains(&0xff), "found"),
        corpus("log"),
        2000,
    );
}
