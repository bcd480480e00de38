//! `docs/exeunt.schema.json` says what suites are: it accepts those that are read, refuses those that are not, and has all keys.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::json_schema::Checker;
use super::{Written, keys};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema() -> Value {
    let text = fs::read_to_string(root().join("docs/exeunt.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What the schema finds wrong with a suite.
fn problems(text: &str) -> Vec<String> {
    let suite: toml::Value = toml::from_str(text).unwrap();
    let schema = schema();
    Checker(&schema).problems(&serde_json::to_value(suite).unwrap())
}

#[test]
fn the_suites_of_this_repository_are_accepted() {
    for path in [
        "exeunt.toml",
        "cli/tests/broken/exeunt.toml",
        "suites/go/exeunt.toml",
        "suites/graces/exeunt.toml",
        "suites/servers/exeunt.toml",
        "suites/servers/http.toml",
        "suites/servers/databases.toml",
        "suites/servers/workers.toml",
        "suites/stdio/exeunt.toml",
        "suites/stdio/lines.toml",
        "suites/stdio/mcp.toml",
        "suites/stdio/lsp.toml",
    ] {
        let text = fs::read_to_string(root().join(path)).unwrap();
        assert_eq!(problems(&text), Vec::<String>::new(), "{path}");
    }
}

/// What is shown uses every kind of key in its longest form.
#[test]
fn a_case_that_is_shown_is_accepted() {
    let suite = exeunt::suite::Suite::load(&root().join("exeunt.toml")).unwrap();
    for case in suite.cases().iter().step_by(17) {
        assert_eq!(
            problems(&case.show()),
            Vec::<String>::new(),
            "{}",
            case.show()
        );
    }
}

/// A suite that goes on with this in its scenario.
fn scenario(rest: &str) -> String {
    format!(
        "[implementation.py]\ncommand = ['x']\nprobe = ['x']\n[[scenario]]\nname = 'one'\n{rest}"
    )
}

#[test]
fn what_is_read_is_accepted_and_what_is_not_is_refused() {
    for sound in [
        "",
        "log = 'a'",
        "log = ['a', { next = 'b' }, { any-order = ['c', ['d', { line = 'e', if = 'py<3' }]], unless = ['py<2'] }]",
        "exit = '1s'\nexit-after = 'x'",
        "exit = { one-of = [0, 'SIGTERM'], within = '1s' }",
        "exit = { code = { py = 1 }, at-least = { py = '1m 30s' } }",
        "count = [{ line = 'a', at-most = 2 }]",
        "deviates.py = 'old'\n[deviation.old]\nwhy = 'x'",
        "deviates.py = [{ why = 'x', version = '<3' }]",
        "signals = [{ send = 'SIGTERM', on = { contains = 'x', nth = 2 }, group = true }]",
        "clients = [{ name = 'c', command = ['x'], exit = { py = 1, default = 'SIGPIPE' } }]",
        "signals = [{ send = 'stop-signal' }]\norder = [{ signal = 'stop-signal', nth = 2 }]",
        "[set.s]\nof = ['py<3']\nsource.py = 'x'",
        "framing = 'content-length'\n[suite]\nframing = 'lines'\nvalues = { a-b_c = 'x' }",
    ] {
        let text = scenario(sound);
        assert!(
            Written::new(&text).load().is_ok(),
            "{sound}: {:?}",
            Written::new(&text).load()
        );
        assert_eq!(problems(&text), Vec::<String>::new(), "{sound}");
    }
    for wrong in [
        "timeuot = '1s'",
        "timeout = '5'",
        "timeout = 5",
        "log = [{ netx = 'a' }]",
        "log = [{ line = 'a', contains = 'b' }]",
        "log = [{}]",
        "exit = { code = 256 }",
        "exit = { one-of = [0] }",
        "exit = 3",
        "count = [{ line = 'a' }]",
        "delays = [{ from = 'a', to = 'b' }]",
        "delays = [{ from = { line = 'a', nth = 0 }, to = 'b', about = '1s' }]",
        "signals = [{ send = 'SIGTERM', when = 'parked' }]",
        "signals = [{ send = 'SIGTERM', once = 'parked' }]",
        "signals = [{ send = 'stop-sign' }]",
        "clients = [{ name = 'c', command = ['x'], exit = { py = 300, default = 0 } }]",
        "repeat = 0",
        "streams = 'both'",
        "framing = 'json'",
        "[suite]\nvalues = { A = 'x' }",
        "[suite]\nvalues = { a = 1 }",
        "deviates.py = { version = '<3' }",
        "exclusive = 'yes'",
        "[set.s]\nof = []",
        "[set.s]\nof = ['py']\nsources.py = 'x'",
        "[deviation.old]\nversion = '<3'",
    ] {
        let text = scenario(wrong);
        assert!(Written::new(&text).load().is_err(), "{wrong}");
        assert!(!problems(&text).is_empty(), "{wrong}");
    }
}

#[test]
fn the_schema_has_just_the_keys_that_are_read() {
    let schema = schema();
    let scenario = |rest: &str| format!("[[scenario]]\nname = 'x'\n{rest}");
    for (table, definition) in [
        ("[suite]\nnone = 1".to_owned(), "/definitions/suite"),
        (
            "[implementation.x]\nnone = 1".to_owned(),
            "/definitions/implementation",
        ),
        (
            "[implementation.x]\ncargo = { none = 1 }".to_owned(),
            "/definitions/implementation/properties/cargo",
        ),
        (
            "[deviation.x]\nnone = 1".to_owned(),
            "/definitions/deviation",
        ),
        ("[[scenario]]\nnone = 1".to_owned(), "/definitions/scenario"),
        (scenario("for.x.none = 1"), "/definitions/difference"),
        (scenario("exit = { none = 1 }"), "/definitions/exit/anyOf/1"),
        (scenario("delays = [{ none = 1 }]"), "/definitions/delay"),
        (scenario("signals = [{ none = 1 }]"), "/definitions/action"),
        (scenario("count = [{ none = 1 }]"), "/definitions/count"),
        (
            scenario("log = [{ none = 1 }]"),
            "/definitions/step/anyOf/1",
        ),
        (
            scenario("absent = [{ none = 1 }]"),
            "/definitions/line/anyOf/1",
        ),
        (
            scenario("log = [{ next = { none = 1 } }]"),
            "/definitions/bare-line/anyOf/1",
        ),
        (
            scenario("exit-after = { none = 1 }"),
            "/definitions/mark/anyOf/1",
        ),
        ("none = 1".to_owned(), ""),
    ] {
        let properties = schema.pointer(&format!("{definition}/properties")).unwrap();
        let mut there: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
        there.sort_unstable();
        assert_eq!(there, keys(&table), "{table}");
    }
}
