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

/// Where the known part is not one it may know. To be undone.
const STILL: [(&str, &str); 1] = [
    // `suite::Prepared` is `build`'s, under its former path.
    ("suite", "build"),
];

/// Names at the root of the crate, and the part that each is of.
const RE_EXPORTED: [(&str, &str); 13] = [
    ("Subject", "front"),
    ("Assert", "front"),
    ("AssertError", "front"),
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
            let still = STILL.contains(&(part, other));
            if parts.contains(other.as_str()) && !fine && !still {
                wrong.push(format!("{part} knows {other}"));
            }
        }
    }
    wrong
}

#[test]
fn no_part_knows_one_that_it_may_not_know() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // A part is a file, a folder, or both.
    let known = MAY_KNOW.map(|(part, _)| {
        let places = [source.join(part), source.join(format!("{part}.rs"))];
        let places = places.iter().filter(|place| place.exists());
        (part, places.flat_map(|place| known_to(place)).collect())
    });
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
