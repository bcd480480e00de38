//! The README and the crate's documentation have the same table from Python to Rust.

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
