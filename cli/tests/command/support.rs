//! A small suite, and the command.

use std::fs;

use assert_cmd::Command;
use exeunt::cargo_bin;
use predicates::prelude::*;
use predicates::str::is_match;
use serde_json::Value;
use tempfile::TempDir;

/// A directory with a suite. Each scenario is a script; its implementations differ by the argument.
pub(crate) struct Suite(pub(crate) TempDir);

pub(crate) const SUITE: &str = r#"
[implementation.one]
command = ["sh", "{scenario}.sh", "one"]

[implementation.two]
command = ["sh", "{scenario}.sh", "two"]

[implementation.missing]
command = ["exeunt-no-such-tool"]
probe = ["{program}", "--version"]

[[scenario]]
name = "bye"
implementations = ["one", "two"]
present = ["bye"]

[[scenario]]
name = "code"
implementations = ["one", "two"]
exit = { code = { default = 0, two = 3 } }

[[scenario]]
name = "wrong"
implementations = ["one", "two"]
present = ["right"]
deviates.two = { why = "it has always been so", present = ["wrong"] }

[[scenario]]
name = "mended"
implementations = ["one"]
present = ["right"]
deviates.one = { why = "it used to be so", present = ["wrong"] }

[[scenario]]
name = "buffered"
implementations = ["one"]
exit = { code = 0, after = "Main : all done", delay = "0s" }

[[scenario]]
name = "absent"
implementations = ["missing"]
"#;

const SCRIPTS: [(&str, &str); 5] = [
    ("bye", "echo bye"),
    ("code", "[ $1 = two ] && exit 3; exit 0"),
    ("wrong", "echo wrong"),
    ("mended", "echo right"),
    // A line that was logged half a minute before it comes.
    (
        "buffered",
        "s=$(($(date +%s) - 30))\n\
         printf '%02d:%02d:%02d: Main : all done\\n' $((s / 3600 % 24)) $((s / 60 % 60)) $((s % 60))",
    ),
];

impl Suite {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("exeunt.toml"), SUITE).unwrap();
        for (name, script) in SCRIPTS {
            fs::write(dir.path().join(format!("{name}.sh")), script).unwrap();
        }
        fs::create_dir(dir.path().join("below")).unwrap();
        Self(dir)
    }

    pub(crate) fn exeunt(&self, args: &[&str]) -> Command {
        let mut command = exeunt(args);
        command.current_dir(self.0.path());
        command
    }
}

pub(crate) fn exeunt(args: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("exeunt"));
    command.args(args).env("TZ", "UTC");
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR"] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn line(pattern: &str) -> impl Predicate<str> {
    is_match(format!("(?m)^[ ╭│╰]*{pattern}")).unwrap()
}

pub(crate) fn json_lines(command: &mut Command) -> Vec<Value> {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
