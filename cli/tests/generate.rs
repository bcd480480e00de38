//! What packages bring beside the command.
#![cfg(feature = "generate")]

use std::fs;
use std::path::Path;
use std::process::Command;

use exeunt::cargo_bin;

fn generated() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let status = Command::new(cargo_bin!("exeunt"))
        .arg("generate")
        .arg(directory.path())
        .status()
        .unwrap();
    assert!(status.success());
    directory
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn each_command_has_a_page_and_each_shell_its_completions() {
    let directory = generated();
    let page = read(directory.path(), "man1/exeunt.1");
    assert!(
        page.contains(".TH exeunt 1") && page.contains("Exit codes"),
        "{page}"
    );
    for command in ["test", "list", "show", "judge", "report", "diff", "run"] {
        let page = read(directory.path(), &format!("man1/exeunt-{command}.1"));
        assert!(page.contains(&format!("exeunt\\-{command}")), "{page}");
    }
    assert!(read(directory.path(), "man1/exeunt-test.1").contains("\\-\\-last\\-failed"));
    // It is for packages only.
    assert!(!page.contains("generate"));
    for file in [
        "exeunt.bash",
        "_exeunt",
        "exeunt.fish",
        "exeunt.elv",
        "_exeunt.ps1",
    ] {
        assert!(
            read(directory.path(), &format!("completions/{file}")).contains("last-failed"),
            "{file}"
        );
    }
}

/// A shell really completes with it.
#[test]
fn bash_completes() {
    let directory = generated();
    let script = "source \"$1\"; COMP_WORDS=(exeunt test --las); COMP_CWORD=2; _exeunt exeunt --las test; echo \"${COMPREPLY[*]}\"";
    let output = Command::new("bash")
        .args(["--norc", "-c", script, "bash"])
        .arg(directory.path().join("completions/exeunt.bash"))
        .output();
    let Ok(output) = output else {
        eprintln!("warning: SKIPPED: bash is not here: whether the completions work is unknown");
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "--last-failed"
    );
}
