//! Cases that need a process of their own: each is a small program, the *subject*, and what is to be seen of it.
//!
//! The subject of a case is this very binary, started again with the case's name in `SUBJECT`.

mod callbacks;
mod case;
mod edges;
mod fork;
mod killing;
mod patience;
mod payloads;
mod pools;
mod seen;
mod status;
mod streams;
mod teardown;
mod waiting;
mod words;

use std::env;
use std::process::ExitCode;

use case::Case;
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    match env::var(case::SUBJECT) {
        Ok(name) => cases()
            .find(|case| case.name == name)
            .expect("no such subject")
            .run_subject(),
        Err(_) => {
            let mut arguments = Arguments::from_args();
            // As libtest does, which libtest-mimic does not.
            let asked = || env::var("RUST_TEST_THREADS").ok()?.parse().ok();
            arguments.test_threads = arguments.test_threads.or_else(asked);
            libtest_mimic::run(&arguments, cases().map(trial).collect()).exit_code()
        }
    }
}

fn cases() -> impl Iterator<Item = Case> {
    let topics = [
        waiting::cases(),
        killing::cases(),
        status::cases(),
        callbacks::cases(),
        fork::cases(),
        edges::cases(),
        patience::cases(),
        payloads::cases(),
        pools::cases(),
        streams::cases(),
        teardown::cases(),
    ];
    topics.into_iter().flatten()
}

fn trial(case: Case) -> Trial {
    Trial::test(case.name, move || {
        case.judge();
        Ok(())
    })
}
