//! Many runs of every case on a machine that is kept busy: is there ever a false verdict?
//!
//! `cargo bench --bench soak -- [RUNS] [LOAD] [JOBS] [FILTER]`: each case RUNS times (200), JOBS side by side (8), while LOAD
//! other processes (2) do nothing but use the processors. Prints for each case how often it came out how, and how far its
//! exit delay was from the expected one. This is how the default slack was chosen.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Instant;

use exeunt::Cancel;
use exeunt::judge::elapsed;
use exeunt::outcome::{CaseId, Observed, Outcome};
use exeunt::runner::{Progress, run};
use exeunt::suite::Suite;

/// A process that uses a processor, ended when this is dropped.
struct Load(Child);

impl Load {
    fn start() -> Self {
        Self(
            Command::new("sh")
                .args(["-c", "while :; do :; done"])
                .spawn()
                .expect("a shell"),
        )
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[derive(Default)]
struct Tally {
    statuses: BTreeMap<String, usize>,
    reruns: usize,
    /// Observed less expected exit delay, in ms, and the lag measured in that run.
    off: Vec<(f64, f64)>,
}

fn main() {
    let mut args = std::env::args().skip(1).filter(|a| a != "--bench");
    let mut number = |default: usize| {
        args.next()
            .map_or(default, |a| a.parse().expect("a number"))
    };
    let (runs, load, jobs) = (number(200), number(2), number(8));
    let filter = args.next().unwrap_or_default();

    let suite =
        Suite::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("exeunt.toml")).expect("a suite");
    let chosen: Vec<_> = suite
        .cases()
        .iter()
        .filter(|c| c.id().to_string().contains(&filter))
        .collect();
    let prepared = suite
        .prepare(&chosen, &exeunt::stage::Real, None, |what| {
            eprintln!("{what}")
        })
        .expect("the fixtures build");
    let cases: Vec<_> = (0..runs).flat_map(|_| chosen.iter().copied()).collect();
    let _load: Vec<_> = (0..load).map(|_| Load::start()).collect();

    let start = Instant::now();
    let mut tallies: BTreeMap<CaseId, Tally> = BTreeMap::new();
    let cancel = Cancel::new().expect("a pipe");
    run(
        &prepared,
        &cases,
        NonZeroUsize::new(jobs).expect("a job at least"),
        &cancel,
        |progress| {
            let Progress::Ended(outcome) = progress else {
                return;
            };
            let tally = tallies.entry(outcome.case.clone()).or_default();
            let status = serde_json::to_string(&outcome.status).expect("a word");
            *tally
                .statuses
                .entry(status.trim_matches('"').to_owned())
                .or_default() += 1;
            tally.reruns += usize::from(outcome.runs > 1);
            tally.off.extend(off(&outcome));
            if let Some(Observed { record, judgement }) = &outcome.observed
                && !outcome.status.is_expected()
            {
                let timeline = exeunt::report::timeline(record, Some(judgement));
                eprintln!(
                    "{}
{timeline}",
                    outcome.case
                );
            }
        },
    );
    println!(
        "{runs} runs of each case, {jobs} side by side, {load} busy processes, {:.0} s",
        start.elapsed().as_secs_f64()
    );
    for (case, tally) in tallies {
        println!("{case}: {:?}, {} run again", tally.statuses, tally.reruns);
        show(&tally.off);
    }
}

/// Observed less expected exit delay, and the lag of the run, in ms.
fn off(outcome: &Outcome) -> Option<(f64, f64)> {
    let record = &outcome.observed.as_ref()?.record;
    let delay = outcome.expectation.exit_delay()?;
    let off = elapsed(record, delay)? - delay.bound.least().as_secs_f64();
    Some((off * 1e3, record.lag.total().as_secs_f64() * 1e3))
}

fn show(off: &[(f64, f64)]) {
    let column = |f: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = off.iter().map(f).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let at = |values: &[f64], q: f64| values[((values.len() - 1) as f64 * q) as usize];
    for (name, values) in [("off by", column(|o| o.0)), ("lag", column(|o| o.1))] {
        if !values.is_empty() {
            let [min, p1, p50, p99, max] = [0.0, 0.01, 0.5, 0.99, 1.0].map(|q| at(&values, q));
            println!(
                "    {name:<7} ms  min {min:8.1}  p1 {p1:8.1}  p50 {p50:8.1}  p99 {p99:8.1}  max {max:8.1}"
            );
        }
    }
}
