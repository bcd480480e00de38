//! Programs beside the subject that end otherwise with another implementation.

use exeunt::expect::ExpectedEnd;

use super::{Written, case, suite};

fn scenario(exit: &str) -> String {
    format!(
        "[[scenario]]\nname = 'one'\nready = 'listening'\n\
         clients = [{{ name = 'ask', command = ['curl'], on = 'ready', exit = {exit} }}]\n"
    )
}

#[test]
fn the_end_of_a_client_can_differ_by_implementation() {
    let suite = suite(&scenario(
        "{ js = 3, rs = 'SIGPIPE', 'py<3' = 4, default = 0 }",
    ));
    for (name, end) in [
        ("one/py", ExpectedEnd::code(0)),
        ("one/js", ExpectedEnd::code(3)),
        ("one/rs", ExpectedEnd::signal(exeunt::Signal::PIPE)),
    ] {
        let expected = &case(&suite, name).expectation.clients[0].expectation;
        assert_eq!(expected.end, Some(end), "{name}");
    }
    let old = super::at(&suite, "one/py", (2, 7, 0)).unwrap();
    let expected = &old.expectation.clients[0].expectation;
    assert_eq!(expected.end, Some(ExpectedEnd::code(4)));
}

#[test]
fn a_table_without_an_end_for_an_implementation_and_one_with_an_unknown_name_are_errors() {
    let columns = "[implementation.py]\ncommand = ['x']\n[implementation.js]\ncommand = ['y']\n";
    for (exit, why) in [
        ("{ js = 3 }", "no end of the client for implementation `py`"),
        ("{ jss = 3, default = 0 }", "`jss`"),
        ("{ js = 300, default = 0 }", "an exit code from 0 to 255"),
    ] {
        let text = format!("{columns}{}", scenario(exit));
        let error = Written::new(&text).load().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
