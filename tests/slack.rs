//! The slack as a model: how often is a verdict wrong, on generated records of a machine that lags and stalls?
//!
//! The machine: of 100 runs, 90 are late by up to 20 ms, 9 by up to 0.3 s, and 1 stalls for up to 1.2 s, as was measured on
//! two processors with four busy children. Both the line and the exit come late by any part of that. The subject is *right*
//! if its exit follows its line after just 2 s, *wrong* if it follows after 0 s, 1 s or 3 s. What the record says of the lag
//! is all of it, or, where the canary is half blind, between a half and all.
//!
//! `cargo test --test slack -- --nocapture` prints the rates.

use std::time::Duration;

use exeunt::expect::{Delay, Expectation, Mark};
use exeunt::judge::{Verdict, judge};
use exeunt::record::Exit;
use exeunt::{Record, Subject, millis, secs};

/// Runs of each kind.
const RUNS: u32 = 20_000;

/// Numbers that look random and are the same each time (xorshift).
struct Random(u64);

impl Random {
    /// From 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    fn part(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.part())
    }

    /// By how much the machine is late in a run.
    fn lag(&mut self) -> Duration {
        let most = match self.part() {
            part if part < 0.90 => millis(20),
            part if part < 0.99 => millis(300),
            _ => millis(1200),
        };
        self.up_to(most)
    }
}

/// How many runs came out how, of [`RUNS`].
#[derive(Debug, Default)]
struct Rates {
    held: f64,
    inconclusive: f64,
    broken: f64,
}

/// The verdicts on runs whose exit really came this long after the line, where 2 s are expected. The canary saw at least this
/// part of the lag.
fn rates(really: Duration, canary_sees: f64) -> Rates {
    let expectation = Expectation::nothing().delay(Delay::about("done", Mark::Exit, secs(2)));
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut rates = Rates::default();
    for _ in 0..RUNS {
        let lag = random.lag();
        let (line, exit) = (random.up_to(lag), random.up_to(lag));
        let mut record = Record::new(["subject"])
            .with(secs(1) + line, "done")
            .with(secs(1) + really + exit, Exit::Code(0));
        let seen = canary_sees + (1.0 - canary_sees) * random.part();
        record.lag.canary = lag.mul_f64(seen);
        *match judge(&record, &expectation).verdict() {
            Verdict::Held => &mut rates.held,
            Verdict::Inconclusive => &mut rates.inconclusive,
            Verdict::Broken => &mut rates.broken,
        } += 1.0 / f64::from(RUNS);
    }
    println!("really {really:?}, of its lag seen at least {canary_sees}: {rates:.5?}");
    rates
}

#[test]
fn a_right_subject_is_never_broken_where_the_lag_is_known() {
    let rates = rates(secs(2), 1.0);
    assert!(rates.broken == 0.0, "{rates:?}");
    assert!(rates.inconclusive < 0.02, "{rates:?}");
    assert!(rates.inconclusive > 0.0, "the model has stalls: {rates:?}");
}

#[test]
fn a_right_subject_is_rarely_broken_where_half_of_the_lag_is_not_seen() {
    let rates = rates(secs(2), 0.5);
    assert!(rates.broken < 0.0005, "{rates:?}");
    assert!(rates.inconclusive < 0.02, "{rates:?}");
}

#[test]
fn a_wrong_subject_hardly_ever_holds() {
    for really in [0, 1, 3] {
        for canary_sees in [1.0, 0.5] {
            let rates = rates(secs(really), canary_sees);
            assert!(rates.held < 0.0005, "{really} s: {rates:?}");
            assert!(rates.inconclusive < 0.02, "{really} s: {rates:?}");
            assert!(rates.broken > 0.97, "{really} s: {rates:?}");
        }
    }
}

#[test]
fn without_the_measured_lag_there_would_be_false_reds() {
    // The counter-example: what the lag in a record is good for.
    let rates = rates(secs(2), 0.0);
    assert!(rates.broken > 0.0, "{rates:?}");
}

/// Where main only waits, its own waiting for a processor tells nothing of the threads that work.
#[test]
fn on_a_crowded_machine_what_works_is_likely_to_have_queued() {
    let sh = |script| Subject::new("sh").args(["-c", script]).run().unwrap();
    let busy = "while :; do :; done";
    let mut crowd: Vec<_> = (0..16)
        .map(|_| {
            std::process::Command::new("sh")
                .args(["-c", busy])
                .spawn()
                .unwrap()
        })
        .collect();
    let works = sh("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; sleep 0.3");
    let sleeps = sh("sleep 0.4");
    for one in &mut crowd {
        one.kill().unwrap();
        one.wait().unwrap();
    }
    let processors = std::thread::available_parallelism().unwrap().get();
    if processors >= 16 || !std::path::Path::new("/proc/loadavg").exists() {
        eprintln!("warning: SKIPPED: 16 processes do not crowd this machine");
        return;
    }
    let worked = works.usage.user + works.usage.system;
    assert!(works.lag.queued > worked / 2, "{:?}", works.lag);
    assert!(sleeps.lag.queued < works.lag.queued / 3, "{:?}", sleeps.lag);
}
