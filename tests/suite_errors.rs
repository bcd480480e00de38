//! What is wrong with a suite is told with its line, before anything is run.

use std::path::Path;

use exeunt::suite::{Suite, SuiteError};

/// The rendered error of a suite with this text.
#[track_caller]
fn error(text: &str) -> String {
    loaded(text).expect_err("a suite with an error").0
}

/// A sound suite, or its rendered error with the directory left out.
fn loaded(text: &str) -> Result<Suite, (String, SuiteError)> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("exeunt.toml");
    std::fs::write(&path, text).unwrap();
    let here = format!("{}/", directory.path().display());
    Suite::load(&path).map_err(|error| (error.to_string().replace(&here, ""), error))
}

/// A sound implementation on lines 1 and 2, and a scenario on lines 3 and 4 that goes on with this.
fn scenario(rest: &str) -> String {
    format!(
        "[implementation.py]\n\
         command = [\"python3\", \"{{scenario}}.py\"]\n\
         [[scenario]]\n\
         name = \"one\"\n\
         {rest}"
    )
}

/// A scenario, and an implementation that goes on with this from line 4 on.
fn implementation(rest: &str) -> String {
    format!(
        "[[scenario]]\n\
         name = \"one\"\n\
         [implementation.py]\n\
         {rest}"
    )
}

/// Asserts that the error of a suite says this, and points at this place: the line and column, and what is underlined.
#[track_caller]
fn points(text: &str, message: &str, place: &str, marked: &str) {
    let error = error(text);
    assert!(error.starts_with(&format!("error: {message}")), "{error}");
    assert!(
        error.contains(&format!("--> exeunt.toml:{place}\n")),
        "{error}"
    );
    assert_eq!(underlined(&error), marked, "{error}");
}

/// What stands above the carets.
fn underlined(error: &str) -> &str {
    let lines: Vec<_> = error.lines().collect();
    let marks = lines.iter().position(|line| line.contains('^')).unwrap();
    let start = lines[marks].find('^').unwrap();
    let length = lines[marks].matches('^').count();
    // One byte a column: these suites are ASCII where they are wrong.
    &lines[marks - 1][start..start + length]
}

#[test]
fn the_suite_of_these_tests_is_sound() {
    assert_eq!(loaded(&scenario("")).unwrap().cases().len(), 1);
    assert_eq!(
        loaded(&implementation("command = ['x']"))
            .unwrap()
            .cases()
            .len(),
        1
    );
}

#[test]
fn an_unknown_key() {
    assert_eq!(
        error(&scenario("timeuot = \"1s\"\n")),
        "\
error: unknown field `timeuot`, expected one of `name`, `about`, `implementations`, `args`, `env`, `stdin`, `directory`, `timeout`, `grace`, `settle`, `slack`, `streams`, `framing`, `log-pattern`, `clock`, `exit-after`, `exclusive`, `ignore-signals`, `signals`, `actions`, `clients`, `requests`, `logs`, `stdin-open`, `ready`, `at-timeout`, `repeat`, `source`, `for`, `deviates`, `log`, `other-lines`, `present`, `absent`, `count`, `exit`, `delays`, `threads`, `order`, `answers`, `files`, `survivors`
 --> exeunt.toml:5:1
  |
5 | timeuot = \"1s\"
  | ^^^^^^^
  |
  = help: perhaps `timeout` is meant"
    );
    points(&scenario("[suit]\n"), "unknown field `suit`", "5:2", "suit");
    points(
        &implementation("comand = ['x']"),
        "unknown field `comand`",
        "4:1",
        "comand",
    );
    points(
        &implementation("cargo = { package = 'p', bni = 'x' }"),
        "unknown field `bni`",
        "4:26",
        "bni",
    );
    points(
        &scenario("exit = { code = 0, aftre = 'x' }"),
        "unknown field `aftre`",
        "5:20",
        "aftre",
    );
    points(
        &scenario("deviates.py = { why = 'x', absnt = ['x'] }"),
        "unknown field `absnt`",
        "5:28",
        "absnt",
    );
}

#[test]
fn a_name_is_suggested_only_where_one_is_close() {
    assert!(error(&scenario("[suit]\n")).ends_with("= help: perhaps `suite` is meant"));
    assert!(!error(&scenario("colour = 'red'\n")).contains("help"));
    assert!(error(&scenario("streams = 'splt'\n")).ends_with("= help: perhaps `split` is meant"));
}

#[test]
fn a_bad_duration() {
    assert_eq!(
        error(&scenario("timeout = \"5\"\n")),
        "\
error: `5` is not a duration, its unit is missing: write it as `2s`, `300ms` or `1m 30s`
 --> exeunt.toml:5:11
  |
5 | timeout = \"5\"
  |           ^^^"
    );
    points(
        &scenario("timeout = '-5s'"),
        "`-5s` is not a duration, it is negative",
        "5:11",
        "'-5s'",
    );
    points(
        &scenario("slack = 'soon'"),
        "`soon` is not a duration: write it as",
        "5:9",
        "'soon'",
    );
    points(
        &scenario("slack = 5"),
        "invalid type: integer `5`, expected a duration such as `\"2s\"`",
        "5:9",
        "5",
    );
    points(
        &scenario("exit = { delay = 2.5 }"),
        "invalid type: floating point `2.5`, expected a duration such as",
        "5:18",
        "2.5",
    );
    points(
        &scenario("exit = { delay = { py = 'soon' } }"),
        "`soon` is not a duration",
        "5:25",
        "'soon'",
    );
}

#[test]
fn spans_are_right_inside_arrays() {
    let delays = "delays = [\n\
        { from = 'a', to = 'b', about = '1s' },\n\
        { from = 'a', to = 'b', about = '1' },\n\
    ]";
    points(&scenario(delays), "`1` is not a duration", "7:33", "'1'");
    let log =
        "log = [\n  'a',\n  { any-order = [\n    'b',\n    ['c', { regex = '(' }],\n  ] },\n]";
    points(
        &scenario(log),
        "`(` is not a regular expression: unclosed group",
        "9:21",
        "'('",
    );
}

#[test]
fn a_bad_regular_expression() {
    assert_eq!(
        error(&scenario(
            "present = [\n    \"fine\",\n    { regex = \"a(b\" },\n]"
        )),
        "\
error: `a(b` is not a regular expression: unclosed group
 --> exeunt.toml:7:15
  |
7 |     { regex = \"a(b\" },
  |               ^^^^^"
    );
    points(
        &scenario("[suite]\nlog-pattern = '('"),
        "not a regular expression: unclosed group",
        "6:15",
        "'('",
    );
    points(
        &scenario("log-pattern = 'x'"),
        "the pattern has no group `message`: write `(?<message>.*)`",
        "5:15",
        "'x'",
    );
}

#[test]
fn a_step_that_is_none() {
    points(
        &scenario("log = [\n  'a',\n  { netx = 'b' },\n]"),
        "unknown field `netx`, expected one of `next`, `not`, `any-order`, `line`, `contains`, `regex`, `stream`",
        "7:5",
        "netx",
    );
    points(
        &scenario("log = ['a', { next = 'a', not = 'b' }]"),
        "`not` beside `next`: one of them only",
        "5:13",
        "{ next = 'a', not = 'b' }",
    );
    points(
        &scenario("log = ['a', {}]"),
        "an empty table, expected one of `next`, `not`",
        "5:13",
        "{}",
    );
    points(
        &scenario("log = ['a', 7]"),
        "invalid type: integer `7`, expected a line, or a table with one of `next`",
        "5:13",
        "7",
    );
    points(
        &scenario("absent = [{ contain = 'x' }]"),
        "unknown field `contain`, expected one of `line`, `contains`, `regex`, `stream`",
        "5:13",
        "contain",
    );
}

#[test]
fn two_scenarios_of_one_name() {
    assert_eq!(
        error(&scenario("\n[[scenario]]\nname = \"one\"\n")),
        "\
error: two scenarios are named `one`
 --> exeunt.toml:7:8
  |
7 | name = \"one\"
  |        ^^^^^ the first stands on line 4"
    );
}

#[test]
fn a_scenario_without_a_name() {
    points(
        &scenario("[[scenario]]\nabout = 'x'\n"),
        "missing field `name`",
        "5:1",
        "[[scenario]]",
    );
    points(
        &scenario("[[scenario]]\nname = ' '\n"),
        "a scenario needs a name",
        "6:8",
        "' '",
    );
}

#[test]
fn an_unknown_implementation() {
    assert_eq!(
        error(&scenario("implementations = [\"py\", \"rust\"]\n")),
        "\
error: there is no implementation `rust`
 --> exeunt.toml:5:26
  |
5 | implementations = [\"py\", \"rust\"]
  |                          ^^^^^^ the suite has `py`"
    );
    let there_is_none = "there is no implementation `rust`";
    points(
        &scenario("[scenario.deviates.rust]\nwhy = 'x'\n"),
        there_is_none,
        "5:20",
        "rust",
    );
    points(
        &scenario("for.rust.present = ['x']\n"),
        there_is_none,
        "5:5",
        "rust",
    );
    for table in [
        "exit = { code = { rust = 1, default = 0 } }",
        "exit = { signal = { rust = 'SIGINT', default = 'SIGTERM' } }",
        "exit = { delay = { rust = '1s', default = '0s' } }",
        "delays = [{ from = 'a', to = 'b', about = { rust = '1s', default = '2s' } }]",
        "deviates.py = { why = 'x', exit = { code = { rust = 1, default = 2 } } }",
        "for.py = { exit = { code = { rust = 1, default = 2 } } }",
    ] {
        let place = format!("5:{}", table.find("rust").unwrap() + 1);
        points(&scenario(table), there_is_none, &place, "rust");
    }
}

#[test]
fn an_implementation_that_the_scenario_does_not_have() {
    let suite = |rest: &str| scenario(&format!("{rest}\n[implementation.rust]\ncommand = ['x']"));
    points(
        &suite("implementations = ['py']\ndeviates.rust = { why = 'x' }"),
        "scenario `one` does not have implementation `rust`",
        "6:10",
        "rust",
    );
    points(
        &suite("implementations = ['py']\nfor.rust = { present = ['x'] }"),
        "scenario `one` does not have implementation `rust`",
        "6:5",
        "rust",
    );
    points(
        &suite("implementations = []"),
        "scenario `one` would never be run",
        "5:19",
        "[]",
    );
}

#[test]
fn a_value_that_is_not_said_for_an_implementation() {
    let suite = scenario(
        "exit = { code = { rust = 101 } }\n\
         [implementation.rust]\n\
         command = ['x']\n",
    );
    assert_eq!(
        error(&suite),
        "\
error: no exit code for implementation `py`
 --> exeunt.toml:5:17
  |
5 | exit = { code = { rust = 101 } }
  |                 ^^^^^^^^^^^^^^ it is not in here
  |
  = help: add `py = …`, or `default = …` for all others"
    );
    assert!(loaded(&suite.replace("101", "101, default = 1")).is_ok());
    assert!(loaded(&suite.replace("101", "101, py = 1")).is_ok());
}

#[test]
fn neither_or_both_of_command_and_cargo() {
    assert_eq!(
        error(&implementation("about = \"x\"\n")),
        "\
error: implementation `py` has neither `command` nor `cargo`
 --> exeunt.toml:3:17
  |
3 | [implementation.py]
  |                 ^^ it needs one of them
  |
  = help: write `command = [\"python3\", \"{scenario}.py\"]`, or `cargo = { package = \"…\", bin = \"{scenario}\" }`"
    );
    points(
        &implementation("command = ['x']\ncargo = { package = 'p', bin = 'x' }"),
        "implementation `py` has both `command` and `cargo`",
        "3:17",
        "py",
    );
}

#[test]
fn an_empty_command() {
    let cannot = "this command cannot be run";
    points(&implementation("command = []"), cannot, "4:11", "[]");
    points(&implementation("command = ['']"), cannot, "4:11", "['']");
    for key in ["build", "probe"] {
        let rest = format!("command = ['x']\n{key} = []");
        points(&implementation(&rest), cannot, "5:9", "[]");
    }
}

#[test]
fn an_unknown_placeholder() {
    assert_eq!(
        error(&implementation("command = [\n    \"python3\",\n    \"{scenaro}.py\",\n]")),
        "\
error: this command cannot be run
 --> exeunt.toml:6:5
  |
6 |     \"{scenaro}.py\",
  |     ^^^^^^^^^^^^^^ `{scenaro}` is no placeholder here: there are `{scenario}`, `{implementation}`, `{root}` and `{port}` (braces that are meant as such need a space: `{ scenaro }`)"
    );
    points(
        &implementation("cargo = { package = 'p', bin = 'py-{scenario_name}' }"),
        "there is no such binary",
        "4:32",
        "'py-{scenario_name}'",
    );
}

#[test]
fn braces_that_are_no_placeholders() {
    for word in [
        "{}",
        "{ print }",
        "${name}",
        "{\"a\": 1}",
        "{HOME}",
        "{",
        "}{",
    ] {
        let rest = format!("command = ['sh', '-c', '{word}']");
        assert!(loaded(&implementation(&rest)).is_ok(), "{word}");
    }
}

#[test]
fn no_scenario_and_no_implementation() {
    assert_eq!(
        error("[implementation.py]\ncommand = ['x']\n"),
        "\
error: the suite has no scenario
--> exeunt.toml
 = help: add one: `[[scenario]]` with `name = \"…\"` and what is expected"
    );
    let no_implementation = "\
error: the suite has no implementation
--> exeunt.toml
 = help: add one: `[implementation.mine]` with `command = [\"./{scenario}\"]`";
    assert_eq!(error("[[scenario]]\nname = 'one'\n"), no_implementation);
    assert_eq!(error(""), no_implementation);
}

#[test]
fn one_scenario_where_there_may_be_several() {
    assert_eq!(
        error("[scenario]\nname = \"one\"\n"),
        "\
error: invalid type: map, expected a sequence
 --> exeunt.toml:1:1
  |
1 | [scenario]
  | ^^^^^^^^^^
  |
  = help: there may be several scenarios: write `[[scenario]]`"
    );
}

#[test]
fn after_without_delay() {
    assert_eq!(
        error(&scenario("exit = { code = 0, after = \"x\" }\n")),
        "\
error: `after` needs a `delay`
 --> exeunt.toml:5:28
  |
5 | exit = { code = 0, after = \"x\" }
  |                            ^^^ how long after this?
  |
  = help: add `delay = \"2s\"`, or `delay = \"0s\"` for at once; `within` and `at-least` are bounds on one side"
    );
}

#[test]
fn an_exit_code_that_no_process_has() {
    assert_eq!(
        error(&scenario("exit = { code = 256 }\n")),
        "\
error: invalid value: integer `256`, expected an exit code from 0 to 255
 --> exeunt.toml:5:17
  |
5 | exit = { code = 256 }
  |                 ^^^"
    );
    points(
        &scenario("exit = { code = { py = -1 } }"),
        "invalid value: integer `-1`, expected an exit code from 0 to 255",
        "5:24",
        "-1",
    );
    points(
        &scenario("exit = { code = '0' }"),
        "invalid type: string \"0\", expected an exit code",
        "5:17",
        "'0'",
    );
    points(
        &scenario("exit = { code = true }"),
        "invalid type: boolean `true`, expected an exit code",
        "5:17",
        "true",
    );
    assert!(loaded(&scenario("exit = { code = 255 }")).is_ok());
}

#[test]
fn more_than_one_end() {
    let one_way = "a subject ends in one way only";
    for exit in [
        "{ code = 1, signal = 'SIGINT' }",
        "{ code = 1, hang = true }",
        "{ signal = 'SIGINT', hang = true }",
    ] {
        points(&scenario(&format!("exit = {exit}")), one_way, "5:8", exit);
    }
    points(
        &scenario("[scenario.exit]\ncode = 1\nsignal = 'SIGINT'"),
        one_way,
        "5:1",
        "[scenario.exit]",
    );
    points(
        &scenario("exit = { hang = true, delay = '1s' }"),
        "a subject that hangs has no exit",
        "5:8",
        "{ hang = true, delay = '1s' }",
    );
}

#[test]
fn a_signal_that_is_none() {
    let none = "`SIGFOO` is not a signal (try a name such as SIGTERM";
    points(
        &scenario("exit = { signal = 'SIGFOO' }"),
        none,
        "5:19",
        "'SIGFOO'",
    );
    points(
        &scenario("signals = [{ send = 'SIGFOO' }]"),
        none,
        "5:21",
        "'SIGFOO'",
    );
}

#[test]
fn words_that_are_not_among_the_choices() {
    points(
        &scenario("streams = 'both'"),
        "unknown variant `both`, expected one of `merged`, `split`, `terminal`",
        "5:11",
        "'both'",
    );
    points(
        &scenario("survivors = 'some'"),
        "unknown variant `some`, expected `forbidden` or `allowed`",
        "5:13",
        "'some'",
    );
}

#[test]
fn a_deviation_without_a_reason_and_one_of_an_odd_version() {
    points(
        &scenario("[scenario.deviates.py]\nabsent = ['x']"),
        "missing field `why`",
        "5:1",
        "[scenario.deviates.py]",
    );
    points(
        &scenario("deviates.py = { why = 'x', version = 'new' }"),
        "`new` is not a condition on versions such as `<3.15`",
        "5:38",
        "'new'",
    );
}

#[test]
fn a_text_that_is_not_toml() {
    assert_eq!(
        error("Dear exeunt,\nplease run.\n"),
        "\
error: key with no value, expected `=`
 --> exeunt.toml:1:6
  |
1 | Dear exeunt,
  |      ^"
    );
    points(&scenario("name = 'two'"), "duplicate key", "5:1", "name");
    // Nothing is underlined behind the end, so only the place is looked at.
    let unclosed = error(&scenario("log = [\n  \"a\",\n"));
    assert!(unclosed.starts_with("error: unclosed array"), "{unclosed}");
    assert!(unclosed.contains("--> exeunt.toml:6:"), "{unclosed}");
}

#[test]
fn whatever_is_cut_off_is_told_without_a_panic() {
    let whole = scenario(
        "log = ['ä', { any-order = [\"ü\", ['''x''', { regex = \"ö\" }]] }]\nexit = { code = 0 }\n",
    );
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        if let Err((shown, error)) = loaded(&whole[..end]) {
            assert!(shown.starts_with("error: "), "{shown}");
            assert!(!error.styled().is_empty());
        }
    }
}

#[test]
fn a_file_that_cannot_be_read() {
    let error = |path: &Path| Suite::load(path).unwrap_err().to_string();
    assert_eq!(
        error(Path::new("/nowhere/exeunt.toml")),
        "error: could not read the suite: No such file or directory (os error 2)\n\
         --> /nowhere/exeunt.toml"
    );
    let directory = tempfile::tempdir().unwrap();
    assert!(error(directory.path()).contains("Is a directory"));
    let path = directory.path().join("exeunt.toml");
    std::fs::write(&path, b"\xff").unwrap();
    assert!(error(&path).contains("did not contain valid UTF-8"));
}

#[test]
fn a_program_that_is_missing() {
    let suite = loaded(&implementation(
        "command = [\"no-such-program\", \"{scenario}\"]\n",
    ))
    .unwrap();
    let cases: Vec<_> = suite.cases().iter().collect();
    let error = suite
        .prepare(&cases, &exeunt::stage::Real, None, |_| {})
        .unwrap_err()
        .to_string();
    let (_, error) = error.split_once("exeunt.toml").unwrap();
    assert_eq!(
        error,
        ":4:11
  |
4 | command = [\"no-such-program\", \"{scenario}\"]
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ in this command
  |
  = help: install it, correct the command, or add a `probe` so that the implementation is skipped where it is missing"
    );
}

#[test]
fn a_command_from_outside() {
    let mut suite = loaded(&scenario("")).unwrap();
    let mut error = |command: &[&str]| {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        suite
            .set_command("new", None, command)
            .unwrap_err()
            .to_string()
    };
    assert!(error(&[]).contains("the command is empty"));
    assert!(error(&["x", "{scenaro}"]).contains("`{scenaro}` is no placeholder here"));
}

#[test]
fn an_error_knows_its_file_and_line_and_is_short_in_debug() {
    let (_, error) = loaded(&scenario("timeout = '5'\n")).unwrap_err();
    assert_eq!(error.line(), Some(5));
    assert!(error.path().ends_with("exeunt.toml"));
    assert_eq!(format!("{error:?}"), error.to_string());
    let (_, whole) = loaded("").unwrap_err();
    assert_eq!(whole.line(), None);
}

#[test]
fn names_that_have_a_meaning_or_are_taken() {
    for (name, why) in [
        ("default", "`default` has a meaning of its own"),
        ("all", "`all` has a meaning of its own"),
        ("\"a b\"", "' ' cannot stand in it"),
        ("\"a<3\"", "'<' cannot stand in it"),
        ("\"a/b\"", "'/' cannot stand in it"),
    ] {
        let text =
            format!("[[scenario]]\nname = 'one'\n[implementation.{name}]\ncommand = ['x']\n");
        let error = error(&text);
        assert!(
            error.contains("cannot be the name of an implementation"),
            "{error}"
        );
        assert!(error.contains(why), "{error}");
        assert!(error.contains("--> exeunt.toml:3:17\n"), "{error}");
    }
    points(
        &scenario("[set.py]\nof = ['py']"),
        "`py` is an implementation already, so no set can have its name",
        "5:6",
        "py",
    );
    points(
        &scenario("[set.default]\nof = ['py']"),
        "`default` cannot be the name of a set",
        "5:6",
        "default",
    );
    points(
        "[implementation.py]\ncommand = ['x']\n[[scenario]]\nname = 'a/b'",
        "`a/b` cannot be the name of a scenario",
        "4:8",
        "'a/b'",
    );
}

#[test]
fn sets_that_are_none() {
    points(
        &scenario("[set.s]\nof = []"),
        "a set without members",
        "6:6",
        "[]",
    );
    points(
        &scenario("[set.s]\nof = ['rust']"),
        "there is no implementation `rust`",
        "6:7",
        "'rust'",
    );
    points(
        &scenario("[set.s]\nof = ['py']\n[set.t]\nof = ['s']"),
        "a set cannot contain a set",
        "8:7",
        "'s'",
    );
    points(
        &scenario(
            "[set.s]\nof = ['py']\nsource.rust = 'x'\n[implementation.rust]\ncommand = ['x']",
        ),
        "the source of an implementation that the set does not have",
        "7:8",
        "rust",
    );
    points(
        &scenario("exit = { delay = { \"s<3\" = '1s', default = '0s' } }\n[set.s]\nof = ['py']"),
        "`s` is a set, and a set has no version",
        "5:20",
        "\"s<3\"",
    );
}

#[test]
fn an_implementation_in_two_sets_that_say_different_things() {
    let sets = "\n[set.s]\nof = ['py']\n[set.t]\nof = ['py']\n";
    let text = scenario(&format!(
        "exit = {{ delay = {{ s = '1s', t = '2s' }} }}{sets}"
    ));
    points(&text, "`py` is in two sets: `s` and `t`", "5:30", "t");
    assert!(error(&text).contains("give `py` a value of its own"));
    let own = scenario(&format!(
        "exit = {{ delay = {{ s = '1s', t = '2s', py = '3s' }} }}{sets}"
    ));
    assert!(loaded(&own).is_ok());
}

#[test]
fn names_in_conditions_are_checked_too() {
    let there_is_none = "there is no implementation `rust`";
    for (table, column) in [
        ("log = [{ line = 'x', if = 'rust' }]", 27),
        ("log = [{ line = 'x', unless = ['rust'] }]", 32),
        (
            "log = [{ any-order = ['a', [{ line = 'b', if = 'rust' }]] }]",
            48,
        ),
        ("absent = [{ line = 'x', if = ['py', 'rust'] }]", 37),
        ("count = [{ line = 'x', times = 1, if = 'rust' }]", 40),
        (
            "delays = [{ from = 'a', to = 'b', about = '1s', if = 'rust' }]",
            54,
        ),
    ] {
        points(
            &scenario(table),
            there_is_none,
            &format!("5:{column}"),
            "'rust'",
        );
    }
    points(
        &scenario("[suite]\nimplementations = ['rust']"),
        there_is_none,
        "6:20",
        "'rust'",
    );
    points(
        &scenario("log = [{ line = 'x', if = '<3' }]"),
        "`<3` names no implementation and no set",
        "5:27",
        "'<3'",
    );
}

#[test]
fn a_version_that_nothing_finds_out() {
    let unknown = "the version of `py` is not known";
    points(
        &scenario("log = [{ line = 'x', if = 'py<3' }]"),
        unknown,
        "5:27",
        "'py<3'",
    );
    let deviation = scenario("deviates.py = { why = 'x', version = '<3' }");
    points(&deviation, unknown, "5:38", "'<3'");
    assert!(error(&deviation).contains("add a probe that prints it"));
    points(
        &scenario("deviates.py = 'old'\n[deviation.old]\nwhy = 'x'\nversion = '<3'"),
        unknown,
        "5:10",
        "py",
    );
    let probed = deviation.replace("command =", "probe = ['{program}', '-V']\ncommand =");
    assert!(loaded(&probed).is_ok());
}

#[test]
fn deviations_that_have_names() {
    points(
        &scenario("deviates.py = 'odl'\n[deviation.old]\nwhy = 'x'"),
        "there is no deviation `odl`",
        "5:10",
        "py",
    );
    points(
        &scenario("deviates.py = { use = 'odl' }"),
        "there is no deviation `odl`",
        "5:23",
        "'odl'",
    );
    points(
        &scenario("[deviation.old]\nabsent = ['x']"),
        "missing field `why`",
        "5:12",
        "old",
    );
    points(
        &scenario("[deviation.old]\nwhy = 'x'\nuse = 'other'"),
        "a deviation that has a name cannot be another one",
        "7:7",
        "'other'",
    );
}

#[test]
fn limits_of_nothing() {
    let nothing = "a limit of nothing";
    points(&scenario("timeout = '0s'"), nothing, "5:11", "'0s'");
    points(
        &scenario("[suite]\ntimeout = '0s'"),
        nothing,
        "6:11",
        "'0s'",
    );
    points(
        &scenario("[suite]\nbuild-timeout = '0ms'"),
        nothing,
        "6:17",
        "'0ms'",
    );
    assert!(loaded(&scenario("grace = '0s'\nsettle = '0s'")).is_ok());
}

#[test]
fn an_exit_that_comes_after_nothing() {
    let error = error(&scenario("exit = '2s'"));
    assert!(error.starts_with("error: how long after what?"), "{error}");
    assert!(error.contains("exit-after"), "{error}");
    assert!(loaded(&scenario("exit = '2s'\nexit-after = 'x'")).is_ok());
    points(
        &scenario("exit = 'soon'"),
        "`soon` is not a duration",
        "5:8",
        "'soon'",
    );
}

#[test]
fn bounds_that_cannot_be() {
    points(
        &scenario("exit = { delay = '1s', within = '2s' }"),
        "`delay` beside `within` or `at-least`",
        "5:18",
        "'1s'",
    );
    points(
        &scenario("delays = [{ from = 'a', to = 'b' }]"),
        "how long is the delay?",
        "5:11",
        "{ from = 'a', to = 'b' }",
    );
    assert!(loaded(&scenario("exit = { within = '2s', at-least = '1s' }")).is_ok());
}

#[test]
fn marks_that_are_never_seen() {
    points(
        &scenario("exit = { after = 'exit', delay = '1s' }"),
        "the exit cannot come after itself",
        "5:18",
        "'exit'",
    );
    points(
        &scenario("exit-after = 'exit'"),
        "the exit cannot come after itself",
        "5:14",
        "'exit'",
    );
    points(
        &scenario("exit = { after = 'SIGTERM', delay = '1s' }"),
        "the subject is never sent SIGTERM",
        "5:18",
        "'SIGTERM'",
    );
    points(
        &scenario("delays = [{ from = 'exit', to = 'b', about = '1s' }]"),
        "this delay can never be measured",
        "5:20",
        "'exit'",
    );
    points(
        &scenario("delays = [{ from = 'a', to = 'start', about = '1s' }]"),
        "this delay can never be measured",
        "5:30",
        "'start'",
    );
    points(
        &scenario(
            "delays = [{ from = { line = 'a', nth = 2, last = true }, to = 'b', about = '1s' }]",
        ),
        "`last` beside `nth`: one of them only",
        "5:20",
        "{ line = 'a', nth = 2, last = true }",
    );
    points(
        &scenario("delays = [{ from = { line = 'a', nth = 0 }, to = 'b', about = '1s' }]"),
        "invalid value: integer `0`",
        "5:40",
        "0",
    );
    points(
        &scenario("exit = { after = { line = 'exit' }, delay = '1s' }\nexit-after = 7"),
        "invalid type: integer `7`, expected a line, `\"start\"`",
        "6:14",
        "7",
    );
}

#[test]
fn signals_that_wait_for_what_cannot_be() {
    for (on, label) in [
        ("'exit'", "after the exit there is nothing"),
        ("{ line = 'a', last = true }", "known only after the exit"),
    ] {
        let text = scenario(&format!("signals = [{{ send = 'SIGTERM', on = {on} }}]"));
        points(&text, "an action cannot wait for this", "5:37", on);
        assert!(error(&text).contains(label), "{label}");
    }
    let once = error(&scenario(
        "signals = [{ send = 'SIGTERM', once = 'parked' }]",
    ));
    assert!(
        once.contains("is now written `when = \"blocked\"`"),
        "{once}"
    );
}

#[test]
fn events_that_the_scenario_has_not() {
    let on = "{ event = 'stdin closed' }";
    let text = scenario(&format!("signals = [{{ send = 'SIGTERM', on = {on} }}]"));
    points(
        &text,
        "the scenario has no event `stdin closed`",
        "5:37",
        on,
    );
    points(
        &scenario("signals = [{ send = 'SIGTERM', on = 'SIGINT' }]"),
        "the scenario has no event `SIGINT`",
        "5:37",
        "'SIGINT'",
    );
    points(
        &scenario("order = ['a', { event = 'stdin written' }]"),
        "the scenario has no event `stdin written`",
        "5:15",
        "{ event = 'stdin written' }",
    );
    let unknown = error(&scenario("order = [{ event = 'never heard of' }]"));
    assert!(
        unknown.contains("`never heard of` names no event"),
        "{unknown}"
    );
    for (request, why) in [
        ("{ name = 'a' }", "one of `http` and `idle = true`"),
        (
            "{ name = 'a b', http = '/' }",
            "it is empty or has white space",
        ),
        (
            "{ name = 'a', http = 'http://example.org/' }",
            "write a path such as `/slow`",
        ),
        ("{ name = 'a', http = '/', status = 99 }", "99 is no status"),
        (
            "{ name = 'a', http = '/', status = 'gone' }",
            "a status such as 200",
        ),
        (
            "{ name = 'a', http = '/' }, { name = 'a', http = '/' }",
            "two requests are named `a`",
        ),
    ] {
        let error = error(&scenario(&format!("requests = [{request}]")));
        assert!(error.contains(why), "{error}");
    }
    for (client, why) in [
        (
            "{ name = 'a b', command = ['x'] }",
            "it is empty or has white space",
        ),
        ("{ name = 'a', command = [] }", "name a program"),
        (
            "{ name = 'a', command = ['{port}'] }",
            "`{port}` is no placeholder here",
        ),
        (
            "{ name = 'a', command = ['x'] }, { name = 'a', command = ['x'] }",
            "two clients are named `a`",
        ),
    ] {
        let error = error(&scenario(&format!("clients = [{client}]")));
        assert!(error.contains(why), "{error}");
    }
    let answers = error(&scenario(
        "requests = [{ name = 'a', http = '/' }]\nanswers = { b = 200 }",
    ));
    assert!(
        answers.contains("no request `b`") && answers.contains("there are `a`"),
        "{answers}"
    );
    for (ready, why) in [
        ("{ status = 200, line = 'x' }", "`status` is for `http`"),
        ("'up'", "`up` is no way to be ready"),
        ("{ fd = 1 }", "0 to 2 are the standard streams"),
        ("{ file = 'a', fd = 3 }", "one of `line`"),
    ] {
        let error = error(&scenario(&format!("ready = {ready}")));
        assert!(error.contains(why), "{error}");
    }
    points(
        &scenario("actions = [{ write = 'x', close = 'stdin' }]"),
        "an action does one thing",
        "5:12",
        "{ write = 'x', close = 'stdin' }",
    );
}

#[test]
fn a_stream_that_is_not_known() {
    let merged = "the stream of a line is not known where the streams are merged";
    let log = "log = [{ line = 'x', stream = 'stderr' }]";
    points(&scenario(log), merged, "5:31", "'stderr'");
    points(
        &scenario("exit = { after = { line = 'x', stream = 'stderr' }, delay = '1s' }"),
        merged,
        "5:18",
        "{ line = 'x', stream = 'stderr' }",
    );
    assert!(loaded(&scenario(&format!("streams = 'split'\n{log}"))).is_ok());
    points(
        &scenario("signals = [{ send = 'SIGTERM', on = { line = 'x', stream = 'stderr' } }]"),
        merged,
        "5:37",
        "{ line = 'x', stream = 'stderr' }",
    );
    points(
        &scenario("streams = 'split'\nlog = [{ next = 'x', stream = 'stderr' }]"),
        "`stream` belongs to the line",
        "6:8",
        "{ next = 'x', stream = 'stderr' }",
    );
}

/// Nothing would ever come from it, so what is absent would hold for ever.
#[test]
fn a_line_from_a_file_where_none_is_read() {
    let none = "no file is read, so no line comes from one";
    let absent = "absent = [{ line = 'x', stream = 'file' }]";
    points(&scenario(absent), none, "5:34", "'file'");
    let ready = "ready = { line = 'x', stream = 'file' }";
    points(&scenario(ready), none, "5:32", "'file'");
    let line = "{ line = 'x', stream = 'file' }";
    let order = format!("order = [{line}, 'exit']");
    points(&scenario(&order), none, "5:10", line);
    let signal = format!("signals = [{{ send = 'SIGTERM', on = {line} }}]");
    points(&scenario(&signal), none, "5:37", line);
    for known in [absent, ready, &order, &signal] {
        assert!(loaded(&scenario(&format!("logs = ['x.log']\n{known}"))).is_ok());
    }
}

#[test]
fn counts_that_are_none() {
    points(
        &scenario("count = [{ line = 'x' }]"),
        "how often the line comes is missing",
        "5:10",
        "{ line = 'x' }",
    );
    points(
        &scenario("count = [{ line = 'x', at-least = 3, at-most = 2 }]"),
        "at least 3 and at most 2: no number is both",
        "5:10",
        "{ line = 'x', at-least = 3, at-most = 2 }",
    );
    points(
        &scenario("count = [{ times = 2 }]"),
        "no line: expected one of `line`, `contains`, `regex`",
        "5:10",
        "{ times = 2 }",
    );
    points(
        &scenario("count = [{ line = 'x', contains = 'y', times = 2 }]"),
        "`contains` beside `line`: one of them only",
        "5:10",
        "{ line = 'x', contains = 'y', times = 2 }",
    );
}

#[test]
fn ends_that_are_none() {
    points(
        &scenario("exit = { one-of = [0] }"),
        "`one-of` needs two ends at least",
        "5:19",
        "[0]",
    );
    points(
        &scenario("exit = { one-of = [0, 256] }"),
        "invalid value: integer `256`, expected an exit code from 0 to 255",
        "5:23",
        "256",
    );
    points(
        &scenario("exit = { one-of = [0, 1], code = 2 }"),
        "a subject ends in one way only",
        "5:8",
        "{ one-of = [0, 1], code = 2 }",
    );
    points(
        &scenario(
            "exit = { code = { rust = 1 }, signal = { rust = 'SIGINT' } }\n[implementation.rust]\ncommand = ['x']",
        ),
        "neither an exit code nor a signal for implementation `py`",
        "5:8",
        "{ code = { rust = 1 }, signal = { rust = 'SIGINT' } }",
    );
}

#[test]
fn placeholders_where_they_have_no_meaning() {
    for (key, value, word) in [
        ("build", "['make', '{scenario}']", "'{scenario}'"),
        ("probe", "['x', '{port}']", "'{port}'"),
    ] {
        let text = implementation(&format!("command = ['x']\n{key} = {value}"));
        let column = key.len() + 4 + value.find(word).unwrap();
        points(
            &text,
            "this command cannot be run",
            &format!("5:{column}"),
            word,
        );
    }
    points(
        &implementation("command = ['x']\nenv = { A = '{nothing}' }"),
        "this variable cannot be set",
        "5:13",
        "'{nothing}'",
    );
    points(
        &scenario("directory = 'a/{port}'"),
        "a placeholder that is none",
        "5:13",
        "'a/{port}'",
    );
}

#[test]
fn values_that_cannot_be() {
    for (name, why) in [
        (
            "Hello",
            "its name has lower-case letters, `-` and `_` alone",
        ),
        ("port", "this placeholder has a value already"),
    ] {
        let text = format!(
            "[suite]\nvalues.{name} = 'x'\n{}",
            implementation("command = ['x']")
        );
        points(
            &text,
            &format!("`{name}` cannot be the name of a value"),
            "2:8",
            name,
        );
        let told = error(&text);
        assert!(told.contains(why), "{told}");
    }
    let text = format!(
        "[suite]\nvalues.hello = 'x'\n{}",
        scenario("args = ['{helo}']")
    );
    let told = error(&text);
    let there = "there are `{scenario}`, `{implementation}`, `{root}`, `{port}` and `{hello}`";
    assert!(told.contains(there), "{told}");
}

#[test]
fn files_that_are_included() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    let load = || Suite::load(&directory.path().join("exeunt.toml"));
    write(
        "exeunt.toml",
        "[suite]\ninclude = ['more/*.toml']\n[implementation.py]\ncommand = ['x']\n",
    );
    let error = load().unwrap_err();
    assert!(
        error.to_string().contains("there is no such file"),
        "{error}"
    );
    assert_eq!(error.line(), Some(2));

    std::fs::create_dir(directory.path().join("more")).unwrap();
    write("more/a.toml", "[[scenario]]\nname = 'one'\n");
    write("more/b.toml", "[[scenario]]\nname = 'two'\nexit = 'soon'\n");
    let error = load().unwrap_err();
    assert!(error.path().ends_with("more/b.toml"), "{error}");
    assert_eq!(error.line(), Some(3));

    write("more/b.toml", "[[scenario]]\nname = 'one'\n");
    let error = load().unwrap_err();
    assert!(error.to_string().contains("more/a.toml, line 2"), "{error}");

    write("more/b.toml", "[suite]\nslack = '1s'\n");
    let error = load().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("an included file cannot have `[suite]`"),
        "{error}"
    );

    write("more/b.toml", "[[scenario]]\nname = 'two'\n");
    let ids: Vec<_> = load()
        .unwrap()
        .cases()
        .iter()
        .map(|case| case.id().to_string())
        .collect();
    assert_eq!(ids, ["one/py", "two/py"]);
}
