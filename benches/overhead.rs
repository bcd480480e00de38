//! What a watched run costs, beside `std::process::Command::output` and `assert_cmd`, in one run.
//!
//! `cargo bench --bench overhead`; as users' tests are built: `cargo bench --bench overhead --profile dev`. With arguments,
//! only these parts: `small`, `large`, `flood`.
//!
//! The variants of a round are run in random order, so that a machine whose speed drifts moves all of them alike. A figure is
//! the median over the rounds, a ratio the median of the ratios round by round.

use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use exeunt::Subject;

/// One way to run a command to its end.
struct Variant {
    name: &'static str,
    run: fn(&[&str]),
}

const VARIANTS: [Variant; 3] = [
    Variant {
        name: "std::process::Command::output",
        run: |words| {
            let output = Command::new(words[0]).args(&words[1..]).output();
            assert!(output.expect("it runs").status.success());
        },
    },
    Variant {
        name: "assert_cmd",
        run: |words| {
            let mut command = assert_cmd::Command::new(words[0]);
            command.args(&words[1..]).assert().success();
        },
    },
    Variant {
        name: "exeunt::Subject::run",
        run: |words| {
            let record = Subject::new(words[0]).args(&words[1..]).run();
            record.expect("it runs").assert().success();
        },
    },
];

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The indices of the variants in random order.
fn shuffled() -> [usize; 3] {
    let mut order = [0, 1, 2];
    let random = RandomState::new();
    order.sort_by_key(|i| random.hash_one(i));
    order
}

fn compare(what: &str, words: &[&str], rounds: usize) {
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..rounds {
        for i in shuffled() {
            let start = Instant::now();
            (VARIANTS[i].run)(words);
            times[i].push(start.elapsed().as_secs_f64());
        }
    }
    println!("{what}, median of {rounds} rounds");
    for (variant, own) in VARIANTS.iter().zip(&times) {
        let ratios = own.iter().zip(&times[0]).map(|(own, std)| own / std);
        let (ms, ratio) = (median(own.clone()) * 1e3, median(ratios.collect()));
        println!("  {:<30} {ms:8.3} ms   {ratio:5.2} × std", variant.name);
    }
}

fn main() {
    let parts: Vec<_> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let chosen = |part: &str| parts.is_empty() || parts.iter().any(|p| p == part);
    if chosen("small") {
        compare("`true`", &["true"], 300);
    }
    if chosen("large") {
        let mut memory = vec![0_u8; 1 << 30];
        memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
        compare("`true`, from a process of 1 GiB", &["true"], 100);
        black_box(memory);
    }
    if chosen("flood") {
        let flood = "yes 0123456789abcde | head -c 300000000";
        compare("300 MB in lines of 16 bytes", &["sh", "-c", flood], 5);
        let flood = format!("yes {} | head -c 300000000", "x".repeat(79));
        compare("300 MB in lines of 80 bytes", &["sh", "-c", &flood], 5);
    }
}
