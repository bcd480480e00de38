//! sleep CASE SECONDS: one of the seed's three cases.

use std::time::Duration;
use std::{env, thread};

fn main() {
    let args: Vec<String> = env::args().collect();
    let seconds: f64 = args[2].parse().unwrap();
    let worker = thread::spawn(move || {
        println!("Thread 1 : starting");
        thread::sleep(Duration::from_secs_f64(seconds));
        println!("Thread 1 : finishing");
    });
    if args[1] != "daemon" {
        worker.join().unwrap();
    }
    println!("Main : all done");
}
