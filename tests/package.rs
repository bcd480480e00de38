//! What is published is the library, its licences, its pages, and nothing that only the repository can use.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn list(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "package",
            "--list",
            "--allow-dirty",
            "--offline",
            "--package",
            package,
        ])
        .output()
        .expect("cargo runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let files = String::from_utf8(output.stdout).expect("names in UTF-8");
    files.lines().map(str::to_owned).collect()
}

/// The files that are no part of what is published under these names.
fn strange<'f>(files: &'f BTreeSet<String>, published: &[&str]) -> Vec<&'f str> {
    let is_published = |file: &str| {
        let matches = |name: &&str| match name.strip_suffix('/') {
            Some(_) => file.starts_with(*name),
            None => file == *name,
        };
        published.iter().any(matches)
    };
    let files = files.iter().map(String::as_str);
    files.filter(|file| !is_published(file)).collect()
}

/// What every package has.
const EVERY: [&str; 7] = [
    ".cargo_vcs_info.json",
    "Cargo.toml",
    "Cargo.toml.orig",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
];

fn check(package: &str, more: &[&str], wanted: &[&str]) {
    let files = list(package);
    let published: Vec<_> = EVERY.iter().chain(more).copied().collect();
    assert_eq!(strange(&files, &published), Vec::<&str>::new(), "{package}");
    // The list of a work tree with changes has no `.cargo_vcs_info.json`.
    for file in EVERY[1..].iter().chain(wanted) {
        assert!(files.contains(*file), "{package}: {file} is missing");
    }
}

#[test]
fn the_harness_is_published_without_what_only_the_repository_can_use() {
    check(
        "exeunt",
        &["src/", "examples/", "CHANGELOG.md"],
        &[
            "src/lib.rs",
            "examples/judge_a_saved_record.rs",
            "CHANGELOG.md",
        ],
    );
}

#[test]
fn the_command_is_published_whole() {
    check("exeunt-cli", &["src/"], &["src/main.rs"]);
}

#[test]
fn the_library_is_published_whole() {
    check(
        "exeunt-threading",
        &["src/", "benches/", "examples/", "tests/", "build.rs"],
        &["src/lib.rs", "build.rs"],
    );
}

#[test]
fn fixtures_are_not_published() {
    let manifest = |path: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).expect("a manifest")
    };
    for path in [
        "fixtures/Cargo.toml",
        "fixtures/pools/Cargo.toml",
        "fixtures/servers/Cargo.toml",
    ] {
        assert!(manifest(path).contains("\npublish = false\n"), "{path}");
    }
}

#[test]
fn a_file_that_has_no_place_is_found() {
    let files = ["src/lib.rs", "ci/all", "srcs"].map(str::to_owned).into();
    assert_eq!(strange(&files, &["src/", "README.md"]), ["ci/all", "srcs"]);
}

/// A Rust version as cargo writes it: `1.88` or `1.88.0`.
fn version(text: &str) -> (u32, u32) {
    let mut numbers = text.split('.').map(|n| n.parse().expect("a number"));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The packages that are built into this one.
fn built_in(metadata: &Value, id: &str, found: &mut BTreeSet<String>) {
    if !found.insert(id.to_owned()) {
        return;
    }
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let node = nodes.iter().find(|node| node["id"] == id).expect("a node");
    for dependency in node["deps"].as_array().expect("dependencies") {
        let kinds = dependency["dep_kinds"].as_array().expect("kinds");
        if kinds.iter().any(|kind| kind["kind"] != "dev") {
            let id = dependency["pkg"].as_str().expect("an id");
            built_in(metadata, id, found);
        }
    }
}

/// What promises less than the package that it is built into.
fn too_new(metadata: &Value, name: &str) -> Vec<String> {
    let packages = metadata["packages"].as_array().expect("packages");
    let rust = |package: &Value| version(package["rust_version"].as_str().unwrap_or("1.0"));
    let package = packages.iter().find(|package| package["name"] == name);
    let package = package.unwrap_or_else(|| panic!("no package {name}"));
    let mut ids = BTreeSet::new();
    built_in(metadata, package["id"].as_str().expect("an id"), &mut ids);
    assert!(ids.len() > 1, "{name} has no dependencies at all");
    packages
        .iter()
        .filter(|other| ids.contains(other["id"].as_str().expect("an id")))
        .filter(|other| rust(other) > rust(package))
        .map(|other| format!("{} {}", other["name"], other["rust_version"]))
        .collect()
}

/// That the package's own code keeps its promise is for clippy's `incompatible_msrv` and for `ci/msrv`.
#[test]
fn no_dependency_needs_a_newer_rust_than_its_package_promises() {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "metadata",
            "--format-version=1",
            "--all-features",
            "--offline",
        ])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .output()
        .expect("cargo runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let mut metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for name in ["exeunt", "exeunt-cli", "exeunt-threading"] {
        assert_eq!(too_new(&metadata, name), Vec::<String>::new(), "{name}");
    }

    // A promise that is too old is found.
    let packages = metadata["packages"].as_array_mut().expect("packages");
    let package = packages
        .iter_mut()
        .find(|package| package["name"] == "exeunt");
    package.expect("it")["rust_version"] = "1.50".into();
    assert!(!too_new(&metadata, "exeunt").is_empty());
}
