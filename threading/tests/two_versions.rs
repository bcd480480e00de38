//! Cargo refuses two versions of the library in one program.

use std::fs;
use std::path::Path;
use std::process::Command;

const LIBRARY: &str = env!("CARGO_MANIFEST_DIR");

/// A package that depends on the library and on a copy of it in another version.
fn program(directory: &Path, links: &str) {
    let package = |name: &str, version: &str, rest: &str| {
        let place = directory.join(format!("{name}-{version}"));
        fs::create_dir_all(place.join("src")).expect("a directory");
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2024\"\n{rest}"
        );
        fs::write(place.join("Cargo.toml"), manifest).expect("a file");
        fs::write(place.join("src/lib.rs"), "").expect("a file");
        fs::write(place.join("build.rs"), "fn main() {}").expect("a file");
    };
    package("exeunt-threading", "0.2.0", links);
    package("exeunt-threading", "0.1.0", links);
    let dependencies = "[workspace]\n[dependencies]\n\
        old = { package = \"exeunt-threading\", path = \"../exeunt-threading-0.1.0\" }\n\
        new = { package = \"exeunt-threading\", path = \"../exeunt-threading-0.2.0\" }\n";
    package("program", "0.1.0", dependencies);
}

/// What Cargo says of a program with two packages that have this line in their manifests.
fn cargo_with(line: &str) -> (bool, String) {
    let directory =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("two-versions-{}", line.len()));
    program(&directory, line);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--quiet", "--format-version=1"])
        .current_dir(directory.join("program-0.1.0"))
        .output()
        .expect("cargo runs");
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn cargo_refuses_two_versions_in_one_program() {
    let manifest = fs::read_to_string(Path::new(LIBRARY).join("Cargo.toml")).expect("a manifest");
    let links = manifest
        .lines()
        .find(|line| line.starts_with("links"))
        .expect("a line that says so");
    let (built, said) = cargo_with(links);
    assert!(
        !built && said.contains("links to the native library `exeunt-threading`"),
        "{said}"
    );
    // Nothing else is wrong with the program.
    assert_eq!(cargo_with(""), (true, String::new()));
}
