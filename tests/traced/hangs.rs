//! What hangs on the virtual clock is known to hang for ever, and the verdict tells who waits for whom, as it does on the real clock.

use std::time::{Duration, Instant};

use exeunt::record::{Clock, Finding, Record};
use exeunt::{Subject, millis, secs};

use super::support::{program, sh};

/// Its time limit is an hour on the virtual clock, which takes no time, and a moment on the real one.
fn run(subject: &Subject, clock: Clock) -> Record {
    let limit = match clock {
        Clock::Virtual => secs(3600),
        _ => secs(1),
    };
    let begun = Instant::now();
    let subject = subject.clone().timeout(limit).grace(millis(100));
    let record = subject.clock(clock).run().unwrap();
    assert_eq!(record.clock, clock, "{:?}", record.findings);
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    record
}

fn verdict(record: &Record) -> String {
    record.assert().try_success().unwrap_err().to_string()
}

/// What keeps the subject, on each clock. Thread ids differ from run to run.
fn kept_by(subject: &Subject) -> [Option<String>; 2] {
    [Clock::Monotonic, Clock::Virtual].map(|clock| {
        let record = run(subject, clock);
        let hangs = record.findings.contains(&Finding::HangsForEver);
        assert_eq!(hangs, clock == Clock::Virtual, "{record:#?}");
        let mut processes = record.ended_by_harness.iter();
        let own = processes.find(|process| process.pid == record.pid)?;
        let sentence = own.kept_alive_by();
        let text = verdict(&record);
        if let (true, Some(sentence)) = (hangs, &sentence) {
            let wanted = format!("observed: it hangs for ever: {sentence}");
            assert!(text.contains(&wanted), "{text}");
        }
        let ids = |c: char| c.is_ascii_digit();
        sentence.map(|sentence| sentence.replace(ids, ""))
    })
}

fn both(sentence: &str) -> [Option<String>; 2] {
    [Some(sentence.to_owned()), Some(sentence.to_owned())]
}

#[test]
fn two_threads_that_wait_for_the_lock_of_each_other() {
    let name = "`traced-hangs` ()";
    let deadlock =
        format!("deadlock: {name} waits for a lock of {name}, {name} waits for a lock of {name}");
    assert_eq!(kept_by(&program("hangs").arg("locks")), both(&deadlock));
}

#[test]
fn a_join_of_a_thread_that_waits_for_the_joiner() {
    let name = "`traced-hangs` ()";
    let deadlock = format!("deadlock: {name} joins {name}, {name} waits for a lock of {name}");
    assert_eq!(kept_by(&program("hangs").arg("join")), both(&deadlock));
}

#[test]
fn a_pipe_that_nobody_will_write() {
    let sentence = "its main thread waits for descriptor , a pipe held by pid  traced-hangs";
    assert_eq!(kept_by(&program("hangs").arg("pipe")), both(sentence));
}

/// A condition does not tell by whom it will be signalled.
#[test]
fn a_wait_of_which_the_system_does_not_tell_for_whom() {
    let subject = program("hangs").arg("cond");
    assert_eq!(kept_by(&subject), [None, None]);
    let text = verdict(&run(&subject, Clock::Virtual));
    assert!(
        text.contains("it hangs for ever: each thread waits for another or for input"),
        "{text}"
    );
}

#[test]
fn a_shell_whose_child_hangs() {
    let record = run(&sh("cat; true").keep_stdin_open(), Clock::Virtual);
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
            let record = run(&subject, clock);
            assert!(!record.findings.contains(&Finding::HangsForEver));
            let text = verdict(&record);
            assert!(text.contains("observed: still running after"), "{text}");
            assert!(text.contains("its main thread sleeps"), "{text}");
            assert!(
                text.contains("blocked in clock_nanosleep: sleeps"),
                "{text}"
            );
        }
    }
}
