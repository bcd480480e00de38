//! `Case::show`: a case written out is a suite again, and comes to the same.

use std::path::Path;

use exeunt::suite::{Case, Suite};

use super::{Written, case, suite};

/// The case that is left when what is shown is read again.
fn again(case: &Case) -> Case {
    let shown = case.show();
    let suite = Written::new(&shown)
        .load()
        .unwrap_or_else(|error| panic!("{error}\n{shown}"));
    assert_eq!(suite.cases().len(), 1, "{shown}");
    suite.cases()[0].clone()
}

#[track_caller]
fn is_the_same(case: &Case) {
    let mut expected = case.clone();
    // Where it is written, against whose lines is counted, whose expectations hold and which deviation has a name: a suite of one case has no others.
    expected.like.clone_from(&expected.implementation);
    for known in &mut expected.deviations {
        known.name = None;
    }
    let again = again(&expected);
    // It was written to another file.
    expected.place.clone_from(&again.place);
    expected.usual_lines.clone_from(&again.usual_lines);
    expected.place.clone_from(&again.place);
    assert_eq!(again, expected, "{}", case.show());
}

#[test]
fn every_case_of_this_repository_s_own_suite() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let suite = Suite::load(&root.join("exeunt.toml")).unwrap();
    assert!(suite.cases().len() > 200);
    suite.cases().iter().for_each(is_the_same);
}

#[test]
fn every_case_of_the_suites_of_real_software() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["servers", "stdio"] {
        let suite = Suite::load(&root.join("suites").join(name).join("exeunt.toml")).unwrap();
        assert!(suite.cases().len() >= 14, "{name}");
        suite.cases().iter().for_each(is_the_same);
    }
}

#[test]
fn a_case_that_says_everything() {
    let suite = suite(
        "[[scenario]]\n\
         name = 'one'\n\
         about = 'quotes \" and \\\\ and ü'\n\
         args = ['a b', '--port={port}']\n\
         env = { \"odd name\" = 'x' }\n\
         stdin = \"two\\nlines\"\n\
         directory = 'sub'\n\
         timeout = '1m 30s'\n\
         grace = '0s'\n\
         settle = '10ms'\n\
         slack = '1s 5ms'\n\
         streams = 'split'\n\
         framing = 'content-length'\n\
         log-pattern = '^(?<message>.*)$'\n\
         exclusive = true\n\
         ignore-signals = ['SIGINT']\n\
         at-timeout = 'SIGQUIT'\n\
         signals = [{ send = 'SIGTERM', on = { line = 'a', nth = 2 }, after = '1s', when = 'blocked', group = true }, { send = 'SIGHUP' }]\n\
         actions = [{ write = \"a\\nb\", on = 'SIGTERM' }, { close = 'stdout', on = { event = 'stdin written', nth = 2 }, after = '1s' }, { close = 'stdin' }, { end = 'parent', on = 'ready' }]\n\
         requests = [{ name = 'a', http = '/x?y=1', method = 'POST', body = 'b', keep-alive = true, on = 'ready' }, { name = 'idle', idle = true, port = 80, after = '1s' }]\n\
         clients = [{ name = 'c', command = ['curl', '{address}'], env = { A = 'b' }, directory = 'd', exit = 'SIGTERM', present = ['x'], absent = ['y z'], on = 'a sent' }, { name = 'd', command = ['true'], on = 'client c ends' }]\n\
         files = { \"app.pid\" = 'absent', out = 'written', \"a b\" = 'there' }\n\
         answers = { a = 'cut off', idle = 'closed' }\n\
         ready = { contains = 'up', stream = 'stderr' }\n\
         stdin-open = true\n\
         logs = ['*.log', 'var/a b.log']\n\
         order = ['start', 'SIGHUP', 'stdout closed', 'ready', 'stops listening', { event = 'file a b' }, { line = 'x', nth = 2 }, 'exit']\n\
         repeat = 3\n\
         source.py = ['x', 'y']\n\
         log = ['a', { next = { contains = 'b', stream = 'stdout' } }, { not = { regex = '\\d' } }, { any-order = ['c', ['d', 'e']] }]\n\
         other-lines = 'allowed'\n\
         present = ['exit', { line = 'z', stream = 'file' }]\n\
         absent = ['SIGTERM']\n\
         count = [{ line = 'a', times = 2 }, { line = 'b', at-least = 1 }, { line = 'c', at-most = 4 }]\n\
         exit = { one-of = [0, 'SIGTERM'], after = 'SIGTERM', within = '2s', at-least = '1s' }\n\
         delays = [{ from = 'start', to = { line = 'exit', last = true }, about = '1s', slack = '0s' }]\n\
         survivors = 'allowed'\n\
         deviates.py = { why = 'Old.', version = '>=3, <3.9', exit = { hang = true } }\n\
         for.js = { exit = { signal = 'SIGKILL' } }\n",
    );
    for id in ["one/py", "one/js", "one/rs"] {
        is_the_same(case(&suite, id));
    }
}

#[test]
fn what_is_shown_is_short_enough_to_read() {
    let suite = suite(
        "[suite]\nexit-after = 'done'\n[[scenario]]\nname = 'one'\nabout = 'It ends.'\nlog = ['done']\nexit = '2s'\nimplementations = 'rs'\n",
    );
    let root = suite.root().to_str().unwrap().to_owned();
    assert_eq!(
        case(&suite, "one/rs").show().replace(&root, "ROOT"),
        r#"# one/rs
[implementation.rs]
cargo = { package = "worker", bin = "w-one", profile = "release", features = ["a"] }

[[scenario]]
name = "one"
about = "It ends."
directory = "ROOT"
streams = "merged"
log-pattern = "default"
timeout = "10s"
grace = "300ms"
settle = "200ms"
log = [
    "done",
]
other-lines = "forbidden"
present = []
absent = []
count = []
exit = { code = 0 }
delays = [
    { from = { line = "done" }, to = "exit", about = "2s", slack = "200ms" },
]
survivors = "forbidden"
"#
    );
}
