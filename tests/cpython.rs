//! `docs/cpython.md` is true: what it cites exists, here and in CPython.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use exeunt::suite::Suite;
use regex::Regex;

/// The version whose tests the page has all.
const VERSION: &str = "3.13.0";

type Names = BTreeSet<String>;

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn page() -> String {
    read("docs/cpython.md")
}

fn all(pattern: &str, text: &str) -> Names {
    let pattern = Regex::new(pattern).expect("a pattern");
    let found = pattern.captures_iter(text);
    found.map(|captures| captures[1].to_owned()).collect()
}

/// The names that the text cites as of this kind: `kind: name, name`, each in backticks.
fn cited(kind: &str, text: &str) -> Names {
    let lists = all(&format!(r"\b{kind}:\s+((?:`\w+`(?:,\s+)?)+)"), text);
    lists
        .iter()
        .flat_map(|list| all(r"`(\w+)`", list))
        .collect()
}

/// The rows of the table under the heading: a test of CPython, and what is said of it.
fn rows(page: &str, file: &str) -> Vec<(String, String)> {
    let section = page.split("\n# ").find(|part| part.starts_with(file));
    let lines = section.expect("a section").lines();
    let row = Regex::new(r"^\| `(\w+\.\w+)` \| (.+) \|$").expect("a pattern");
    lines
        .filter_map(|line| row.captures(line))
        .map(|cells| (cells[1].to_owned(), cells[2].to_owned()))
        .collect()
}

const FILES: [&str; 3] = ["test_threading.py", "test_atexit.py", "_test_atexit.py"];

fn scenarios(suite: &Suite, implementation: &str) -> Names {
    let cases = suite.cases().iter();
    let its = cases.filter(|case| case.implementation == implementation);
    its.map(|case| case.scenario.clone()).collect()
}

#[test]
fn each_name_of_ours_exists() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/exeunt.toml");
    let suite = Suite::load(Path::new(path)).expect("a suite");
    let [ours, cpythons] = ["threading", "cpython"].map(|name| scenarios(&suite, name));
    let both = ours.intersection(&cpythons).cloned().collect();

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("threading/tests/process");
    let files = fs::read_dir(folder).expect("the process tests");
    let sources: String = files
        .map(|file| read(file.expect("a file").path()))
        .collect();
    let processes = all(r#"\bcase\("(\w+)"\)"#, &sources);

    let handles = all(
        r"#\[test\]\s+fn (\w+)\(",
        &read("threading/tests/handle.rs"),
    );

    let page = page();
    for (kind, known) in [("suite", both), ("process", processes), ("handle", handles)] {
        let cited = cited(kind, &page);
        assert!(!cited.is_empty(), "the page cites something of `{kind}`");
        let unknown: Vec<_> = cited.difference(&known).collect();
        assert!(unknown.is_empty(), "no such name in `{kind}`: {unknown:?}");
    }
}

#[test]
fn each_row_says_something() {
    let page = page();
    for (test, said) in FILES.iter().flat_map(|file| rows(&page, file)) {
        let cites = ["suite", "process", "handle"].map(|kind| !cited(kind, &said).is_empty());
        let reason = said
            .strip_prefix("none: ")
            .is_some_and(|why| why.contains(' '));
        assert!(cites.contains(&true) || reason, "{test}: {said}");
    }
}

/// The folder of CPython's own tests, and its version.
fn cpython() -> Option<(PathBuf, String)> {
    let of_pyenv = PathBuf::from(std::env::var_os("HOME")?).join(".pyenv/versions");
    let versions = fs::read_dir(of_pyenv).into_iter().flatten().flatten();
    let mut programs: Vec<_> = versions
        .map(|version| version.path().join("bin/python3.13"))
        .collect();
    programs.push("python3.13".into());
    programs.iter().find_map(|program| {
        let script = "import platform, test; print(test.__path__[0], platform.python_version())";
        let output = Command::new(program).args(["-c", script]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let (folder, version) = text.trim().rsplit_once(' ')?;
        let folder = PathBuf::from(folder);
        let whole = FILES.iter().all(|file| folder.join(file).is_file());
        whole.then(|| (folder, version.to_owned()))
    })
}

/// `Class.test_method` for each test of a file.
fn tests_of(source: &str) -> Names {
    let line = Regex::new(r"^(?:class (\w+)|    def (test_\w*))").expect("a pattern");
    let mut class = String::new();
    let mut tests = Names::new();
    for found in source.lines().filter_map(|text| line.captures(text)) {
        match (found.get(1), found.get(2)) {
            (Some(name), _) => name.as_str().clone_into(&mut class),
            (_, Some(name)) => _ = tests.insert(format!("{class}.{}", name.as_str())),
            _ => {}
        }
    }
    tests
}

#[test]
fn each_test_of_cpython_exists_and_has_a_row() {
    let Some((folder, version)) = cpython() else {
        // Past the test harness, which would keep it for itself.
        let skipped =
            "warning: no CPython 3.13 with its tests: docs/cpython.md is not compared with them\n";
        return std::io::stderr()
            .write_all(skipped.as_bytes())
            .expect("stderr");
    };
    let page = page();
    for file in FILES {
        let known = tests_of(&read(folder.join(file)));
        let rows: Names = rows(&page, file)
            .into_iter()
            .map(|(test, _)| test)
            .collect();
        let gone: Vec<_> = rows.difference(&known).collect();
        assert!(
            gone.is_empty(),
            "CPython {version} has no {gone:?} in {file}"
        );
        if version == VERSION {
            let missing: Vec<_> = known.difference(&rows).collect();
            assert!(missing.is_empty(), "no row for {missing:?} of {file}");
        }
    }
}

#[test]
fn the_page_tells_of_the_version() {
    assert!(page().contains(&format!("CPython {VERSION}")));
}
