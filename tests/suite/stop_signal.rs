//! A signal that each implementation has for itself.

use exeunt::Signal;
use exeunt::expect::{Mark, Occurrence};
use exeunt::stage::{Act, Trigger};
use exeunt::suite::{Case, Suite};

use super::{Written, case};

const COLUMNS: &str = "[implementation.usual]\ncommand = ['a']\n\
    [implementation.drains]\ncommand = ['b']\nstop-signal = 'SIGQUIT'\n";

fn written(scenario: &str) -> Written {
    Written::new(&format!(
        "{COLUMNS}[[scenario]]\nname = 'one'\nready = 'listening'\n{scenario}"
    ))
}

fn suite(scenario: &str) -> Suite {
    written(scenario).load().unwrap_or_else(|e| panic!("{e}"))
}

fn sent(case: &Case) -> Vec<Signal> {
    let acts = case.actions.iter().map(exeunt::stage::Action::act);
    acts.filter_map(|act| match act {
        Act::Signal { signal, .. } => Some(*signal),
        _ => None,
    })
    .collect()
}

#[test]
fn each_implementation_is_sent_its_own() {
    let suite = suite(
        "signals = [{ send = 'stop-signal', on = 'ready' }, { send = 'SIGHUP', on = 'stop-signal' }]\n\
         order = ['ready', 'stop-signal', 'SIGHUP']\n\
         exit = { after = { signal = 'stop-signal', last = true }, within = '1s' }",
    );
    for (name, stop) in [("one/usual", Signal::TERM), ("one/drains", Signal::QUIT)] {
        let case = case(&suite, name);
        assert_eq!(sent(case), [stop, Signal::HUP], "{name}");
        let on = Trigger::from(exeunt::record::EventName::Signal(stop));
        assert_eq!(case.actions[1].when().on, on, "{name}");
        let expectation = &case.expectation;
        let mark = Mark::Signal(stop, Occurrence::First);
        assert_eq!(expectation.order[1], mark, "{name}");
        let delay = expectation.exit_delay().unwrap();
        assert_eq!(delay.from, Mark::Signal(stop, Occurrence::Last), "{name}");
        assert!(case.show().contains(&format!("send = \"{stop}\"")));
    }
}

#[test]
fn without_it_the_word_is_a_line() {
    let suite = suite("signals = [{ send = 'SIGTERM', on = 'stop-signal' }]");
    for name in ["one/usual", "one/drains"] {
        let on = &case(&suite, name).actions[0].when().on;
        assert_eq!(*on, Trigger::from("stop-signal"), "{name}");
    }
}

#[test]
fn a_mark_of_one_that_is_never_sent_is_an_error() {
    let text = "exit = { after = { signal = 'stop-signal' }, within = '1s' }";
    let error = written(text).load().unwrap_err().to_string();
    assert!(
        error.contains("the subject is never sent SIGTERM"),
        "{error}"
    );
    let wrong = written("signals = [{ send = 'stop-sign' }]").load();
    assert!(wrong.is_err());
}

#[test]
fn a_column_from_outside_is_stopped_as_the_one_that_it_is_like() {
    let mut suite = suite("signals = [{ send = 'stop-signal', on = 'ready' }]");
    suite
        .set_command("other", Some("drains"), vec!["c".into()])
        .unwrap();
    assert_eq!(sent(case(&suite, "one/other")), [Signal::QUIT]);
}
