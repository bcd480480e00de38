//! The pages for people in a hurry: what they say to write and to type is written and typed, and shows what they show.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use assert_cmd::Command;
use regex::Regex;
use tempfile::TempDir;

/// A block of code of a page: what its fence says, and its text.
struct Block {
    fence: String,
    text: String,
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn blocks(page: &str) -> Vec<Block> {
    let parts = page.split("\n```").skip(1).step_by(2);
    parts
        .map(|part| {
            let (fence, text) = part.split_once('\n').expect("a block with text");
            Block {
                fence: fence.to_owned(),
                text: format!("{text}\n"),
            }
        })
        .collect()
}

/// Numbers are of the machine and of the moment, but for exit codes.
fn without_numbers(line: &str) -> String {
    let numbers = Regex::new(r"(code )?\d+(\.\d+)?").expect("a pattern");
    let spaces = Regex::new(r"\s+").expect("a pattern");
    // Where the machine was too slow to tell, it was run again.
    let again = Regex::new(r" \(run \d+ times\)$").expect("a pattern");
    let line = again.replace(line.trim(), "");
    let line = numbers.replace_all(&line, |found: &regex::Captures<'_>| match found.get(1) {
        Some(_) => found[0].to_owned(),
        None => "0".to_owned(),
    });
    spaces.replace_all(&line, " ").into_owned()
}

/// Where a line that is shown says `…`, there may be more.
fn fits(shown: &str, line: &str) -> bool {
    let parts: Vec<_> = shown.split('…').map(regex::escape).collect();
    let pattern = Regex::new(&format!("^{}$", parts.join(".*"))).expect("a pattern");
    pattern.is_match(line)
}

/// What is shown comes in this order; where a line says only `…`, there may be further ones.
fn shows(shown: &str, printed: &str) -> Result<(), String> {
    let mut printed = printed
        .lines()
        .map(without_numbers)
        .filter(|line| !line.is_empty());
    let mut may_skip = false;
    for wanted in shown
        .lines()
        .map(without_numbers)
        .filter(|line| !line.is_empty())
    {
        if wanted == "…" {
            may_skip = true;
            continue;
        }
        let fits = |line: &String| fits(&wanted, line);
        let found = match may_skip {
            true => printed.find(fits),
            false => printed.next().filter(fits),
        };
        if found.is_none() {
            return Err(format!("not shown: {wanted}"));
        }
        may_skip = false;
    }
    Ok(())
}

/// Does in a fresh directory what a page says.
struct Reader {
    directory: TempDir,
    files: BTreeMap<String, String>,
    commands: usize,
}

impl Reader {
    fn follow(page: &str) -> Self {
        let mut reader = Self {
            directory: tempfile::tempdir().expect("a directory"),
            files: BTreeMap::new(),
            commands: 0,
        };
        for block in blocks(page) {
            match block.fence.split_once(' ') {
                Some((_, file)) => reader.write(file, &block.text),
                None if block.fence == "console" => reader.type_in(&block.text),
                None => {}
            }
        }
        reader
    }

    /// `name` is a file. `name+` stands in the place of the last line of a file that is there.
    fn write(&mut self, name: &str, text: &str) {
        let text = match name.strip_suffix('+') {
            None => text.to_owned(),
            Some(name) => {
                let there = self.files[name].trim_end();
                format!("{}\n{text}", there.rsplit_once('\n').expect("a line").0)
            }
        };
        let name = name.trim_end_matches('+');
        fs::write(self.directory.path().join(name), &text).expect("it is written");
        self.files.insert(name.to_owned(), text);
    }

    fn type_in(&mut self, block: &str) {
        for part in block
            .split("\n$ ")
            .map(|part| part.trim_start_matches("$ "))
        {
            let (command, shown) = part.split_once('\n').expect("a command");
            let here = Path::new(exeunt::cargo_bin!("exeunt"))
                .parent()
                .expect("a directory");
            let path = format!(
                "{}:{}",
                here.display(),
                env::var("PATH").unwrap_or_default()
            );
            let mut sh = Command::new("sh");
            sh.current_dir(self.directory.path()).env("PATH", path);
            let output = sh
                .args(["-c", &format!("{{ {command}\n}} 2>&1")])
                .output()
                .expect("sh runs");
            let printed = String::from_utf8_lossy(&output.stdout);
            // A busy machine may not tell; nothing is then shown to be wrong.
            if printed.contains("inconclusive") {
                eprintln!("warning: SKIPPED: `{command}` was inconclusive:\n{printed}");
            } else if let Err(why) = shows(shown, &printed) {
                panic!("`{command}`: {why}\nprinted:\n{printed}");
            }
            self.commands += 1;
        }
    }
}

fn has_python() -> bool {
    let there = Command::new("python3").arg("--version").output();
    if there.is_err() {
        eprintln!("warning: SKIPPED: there is no python3 here");
    }
    there.is_ok()
}

#[test]
fn a_server_that_must_drain() {
    if has_python() {
        let reader = Reader::follow(&page("docs/servers.md"));
        assert_eq!((reader.files.len(), reader.commands), (2, 2));
    }
}

#[test]
fn a_server_on_standard_streams() {
    if has_python() {
        let reader = Reader::follow(&page("docs/stdio.md"));
        assert_eq!((reader.files.len(), reader.commands), (2, 2));
    }
}

#[test]
fn a_test_run_that_does_not_end() {
    if has_python() {
        let reader = Reader::follow(&page("docs/guard.md"));
        assert_eq!((reader.files.len(), reader.commands), (1, 2));
    }
}

/// What stands in a table of a page is right too.
#[test]
fn keys_in_tables_are_those_of_the_language() {
    let key = Regex::new(r"(?m)^\|.*\| `(([a-z-]+) = .*)` \|$").expect("a pattern");
    for name in ["docs/servers.md", "docs/stdio.md"] {
        let page = page(name);
        let mut found = 0;
        for captures in key.captures_iter(&page) {
            let (text, own) = (&captures[1], &captures[2]);
            let others = [
                ("ready", "ready = 'listening'"),
                (
                    "requests",
                    "requests = [{ name = 'slow', http = '/', on = 'ready' }]",
                ),
                ("signals", "signals = [{ send = 'SIGTERM', on = 'ready' }]"),
                ("actions", "actions = [{ close = 'stdin' }]"),
            ];
            let others = others.iter().filter(|(key, _)| *key != own);
            let others: Vec<_> = others.map(|(_, text)| *text).collect();
            let suite = format!(
                "[implementation.x]\ncommand = ['x']\n[[scenario]]\nname = 'x'\n{text}\n{}\n",
                others.join("\n")
            );
            let place = tempfile::tempdir().expect("a directory");
            fs::write(place.path().join("exeunt.toml"), &suite).expect("it is written");
            let mut exeunt = Command::new(exeunt::cargo_bin!("exeunt"));
            exeunt
                .arg("list")
                .current_dir(place.path())
                .assert()
                .success();
            found += 1;
        }
        assert!(found >= 4, "{name}: {found}");
    }
}

/// The test that a page shows is the one that is run.
#[test]
fn the_test_of_an_axum_server_is_one_that_is_run() {
    let shown = page("docs/servers.md");
    let shown = blocks(&shown)
        .into_iter()
        .find(|block| block.fence == "rust");
    let shown = shown.expect("a test").text;
    let lines = shown.trim().lines().count() - "#[test]".lines().count();
    assert!(lines <= 15, "{lines} lines");
    let run = page("fixtures/servers/tests/shutdown.rs").replace(
        "env!(\"CARGO_BIN_EXE_axum-graceful\")",
        "cargo_bin!(\"axum-graceful\")",
    );
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    assert!(
        squeezed(&run).contains(&squeezed(&shown)),
        "the page and the test differ:\n{shown}"
    );
}

#[test]
fn what_is_not_printed_is_found() {
    let printed = "  held  a  exit code 0, 0.12 s after SIGTERM\nmore\nend of it\n";
    assert_eq!(
        shows("held a exit code 0, 7 s after SIGTERM\n…\nend …\n", printed),
        Ok(())
    );
    shows("held a exit code 0, 7 s after SIGTERM\nend …\n", printed).unwrap_err();
    assert_eq!(shows("held … code 0, …\nmore\n", printed), Ok(()));
    shows("held … code 1, …\nmore\n", printed).unwrap_err();
    shows("broken a\n", printed).unwrap_err();
    shows("…\nend\n", printed).unwrap_err();
}
