//! The corpus of the fuzz targets, by a stable compiler. `ci/fuzz` goes on from there.

use std::path::Path;

#[path = "../fuzz/targets.rs"]
mod targets;

/// The inputs of a target, each also cut short at some places.
#[track_caller]
fn run(target: fn(&[u8]), name: &str, cuts: usize) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut inputs = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        target(&input);
        for cut in 1..cuts {
            target(&input[..input.len() * cut / cuts]);
        }
        inputs += 1;
    }
    assert!(inputs >= 3, "the corpus is there");
}

#[test]
fn logs() {
    run(targets::log, "log", 50);
}

#[test]
fn suites() {
    run(targets::suite, "suite", 20);
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("exeunt.toml");
    targets::suite(&std::fs::read(whole).unwrap());
}
