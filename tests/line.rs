//! The parts of the harness know only the parts that `docs/design.md` says they may know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use regex::Regex;

/// Each part, and the parts that it may know.
const MAY_KNOW: [(&str, &[&str]); 10] = [
    ("record", &[]),
    ("log", &["record"]),
    ("judge", &["record", "log"]),
    ("stage", &["record", "log"]),
    ("suite", &["record", "log", "judge", "stage"]),
    ("build", &["record", "log", "judge", "stage", "suite"]),
    ("outcome", &["record", "log", "judge", "suite"]),
    ("report", &["record", "log", "judge", "outcome"]),
    (
        "runner",
        &[
            "record", "log", "judge", "stage", "suite", "build", "outcome",
        ],
    ),
    (
        "front",
        &[
            "record", "log", "judge", "stage", "suite", "build", "outcome", "report", "runner",
        ],
    ),
];

/// Names at the root of the crate, and the part that each is of.
const RE_EXPORTED: [(&str, &str); 15] = [
    ("Subject", "front"),
    ("Assert", "front"),
    ("AssertError", "front"),
    ("LiveSubject", "front"),
    ("LiveError", "front"),
    ("expect", "judge"),
    ("LogFormat", "log"),
    ("LogFormatError", "log"),
    ("Record", "record"),
    ("Signal", "record"),
    ("Streams", "record"),
    ("UnknownSignal", "record"),
    ("Cancel", "stage"),
    ("RunError", "stage"),
    ("libtest", "front"),
];

/// The parts that a source names in code, outside comments.
fn known(source: &str) -> BTreeSet<String> {
    let code: Vec<_> = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n");
    let path = Regex::new(r"\bcrate::(?:(\w+)|\{([^}]*)\})").expect("a pattern");
    let word = Regex::new(r"^\s*(\w+)").expect("a pattern");
    let mut known = BTreeSet::new();
    for found in path.captures_iter(&code) {
        let names = found.get(1).or(found.get(2)).map_or("", |m| m.as_str());
        let names = names.split(',').filter_map(|name| word.captures(name));
        known.extend(names.map(|name| {
            let re_exported = RE_EXPORTED.iter().find(|(what, _)| *what == &name[1]);
            re_exported.map_or(&name[1], |(_, part)| part).to_owned()
        }));
    }
    known
}

/// All that the files of a part name.
fn known_to(path: &Path) -> BTreeSet<String> {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a directory");
        return entries
            .flat_map(|entry| known_to(&entry.expect("an entry").path()))
            .collect();
    }
    known(&fs::read_to_string(path).expect("a source"))
}

/// What each part knows and may not know.
fn wrong(known: &BTreeMap<&str, BTreeSet<String>>) -> Vec<String> {
    let parts: BTreeSet<_> = MAY_KNOW.iter().map(|(part, _)| *part).collect();
    let mut wrong = Vec::new();
    for (part, may) in MAY_KNOW {
        for other in known.get(part).into_iter().flatten() {
            let fine = other == part || may.contains(&other.as_str());
            if parts.contains(other.as_str()) && !fine {
                wrong.push(format!("{part} knows {other}"));
            }
        }
    }
    wrong
}

#[test]
fn no_part_knows_one_that_it_may_not_know() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // A part is a folder, a file, or a file with a folder beside it.
    let sources = |part: &str| {
        let paths = [source.join(part), source.join(format!("{part}.rs"))];
        let there = paths.into_iter().filter(|path| path.exists());
        there
            .flat_map(|path| known_to(&path))
            .collect::<BTreeSet<_>>()
    };
    let known = MAY_KNOW.map(|(part, _)| (part, sources(part)));
    let known = BTreeMap::from(known);
    assert_eq!(wrong(&known), Vec::<String>::new());
    // The sources were read: each of these is at the heart of its part.
    assert!(known["judge"].contains("record") && known["runner"].contains("outcome"));
}

#[test]
fn a_part_that_knows_too_much_is_found() {
    let source = "\
//! See crate::runner.
use crate::stage::{Plan, Stage};
use crate::{Record, Subject};
";
    let known = BTreeMap::from([("report", known(source))]);
    assert_eq!(wrong(&known), ["report knows front", "report knows stage"]);
}

#[test]
fn the_design_page_says_the_same() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/design.md");
    let page = fs::read_to_string(page).expect("the page");
    for (part, _) in MAY_KNOW {
        let row = page.lines().find(|line| {
            line.starts_with(&format!("| `{part}/` |"))
                || line.starts_with(&format!("| `{part}.rs` |"))
        });
        assert!(row.is_some(), "no row for `{part}`");
    }
}

/// Parts that are compiled on Linux only.
const LINUX_ONLY: [&str; 9] = [
    "build",
    "runner",
    "front/libtest.rs",
    "stage/proc",
    "stage/real",
    "stage/stacks",
    "stage/sys",
    "stage/terminal.rs",
    "stage/traced",
];

/// The lines that name what only Linux has, and do not stand below a `cfg` that says so.
fn unbounded(source: &str) -> Vec<&str> {
    let of_linux = Regex::new(r"\b(nix::|libc::|std::os::)").expect("a pattern");
    let mut bounded = false;
    let mut found = Vec::new();
    for line in source.lines() {
        if let Some(condition) = line.trim_start().strip_prefix("#[cfg(") {
            bounded = condition.contains("target_os = \"linux\"") || condition == "unix)]";
        }
        if !bounded && !line.trim_start().starts_with("//") && of_linux.is_match(line) {
            found.push(line);
        }
    }
    found
}

#[test]
fn only_what_is_compiled_on_linux_names_what_only_linux_has() {
    fn look(root: &Path, path: &Path, found: &mut Vec<String>) {
        let name = path.strip_prefix(root).expect("below the root");
        if LINUX_ONLY.iter().any(|part| name == Path::new(part)) {
            return;
        }
        if path.is_dir() {
            let entries = fs::read_dir(path).expect("a directory");
            entries.for_each(|entry| look(root, &entry.expect("an entry").path(), found));
            return;
        }
        let source = fs::read_to_string(path).expect("a source");
        let lines = unbounded(&source).into_iter();
        found.extend(lines.map(|line| format!("{}: {line}", name.display())));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for part in LINUX_ONLY {
        assert!(root.join(part).exists(), "{part}");
    }
    let mut found = Vec::new();
    look(&root, &root, &mut found);
    assert_eq!(found, Vec::<String>::new(), "see ci/portable");
}

#[test]
fn what_only_linux_has_is_found_outside_its_bounds() {
    let source = "\
use std::os::fd::AsFd;
#[cfg(target_os = \"linux\")]
use nix::unistd::access;
#[cfg(feature = \"suite\")]
use nix::unistd::getpid;
";
    assert_eq!(
        unbounded(source),
        ["use std::os::fd::AsFd;", "use nix::unistd::getpid;"]
    );
}
