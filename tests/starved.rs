//! A subject whose descendants had no processor: that counts at its time limit as if it had had none itself.

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
