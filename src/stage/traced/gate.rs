//! The gate: no jump while anything is on its way. A token goes round, beside a bomb that sleeps for a second; a clock that
//! jumps before the token has come to its end lets the bomb go off first.
//!
//! `ci/gate` runs it at length, on an idle machine and beside busy loops.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use super::clock::{Collect, Flow, VirtualClock};
use super::run;
use crate::record::Record;
use crate::stage::{Control, Plan};

const KINDS: [&str; 13] = [
    "cond",
    "timed-cond",
    "pipe",
    "unix",
    "eventfd",
    "tcp",
    "tcp-halves",
    "udp",
    "signal",
    "fork-pipe",
    "wait",
    "timerfd",
    "timer",
];

static RING: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = env!("CARGO_MANIFEST_DIR");
    let test = env::current_exe().expect("the path of this test");
    let out = test.with_file_name("exeunt-ring");
    // Another process may build it just now.
    let own = out.with_extension(std::process::id().to_string());
    let source = format!("{directory}/tests/traced/c/ring.c");
    let mut cc = Command::new("cc");
    cc.args(["-O1", "-pthread", "-o"]).arg(&own).arg(source);
    assert!(cc.status().expect("a C compiler").success());
    std::fs::rename(&own, &out).unwrap();
    out
});

/// One run. Frozen, so that no work of a slow machine moves the clock.
fn go_round(kind: &str, collect: Collect) -> Record {
    let mut clock = VirtualClock::collecting(collect, Flow::Frozen);
    let mut plan = Plan::new(&*RING);
    plan.args = vec![kind.into()];
    plan.bounds.timeout = Some(Duration::from_secs(100));
    let played = run(&plan, &mut Control::new(), &mut clock);
    assert_eq!(clock.taint(), None, "{kind}");
    played.unwrap()
}

/// Whether the bomb went off before the token had come to its end.
fn is_premature(record: &Record) -> bool {
    let lines: Vec<_> = record
        .lines()
        .map(|seen| seen.line.text().into_owned())
        .collect();
    lines != ["done", "bomb"]
}

fn runs() -> usize {
    env::var("EXEUNT_GATE_RUNS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2)
}

#[test]
fn no_jump_is_premature() {
    let mut premature = Vec::new();
    for kind in KINDS {
        for run in 0..runs() {
            let record = go_round(kind, Collect::Twice);
            if is_premature(&record) {
                premature.push((kind, run, record));
            }
        }
    }
    println!(
        "{} premature jumps in {} runs",
        premature.len(),
        KINDS.len() * runs()
    );
    assert!(premature.is_empty(), "{premature:#?}");
}

/// The counter-example: with one look only, the gate is not passed.
#[test]
fn one_look_is_not_enough() {
    const ENOUGH: usize = 400;
    let kinds = KINDS.iter().cycle().take(ENOUGH);
    let first = kinds
        .into_iter()
        .position(|kind| is_premature(&go_round(kind, Collect::Once)));
    println!("with one look, the first premature jump was in run {first:?}");
    assert!(first.is_some());
}
