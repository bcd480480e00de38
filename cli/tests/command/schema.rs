//! Every line of JSON that the command writes fits `docs/lines.schema.json`.

use std::collections::BTreeSet;
use std::fs;

use crate::lines_schema::problems;
use crate::support::{Suite, exeunt};

fn stdout(command: &mut assert_cmd::Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// The types of lines.
fn types(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["type"].as_str().unwrap().to_owned()
    });
    lines.collect()
}

#[test]
fn what_the_command_writes_fits_the_schema() {
    let suite = Suite::new();
    let kept = |run: &str| fs::read_to_string(suite.0.path().join(run).join("run.jsonl")).unwrap();
    let json = |args: &[&str]| stdout(&mut suite.exeunt(&[args, &["--format", "json"]].concat()));
    let mut all = json(&["list"]);
    all += &json(&["test", "--save", "whole"]);
    all += &json(&[
        "test",
        "bye",
        "wrong",
        "--partition",
        "slice:1/2",
        "--save",
        "part",
    ]);
    all += &json(&["judge", "whole"]);
    all += &json(&["report", "whole"]);
    all += &json(&["diff", "whole", "part"]);
    all += &stdout(&mut exeunt(&[
        "run",
        "--format",
        "json",
        "sh",
        "-c",
        "echo one; echo two >&2; exit 3",
    ]));
    all += &kept("whole");
    all += &kept("part");
    assert_eq!(problems(&all), Vec::<String>::new());
    let expected = [
        "begin", "case", "change", "end", "event", "listed", "outcome", "run", "start", "summary",
    ];
    assert!(types(&all).iter().eq(&expected), "{:?}", types(&all));
}

/// JSON escapes control characters, but not this one; a terminal's filter takes it out.
#[test]
fn what_a_subject_printed_is_in_the_json_byte_for_byte() {
    let text = stdout(&mut exeunt(&[
        "run",
        "--format",
        "json",
        "printf",
        "a\\177\\033[1mb\\302\\233\\n",
    ]));
    let line: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(line["bytes"], "a\u{7f}\u{1b}[1mb\u{9b}", "{text}");
}
