//! The fast columns of the suite on both clocks: the same outcome of each case, and none falls back. `ci/differential` does it for
//! the whole suite.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

const COLUMNS: [&str; 4] = ["threading", "cpython", "c-return", "c-pthread_exit"];
/// Scenarios of each kind: waiting, daemons, exit codes, hangs, signals, forks.
const SCENARIOS: [&str; 22] = [
    "non_daemon",
    "daemon",
    "join",
    "spawn_during_shutdown",
    "longest_thread_wins",
    "join_timeout",
    "timer",
    "timer_cancelled",
    "daemon_inherited",
    "daemon_runs_during_at_exit",
    "exit_code",
    "main_fails",
    "thread_fails",
    "os_exit_during_joins",
    "at_exit_order",
    "hang_lock_held",
    "hang_waits_for_at_exit",
    "sigterm_during_joins",
    "sigint_ignored",
    "fork_in_main",
    "fork_in_thread",
    "exec_replaces",
];

/// The status of each case, and the clock that it was on. Cases that were skipped are left out.
fn outcomes(clock: &str) -> BTreeMap<String, (String, String)> {
    let mut command = Command::new(exeunt::cargo_bin!("exeunt"));
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    command.args(["test", "--format", "json", "--clock", clock]);
    for scenario in SCENARIOS {
        command.args(["--scenario", scenario]);
    }
    for column in COLUMNS {
        command.args(["--implementation", column]);
    }
    let output = command.output().expect("exeunt runs");
    let text = String::from_utf8(output.stdout).expect("JSON");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines
        .filter(|line| line["type"] == "case" && line["record"].is_object())
        .filter(|line| COLUMNS.contains(&word(&line["implementation"]).as_str()))
        .map(|line| {
            let id = format!(
                "{}/{}",
                word(&line["scenario"]),
                word(&line["implementation"])
            );
            (id, (word(&line["status"]), word(&line["record"]["clock"])))
        })
        .collect()
}

#[test]
fn the_fast_columns_have_the_same_outcomes_on_both_clocks() {
    let (real, virtual_) = (outcomes("real"), outcomes("virtual"));
    assert!(real.len() >= 20, "{real:?}");
    assert!(real.keys().eq(virtual_.keys()));
    for (case, (status, clock)) in &real {
        let (on_virtual, its) = &virtual_[case];
        assert_eq!(
            (clock.as_str(), its.as_str()),
            ("monotonic", "virtual"),
            "{case}"
        );
        // What the machine was too slow for is the real clock's alone.
        assert!(
            status == on_virtual || status == "inconclusive",
            "{case}: {status}, {on_virtual}"
        );
    }
}
