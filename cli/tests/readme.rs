//! The README's table is what the suite shows.

use std::collections::BTreeMap;
use std::fs;

use assert_cmd::Command;

/// A Markdown table: cell by row and column.
fn table(markdown: &str) -> BTreeMap<(String, String), String> {
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_start_matches('|').trim_end_matches('|');
        line.split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    let mut rows = markdown
        .lines()
        .filter(|line| line.trim_start().starts_with('|'))
        .map(cells);
    let columns = rows.next().unwrap_or_default();
    let mut table = BTreeMap::new();
    for row in rows.filter(|row| !row[0].starts_with("---")) {
        for (column, cell) in columns.iter().zip(&row).skip(1) {
            table.insert((row[0].clone(), column.clone()), cell.clone());
        }
    }
    table
}

#[test]
fn the_table_is_what_the_suite_shows() {
    let readme =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).expect("a README");
    let start = readme.find("<!-- matrix").expect("where the table begins");
    let end = readme
        .find("<!-- end of the matrix")
        .expect("where the table ends");
    let shown = table(&readme[start..end]);
    let mut rows: Vec<_> = shown.keys().map(|(row, _)| row.as_str()).collect();
    rows.dedup();

    let mut command = Command::new(exeunt::cargo_bin!("exeunt"));
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["test", "--matrix=markdown"]);
    for row in rows {
        command.args(["--scenario", row]);
    }
    let output = command.output().expect("exeunt runs");
    let observed = table(&String::from_utf8_lossy(&output.stdout));
    assert!(
        !observed.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let mut compared = 0;
    for (place, cell) in &observed {
        match cell.as_str() {
            // Not on this machine: said loudly, since the table is then only tested in part.
            "skipped" => eprintln!("not compared: {place:?} was skipped"),
            _ => {
                assert_eq!(
                    shown.get(place),
                    Some(cell),
                    "{place:?}: `ci/matrix` writes the table anew"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 0);
    let columns = |table: &BTreeMap<(String, String), String>| table.len();
    assert_eq!(
        columns(&shown),
        columns(&observed),
        "the README has other rows or columns than the suite"
    );
}
