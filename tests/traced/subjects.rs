//! Subjects that are hard to trace, each with what is to come of it; on both clocks.

use std::time::Duration;

use exeunt::record::{Clock, Exit, Lives, Record, Stream, TaskEnd, Termination};
use exeunt::stage::Action;
use exeunt::{Signal, Subject, millis, secs};

use super::support::{built, program, sh};

const CLOCKS: [Clock; 2] = [Clock::Monotonic, Clock::Virtual];

fn run(subject: &Subject, clock: Clock) -> Record {
    let record = subject.clone().lives().clock(clock).run().unwrap();
    assert_eq!(record.clock, clock, "{:?}", record.findings);
    record
}

fn lives(record: &Record) -> Lives {
    record
        .lives
        .unwrap_or_else(|| panic!("{:?}", record.findings))
}

fn at_exit(record: &Record) -> Duration {
    record.exit_event().expect("an exit").at
}

#[test]
fn a_thread_that_executes_another_program() {
    let subject = program("threads").args(["0", "2", "exec-in-thread"]);
    for clock in CLOCKS {
        let record = run(&subject, clock);
        record.assert().success().line("executed");
        // The main thread's place is taken, and the two others are killed.
        assert_eq!(lives(&record).threads.killed, 2, "{record:#?}");
    }
}

#[test]
fn a_daemon_in_a_session_of_its_own_is_still_of_the_tree() {
    let subject = sh("setsid sh -c '(sleep 1; echo late) & :' ; echo early").settle(secs(3));
    for clock in CLOCKS {
        let record = run(&subject, clock);
        record
            .assert()
            .success()
            .whole_log(["early", "late"])
            .leaves_nothing_behind();
    }
}

/// Its second process has no parent of the tree any more, so it is the reaper's child.
#[test]
fn a_daemon_by_a_double_fork_is_still_of_the_tree() {
    let waited = sh("(setsid sh -c 'sleep 1; echo late' &) ; echo early; sleep 2; echo end");
    let left = sh("(setsid sleep 60 &) ; echo bye");
    for clock in CLOCKS {
        let record = run(&waited, clock);
        record
            .assert()
            .success()
            .whole_log(["early", "late", "end"])
            .leaves_nothing_behind();
        let at = at_exit(&record);
        assert!(at >= secs(2), "{clock:?}: {at:?}");
        let record = run(&left, clock);
        assert_eq!(record.survivors.len(), 1, "{clock:?}");
        assert_eq!(record.survivors[0].command, "sleep 60");
        assert_eq!(lives(&record).processes.signalled, 1);
    }
}

#[test]
fn what_outlives_the_subject_is_named_and_ended() {
    let subject = sh("sleep 60 & echo bye");
    for clock in CLOCKS {
        let record = run(&subject, clock);
        assert_eq!(record.survivors.len(), 1, "{clock:?}");
        assert_eq!(lives(&record).processes.signalled, 1);
    }
}

#[test]
fn a_process_that_stops_itself_goes_on_when_it_is_told_to() {
    // Stopped, it does not sleep on: what is left of the second begins when it goes on.
    let subject = sh("kill -STOP $$; echo on; exit 4")
        .action(Action::signal(Signal::CONT).after(millis(700)));
    for clock in CLOCKS {
        let record = run(&subject, clock);
        record.assert().code(4).whole_log(["on"]);
        assert!(at_exit(&record) >= millis(700), "{record:#?}");
    }
}

#[test]
fn a_sleep_that_is_stopped_keeps_its_deadline() {
    let subject = sh("exec sleep 2")
        .action(Action::signal(Signal::STOP).after(millis(500)))
        .action(Action::signal(Signal::CONT).after(millis(1000)));
    for clock in CLOCKS {
        let record = run(&subject, clock);
        record.assert().success();
        let at = at_exit(&record);
        assert!(
            at >= secs(2) && at < secs(2) + millis(400),
            "{clock:?}: {at:?}"
        );
    }
}

#[test]
fn a_thousand_threads() {
    let subject = program("threads").args(["0", "1000"]);
    for clock in CLOCKS {
        let record = run(&subject, clock);
        record.assert().success();
        let threads = lives(&record).threads;
        assert_eq!((threads.began, threads.killed), (1000, 1000), "{clock:?}");
    }
}

#[test]
fn many_short_processes() {
    let subject = sh("i=0; while [ $i -lt 100 ]; do (exit 0) & (sleep 1) & i=$((i+1)); done; wait");
    for clock in CLOCKS {
        let record = run(&subject, clock);
        record.assert().success().leaves_nothing_behind();
        let processes = lives(&record).processes;
        assert_eq!(processes.began, processes.exited, "{clock:?}");
        assert!(processes.began >= 201);
    }
}

/// Each process makes two more, as a fork bomb with an end does: 255 that are there at once, in waves that nobody waits for.
#[test]
fn a_storm_of_forks() {
    let storm = "storm() { [ $1 = 0 ] || { storm $(($1-1)) & storm $(($1-1)) & wait; }; }; storm 7; echo over";
    for clock in CLOCKS {
        let record = run(&sh(storm), clock);
        record
            .assert()
            .success()
            .whole_log(["over"])
            .leaves_nothing_behind();
        let processes = lives(&record).processes;
        assert_eq!((processes.began, processes.exited), (255, 255), "{clock:?}");
    }
}

#[test]
fn a_static_program() {
    let subject = Subject::new(built("sleeps", &["-static"])).timeout(secs(20));
    for clock in CLOCKS {
        let record = run(&subject, clock);
        record.assert().success();
        let at = at_exit(&record);
        assert!(at >= secs(2) && at < secs(3), "{clock:?}: {at:?}");
        assert_eq!(lives(&record).threads.returned, 1);
    }
}

#[test]
fn a_parent_stands_still_while_its_child_has_its_memory() {
    for clock in CLOCKS {
        let record = run(&program("vfork"), clock);
        record.assert().success().line("parent").line("child");
        let first = record.lines().next().unwrap().at;
        let late = millis(100) + record.lag.total();
        assert!(first >= secs(2) && first < secs(2) + late, "{first:?}");
        assert_eq!(lives(&record).processes.exited, 2, "{clock:?}");
    }
}

#[test]
fn a_signal_ends_all_threads() {
    let subject = program("threads")
        .args(["0", "3", "stay"])
        .action(Action::signal(Signal::TERM).after(millis(300)));
    for clock in CLOCKS {
        let record = run(&subject, clock);
        record.assert().signal(Signal::TERM);
        assert_eq!(lives(&record).threads.signalled, 3);
        let main = record
            .events
            .iter()
            .rev()
            .find_map(|event| match &event.kind {
                exeunt::record::EventKind::Ended(ended) if ended.tid == ended.pid => {
                    Some(ended.end)
                }
                _ => None,
            });
        assert_eq!(main, Some(TaskEnd::Signal(Signal::TERM)));
    }
}

#[test]
fn what_hangs_is_ended_at_its_timeout_and_grace_is_kept() {
    let subject = sh("trap 'echo asked' TERM; while :; do sleep 1000; done")
        .timeout(secs(30))
        .grace(secs(90));
    let record = run(&subject, Clock::Virtual);
    // What it says at the harness's signal is seen, and is not its own doing.
    let said = record.output(Stream::Merged).unwrap_or_default();
    assert!(said.contains("asked"), "{said}");
    assert_eq!(record.exit(), Some(Exit::Signal(Signal::KILL)));
    assert!(matches!(record.termination, Termination::TimedOut { .. }));
    let at = at_exit(&record);
    assert!(at >= secs(120) && at < secs(121), "{at:?}");
}

#[test]
fn a_wait_for_nothing_is_known_to_last_for_ever() {
    let hangs = |record: &Record| {
        record
            .findings
            .contains(&exeunt::record::Finding::HangsForEver)
    };
    let record = run(&program("threads").args(["0", "2", "stay"]), Clock::Virtual);
    assert!(hangs(&record), "{record:#?}");
    // One that waits for a time that is later than the timeout does not.
    let record = run(&sh("exec sleep 1000"), Clock::Virtual);
    assert!(matches!(record.termination, Termination::TimedOut { .. }) && !hangs(&record));
}

#[test]
fn work_beside_a_sleep_takes_its_time() {
    let script = "(sleep 0.1; echo sleeper) & i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo worker; wait";
    let record = run(&sh(script), Clock::Virtual);
    record.assert().success().whole_log(["sleeper", "worker"]);
}

/// Works for 0.15 s on the first processor, with a child that does the same where it is told to.
const WORKS: &str = "import os, sys, time
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
child = sys.argv[1:] and os.fork()
end = time.process_time() + 0.15
while time.process_time() < end: pass
if child: os.wait()
";

/// The clock moves by the work of the tree. So one that waits for a processor while the others work is late by that; and one that
/// waits for programs of others is not.
#[test]
fn who_waits_for_a_processor_beside_the_rest_of_the_tree_has_lag() {
    let python = || {
        Subject::new("python3")
            .args(["-c", WORKS])
            .timeout(secs(60))
    };
    if python().run().is_err() {
        return eprintln!("warning: SKIPPED: no python3");
    }
    let waited = |subject: &Subject| {
        let record = run(subject, Clock::Virtual);
        record.assert().success();
        (record.lag.subject_waited, record.flow.unwrap())
    };
    let (with_child, flow) = waited(&python().arg("child"));
    assert!(
        with_child > millis(40) && with_child <= flow,
        "{with_child:?}"
    );
    let mut other = std::process::Command::new("python3");
    let pinned =
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\nwhile True: pass";
    let mut other = other.args(["-c", pinned]).spawn().unwrap();
    let (alone, flow) = waited(&python());
    other.kill().unwrap();
    other.wait().unwrap();
    // What starts it may be a script with processes of its own.
    assert!(alone + millis(130) < flow, "{alone:?} of {flow:?}");
}
