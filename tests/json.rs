//! `docs/json.md` names all that the reports for programs can say.

use std::fs;
use std::path::Path;

use exeunt::Record;
use exeunt::record::Origin;
use regex::Regex;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file")
}

/// The variants of a public enum of a source, as they are serialised.
fn kinds(source: &str, name: &str) -> Vec<String> {
    let begin = source
        .find(&format!("pub enum {name} {{"))
        .expect("the enum");
    let body = &source[begin..];
    let body = &body[..body.find("\n}").expect("its end")];
    let variant = Regex::new(r"(?m)^    ([A-Z]\w*)").expect("a pattern");
    let upper = Regex::new(r"([a-z])([A-Z])").expect("a pattern");
    let names = variant.captures_iter(body);
    let kebab = names.map(|name| upper.replace_all(&name[1], "$1-$2").to_lowercase());
    kebab.collect()
}

/// The names that a page does not have as code.
fn missing(page: &str, names: &[String]) -> Vec<String> {
    let names = names.iter();
    let missing = names.filter(|name| !page.contains(&format!("`{name}`")));
    missing.cloned().collect()
}

#[test]
fn the_page_names_every_kind() {
    let page = read("docs/json.md");
    for (source, name) in [
        ("src/judge/check.rs", "Expected"),
        ("src/judge/check.rs", "Observed"),
        ("src/judge/check.rs", "Doubt"),
        ("src/outcome/cause.rs", "Cause"),
        ("src/outcome.rs", "Status"),
        ("src/outcome.rs", "TestResult"),
    ] {
        let kinds = kinds(&read(source), name);
        assert!(kinds.len() > 4, "{name}: {kinds:?}");
        assert_eq!(missing(&page, &kinds), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_page_names_every_key_of_a_record() {
    let mut record = Record::new(["subject"]);
    record.origin = Some(Origin::new("scenario", "implementation"));
    let json = serde_json::to_value(record).expect("a record serialises");
    let keys: Vec<_> = json
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    assert!(keys.len() > 10, "{keys:?}");
    assert_eq!(missing(&read("docs/json.md"), &keys), Vec::<String>::new());
}

#[test]
fn a_kind_that_the_page_does_not_name_is_found() {
    let source =
        "pub enum Kind {\n    /// One.\n    One,\n    NotTwo {\n        three: u8,\n    },\n}\n";
    let kinds = kinds(source, "Kind");
    assert_eq!(kinds, ["one", "not-two"]);
    assert_eq!(missing("| `one` |", &kinds), ["not-two"]);
}
