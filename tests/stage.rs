//! What a run does to its subject, and what of it the record tells, with real processes.

#[path = "support/c.rs"]
mod c;

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use exeunt::expect::Pattern;
use exeunt::record::{Event, EventKind, Exit, Record, SignalReason, Stream, Termination};
use exeunt::stage::{Action, Control, Plan, Real, Stage};
use exeunt::{Cancel, Signal, Streams, Subject, millis, secs};

fn sh(script: &str) -> Subject {
    Subject::new("sh").args(["-c", script]).timeout(secs(20))
}

fn run(subject: &Subject) -> Record {
    subject.run().unwrap()
}

/// Waits in short sleeps, so that a trap is not held up by a long one.
const WAIT: &str = "while :; do sleep 0.05; done";

/// The unfinished lines, and when they came.
fn partials(record: &Record) -> Vec<(Duration, String)> {
    let partial = |kind: &EventKind| match kind {
        EventKind::Partial(partial) => Some(partial.bytes.to_text().into_owned()),
        _ => None,
    };
    let events = record.events.iter();
    events
        .filter_map(|e| Some((e.at, partial(&e.kind)?)))
        .collect()
}

// # Bytes that no newline has ended

#[test]
fn dots_are_told_when_they_come_and_the_line_when_it_is_whole() {
    let record = run(&sh(
        "for i in 1 2 3; do printf .; sleep 0.3; done; echo done",
    ));
    let told = partials(&record);
    let texts: Vec<_> = told.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, [".", ".", "."]);
    let apart = told[2].0 - told[0].0;
    assert!(apart >= millis(500), "{apart:?} apart");
    record.assert().whole_log(["...done"]);
}

#[test]
fn a_last_line_without_a_newline_is_stamped_when_it_came() {
    let record = run(&sh("printf last; sleep 0.6"));
    let line = record.lines().next().unwrap();
    let exit = record.exit_event().unwrap();
    assert!(!line.line.newline);
    assert!(exit.at - line.at >= millis(500), "{record:#?}");
}

#[test]
fn a_newline_in_a_second_write_does_not_cut_a_line_in_two() {
    let record = run(&sh("printf one; echo; printf two; echo"));
    assert_eq!(partials(&record), []);
    record.assert().whole_log(["one", "two"]);
}

#[test]
fn a_prompt_is_something_to_act_on() {
    let script = format!("trap 'echo; echo stopped; exit 0' TERM; printf 'Password: '; {WAIT}");
    let term = Action::signal(Signal::TERM).on(Pattern::contains("Password:"));
    let record = run(&sh(&script).action(term));
    record.assert().success().line("stopped");
}

#[test]
fn what_is_told_of_unfinished_lines_is_bounded() {
    let script = "head -c 1500000 /dev/zero; sleep 0.2; head -c 1000 /dev/zero; sleep 0.2; echo";
    let record = run(&sh(script));
    let bytes: usize = partials(&record).iter().map(|(_, text)| text.len()).sum();
    assert!(bytes <= 1 << 20, "{bytes}");
}

// # Actions

#[test]
fn an_action_waits_for_its_line_and_its_time() {
    let script = format!("trap 'echo got it; exit 0' USR1; echo ready; echo ready; {WAIT}");
    let two = NonZeroU32::new(2).unwrap();
    let usr1 = Action::signal(Signal::USR1)
        .on_nth(two, "ready")
        .after(millis(300));
    let record = run(&sh(&script).action(usr1));
    record
        .assert()
        .success()
        .log(["ready", "ready", "got it"])
        .follows_after("ready", "got it", millis(300));
}

#[test]
fn two_signals_that_are_due_together_both_arrive() {
    // A shell would run its trap once for two signals that come before it gets to that.
    let (_directory, program) = c::program(
        r#"
        #include <signal.h>
        #include <unistd.h>
        static volatile sig_atomic_t count;
        static void told(int signal) {
            (void)signal;
            count++;
            write(1, count == 1 ? "signal 1\n" : "signal 2\n", 9);
        }
        int main(void) {
            signal(SIGINT, told);
            write(1, "ready\n", 6);
            while (count < 2) usleep(1000);
        }"#,
        &[],
    );
    let int = || Action::signal(Signal::INT).on("ready").after(millis(100));
    let subject = Subject::new(program).timeout(secs(20));
    let record = run(&subject.action(int()).action(int()));
    record.assert().success().log(["signal 1", "signal 2"]);
}

#[test]
fn a_signal_to_the_group_reaches_children_and_one_to_the_subject_does_not() {
    let script = format!(
        "sh -c 'trap \"echo child; exit 0\" USR1; echo ready; {WAIT}' & trap 'wait; exit 0' USR1; {WAIT}"
    );
    let usr1 = || Action::signal(Signal::USR1).on("ready").after(millis(100));
    run(&sh(&script).action(usr1().to_group()))
        .assert()
        .success()
        .line("child");
    let alone = run(&sh(&script).action(usr1()).timeout(secs(3)));
    alone.assert().hangs().no_line("child");
}

#[test]
fn a_signal_whose_line_never_comes_is_told() {
    let record = run(&sh("echo something").action(Action::signal(Signal::INT).on("else")));
    let told = record.findings.iter().map(ToString::to_string);
    let told: Vec<_> = told.collect();
    assert!(told.iter().any(|text| text.contains("SIGINT")), "{told:?}");
}

// # Time limits and interruptions

#[test]
fn a_subject_shows_where_it_stands_before_it_is_ended() {
    let script = format!("trap 'echo here I stand' ABRT; {WAIT}");
    let subject = sh(&script).timeout(secs(1)).at_timeout(Signal::ABRT);
    let record = run(&subject);
    record.assert().hangs().line("here I stand");
    let reasons = record.events.iter().filter_map(|e| match &e.kind {
        EventKind::Signal(sent) => Some(sent.reason),
        _ => None,
    });
    let reasons: Vec<_> = reasons.collect();
    assert_eq!(reasons[0], SignalReason::AtTimeout);
    assert_eq!(reasons[1], SignalReason::Timeout);
}

#[test]
fn a_subject_that_ends_in_time_is_not_asked_where_it_stands() {
    let record = run(&sh("echo hi").timeout(secs(9)).at_timeout(Signal::ABRT));
    record.assert().success().whole_log(["hi"]);
}

#[test]
fn an_interruption_is_handed_on_as_what_it_was() {
    let script = format!("trap 'echo interrupted; exit 7' INT; echo ready; {WAIT}");
    let subject = sh(&script).grace(secs(5));
    let cancel = Cancel::new().unwrap();
    let mut heard = |event: &exeunt::record::Event| {
        if matches!(event.kind, EventKind::Line(_)) {
            cancel.cancel_with(Signal::INT);
        }
    };
    let mut control = Control::new().cancel(&cancel).on_event(&mut heard);
    let record = subject.run_on(&Real, &mut control).unwrap();
    assert_eq!(record.termination, Termination::Interrupted);
    assert_eq!(record.exit(), Some(Exit::Code(7)));
    record.assert().line("interrupted");
}

#[test]
fn a_run_that_is_killed_does_not_wait_for_the_grace_period() {
    let script = format!("trap '' INT; echo ready; {WAIT}");
    let subject = sh(&script).grace(secs(600));
    let cancel = Cancel::new().unwrap();
    let mut heard = |event: &exeunt::record::Event| match &event.kind {
        EventKind::Line(_) => cancel.cancel_with(Signal::INT),
        EventKind::Signal(sent) if sent.signal == Signal::INT => cancel.kill(),
        _ => {}
    };
    let mut control = Control::new().cancel(&cancel).on_event(&mut heard);
    let record = subject.run_on(&Real, &mut control).unwrap();
    assert_eq!(record.termination, Termination::Interrupted);
    assert_eq!(record.exit(), Some(Exit::Signal(Signal::KILL)));
}

#[test]
fn the_start_is_told_with_its_process_id() {
    let mut started = Vec::new();
    let mut heard = |pid| started.push(pid);
    let mut control = Control::new().on_start(&mut heard);
    let record = sh("echo hi").run_on(&Real, &mut control).unwrap();
    assert_eq!(started, [record.pid]);
}

#[test]
fn without_a_timeout_a_subject_takes_as_long_as_it_likes() {
    let mut plan = Plan::new("sleep");
    plan.args = vec!["0.4".into()];
    plan.bounds.timeout = None;
    let record = Real.run(&plan, &mut Control::new()).unwrap();
    assert_eq!(record.timeout, None);
    record.assert().success().takes(millis(400));
}

// # What is told while it runs, and afterwards

#[test]
fn events_are_told_as_they_come() {
    let mut told = Vec::new();
    let mut heard = |event: &exeunt::record::Event| told.push(event.kind.clone());
    let mut control = Control::new().on_event(&mut heard);
    let record = sh("echo one; echo two; exit 3")
        .run_on(&Real, &mut control)
        .unwrap();
    let lines = told.iter().filter_map(|kind| match kind {
        EventKind::Line(line) => Some(line.text().into_owned()),
        _ => None,
    });
    assert_eq!(lines.collect::<Vec<_>>(), ["one", "two"]);
    assert!(told.contains(&EventKind::Exit(Exit::Code(3))), "{told:?}");
    assert_eq!(told.len(), record.events.len());
}

#[test]
fn of_an_inherited_environment_only_differences_are_recorded() {
    let record = run(&sh("true").inherit_env().env("EXEUNT_TEST_OWN", "1"));
    assert_eq!(record.environment["EXEUNT_TEST_OWN"], "1");
    assert!(!record.environment.contains_key("PATH"), "{record:#?}");
    let clean = run(&sh("true"));
    assert!(clean.environment.contains_key("PATH"), "{clean:#?}");
}

#[test]
fn a_cleared_environment_has_only_what_the_stage_needs() {
    let record = Subject::new("/usr/bin/env")
        .env_clear()
        .envs([("A", "1"), ("B", "2")])
        .timeout(secs(20))
        .run()
        .unwrap();
    let names: Vec<_> = record.environment.keys().map(String::as_str).collect();
    assert_eq!(names, ["A", "B", "EXEUNT_RUN", "TMPDIR"]);
    record.assert().line("A=1").line("B=2");
}

#[test]
fn a_plan_can_be_saved_and_run_elsewhere() {
    let subject = sh("trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done")
        .env("BYTES", OsString::from_vec(vec![b'a', 0xff]))
        .stdin("input")
        .action(Action::signal(Signal::TERM).on("ready"));
    let json = serde_json::to_string(subject.plan()).unwrap();
    let plan: Plan = serde_json::from_str(&json).unwrap();
    assert_eq!(&plan, subject.plan());
    Real.run(&plan, &mut Control::new())
        .unwrap()
        .assert()
        .code(5);
}

// # Zero is the exec

#[test]
fn a_start_that_waits_for_others_is_not_the_subjects_time() {
    // More runs at once than the machine starts in the slack of a delay.
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..120)
            .map(|_| scope.spawn(|| run(&Subject::new("sleep").arg("1").timeout(secs(30)))))
            .collect();
        for run in runs {
            let record = run.join().unwrap();
            let took = record.assert().try_takes(secs(1));
            let broken = took
                .err()
                .filter(|e| e.verdict() == exeunt::judge::Verdict::Broken);
            assert!(broken.is_none(), "{}", broken.unwrap());
        }
    });
}

#[test]
fn a_subject_can_have_a_terminal() {
    let script = "test -t 1 && test -t 2 && printf 'a\\r\\nb\\n' && printf c >&2; exit 3";
    let record = sh(script).streams(Streams::Terminal).run().unwrap();
    record
        .assert()
        .code(3)
        .output("a\r\nb\nc")
        .leaves_nothing_behind();
    let record = sh("test -t 1").run().unwrap();
    record.assert().code(1);
}

#[test]
fn a_run_can_be_let_expire() {
    let cancel = Cancel::new().unwrap();
    let mut expire = |event: &Event| {
        if matches!(event.kind, EventKind::Line(_)) {
            cancel.expire();
        }
    };
    let mut control = Control::new().cancel(&cancel).on_event(&mut expire);
    let record = sh("echo ready; sleep 60")
        .run_on(&Real, &mut control)
        .unwrap();
    assert!(matches!(record.termination, Termination::TimedOut { limit } if limit < secs(20)));
    assert!(!record.ended_by_harness.is_empty());
}

#[test]
fn output_is_handed_on_as_it_is() {
    let mut heard = Vec::new();
    let mut hear = |stream, bytes: &[u8]| heard.push((stream, bytes.to_vec()));
    let mut control = Control::new().on_output(&mut hear);
    let subject = sh("printf 'a\\0b\\nrest'; sleep 0.1; printf err >&2");
    let subject = subject.streams(Streams::Split);
    subject.run_on(&Real, &mut control).unwrap();
    let of = |wanted| -> Vec<u8> {
        let pieces = heard.iter().filter(|(stream, _)| *stream == wanted);
        pieces.flat_map(|(_, bytes)| bytes.clone()).collect()
    };
    assert_eq!(of(Stream::Stdout), b"a\0b\nrest");
    assert_eq!(of(Stream::Stderr), b"err");
}

// # How late the machine was

/// How long, since the machine's start, some process has waited for a disk. `None` where the kernel does not tell.
fn waited_for_disks() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/pressure/io").ok()?;
    let (_, total) = text.lines().next()?.rsplit_once("total=")?;
    total.parse().ok()
}

#[test]
fn a_wait_for_a_disk_counts_if_the_subject_used_one() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = directory.path().join("written");
    let write = format!(
        "of={} if=/dev/zero bs=1M count=32 conv=fsync",
        file.display()
    );
    let writer = Subject::new("dd").args(write.split(' ')).timeout(secs(60));
    let before = waited_for_disks();
    let record = run(&writer);
    if before == waited_for_disks() {
        eprintln!("warning: SKIPPED: the kernel tells nothing of waits for a disk");
        return;
    }
    assert!(record.lag.disk > Duration::ZERO, "{:?}", record.lag);
    assert!(record.lag.disk <= record.lag.pressure, "{:?}", record.lag);

    // While others write, a subject that uses no disk waits for none.
    let mut others = std::process::Command::new("dd")
        .args(write.split(' '))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let records: Vec<_> = (0..20).map(|_| run(&sh("echo"))).collect();
    others.wait().unwrap();
    let without = |record: &&Record| record.lag.disk.is_zero();
    assert!(
        records.iter().filter(without).count() > 10,
        "{:?}",
        records.iter().map(|r| r.lag).collect::<Vec<_>>()
    );
}
