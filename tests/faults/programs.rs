//! The library's fixtures with the faults in, as one program: to link each of them takes most of the time that the test has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::mutants::{self, Fault};

/// Says, in the edited copy, which fault was asked for.
const SWITCH: &str = include_str!("switch.rs");

/// Tells the program which scenario it is.
pub(crate) const SCENARIO: &str = "EXEUNT_SCENARIO";

/// As this repository's own builds, whose dependencies it uses.
const MANIFEST: &str = r#"
[package]
name = "faulty"
edition = "2024"
[dependencies]
exeunt-threading = { path = "../threading" }
fixtures = { path = "../fixtures" }
log = "0.4"
[profile.dev]
debug = "line-tables-only"
[workspace]
"#;

/// Builds the program from a copy of the repository at `root`, and returns its path.
pub(crate) fn build(root: &Path, faults: &[Fault], scenarios: &[&str]) -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = temporary
        .parent()
        .expect("it is below the target directory");
    let copy = temporary.join("faults/source");
    mutants::edited_copy(root, &copy, "threading", SWITCH, faults);
    let package = copy.join("faulty");
    write_package(root, &package, scenarios);
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet"])
        .env("CARGO_TARGET_DIR", target)
        .current_dir(package)
        .output()
        .expect("cargo runs");
    // The edits are not there for the warnings' sake.
    assert!(
        output.status.success(),
        "failed to build the fixtures with the faults in:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    target.join("debug/faulty")
}

fn write_package(root: &Path, package: &Path, scenarios: &[&str]) {
    let lock = fs::read_to_string(root.join("Cargo.lock")).expect("the versions are locked");
    // Cargo leaves out of it what this package does not need: so it is written once for each of the repository's.
    if mutants::write(&package.join("Cargo.lock.whole"), &lock) {
        mutants::write(&package.join("Cargo.lock"), &lock);
    }
    mutants::write(&package.join("Cargo.toml"), MANIFEST);
    mutants::write(&package.join("src/main.rs"), &main_of(scenarios));
    for scenario in scenarios {
        let file = format!("{scenario}.rs");
        let fixture = fs::read_to_string(root.join("fixtures/threading").join(&file));
        let fixture = fixture.expect("each scenario has a fixture");
        let module = fixture.replace("\nfn main()", "\npub(crate) fn main()");
        mutants::write(&package.join("src").join(file), &module);
    }
}

fn main_of(scenarios: &[&str]) -> String {
    let each =
        |line: fn(&str) -> String| scenarios.iter().map(|name| line(name)).collect::<String>();
    let modules = each(|name| format!("mod {name};\n"));
    let arms = each(|name| format!("        \"{name}\" => {name}::main().report(),\n"));
    format!(
        "use std::process::{{ExitCode, Termination}};\n\n{modules}\nfn main() -> ExitCode {{\n    \
         match std::env::var(\"{SCENARIO}\").expect(\"it is told which scenario it is\").as_str() {{\n{arms}        \
         other => panic!(\"no scenario {{other}}\"),\n    }}\n}}\n"
    )
}
