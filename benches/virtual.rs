//! The seed's three cases with sleeps of 2 s, in several languages, on the real and on the virtual clock, and the same programs
//! without their sleep: `cargo bench --bench virtual --features trace`. An argument is the number of rounds (3 by default).
//! With `frozen` it tells instead how many runs of each end at one and the same time, where only jumps move the clock.
//!
//! The three are run one after the other in each round; a figure is the median over the rounds, the ratio the median of the
//! ratios of virtual to no sleep. What is not on this machine is left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use exeunt::record::Clock;
use exeunt::stage::{Control, Traced};
use exeunt::{Subject, secs};

const CASES: [&str; 3] = ["non_daemon", "daemon", "join"];

/// A language, and the words of its program.
struct Column {
    name: &'static str,
    words: Vec<String>,
}

fn source(name: &str) -> String {
    format!("{}/benches/virtual/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn built(words: &[&str]) -> bool {
    Command::new(words[0])
        .args(&words[1..])
        .status()
        .is_ok_and(|status| status.success())
}

fn there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The interpreter itself: `python3` may be a script that looks for it, and takes longer than CPython's start.
fn interpreter() -> String {
    let output = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output();
    let found = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    found
        .ok()
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| "python3".into())
}

fn columns(out: &Path) -> Vec<Column> {
    let path = |name: &str| out.join(name).display().to_string();
    let (c, rust, go, java) = (
        path("sleep-c"),
        path("sleep-rust"),
        path("sleep-go"),
        out.display().to_string(),
    );
    let static_c = path("sleep-c-static");
    let candidates = [
        (
            there("python3"),
            "CPython",
            vec![interpreter(), source("sleep.py")],
        ),
        (
            built(&[
                "rustc",
                "-O",
                "--edition",
                "2024",
                "-o",
                &rust,
                &source("sleep.rs"),
            ]),
            "Rust",
            vec![rust.clone()],
        ),
        (
            built(&["cc", "-O2", "-pthread", "-o", &c, &source("sleep.c")]),
            "C",
            vec![c.clone()],
        ),
        (
            built(&[
                "cc",
                "-O2",
                "-pthread",
                "-static",
                "-o",
                &static_c,
                &source("sleep.c"),
            ]),
            "C, static",
            vec![static_c.clone()],
        ),
        (
            built(&["go", "build", "-o", &go, &source("sleep.go")]),
            "Go, static",
            vec![go.clone()],
        ),
        (
            built(&["javac", "-d", &java, &source("Sleep.java")]),
            "Java",
            vec!["java".into(), "-cp".into(), java.clone(), "Sleep".into()],
        ),
        (
            there("node"),
            "Node",
            vec!["node".into(), source("sleep.mjs")],
        ),
    ];
    let there = candidates.into_iter().filter(|(there, ..)| *there);
    there
        .map(|(_, name, words)| Column { name, words })
        .collect()
}

/// How long a run takes, in milliseconds.
fn run(column: &Column, case: &str, seconds: &str, clock: Clock) -> f64 {
    let subject = Subject::new(&column.words[0])
        .args(&column.words[1..])
        .args([case, seconds])
        .timeout(secs(20))
        .clock(clock);
    let begun = Instant::now();
    let record = subject.run().expect("it runs");
    let took = begun.elapsed();
    record.assert().success();
    assert_eq!(record.clock, clock, "{:?}", record.findings);
    took.as_secs_f64() * 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What tracing costs a program that does next to nothing, and one that starts many processes.
fn overhead(rounds: usize) {
    println!("\n| on the real clock | not traced | traced | ratio |\n|---|---|---|---|");
    for (name, script) in [
        ("`true`", "true"),
        (
            "100 processes",
            "i=0; while [ $i -lt 100 ]; do (:); i=$((i+1)); done",
        ),
    ] {
        let run = |subject: Subject| {
            let begun = Instant::now();
            subject.run().expect("it runs").assert().success();
            begun.elapsed().as_secs_f64() * 1e3
        };
        let subject = || Subject::new("sh").args(["-c", script]).timeout(secs(20));
        let mut times: [Vec<f64>; 2] = Default::default();
        for _ in 0..20 * rounds {
            times[0].push(run(subject()));
            times[1].push(run(subject().lives()));
        }
        let ratios = times[1]
            .iter()
            .zip(&times[0])
            .map(|(traced, plain)| traced / plain)
            .collect();
        let [plain, traced] = times.map(median);
        println!(
            "| {name} | {plain:.2} ms | {traced:.2} ms | {:.2} |",
            median(ratios)
        );
    }
}

/// How many runs of a program end at the time at which most do, where only jumps move the clock.
fn determinism(columns: &[Column]) {
    const RUNS: usize = 20;
    println!("| {RUNS} runs of each | `non_daemon` | `daemon` | `join` |\n|---|---|---|---|");
    for column in columns {
        let cells = CASES.map(|case| match ends(column, case, RUNS) {
            Ok(ends) => {
                let most = ends.values().max().copied().unwrap_or_default();
                format!("{most} of {RUNS}")
            }
            Err(why) => why,
        });
        println!("| {} | {} |", column.name, cells.join(" | "));
    }
}

/// When runs end on the frozen clock, and how many do then; or why one fell back.
fn ends(column: &Column, case: &str, runs: usize) -> Result<BTreeMap<Duration, usize>, String> {
    let subject = Subject::new(&column.words[0])
        .args(&column.words[1..])
        .args([case, "2"])
        .timeout(secs(20))
        .clock(Clock::Virtual);
    let mut ends = BTreeMap::new();
    for _ in 0..runs {
        let record = subject
            .run_on(&Traced::frozen(), &mut Control::new())
            .expect("it runs");
        if record.clock != Clock::Virtual {
            let why: Vec<_> = record.findings.iter().map(ToString::to_string).collect();
            return Err(why.join("; "));
        }
        let exit = record.exit_event().expect("an exit");
        *ends.entry(exit.at).or_default() += 1;
    }
    Ok(ends)
}

fn main() {
    let rounds = std::env::args()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(3);
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    if std::env::args().any(|arg| arg == "frozen") {
        return determinism(&columns(&out));
    }
    println!(
        "| | case | real | virtual | without its sleep | virtual ÷ without |\n|---|---|---|---|---|---|"
    );
    for column in columns(&out) {
        for case in CASES {
            let mut times: [Vec<f64>; 3] = Default::default();
            for _ in 0..rounds {
                let runs = [
                    ("2", Clock::Monotonic),
                    ("2", Clock::Virtual),
                    ("0", Clock::Monotonic),
                ];
                for (own, (seconds, clock)) in times.iter_mut().zip(runs) {
                    own.push(run(&column, case, seconds, clock));
                }
            }
            let ratios = times[1]
                .iter()
                .zip(&times[2])
                .map(|(with, without)| with / without)
                .collect();
            let [real, virtual_, without] = times.map(median);
            println!(
                "| {} | `{case}` | {real:.0} ms | {virtual_:.1} ms | {without:.1} ms | {:.2} |",
                column.name,
                median(ratios)
            );
        }
    }
    overhead(rounds);
}
