//! The virtual clock: that it is exact, that it takes no time, and that nothing is lost.

use std::time::Instant;

use exeunt::record::{Clock, Record};
use exeunt::stage::{Control, Traced};
use exeunt::{Subject, millis, secs};

use super::support::{program, sh};

/// Runs on the virtual clock, and wants that it held.
fn run(subject: Subject) -> Record {
    let record = subject.clock(Clock::Virtual).run().unwrap();
    assert_eq!(record.clock, Clock::Virtual, "{:?}", record.findings);
    record
}

/// The same on a clock that only jumps.
fn run_frozen(subject: Subject) -> Record {
    let subject = subject.clock(Clock::Virtual);
    let record = subject
        .run_on(&Traced::frozen(), &mut Control::new())
        .unwrap();
    assert_eq!(record.clock, Clock::Virtual, "{:?}", record.findings);
    record
}

#[test]
fn sleeps_take_no_time_and_are_exact() {
    let begun = Instant::now();
    let record = run(program("sleeps"));
    assert!(begun.elapsed() < secs(1), "{:?}", begun.elapsed());
    record
        .assert()
        .success()
        .whole_log(["begin", "thread", "slept 2000 ms"]);
    let exit = record.exit_event().unwrap().at;
    assert!(exit >= secs(2) && exit < secs(2) + millis(50), "{exit:?}");
}

/// An event that is set before its time is over is seen as set, whatever waits for it; and one that is not is over in time.
#[test]
fn no_wake_is_lost_by_any_primitive() {
    for primitive in [
        "cond",
        "mutex",
        "sem",
        "futex",
        "futex-absolute",
        "poll",
        "ppoll",
        "select",
        "pselect",
        "epoll",
        "epoll-pwait",
        "epoll-pwait2",
        "sigtimedwait",
        "semtimedop",
        "mq",
        "nanosleep",
        "timerfd-poll",
        "timerfd-epoll",
        "timer",
    ] {
        let record = run_frozen(program("wakes").arg(primitive));
        let lines: Vec<_> = record
            .lines()
            .map(|seen| seen.line.text().into_owned())
            .collect();
        assert_eq!(
            lines,
            ["set after 500 ms", "over after 3000 ms"],
            "{primitive}"
        );
    }
    run_frozen(program("wakes").arg("alarm"))
        .assert()
        .success()
        .whole_log(["over after 2000 ms"]);
}

/// Timers that are not part of a wait: periods, what is left, a timer that is closed or has two owners, and what is refused.
#[test]
fn timers_come_at_their_time() {
    for (what, wanted) in [
        (
            "periodic",
            &[
                "ticks 1 after 500 ms",
                "ticks 1 after 600 ms",
                "ticks 1 after 700 ms",
                "left 9 after 700 ms",
                "interval 100 after 700 ms",
                "ticks 10 after 1750 ms",
                "left 0 after 1750 ms",
            ][..],
        ),
        (
            "others",
            &[
                "none -11 after 0 ms",
                "child 1 after 2000 ms",
                "parent -11 after 2000 ms",
                "refused 22 after 2000 ms",
                "refused 22 after 2000 ms",
            ],
        ),
        (
            "signals",
            &[
                "left 10 after 0 ms",
                "signals 4 after 2000 ms",
                "signals 4 after 3000 ms",
                "refused 22 after 3000 ms",
            ],
        ),
        ("threads", &["thread 7 after 2000 ms"]),
    ] {
        let record = run_frozen(program("timers").arg(what));
        record.assert().success().whole_log(wanted.iter().copied());
    }
}

/// Linux says what is left of the timeout, and programs go on with that after a signal.
#[test]
fn what_is_left_of_a_timeout_is_told() {
    for call in ["select", "pselect", "ppoll"] {
        let record = run_frozen(program("left").arg(call));
        record.assert().success().whole_log([
            "at once: came, 3000 left",
            "no time: over, 0 left",
            "later: came, 2499 left",
            "signal: interrupted, 2499 left",
            "never: over, 0 left",
            "constant: over, 1000 left",
            "loop: 0 after 7 signals and 3000 ms",
            "loop: 1 after 1 signals, woken: came, 2499 left",
        ]);
    }
}

/// The same program on the real clock, where all of it is a bit later.
#[test]
fn the_kernel_tells_the_same() {
    let calls = ["select", "pselect", "ppoll"];
    let records = std::thread::scope(|scope| {
        let run = |call| scope.spawn(move || program("left").args([call, "briefly"]).run());
        calls.map(run).map(|thread| thread.join().unwrap().unwrap())
    });
    for record in records {
        record.assert().success();
        let lines = record.lines().map(|seen| seen.line.text().into_owned());
        let told = lines.map(|line| {
            let (said, left) = line.rsplit_once(", ").unwrap();
            let left: i32 = left.trim_end_matches(" left").parse().unwrap();
            // Later than half a second, but not by as much again.
            (said.to_owned(), (left + 490).div_euclid(500) * 500)
        });
        let wanted = [
            ("at once: came", 3000),
            ("no time: over", 0),
            ("later: came", 2500),
            ("signal: interrupted", 2500),
            ("never: over", 0),
            ("constant: over", 1000),
        ];
        let wanted = wanted.map(|(said, left)| (said.to_owned(), left));
        assert_eq!(told.collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn a_shell_with_processes_that_sleep() {
    let record = run(sh(
        "(sleep 3; echo late) & sleep 1; echo early; wait; date +%s >/dev/null",
    ));
    record
        .assert()
        .success()
        .whole_log(["early", "late"])
        .exits_after("early", secs(2));
}

/// Of a main thread that has ended, neither memory nor descriptors can be looked at any more.
#[test]
fn a_process_whose_main_thread_has_ended() {
    run(program("sleeps").arg("leave"))
        .assert()
        .success()
        .whole_log(["begin", "thread"]);
}

/// When each of these runs ended.
fn ends(runs: usize, subject: &Subject) -> Vec<std::time::Duration> {
    let ends = (0..runs).map(|_| run_frozen(subject.clone()).exit_event().unwrap().at);
    ends.collect()
}

#[test]
fn on_a_frozen_clock_the_same_subject_ends_at_the_same_time() {
    let python = "import threading,time\n\
                  t=threading.Thread(target=time.sleep,args=(2,));t.start();time.sleep(1);t.join()";
    for subject in [
        program("sleeps"),
        sh("(sleep 3) & sleep 1; wait"),
        Subject::new("python3")
            .args(["-c", python])
            .timeout(secs(20)),
    ] {
        let ends = ends(10, &subject);
        assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
    }
}

/// The counter-example: where the work of the subject moves the clock, no two runs end at the same time.
#[test]
fn on_a_clock_that_flows_they_do_not() {
    let ends: Vec<_> = (0..5)
        .map(|_| {
            run(sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"))
                .exit_event()
                .unwrap()
                .at
        })
        .collect();
    assert!(ends.iter().any(|end| *end != ends[0]), "{ends:?}");
}

/// A deadline comes in the middle of a flood too: main sleeps 100 ms beside a process that writes as fast as it can.
#[test]
fn a_flood_does_not_keep_a_deadline_from_coming() {
    let record = run(sh("yes & sleep 0.1; kill $!"));
    let (at, lag) = (record.exit_event().unwrap().at, record.lag.total());
    assert!(
        at >= millis(100) && at <= millis(200) + lag,
        "{at:?}, lag {lag:?}"
    );
    // So far it can be late at the most, which is little beside the second that the flood would need to end by itself.
    assert!(at < secs(5), "{at:?}");
}
