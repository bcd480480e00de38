//! Every relative link of every page leads somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Markdown files below a directory, those of builds left out.
fn pages(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let skipped = name == "target" || name == ".git" || name == "node_modules";
        if path.is_dir() && !path.is_symlink() && !skipped {
            pages(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The anchors of a page, as GitHub makes them of headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let text = text
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        text.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

/// The links of a page that lead nowhere.
fn broken(path: &Path, page: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^()\s]+)\)").expect("a pattern");
    let directory = path.parent().expect("a directory");
    let leads_nowhere = |target: &str| {
        if target.contains("://") || target.starts_with("mailto:") {
            return false;
        }
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let file = match file {
            "" => path.to_owned(),
            _ => directory.join(file),
        };
        if !file.exists() {
            return true;
        }
        let is_page = file.extension().is_some_and(|ext| ext == "md");
        let has = |anchor: &str| {
            let page = fs::read_to_string(&file).expect("a page");
            anchors(&page).contains(anchor)
        };
        is_page && !anchor.is_empty() && !has(anchor)
    };
    link.captures_iter(page)
        .map(|found| found[1].to_owned())
        .filter(|target| leads_nowhere(target))
        .collect()
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut found = Vec::new();
    pages(root(), &mut found);
    assert!(found.contains(&root().join("README.md")));
    assert!(found.contains(&root().join("docs/design.md")));
    let wrong: Vec<_> = found
        .iter()
        .flat_map(|path| {
            let page = fs::read_to_string(path).expect("a page");
            let links = broken(path, &page);
            links
                .into_iter()
                .map(move |link| format!("{}: {link}", path.display()))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let page = "\
# One heading, `two`
[here](#one-heading-two) [there](README.md) [not](#three) [gone](docs/gone.md) [web](https://example.org/gone.md)
[no such part](docs/timing.md#gone) [the part](docs/timing.md#order)";
    let path = root().join("CONTRIBUTING.md");
    // The page itself is looked up on the disk.
    assert_eq!(
        broken(&path, page),
        [
            "#one-heading-two",
            "#three",
            "docs/gone.md",
            "docs/timing.md#gone"
        ]
    );
    assert!(anchors(page).contains("one-heading-two"));
}
