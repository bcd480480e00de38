//! What hangs on the virtual clock is known to hang for ever, and the verdict tells who waits for whom, as it does on the real clock.

use std::time::{Duration, Instant};

use exeunt::record::{Clock, Finding, Record};
use exeunt::{Subject, millis, secs};

use super::support::{program, sh};

/// Runs until a time limit by that clock: an hour takes no time on the virtual one.
fn run(subject: &Subject, clock: Clock, limit: Duration) -> Record {
    let subject = subject.clone().timeout(limit).grace(millis(100));
    let record = subject.clock(clock).run().unwrap();
    assert_eq!(record.clock, clock, "{:?}", record.findings);
    record
}

fn run_virtual(subject: &Subject) -> Record {
    let begun = Instant::now();
    let record = run(subject, Clock::Virtual, secs(3600));
    assert!(begun.elapsed() < secs(15), "{:?}", begun.elapsed());
    record
}

/// What keeps the subject. Thread ids differ from run to run.
fn kept(record: &Record) -> Option<String> {
    let mut processes = record.ended_by_harness.iter();
    let own = processes.find(|process| process.pid == record.pid)?;
    Some(
        own.kept_alive_by()?
            .replace(|c: char| c.is_ascii_digit(), ""),
    )
}

fn verdict(record: &Record) -> String {
    record.assert().try_success().unwrap_err().to_string()
}

/// Wants this sentence on each clock; in the verdict on the virtual one.
fn is_kept_by(subject: &Subject, sentence: &str) {
    let record = run_virtual(subject);
    assert!(record.findings.contains(&Finding::HangsForEver));
    assert_eq!(kept(&record).as_deref(), Some(sentence));
    let text = verdict(&record).replace(|c: char| c.is_ascii_digit(), "");
    let wanted = format!("observed: it hangs for ever: {sentence} (still");
    assert!(text.contains(&wanted), "{text}");
    // A crowded machine may not let it come so far in a second.
    let on_real = [1, 4, 16].map(|limit| {
        move || {
            let record = run(subject, Clock::Monotonic, secs(limit));
            assert!(!record.findings.contains(&Finding::HangsForEver));
            kept(&record).as_deref() == Some(sentence)
        }
    });
    assert!(on_real.iter().any(|is_so| is_so()), "{sentence}");
}

#[test]
fn two_threads_that_wait_for_the_lock_of_each_other() {
    let name = "`traced-hangs` ()";
    let deadlock =
        format!("deadlock: {name} waits for a lock of {name}, {name} waits for a lock of {name}");
    is_kept_by(&program("hangs").arg("locks"), &deadlock);
}

#[test]
fn a_join_of_a_thread_that_waits_for_the_joiner() {
    let name = "`traced-hangs` ()";
    let deadlock = format!("deadlock: {name} joins {name}, {name} waits for a lock of {name}");
    is_kept_by(&program("hangs").arg("join"), &deadlock);
}

#[test]
fn a_pipe_that_nobody_will_write() {
    let sentence = "its main thread waits for descriptor , a pipe held by pid  traced-hangs";
    is_kept_by(&program("hangs").arg("pipe"), sentence);
}

/// A condition does not tell by whom it will be signalled.
#[test]
fn a_wait_of_which_the_system_does_not_tell_for_whom() {
    let record = run_virtual(&program("hangs").arg("cond"));
    assert_eq!(kept(&record), None);
    let text = verdict(&record);
    assert!(
        text.contains("it hangs for ever: each thread waits for another or for input"),
        "{text}"
    );
}

#[test]
fn a_shell_whose_child_hangs() {
    let record = run_virtual(&sh("cat; true").keep_stdin_open());
    let text = verdict(&record);
    assert!(
        text.contains("its main thread waits for a child process; of pid ")
            && text.contains("its main thread waits for descriptor 0, a pipe held by pid"),
        "{text}"
    );
}

/// The counter-example: what sleeps beyond its time limit does not hang for ever. On the virtual clock its sleep is another call, and
/// is told as a sleep all the same.
#[test]
fn a_sleep_is_no_hang() {
    for subject in [program("hangs").arg("sleep"), sh("exec sleep 10000")] {
        for clock in [Clock::Monotonic, Clock::Virtual] {
            let record = run(&subject, clock, secs(1));
            assert!(!record.findings.contains(&Finding::HangsForEver));
            let text = verdict(&record);
            assert!(text.contains("observed: still running after"), "{text}");
            // On a crowded machine it may not have come so far on the real one.
            let sleeps = text.contains("its main thread sleeps")
                && text.contains("blocked in clock_nanosleep: sleeps");
            assert!(sleeps || clock != Clock::Virtual, "{text}");
        }
    }
}
