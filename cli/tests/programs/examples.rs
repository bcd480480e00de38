//! The examples that use the command do what they say.

use std::path::Path;

use exeunt::record::Exit;
use exeunt::{Record, Subject, cargo_bin, secs};
use predicates::prelude::*;

fn compare(args: &[&str], path: &str) -> Record {
    Subject::new("/bin/sh")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/compare_two_pythons.sh"))
        .args(args)
        .env("EXEUNT", cargo_bin!("exeunt"))
        .env("PATH", path)
        .timeout(secs(120))
        .run()
        .expect("sh runs")
}

fn path() -> String {
    std::env::var("PATH").expect("a PATH")
}

fn has_python() -> bool {
    Subject::new("python3")
        .arg("--version")
        .run()
        .is_ok_and(|record| record.assert().try_success().is_ok())
}

/// With a second name of the one Python that is here: a column of its own all the same.
#[test]
fn two_pythons_are_compared() {
    if !has_python() {
        eprintln!("SKIPPED: there is no python3 here");
        return;
    }
    let record = compare(&["python3"], &path());
    // A busy machine may leave a delay open, which is exit code 3. Nothing is broken.
    assert!(
        matches!(record.exit(), Some(Exit::Code(0 | 3))),
        "{record:?}"
    );
    let has = |pattern| predicates::str::is_match(pattern).expect("a pattern");
    record
        .assert()
        .output(has("(?m)^ +cpython +other"))
        .output(has("(?m)^non_daemon +\\S.*2 s +\\S.*2 s"))
        .output(has("8 cases").and(predicates::str::contains("broken").not()));
}

#[test]
fn without_a_second_python_the_comparison_says_that_it_is_skipped() {
    // Directories where no Python is.
    let place = tempfile::tempdir().expect("a directory");
    for tool in ["dirname", "sh"] {
        let found = std::env::split_paths(&path())
            .map(|directory| directory.join(tool))
            .find(|path| path.exists());
        let found = found.expect("a tool that every system has");
        std::os::unix::fs::symlink(found, place.path().join(tool)).expect("a link");
    }
    compare(&[], place.path().to_str().expect("a path in UTF-8"))
        .assert()
        .success()
        .output(predicates::str::contains(
            "SKIPPED: there is no second Python",
        ));
    compare(&["/no/such/python"], &path())
        .assert()
        .code(2)
        .output(predicates::str::contains("/no/such/python is no Python"));
}
