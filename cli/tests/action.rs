//! The GitHub action: what its script does with its inputs.

use std::fs;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use tempfile::TempDir;

fn suite() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let suite = "implementation.sh.command = ['sh', '-c', 'echo {scenario}']\n\
        [[scenario]]\nname = 'right'\npresent = ['right']\n\
        [[scenario]]\nname = 'wrong'\npresent = ['something else']\n";
    fs::write(directory.path().join("exeunt.toml"), suite).unwrap();
    directory
}

fn action(directory: &TempDir, arguments: &str) -> Command {
    let at = |name: &str| directory.path().join(name);
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../ci/action"));
    command
        .current_dir(directory.path())
        .env("EXEUNT", exeunt::cargo_bin!("exeunt"))
        .env("ARGUMENTS", arguments)
        .env("REPORTS", "reports here")
        .env("GITHUB_OUTPUT", at("output"))
        .env("GITHUB_STEP_SUMMARY", at("summary"))
        .env("GITHUB_WORKSPACE", directory.path());
    command
}

#[test]
fn the_suite_is_run_annotated_and_summarised() {
    let directory = suite();
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    action(&directory, "")
        .assert()
        .code(1)
        .stdout(contains("2 cases in"))
        .stderr(contains(
            "::error file=exeunt.toml,line=6,title=wrong/sh broken::",
        ));
    assert!(read("summary").contains("<code>wrong/sh</code>"));
    let outputs = read("output");
    assert!(
        outputs.contains("exit-code=1\n") && outputs.contains("reports here\n"),
        "{outputs}"
    );
    for file in ["junit.xml", "exeunt.html", "run/run.jsonl"] {
        assert!(!read(&format!("reports here/{file}")).is_empty(), "{file}");
    }
}

#[test]
fn arguments_are_words_and_no_code() {
    let directory = suite();
    action(&directory, "right --verbose")
        .assert()
        .success()
        .stdout(contains("1 case in"));
    // Quoted as a shell has it.
    action(&directory, "--scenario 'right' --jobs \"1\"")
        .assert()
        .success()
        .stdout(contains("1 case in"));
    action(&directory, "'$(touch owned)' `touch owned`; touch owned")
        .assert()
        .code(2);
    assert!(!directory.path().join("owned").exists());
}

/// The file that GitHub reads names the script, and hands inputs over as variables.
#[test]
fn the_action_runs_the_script() {
    let action = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../action.yml")).unwrap();
    let (_, run) = action.split_once("run: ").unwrap();
    assert_eq!(run.trim(), "'\"$GITHUB_ACTION_PATH/ci/action\"'");
    for (variable, input) in [
        ("ARGUMENTS", "arguments"),
        ("REPORTS", "reports"),
        ("VERSION", "version"),
    ] {
        assert!(
            contains(format!("{variable}: ${{{{ inputs.{input} }}}}")).eval(&action),
            "{variable}"
        );
    }
}
