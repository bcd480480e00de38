//! The models of `exeunt-threading` find what they should: see `docs/models.md`.

#[path = "support/mutants.rs"]
mod mutants;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mutants::Fault;
use regex::Regex;

/// Says, in the edited copy, which mutant was asked for.
const SWITCH: &str = include_str!("faults/switch.rs");

/// So many preemptions suffice to find each mutant.
const BOUND: &str = "2";

type Names = BTreeSet<String>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn place() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("models")
}

fn mutants() -> Vec<Fault> {
    mutants::load(&root().join("tests/models/mutants.toml"))
}

fn all(pattern: &str, text: &str) -> Names {
    let pattern = Regex::new(pattern).expect("a pattern");
    let found = pattern.captures_iter(text);
    found.map(|captures| captures[1].to_owned()).collect()
}

/// The models: `module::name`.
fn models() -> Names {
    let files = fs::read_dir(root().join("threading/src/model")).expect("the models");
    let mut models = Names::new();
    for path in files.map(|file| file.expect("a file").path()) {
        let module = path.file_stem().and_then(|stem| stem.to_str());
        let module = module.expect("a readable name");
        let source = fs::read_to_string(&path).expect("a source");
        let names = all(r"#\[test\]\s+fn (\w+)\(", &source);
        models.extend(names.iter().map(|name| format!("{module}::{name}")));
    }
    models
}

fn page() -> String {
    fs::read_to_string(root().join("docs/models.md")).expect("the page is there")
}

/// The mutants that each model finds, from the table.
fn table() -> BTreeMap<String, Names> {
    let row = Regex::new(r"(?m)^\| `(\w+::\w+)` \|.*\| ([^|]+) \|$").expect("a pattern");
    let page = page();
    let rows = row.captures_iter(&page);
    rows.map(|cells| (cells[1].to_owned(), all(r"`(\w+)`", &cells[2])))
        .collect()
}

/// A copy of the repository with all the mutants in, none of them asked for.
fn edited_copy(mutants: &[Fault]) -> PathBuf {
    let copy = place().join("source");
    mutants::edited_copy(root(), &copy, "threading", SWITCH, mutants);
    copy
}

#[test]
fn each_mutant_fits_the_source_and_has_its_model() {
    let mutants = mutants();
    _ = edited_copy(&mutants);
    let known: Names = mutants.into_iter().map(|mutant| mutant.name).collect();
    let table = table();
    assert_eq!(
        table.keys().cloned().collect::<Names>(),
        models(),
        "docs/models.md has a row for each model"
    );
    for (model, finds) in &table {
        assert!(!finds.is_empty(), "{model} finds no mutant");
    }
    let found: Names = table.into_values().flatten().collect();
    assert_eq!(found, known, "each mutant is found by a model of the table");
    let described = all(r"(?m)^\| `(\w+)` \|", &page());
    assert_eq!(described, known, "docs/models.md tells what each mutant is");
}

/// The paths of the programs that Cargo has built, from its messages for machines.
fn built(mut cargo: Command) -> Vec<PathBuf> {
    let output = cargo.stderr(Stdio::inherit()).output();
    let output = output.expect("cargo runs");
    assert!(output.status.success(), "the copy builds");
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let programs = all(r#""executable":"([^"]+)""#, &messages);
    programs.into_iter().map(PathBuf::from).collect()
}

/// Builds the models, as `ci/loom` does, and returns the program.
fn build(copy: &Path) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--release", "--lib", "--no-run"])
        .args(["--package", "exeunt-threading", "--message-format=json"])
        // Only to be told from the sound build in the same place, which would otherwise be taken for this one.
        .args([
            "--config",
            "profile.release.package.exeunt-threading.codegen-units=8",
        ])
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", "--cfg exeunt_model")
        .env("CARGO_TARGET_DIR", place().join("target"))
        .current_dir(copy);
    built(cargo).pop().expect("a program")
}

/// Builds the library's ordinary tests with the mutants in, and returns those programs: the quick ones first.
fn build_tests(copy: &Path) -> Vec<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--no-run", "--package", "exeunt-threading"])
        .args(["--test", "handle", "--test", "pool", "--test", "process"])
        .args(["--message-format=json"])
        .env("CARGO_TARGET_DIR", place().join("tests"))
        .current_dir(copy);
    built(cargo)
}

/// The first test of the program that fails with a mutant, if any. A program that hangs has failed. The process tests
/// have bounds of their own, and take longer.
fn first_failure(program: &Path, mutant: &str) -> Option<String> {
    let name = program.file_name().expect("a program").to_string_lossy();
    let limit = if name.starts_with("process-") {
        "180"
    } else {
        "20"
    };
    fs::write(program.with_extension("fault"), mutant).expect("a file can be written");
    let mut tests = Command::new("timeout")
        .arg(limit)
        .arg(program)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the tests run");
    let output = BufReader::new(tests.stdout.take().expect("a pipe"));
    let mut lines = output.lines().map_while(Result::ok);
    let failed = lines.find_map(|line| all(r"^test (\w+) +\.\.\. FAILED", &line).pop_first());
    if failed.is_some() {
        // It hands the signal on.
        _ = Command::new("kill").arg(tests.id().to_string()).status();
    }
    let status = tests.wait().expect("they end");
    failed.or_else(|| (!status.success()).then(|| "a hang".to_owned()))
}

/// What a model says with a mutant, or with none. `None` if it finds nothing.
fn finding(program: &Path, model: &str, mutant: &str) -> Option<String> {
    let mut command = Command::new("timeout");
    let output = command
        .arg("120")
        .arg(program)
        .args(["--exact", &format!("model::{model}")])
        .env("EXEUNT_FAULT", mutant)
        .env("RUST_BACKTRACE", "0")
        .env("LOOM_MAX_PREEMPTIONS", BOUND)
        .output()
        .expect("the models run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_ne!(
        output.status.code(),
        Some(124),
        "{model} with {mutant:?} takes too long"
    );
    assert!(text.contains("running 1 test"), "{model} is run: {text}");
    (!output.status.success()).then_some(text)
}

/// In a word: what the checker, or the model, did not like.
fn in_short(text: &str) -> &str {
    let lines = text
        .lines()
        .skip_while(|line| !line.contains("panicked at"));
    let line = lines.skip(1).find(|line| !line.is_empty());
    line.map_or("", |line| line.split(';').next().unwrap_or(line))
}

#[test]
#[ignore = "builds the library for loom: ci/loom runs it"]
fn each_model_finds_its_mutants_and_nothing_else() {
    let program = build(&edited_copy(&mutants()));
    for (model, mutants) in table() {
        let sound = finding(&program, &model, "");
        assert_eq!(sound, None, "{model} holds");
        for mutant in mutants {
            let found = finding(&program, &model, &mutant);
            let found = found.unwrap_or_else(|| panic!("{model} does not find {mutant}"));
            println!("{model} finds {mutant}: {}", in_short(&found));
        }
    }
}

#[test]
#[ignore = "prints which mutants the ordinary tests see, for docs/models.md: a quarter of an hour"]
fn print_what_the_ordinary_tests_see() {
    let mutants = mutants();
    let programs = build_tests(&edited_copy(&mutants));
    let names = mutants.iter().map(|mutant| mutant.name.as_str());
    for mutant in [""].into_iter().chain(names) {
        let seen = programs.iter().find_map(|it| first_failure(it, mutant));
        println!("| `{mutant}` | {} |", seen.as_deref().unwrap_or("–"));
    }
}

#[test]
#[ignore = "prints which model finds which mutant, for docs/models.md: a minute"]
fn print_the_table() {
    let mutants = mutants();
    let program = build(&edited_copy(&mutants));
    for model in models() {
        let finds = mutants
            .iter()
            .filter(|mutant| finding(&program, &model, &mutant.name).is_some())
            .map(|mutant| format!("`{}`", mutant.name))
            .collect::<Vec<_>>();
        println!("| `{model}` | {} |", finds.join(", "));
    }
}
