//! The language of suites, key by key.

use std::time::Duration;

use exeunt::expect::{Bound, Mark, OtherLines};
use exeunt::stage::{Act, Framing, Stdin, Trigger};
use exeunt::suite::parse_duration;
use exeunt::{Signal, millis, secs};

use super::{Written, at, case, end, ids, log, suite};

#[test]
fn implementations_have_a_default_and_can_be_all() {
    let suite = suite(
        "[suite]\n\
         implementations = ['py', 'rs']\n\
         [[scenario]]\n\
         name = 'usual'\n\
         [[scenario]]\n\
         name = 'every'\n\
         implementations = 'all'\n\
         [[scenario]]\n\
         name = 'one'\n\
         implementations = 'js'\n\
         [[scenario]]\n\
         name = 'some'\n\
         implementations = ['s']\n\
         [set.s]\n\
         of = ['js', 'rs']\n",
    );
    assert_eq!(
        ids(&suite),
        [
            "usual/py", "usual/rs", "every/py", "every/js", "every/rs", "one/js", "some/js",
            "some/rs"
        ]
    );
}

#[test]
fn a_duration_is_an_exit_with_0_that_long_after_the_usual_line() {
    let suite = suite(
        "[suite]\n\
         exit-after = 'done'\n\
         [[scenario]]\n\
         name = 'short'\n\
         exit = '400ms'\n\
         [[scenario]]\n\
         name = 'code'\n\
         exit = { code = 3, delay = '0s' }\n\
         [[scenario]]\n\
         name = 'own'\n\
         exit-after = { contains = 'bye', last = true }\n\
         exit = '1s'\n\
         [[scenario]]\n\
         name = 'start'\n\
         exit = { after = 'start', within = '5s', at-least = '1s', slack = '0s' }\n\
         [[scenario]]\n\
         name = 'none'\n",
    );
    let ends = |id: &str| end(case(&suite, id));
    assert_eq!(
        ends("short/py"),
        "exit code 0; the exit 0.40 s after `done` (± 0.20 s)"
    );
    assert_eq!(
        ends("code/py"),
        "exit code 3; the exit 0.00 s after `done` (± 0.20 s)"
    );
    assert_eq!(
        ends("own/py"),
        "exit code 0; the exit 1.00 s after the last …`bye`… (± 0.20 s)"
    );
    assert_eq!(
        case(&suite, "start/py")
            .expectation
            .delays
            .iter()
            .map(|d| (d.from.clone(), d.bound))
            .collect::<Vec<_>>(),
        [
            (Mark::Start, Bound::Within(secs(5))),
            (Mark::Start, Bound::AtLeast(secs(1)))
        ]
    );
    assert_eq!(ends("none/py"), "exit code 0");
}

#[test]
fn lines_on_condition() {
    let suite = suite(
        "[set.s]\n\
         of = ['js', 'rs']\n\
         [[scenario]]\n\
         name = 'one'\n\
         log = [\n\
             'a',\n\
             { line = 'b', if = 's' },\n\
             { contains = 'c', if = ['py', 's'], unless = 'rs' },\n\
             { next = 'd', unless = 's' },\n\
             { any-order = ['e', [{ line = 'f', if = 'py' }, 'g']], if = ['py', 'js'] },\n\
             { any-order = [{ line = 'h', if = 'rs' }] },\n\
         ]\n\
         absent = [{ line = 'x', if = 'py' }, 'y']\n\
         count = [{ line = 'z', times = 2, unless = 's' }]\n\
         delays = [{ from = 'a', to = 'b', about = '1s', if = 'rs' }]\n",
    );
    assert_eq!(
        log(case(&suite, "one/py")),
        ["`a`", "…`c`…", "`d`", "`e`", "`f`", "`g`"]
    );
    assert_eq!(
        log(case(&suite, "one/js")),
        ["`a`", "`b`", "…`c`…", "`e`", "`g`"]
    );
    assert_eq!(log(case(&suite, "one/rs")), ["`a`", "`b`", "`h`"]);
    let rest = |id: &str| {
        let expectation = &case(&suite, id).expectation;
        (
            expectation.absent.len(),
            expectation.counts.len(),
            expectation.delays.len(),
        )
    };
    assert_eq!(rest("one/py"), (2, 1, 0));
    assert_eq!(rest("one/js"), (1, 0, 0));
    assert_eq!(rest("one/rs"), (1, 0, 1));
    // What others lack is counted against the lines of the first implementation.
    assert_eq!(case(&suite, "one/rs").usual_lines.len(), 6);
}

#[test]
fn a_log_can_be_a_text() {
    let suite = suite("[[scenario]]\nname = 'one'\nlog = \"\"\"\na\n  b  c\n\nd\n\"\"\"\n");
    assert_eq!(log(case(&suite, "one/py")), ["`a`", "`b c`", "`d`"]);
}

#[test]
fn the_closest_name_counts() {
    let suite = suite(
        "[set.s]\n\
         of = ['js', 'rs']\n\
         [[scenario]]\n\
         name = 'one'\n\
         exit = { code = { s = 1, js = 2, default = 3 }, signal = { rs = 'SIGABRT' }, delay = { s = '1s', default = '2s' } }\n\
         log = ['a']\n\
         for.s = { log = ['b'], absent = ['x'] }\n\
         for.js = { log = ['c'] }\n",
    );
    assert_eq!(
        end(case(&suite, "one/py")),
        "exit code 3; the exit 2.00 s after the start (± 0.20 s)"
    );
    assert_eq!(
        end(case(&suite, "one/js")),
        "exit code 2; the exit 1.00 s after the start (± 0.20 s)"
    );
    assert_eq!(
        end(case(&suite, "one/rs")),
        "killed by SIGABRT; the exit 1.00 s after the start (± 0.20 s)"
    );
    assert_eq!(log(case(&suite, "one/rs")), ["`b`"]);
    assert_eq!(log(case(&suite, "one/js")), ["`c`"]);
    // What the closest does not say, the next does.
    assert_eq!(case(&suite, "one/js").expectation.absent.len(), 1);
}

#[test]
fn versions_wherever_an_implementation_can_be_named() {
    let suite = suite(
        "[set.old]\n\
         of = ['py<3.9', 'js<12']\n\
         [[scenario]]\n\
         name = 'one'\n\
         implementations = ['py>=3.6', 'js']\n\
         log = ['a', { line = 'b', if = 'py<3.12' }, { line = 'c', unless = 'old' }]\n\
         exit = { code = { \"py<3.7\" = 1, \"py<3.9\" = 2, old = 3, default = 4 } }\n\
         for.\"py>=3.13\" = { absent = ['x'] }\n",
    );
    let py = |minor| at(&suite, "one/py", (3, minor, 0));
    assert!(py(5).is_none(), "the scenario does not have it");
    let seen: Vec<_> = [6, 8, 9, 12, 13]
        .map(|minor| py(minor).unwrap())
        .map(|case| {
            (
                log(&case).join(" "),
                end(&case),
                case.expectation.absent.len(),
            )
        })
        .into();
    let expected = [
        ("`a` `b`", "exit code 1", 0),
        ("`a` `b`", "exit code 2", 0),
        ("`a` `b` `c`", "exit code 4", 0),
        ("`a` `c`", "exit code 4", 0),
        ("`a` `c`", "exit code 4", 1),
    ];
    let expected = expected.map(|(log, end, absent)| (log.to_owned(), end.to_owned(), absent));
    assert_eq!(seen, expected);
    assert_eq!(
        end(&at(&suite, "one/js", (11, 0, 0)).unwrap()),
        "exit code 3"
    );
    // Until it is known, the newest version is assumed.
    assert_eq!(log(case(&suite, "one/py")), ["`a`", "`c`"]);
}

#[test]
fn deviations_by_name() {
    let suite = suite(
        "[deviation.old]\n\
         version = '<3.9'\n\
         why = 'It is old.'\n\
         log = ['b']\n\
         exit = { code = 1 }\n\
         [[scenario]]\n\
         name = 'one'\n\
         log = ['a']\n\
         absent = ['x']\n\
         deviates.py = ['old', { use = 'old', version = '<3.10', log = ['c'] }, { why = 'Whatever.', exit = { code = 2 } }]\n",
    );
    let found: Vec<_> = case(&suite, "one/py")
        .deviations
        .iter()
        .map(|known| {
            let version = known.version.as_ref().map(ToString::to_string);
            let mut judged = case(&suite, "one/py").clone();
            judged.expectation = known.expectation.clone();
            (
                known.why.as_str(),
                version,
                log(&judged).join(" "),
                end(&judged),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "It is old.",
                Some("<3.9".into()),
                "`b`".into(),
                "exit code 1".into()
            ),
            (
                "It is old.",
                Some("<3.10".into()),
                "`c`".into(),
                "exit code 1".into()
            ),
            ("Whatever.", None, "`a`".into(), "exit code 2".into()),
        ]
    );
    // What a deviation does not say is as in the scenario.
    assert!(
        case(&suite, "one/py")
            .deviations
            .iter()
            .all(|known| known.expectation.absent.len() == 1)
    );
}

#[test]
fn marks_and_ends() {
    let suite = suite(
        "[[scenario]]\n\
         name = 'one'\n\
         signals = [{ send = 'SIGTERM', on = { line = 'ready', nth = 2 }, after = '1s', when = 'blocked', group = true }, { send = 'SIGHUP' }]\n\
         at-timeout = 'SIGABRT'\n\
         exit = { one-of = [0, 'SIGTERM'], after = 'SIGTERM', within = '2s' }\n\
         delays = [\n\
             { from = 'start', to = { contains = 'x', nth = 3 }, about = '1s' },\n\
             { from = { signal = 'SIGTERM', nth = 2 }, to = 'exit', at-least = '1s' },\n\
             { from = { line = 'exit' }, to = { line = 'SIGTERM' }, about = '0s' },\n\
         ]\n\
         count = [{ line = 'tick', at-least = 2 }, { regex = '^t', at-most = 5 }]\n",
    );
    let case = case(&suite, "one/py");
    assert_eq!(
        end(case),
        "exit code 0 or killed by SIGTERM; \
         the exit within 2.00 s after SIGTERM (+ 0.20 s); \
         the 3rd …`x`… 1.00 s after the start (± 0.20 s); \
         the exit at least 1.00 s after the 2nd SIGTERM (- 0.20 s); \
         `SIGTERM` 0.00 s after `exit` (± 0.20 s)"
    );
    let counts: Vec<_> = case
        .expectation
        .counts
        .iter()
        .map(|count| count.times.to_string())
        .collect();
    assert_eq!(counts, ["at least 2 times", "at most 5 times"]);
    let [first, second] = case.actions.as_slice() else {
        panic!("{:?}", case.actions)
    };
    assert!(matches!(first.act(), Act::Signal { group: true, .. }));
    assert!(
        matches!(&first.when().on, Trigger::Line(line, n) if line.to_string() == "`ready`" && n.get() == 2)
    );
    assert_eq!((first.when().after, first.when().blocked), (secs(1), true));
    assert!(matches!(second.when().on, Trigger::Start));
    assert_eq!(
        case.bounds.at_timeout,
        Some("SIGABRT".parse::<Signal>().unwrap())
    );
}

#[test]
fn values_stand_in_what_a_scenario_says() {
    let suite = suite(
        "[suite]\n\
         framing = 'content-length'\n\
         values = { hello = '{\"id\": 1, \"in\": \"{root}\"}', port-name = 'p' }\n\
         [[scenario]]\n\
         name = 'one'\n\
         args = ['--{port-name}={port}']\n\
         stdin = '{hello}'\n\
         actions = [{ write = '{hello}, {\"id\": 2}' }]\n\
         [[scenario]]\n\
         name = 'lines'\n\
         framing = 'lines'\n",
    );
    let plan = case(&suite, "one/py").plan();
    let hello = r#"{"id": 1, "in": "{root}"}"#;
    assert_eq!(plan.framing, Framing::ContentLength);
    assert_eq!(plan.args.last().unwrap(), "--p={port}");
    assert_eq!(plan.stdin, Stdin::Bytes(hello.into()));
    let written = format!(r#"{hello}, {{"id": 2}}"#);
    assert_eq!(plan.actions[0].act(), &Act::Write(written.as_str().into()));
    assert_eq!(case(&suite, "lines/py").plan().framing, Framing::Lines);
}

#[test]
fn a_stream_in_a_pattern() {
    let suite = suite(
        "[[scenario]]\n\
         name = 'one'\n\
         streams = 'split'\n\
         log = [{ line = 'a', stream = 'stderr' }]\n\
         other-lines = 'allowed'\n",
    );
    let case = case(&suite, "one/py");
    assert_eq!(log(case), ["`a` on stderr"]);
    assert_eq!(
        case.expectation.log.as_ref().unwrap().others,
        OtherLines::Allowed
    );
}

#[test]
fn a_scenario_says_how_it_is_run() {
    let suite = suite(
        "[suite]\n\
         grace = '1s'\n\
         settle = '2s'\n\
         [[scenario]]\n\
         name = 'one'\n\
         args = ['--port', '{port}', '{implementation}']\n\
         env = { A = 'of the scenario', C = '{root}' }\n\
         stdin = 'to {scenario}'\n\
         directory = 'in/{implementation}'\n\
         timeout = '3s'\n\
         grace = '4s'\n\
         exclusive = true\n",
    );
    let py = case(&suite, "one/py");
    assert!(py.exclusive);
    let plan = py.plan();
    assert_eq!(plan.program, "python3");
    assert_eq!(plan.args, ["one.py", "--port", "{port}", "py"]);
    let variable = |name: &str| {
        plan.environment[std::ffi::OsStr::new(name)]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(variable("A"), "of the scenario");
    assert_eq!(variable("B"), "one");
    assert_eq!(variable("C"), suite.root().to_str().unwrap());
    assert_eq!(plan.stdin, Stdin::Bytes("to one".into()));
    assert_eq!(plan.directory, suite.root().join("in/py"));
    assert_eq!(plan.bounds.timeout, Some(secs(3)));
    assert_eq!((plan.bounds.grace, plan.bounds.settle), (secs(4), secs(2)));
    assert_eq!(plan.origin.unwrap().scenario, "one");
    // The binary of a package is not known before it is built.
    assert_eq!(case(&suite, "one/rs").command()[..2], ["w-one", "--port"]);
}

#[test]
fn sources_are_those_of_the_scenario_and_of_the_sets_that_it_speaks_of() {
    let suite = suite(
        "[set.s]\n\
         of = ['js', 'rs']\n\
         source.js = 'https://js'\n\
         [set.t]\n\
         of = ['js']\n\
         source.js = 'https://elsewhere'\n\
         [[scenario]]\n\
         name = 'one'\n\
         source.js = ['https://own', 'https://js']\n\
         log = [{ line = 'a', if = 's' }]\n\
         for.rs = { source = 'https://rs' }\n",
    );
    assert_eq!(
        case(&suite, "one/js").sources,
        ["https://own", "https://js"]
    );
    assert_eq!(case(&suite, "one/rs").sources, ["https://rs"]);
    assert!(case(&suite, "one/py").sources.is_empty());
}

#[test]
fn a_case_is_found_by_its_id_in_either_spelling() {
    let suite = suite("[[scenario]]\nname = 'one'\n");
    let case = case(&suite, "one/py");
    for filter in ["one/py", "one::py", "ne/p", "ne::p", "py"] {
        assert!(case.matches(filter), "{filter}");
    }
    assert!(!case.matches("one/js") && !case.matches("one:py"));
}

#[test]
fn columns_from_outside_are_like_what_they_replace() {
    let mut suite = suite(
        "[[scenario]]\n\
         name = 'one'\n\
         implementations = ['py']\n\
         log = ['a', { line = 'b', if = 'py<3.9' }]\n",
    );
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    suite
        .set_command("py38", None, words("/opt/python3.8"))
        .unwrap();
    suite
        .set_command("wrapped", Some("py"), words("env X=1 {scenario}.py"))
        .unwrap();
    assert_eq!(ids(&suite), ["one/py", "one/py38", "one/wrapped"]);
    assert_eq!(
        case(&suite, "one/py38").command(),
        ["/opt/python3.8", "one.py"]
    );
    assert_eq!(
        log(&at(&suite, "one/py38", (3, 8, 0)).unwrap()),
        ["`a`", "`b`"]
    );
    let error = suite
        .set_command("all", None, words("python3"))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`all` cannot be the name of an implementation")
    );
}

#[test]
fn many_scenarios_are_read_quickly() {
    let scenarios: String = (0..2000)
        .map(|i| format!("[[scenario]]\nname = 's{i}'\nlog = ['a', {{ line = 'b', if = 'py<3.9' }}]\nexit = {{ delay = '0s' }}\n"))
        .collect();
    let text = format!("[implementation.py]\ncommand = ['x']\nprobe = ['x']\n{scenarios}");
    let written = Written::new(&text);
    // The processor time of this thread: the machine is shared.
    let now = || {
        let clock = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
        Duration::from(nix::time::clock_gettime(clock).unwrap())
    };
    let time = |work: &dyn Fn()| {
        let start = now();
        work();
        now() - start
    };
    let parse = time(&|| drop(toml::from_str::<toml::Value>(&text).unwrap()));
    let load = time(&|| assert_eq!(written.load().unwrap().cases().len(), 2000));
    assert!(load < parse * 50 + millis(50), "{load:?} beside {parse:?}");
}

#[test]
fn durations() {
    assert_eq!(parse_duration("1m 30s"), Ok(secs(90)));
    assert_eq!(parse_duration("0s"), Ok(Duration::ZERO));
}
