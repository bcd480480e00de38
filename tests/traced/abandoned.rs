//! A harness that is killed leaves nothing behind, also of what it traces.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use exeunt::record::Clock;

use super::support::{program, sh};

const SIDE: &str = "EXEUNT_TEST_HARNESS";

/// Not a test of its own: what the harness does that is killed. It makes subjects of all kinds, one after the other.
#[test]
fn a_harness_that_is_to_be_killed() {
    let Some(clock) = std::env::var_os(SIDE) else {
        return;
    };
    let clock = match clock == "virtual" {
        true => Clock::Virtual,
        false => Clock::Monotonic,
    };
    loop {
        let subjects = [
            sh("setsid sh -c 'while :; do sleep 0.01; done' & (sleep 5 &) ; sleep 0.05"),
            program("threads").args(["3", "20", "stay"]),
            sh("while :; do :; done"),
        ];
        for subject in subjects {
            let limit = Duration::from_millis(300);
            let _ = subject.lives().clock(clock).timeout(limit).run();
        }
    }
}

/// The processes of subjects of a harness: they have its mark.
fn of_harness(pid: u32) -> Vec<String> {
    let mark = format!("EXEUNT_RUN={pid}-");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let processes = processes.map(|entry| entry.path());
    let marked = processes.filter(|path| {
        let environment = fs::read(path.join("environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable.starts_with(mark.as_bytes()))
    });
    marked.map(|path| path.display().to_string()).collect()
}

#[test]
fn nothing_is_left_of_a_harness_that_is_killed_at_any_moment() {
    let kills: u64 = std::env::var("EXEUNT_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(6);
    for kill in 0..kills {
        let clock = ["real", "virtual"][(kill % 2) as usize];
        let mut harness = Command::new(std::env::current_exe().unwrap());
        harness.args([
            "--exact",
            "abandoned::a_harness_that_is_to_be_killed",
            "--nocapture",
        ]);
        harness
            .env(SIDE, clock)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let mut harness = harness.spawn().unwrap();
        // Spread over the first runs: the moment is not one that the harness chooses.
        std::thread::sleep(Duration::from_millis(150 + kill * 37 % 700));
        harness.kill().unwrap();
        harness.wait().unwrap();
        let begun = Instant::now();
        while !of_harness(harness.id()).is_empty() {
            let left = of_harness(harness.id());
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{clock}: {left:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
