//! The READMEs and the crate's documentation show the same.

use std::fs;
use std::path::Path;

fn python_column(text: &str, prefix: &str) -> Vec<String> {
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix(prefix)?.strip_prefix("| "));
    rows.map(|row| row.split(" | ").next().unwrap_or(row).to_owned())
        .collect()
}

#[test]
fn both_tables_have_the_same_rows() {
    let readme = python_column(include_str!("../README.md"), "");
    let docs = python_column(include_str!("../src/lib.rs"), "//! ");
    assert!(
        readme.contains(&"`ThreadPoolExecutor(4)`".to_owned()),
        "{readme:?}"
    );
    assert_eq!(readme, docs);
}

/// A case of the process tests runs it.
#[test]
fn the_repositorys_readme_shows_the_example_that_is_run() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).expect("the repository has one");
    let example = include_str!("process/waited_for.rs");
    assert!(readme.contains(&format!("```rust,ignore\n{example}```\n")));
}
