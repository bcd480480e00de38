//! The tables in the READMEs are what the suites show.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::{env, fs};

use assert_cmd::Command;

/// A Markdown table.
#[derive(Default)]
struct Table {
    /// The version of each column, where its head has one.
    versions: BTreeMap<String, Option<String>>,
    rows: Vec<String>,
    /// By row and column.
    cells: BTreeMap<(String, String), String>,
}

impl Table {
    fn of(markdown: &str) -> Self {
        let cells = |line: &str| -> Vec<String> {
            let line = line.trim().trim_start_matches('|').trim_end_matches('|');
            line.split('|')
                .map(|cell| cell.trim().trim_matches('`').to_owned())
                .collect()
        };
        let mut lines = markdown
            .lines()
            .filter(|line| line.trim_start().starts_with('|'))
            .map(cells);
        let heads = lines.next().unwrap_or_default();
        let heads: Vec<_> = heads
            .iter()
            .map(|head| match head.split_once(' ') {
                Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
                None => (head.clone(), None),
            })
            .collect();
        let mut table = Self {
            versions: heads.iter().skip(1).cloned().collect(),
            ..Self::default()
        };
        for row in lines.filter(|row| !row[0].starts_with("---")) {
            for ((column, _), cell) in heads.iter().zip(&row).skip(1) {
                let place = (row[0].clone(), column.clone());
                table.cells.insert(place, cell.clone());
            }
            table.rows.push(row[0].clone());
        }
        table
    }

    /// Compares what was observed with this, which is in a README, and gives the number of cells that could be.
    fn compare(&self, observed: &Self) -> usize {
        let mut compared = 0;
        for (place, cell) in &observed.cells {
            let (here, there) = (&self.versions[&place.1], &observed.versions[&place.1]);
            // Said loudly, since the table is then only tested in part.
            if cell == "skipped" {
                eprintln!("warning: SKIPPED: {place:?} is not compared: it is not on this machine");
            } else if cell.starts_with("inconclusive") {
                eprintln!("warning: SKIPPED: {place:?} is not compared: {cell}");
            } else if here != there {
                eprintln!(
                    "warning: SKIPPED: {place:?} is not compared: the table has {here:?}, this machine {there:?}"
                );
            } else {
                let shown = self.cells.get(place);
                assert_eq!(
                    shown,
                    Some(cell),
                    "{place:?}: `ci/matrix` writes the table anew"
                );
                compared += 1;
            }
        }
        let places = |table: &Self| table.cells.keys().cloned().collect::<Vec<_>>();
        assert_eq!(places(self), places(observed), "other rows or columns");
        compared
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The tables of a README: each is a part of it.
fn tables(readme: &str) -> Vec<&str> {
    let parts = readme.split("<!-- matrix").skip(1);
    parts
        .map(|part| part.split("<!-- end of the matrix").next().unwrap_or(part))
        .collect()
}

/// What a suite shows for these rows.
fn run(arguments: &[&str], rows: &[String]) -> Output {
    let mut command = Command::new(exeunt::cargo_bin!("exeunt"));
    command.current_dir(root());
    command.args(["test", "--matrix=markdown"]).args(arguments);
    for row in rows {
        command.args(["--scenario", row]);
    }
    command.output().expect("exeunt runs")
}

#[test]
fn the_table_is_what_the_suite_shows() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let [text] = tables(&readme)[..] else {
        panic!("not one table")
    };
    let shown = Table::of(text);
    let output = run(&[], &shown.rows);
    let observed = Table::of(&String::from_utf8_lossy(&output.stdout));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!observed.cells.is_empty(), "{said}");
    assert!(shown.compare(&observed) > 0);
}

/// A suite of real software below `suites`, and its README.
struct RealSuite {
    file: String,
    readme: PathBuf,
}

impl RealSuite {
    /// Those that have a README.
    fn all() -> impl Iterator<Item = Self> {
        let entries = fs::read_dir(root().join("suites")).expect("suites");
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let suites = names.map(|name| Self {
            file: format!("suites/{name}/exeunt.toml"),
            readme: root().join("suites").join(name).join("README.md"),
        });
        suites.filter(|suite| suite.readme.exists())
    }

    fn run(&self, rows: &[String]) -> Output {
        // Their start takes processor time: more of them at once only wait for each other.
        run(&["--suite", &self.file, "--versions", "-j", "3"], rows)
    }

    fn scenarios(&self) -> BTreeSet<String> {
        let mut command = Command::new(exeunt::cargo_bin!("exeunt"));
        command.current_dir(root());
        let output = command.args(["list", "--suite", &self.file]).output();
        let listed = String::from_utf8(output.unwrap().stdout).unwrap();
        let names = listed.lines().filter_map(|line| line.split_once('/'));
        names.map(|(scenario, _)| scenario.to_owned()).collect()
    }
}

/// Runs the suites of real software, and compares. With `EXEUNT_WRITE_TABLES=1`, writes their tables anew.
#[test]
#[ignore = "takes a minute for each suite: `ci/suite` runs it"]
fn the_tables_of_real_software_are_what_the_suites_show() {
    for suite in RealSuite::all() {
        let mut readme = fs::read_to_string(&suite.readme).expect("a README");
        let mut rows = BTreeSet::new();
        for text in tables(&readme.clone()) {
            let shown = Table::of(text);
            let output = suite.run(&shown.rows);
            let (table, said) = (
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr),
            );
            eprintln!("{}:\n{said}", suite.file);
            // All may be skipped, and a machine may be too slow to tell.
            assert!(matches!(output.status.code(), Some(0 | 3 | 4)), "{table}");
            if env::var_os("EXEUNT_WRITE_TABLES").is_some() {
                let begin = text.find("\n|").expect("a table") + 1;
                readme = readme.replace(&text[begin..], &table);
            } else {
                shown.compare(&Table::of(&table));
            }
            rows.extend(shown.rows);
        }
        assert_eq!(
            rows,
            suite.scenarios(),
            "{}: a scenario without a row",
            suite.file
        );
        if env::var_os("EXEUNT_WRITE_TABLES").is_some() {
            fs::write(&suite.readme, readme).expect("it can be written");
        }
    }
}

#[test]
#[should_panic(expected = "`ci/matrix` writes the table anew")]
fn a_cell_that_is_not_true_is_found() {
    let table = |cell: &str| {
        Table::of(&format!(
            "| s | a 1.2 | b |\n|---|---|---|\n| `x` | {cell} | 0 |\n"
        ))
    };
    assert_eq!(table("0").compare(&table("0")), 2);
    for cell in ["skipped", "inconclusive: hang"] {
        assert_eq!(table("0").compare(&table(cell)), 1);
    }
    table("0").compare(&table("1"));
}
