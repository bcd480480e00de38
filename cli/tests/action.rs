//! The GitHub action and the workflows: what their scripts do.

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

/// Without the rest of them the whole suite would be run.
#[test]
fn arguments_that_are_no_words_are_an_error() {
    let directory = suite();
    action(&directory, "right --jobs \"1")
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("error: the input `arguments` is not words"));
    // Nothing but blanks is no argument.
    action(&directory, "  ")
        .assert()
        .code(1)
        .stdout(contains("2 cases in"));
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

fn repository(path: &str) -> String {
    format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))
}

/// A step that is no script could be run nowhere else.
#[test]
fn each_step_of_a_workflow_is_a_script_of_ours() {
    for workflow in ["ci", "release"] {
        let path = repository(&format!(".github/workflows/{workflow}.yml"));
        let text = fs::read_to_string(path).unwrap();
        let steps: Vec<_> = text
            .lines()
            .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("run: "))
            .collect();
        assert!(steps.len() > 5, "{workflow}: {steps:?}");
        for step in steps {
            let script = step.split(' ').next().unwrap();
            let is_ours = script.starts_with("ci/") && fs::metadata(repository(script)).is_ok();
            assert!(is_ours, "{workflow}: {step}");
        }
    }
}

/// A step of a release, of packages with these names, of which nothing leaves the machine.
fn rehearse(step: &str, packages: &[&str]) -> (Command, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    for name in packages {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let mut command = Command::new(repository("ci/publish"));
    command
        .args([step, directory.path().to_str().unwrap()])
        .env("DRY_RUN", "1");
    (command, directory)
}

#[test]
fn a_draft_has_all_archives_and_the_tag_of_the_version() {
    let version = env!("CARGO_PKG_VERSION");
    let archive = format!("archives/exeunt-{version}-x.tar.gz");
    let sum = format!("{archive}.sha256");
    let archives = [archive.as_str(), sum.as_str()];
    let (mut command, _packages) = rehearse("draft", &archives);
    command
        .env("TAG", format!("v{version}"))
        .assert()
        .success()
        .stdout(
            contains(format!("would run: gh release create v{version} --draft"))
                .and(contains(archives[0]).and(contains(archives[1]))),
        );
    command
        .env("TAG", "v99.0.0")
        .assert()
        .failure()
        .stderr(contains("the tag is v99.0.0"));
    let (mut command, _packages) = rehearse("draft", &[]);
    command
        .env("TAG", format!("v{version}"))
        .assert()
        .failure()
        .stderr(contains("there is no exeunt-*.tar.gz*"));
}

/// What is published under one tag has one version.
#[test]
fn a_package_of_another_version_is_not_published() {
    let version = env!("CARGO_PKG_VERSION");
    let wheel = format!("wheels/exeunt-{version}9-py3-none-any.whl");
    let platform = format!("npm/exeunt-cli-linux-x64-{version}9.tgz");
    let archive = format!("archives/exeunt-{version}9-x.tar.gz");
    for (step, package) in [("wheels", wheel), ("npm", platform), ("draft", archive)] {
        let (mut command, _packages) = rehearse(step, &[&package]);
        let command = command.env("TAG", format!("v{version}"));
        let told = format!("{package} is not of version {version}");
        command.assert().code(1).stderr(contains(told)).stdout("");
    }
}

#[test]
fn the_packages_of_platforms_are_published_before_the_one_that_asks_for_them() {
    if std::process::Command::new("npm")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!(
            "warning: SKIPPED: npm is not here: in which order packages are published is unknown"
        );
        return;
    }
    let version = env!("CARGO_PKG_VERSION");
    let whole = format!("npm/exeunt-cli-{version}.tgz");
    let platform = |arch: &str| format!("npm/exeunt-cli-linux-{arch}-{version}.tgz");
    let (x64, arm64) = (platform("x64"), platform("arm64"));
    let (mut command, _packages) = rehearse("npm", &[&whole, &x64, &arm64]);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let order: Vec<_> = text
        .lines()
        .filter_map(|line| line.rsplit('/').next())
        .collect();
    let names = [arm64, x64, whole].map(|path| path["npm/".len()..].to_owned());
    assert_eq!(order, names, "{}", String::from_utf8_lossy(&output.stderr));
}
