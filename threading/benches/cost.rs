//! What a thread of this library costs, beside one of the standard library.
//!
//! Both are measured in turn, in one run, so that a machine whose speed drifts moves both alike; each figure is the median
//! of the ratios, pair by pair. `cargo bench --package exeunt-threading`

use std::hint::black_box;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};

use exeunt_threading::{self as threading, Handle, Thread};

fn main() {
    // Main is no part of what is measured, but under `run` it is as in a program that uses the library.
    _ = threading::run(|| {
        one_after_the_other();
        many_at_once(1_000, 21);
        many_at_once(10_000, 5);
    });
}

/// A name, as every thread of the library has one; the standard library's have none unless they are given it.
fn std_thread(function: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    Builder::new()
        .name("Thread-1".to_owned())
        .spawn(function)
        .expect("a thread")
}

fn our_thread(function: impl FnOnce() + Send + 'static) -> Handle {
    Thread::new(function).start().expect("a thread")
}

fn one_after_the_other() {
    const THREADS: u32 = 100;
    let mut unnamed = || (0..THREADS).for_each(|_| thread::spawn(work).join().expect("no panic"));
    let mut named = || (0..THREADS).for_each(|_| std_thread(work).join().expect("no panic"));
    let mut ours =
        || (0..THREADS).for_each(|_| our_thread(work).join().copied().expect("no panic"));
    let pairs = Pairs::measure(101, [&mut unnamed, &mut named, &mut ours]);
    println!(
        "start and join, one after the other: {}",
        pairs.figures(THREADS)
    );
}

/// So many threads live at the same time, with what the start of all takes, and their end.
fn many_at_once(count: usize, rounds: usize) {
    let (mut starts, mut ends) = (Pairs::default(), Pairs::default());
    let std_round = |named: bool| {
        round(count, move |function| {
            let thread = if named {
                std_thread(function)
            } else {
                thread::spawn(function)
            };
            move || thread.join().expect("no panic")
        })
    };
    let our_round = || {
        round(count, |function| {
            let thread = our_thread(function);
            move || thread.join().copied().expect("no panic")
        })
    };
    for _ in 0..rounds {
        let (unnamed, named, ours) = (std_round(false), std_round(true), our_round());
        starts.add([unnamed.0, named.0, ours.0]);
        ends.add([unnamed.1, named.1, ours.1]);
    }
    let count = u32::try_from(count).expect("not so many");
    println!("{count} at once, start: {}", starts.figures(count));
    println!("{count} at once, end:   {}", ends.figures(count));
}

fn round<J: FnOnce()>(
    count: usize,
    start: impl Fn(Box<dyn FnOnce() + Send>) -> J,
) -> (Duration, Duration) {
    let (open, gate) = gate();
    let begin = Instant::now();
    let threads: Vec<_> = (0..count)
        .map(|_| {
            let gate = gate.clone();
            start(Box::new(move || gate.wait()))
        })
        .collect();
    let started = begin.elapsed();
    let begin = Instant::now();
    open();
    threads.into_iter().for_each(|join| join());
    (started, begin.elapsed())
}

/// All who wait at the gate go when it is opened.
#[derive(Clone)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn wait(&self) {
        let closed = self.0.0.lock().expect("no panic");
        drop(self.0.1.wait_while(closed, |closed| *closed));
    }
}

fn gate() -> (impl FnOnce(), Gate) {
    let gate = Gate(Arc::new((Mutex::new(true), Condvar::new())));
    let opened = gate.clone();
    let open = move || {
        *opened.0.0.lock().expect("no panic") = false;
        opened.0.1.notify_all();
    };
    (open, gate)
}

fn work() {
    black_box(());
}

/// Times of the standard library's threads, unnamed and named, and of ours.
#[derive(Default)]
struct Pairs(Vec<[Duration; 3]>);

impl Pairs {
    fn measure(rounds: usize, variants: [&mut dyn FnMut(); 3]) -> Self {
        let mut pairs = Self::default();
        let [unnamed, named, ours] = variants;
        for _ in 0..rounds {
            pairs.add([time(unnamed), time(named), time(ours)]);
        }
        pairs
    }

    fn add(&mut self, times: [Duration; 3]) {
        self.0.push(times);
    }

    fn figures(&self, threads: u32) -> String {
        let each = |which: usize| median(self.0.iter().map(|times| times[which].as_secs_f64()));
        let ratio = |to: usize| {
            median(
                self.0
                    .iter()
                    .map(|times| times[2].as_secs_f64() / times[to].as_secs_f64()),
            )
        };
        let micros = |which| each(which) * 1e6 / f64::from(threads);
        format!(
            "{:.1} µs a thread; std {:.1}, named {:.1}; {:.2} × std, {:.2} × std with names",
            micros(2),
            micros(0),
            micros(1),
            ratio(0),
            ratio(1)
        )
    }
}

fn time(work: &mut dyn FnMut()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
