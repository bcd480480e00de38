//! Many runs side by side: is there ever a false verdict, or something left behind?
//!
//! `cargo bench --bench load -- [CASES] [DESCRIPTORS]`: CASES scenarios (1,000) of `sleep 1`, expected to take just that, at 12,
//! 64, 200 and 500 jobs, with DESCRIPTORS at most (as `ulimit -n`; by default as it is). Prints how many came out how, the
//! time, and what was left in the directory for temporary files.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::time::Instant;

use exeunt::Cancel;
use exeunt::runner::{Progress, run};
use exeunt::suite::Suite;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

const SUITE: &str = r#"
[implementation.sh]
command = ["sleep", "1"]

[[scenario]]
name = "sleeps"
exit = { code = 0, delay = "1s" }
"#;

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .map(|a| a.parse().expect("a number"));
    let count = numbers.next().unwrap_or(1000);
    if let Some(limit) = numbers.next() {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
        setrlimit(Resource::RLIMIT_NOFILE, limit as u64, hard).expect("a lower limit");
    }
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("exeunt.toml");
    fs::write(&file, SUITE).expect("a file");
    let suite = Suite::load(&file).expect("a suite");
    let one: Vec<_> = suite.cases().iter().collect();
    let prepared = suite
        .prepare(&one, &exeunt::stage::Real, None, |_| {})
        .expect("nothing to build");
    let cases: Vec<_> = (0..count).map(|_| one[0]).collect();
    println!("{count} × `sleep 1`");
    for jobs in [12, 64, 200, 500] {
        let jobs = NonZeroUsize::new(jobs).expect("a job at least");
        let cancel = Cancel::new().expect("a pipe");
        let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
        let start = Instant::now();
        run(&prepared, &cases, jobs, &cancel, |progress| {
            if let Progress::Ended(outcome) = progress {
                *statuses.entry(format!("{:?}", outcome.status)).or_default() += 1;
            }
        });
        let took = start.elapsed().as_secs_f64();
        println!("  {jobs:>3} jobs  {took:6.2} s  {statuses:?}");
    }
}
