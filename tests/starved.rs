//! A subject whose descendants had no processor: that counts at its time limit as if it had had none itself, and they have as much
//! more time to settle.

use exeunt::record::Finding;
use exeunt::{Subject, millis, secs};

/// Two children share a processor with each other, and their parent only waits for them.
const SHARED: &str = "
cpu=$(taskset -cp $$ | sed 's/.*: *\\([0-9]*\\).*/\\1/')
busy() { taskset -c \"$cpu\" sh -c 'while :; do :; done'; }
busy & busy & wait
";

#[test]
fn the_wait_of_a_descendant_is_part_of_the_lag() {
    let shared = Subject::new("sh").args(["-c", SHARED]).timeout(secs(2));
    let record = shared.run().unwrap();
    // Each had at most half of it.
    assert!(record.lag.subject_waited >= millis(500), "{:?}", record.lag);
}

/// Only the main thread of the subject waits here, and for nothing but time.
#[test]
fn one_that_sleeps_waits_for_no_processor() {
    let subject = Subject::new("sh").args(["-c", "sleep 60 & sleep 60 & wait"]);
    let record = subject.timeout(secs(2)).run().unwrap();
    assert!(record.lag.subject_waited < secs(1), "{:?}", record.lag);
}

/// A child works for a moment beside four others that share its processor with it.
const SETTLES: &str = "
import os, subprocess, sys, time
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
busy = [subprocess.Popen(['sh', '-c', 'while :; do :; done']) for _ in range(4)]
if os.fork() == 0:
    end = time.process_time() + 0.1
    while time.process_time() < end: pass
    if sys.argv[1:]: time.sleep(30)
    [os.kill(b.pid, 9) for b in busy]
    os._exit(0)
os._exit(0)
";

#[test]
fn what_had_no_processor_has_more_time_to_settle() {
    let python = |args: &[&str]| {
        let subject = Subject::new("python3").args(["-c", SETTLES]).args(args);
        subject.timeout(secs(20)).settle(millis(200)).run()
    };
    let Ok(record) = python(&[]) else {
        return eprintln!("warning: SKIPPED: no python3");
    };
    // Who is busy waits for a processor too, and is ended by the one that has its work to do.
    record.assert().success().leaves_nothing_behind();
    let record = python(&["stays"]).unwrap();
    assert!(!record.survivors.is_empty(), "{record:?}");
}

/// Each process of it makes another one and ends.
#[test]
fn what_outlives_the_subject_is_seen_though_it_is_another_process_each_time() {
    let hops = "
import os, time
if os.fork() == 0:
    os.setsid()
    [os.close(i) for i in range(3)]
    end = time.time() + 8
    while time.time() < end:
        time.sleep(0.01)
        if os.fork() != 0: os._exit(0)
";
    let subject = Subject::new("python3").args(["-c", hops]).timeout(secs(20));
    let Ok(record) = subject.run() else {
        return eprintln!("warning: SKIPPED: no python3");
    };
    let left = |finding: &Finding| matches!(finding, Finding::Survivors { .. });
    assert!(record.findings.iter().any(left), "{record:?}");
}
