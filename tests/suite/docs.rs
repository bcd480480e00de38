//! The examples in `docs/suite.md` are right, and its tables have all keys.

use std::fs;
use std::path::Path;

use super::{Written, keys};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/suite.md");
    fs::read_to_string(path).unwrap()
}

fn examples(page: &str) -> Vec<&str> {
    let blocks = page.split("```toml\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

/// The implementations that examples speak of.
const IMPLEMENTATIONS: &str = "
[implementation]
cpython = { command = ['python3', '{scenario}.py'], probe = ['{program}', '--version'] }
java = { command = ['java', '{scenario}'] }
node = { command = ['node', '{scenario}.mjs'], probe = ['{program}', '--version'] }
";

/// A whole suite of an example that is only a part of one.
fn whole(example: &str) -> String {
    let scenario = "[[scenario]]\nname = 'example'\n";
    let example = match (example.contains("[[scenario]]"), example.starts_with('[')) {
        (true, _) => example.to_owned(),
        (false, true) => format!("{example}\n{scenario}"),
        (false, false) => format!("{scenario}{example}"),
    };
    match example.contains("[implementation") {
        true => example,
        false => format!("{example}{IMPLEMENTATIONS}"),
    }
}

#[test]
fn every_example_is_a_sound_suite() {
    let page = page();
    let examples = examples(&page);
    assert!(examples.len() >= 7, "{}", examples.len());
    for example in examples {
        let loaded = Written::new(&whole(example)).load();
        assert!(loaded.is_ok(), "{example}\n{}", loaded.unwrap_err());
    }
}

#[test]
fn every_key_is_described() {
    let page = page();
    for table in [
        "[suite]\nnone = 1",
        "[implementation.x]\nnone = 1",
        "[[scenario]]\nnone = 1",
        "[[scenario]]\nname = 'x'\nexit = { none = 1 }",
        "[[scenario]]\nname = 'x'\ndelays = [{ none = 1 }]",
        "[[scenario]]\nname = 'x'\nsignals = [{ none = 1 }]",
        "[[scenario]]\nname = 'x'\nready = { none = 1 }",
        "[[scenario]]\nname = 'x'\nrequests = [{ none = 1 }]",
        "[[scenario]]\nname = 'x'\nclients = [{ none = 1 }]",
        "[[scenario]]\nname = 'x'\nactions = [{ none = 1 }]",
        "[[scenario]]\nname = 'x'\ncount = [{ none = 1 }]",
        "[deviation.x]\nnone = 1",
        "[implementation.x]\ncargo = { none = 1 }",
    ] {
        let keys = keys(table);
        assert!(keys.len() > 2, "{table}");
        for key in keys {
            // In code: between backquotes, in a table by name, or in an example.
            let described = [
                format!("`{key}`"),
                format!("`{key}."),
                format!("{key} = "),
                format!("{key}."),
            ];
            assert!(
                described.iter().any(|text| page.contains(text)),
                "`{key}` of {table:?} is not described"
            );
        }
    }
}
