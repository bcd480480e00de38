//! What a watched run costs: `true` through `Subject::run` against `std::process::Command::output` and `assert_cmd`.
//!
//! The three are run in turn, so that a machine whose speed drifts moves all of them alike; the figure is the median of the
//! ratios pair by pair. `cargo bench --bench overhead`

use std::process::Command;
use std::time::{Duration, Instant};

use exeunt::Subject;

const ROUNDS: usize = 300;

fn time(f: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    f();
    start.elapsed()
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("no NaN"));
    values[values.len() / 2]
}

fn main() {
    let mut std_output = || {
        assert!(
            Command::new("true")
                .output()
                .expect("true runs")
                .status
                .success()
        );
    };
    let mut assert_cmd = || {
        assert_cmd::Command::new("true").assert().success();
    };
    let mut subject = || {
        Subject::new("true")
            .run()
            .expect("true runs")
            .assert()
            .success();
    };
    let (mut plain, mut by_assert_cmd, mut watched) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(time(&mut std_output).as_secs_f64());
        by_assert_cmd.push(time(&mut assert_cmd).as_secs_f64());
        watched.push(time(&mut subject).as_secs_f64());
    }
    let ratio = |of: &[f64], to: &[f64]| median(of.iter().zip(to).map(|(a, b)| a / b).collect());
    println!("one run of `true`, median of {ROUNDS} rounds");
    for (name, times) in [
        ("std::process::Command::output", &plain),
        ("assert_cmd", &by_assert_cmd),
        ("exeunt::Subject::run", &watched),
    ] {
        let ms = median(times.clone()) * 1e3;
        println!(
            "  {name:<30} {ms:7.3} ms   {:.2} × std",
            ratio(times, &plain)
        );
    }
}
