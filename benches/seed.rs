//! The seed's nine programs: `exeunt test` against running one after the other through `assert_cmd`.
//!
//! `cargo bench --bench seed`

use std::path::Path;
use std::time::Instant;

use exeunt::Cancel;
use exeunt::outcome::Summary;
use exeunt::runner::{Jobs, Progress, run};
use exeunt::suite::Suite;

fn main() {
    let suite =
        Suite::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("exeunt.toml")).expect("a suite");
    let seed = ["non_daemon", "daemon", "join"];
    let cases: Vec<_> = suite
        .cases()
        .iter()
        .filter(|c| {
            seed.contains(&c.scenario.as_str())
                && ["threading", "cpython", "std"].contains(&c.implementation.as_str())
        })
        .collect();
    let prepared = suite
        .prepare(&cases, &exeunt::stage::Real, None, |what| {
            eprintln!("{what}")
        })
        .expect("the fixtures build");

    let start = Instant::now();
    let mut summary = Summary::default();
    let cancel = Cancel::new().expect("a pipe");
    run(&prepared, &cases, Jobs::default(), &cancel, |progress| {
        if let Progress::Ended(outcome) = progress {
            summary.count(outcome.status);
        }
    });
    let side_by_side = start.elapsed().as_secs_f64();

    let start = Instant::now();
    for case in &cases {
        let words = prepared.command(case);
        assert_cmd::Command::new(&words[0])
            .args(&words[1..])
            .current_dir(suite.root())
            .assert()
            .success();
    }
    let in_turn = start.elapsed().as_secs_f64();

    println!("{} cases: {summary:?}", cases.len());
    println!("  exeunt, side by side             {side_by_side:6.2} s");
    println!(
        "  assert_cmd, one after another    {in_turn:6.2} s   {:.1} × exeunt",
        in_turn / side_by_side
    );
}
