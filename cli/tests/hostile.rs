//! Subjects that do their worst. Whatever they do: the run is over in time, nothing of theirs is left, and the record
//! says what happened.

#[path = "support/mark.rs"]
mod mark;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use exeunt::record::{
    EventKind, Exit, Finding, Line, Process, Record, Signal, Stream, Termination,
};
use exeunt::stage::{Limits, Stdin};
use exeunt::{Cancel, RunError, Streams, Subject, cargo_bin, millis, secs};
use mark::Mark;

fn sh(script: &str) -> Subject {
    Subject::new("sh").args(["-c", script])
}

#[track_caller]
fn run(subject: &Subject) -> Record {
    subject.run().unwrap_or_else(|error| panic!("{error}"))
}

/// What the machine was late by is not the harness's fault.
#[track_caller]
fn assert_took(record: &Record, took: Duration, limit: Duration) {
    let limit = limit + record.lag.total();
    assert!(
        took <= limit,
        "took {took:.2?}, not {limit:.2?}\n{record:#?}"
    );
}

fn texts(record: &Record) -> Vec<String> {
    record
        .lines()
        .map(|seen| seen.line.text().into_owned())
        .collect()
}

#[track_caller]
fn exit_of(record: &Record) -> Exit {
    record.exit().expect("it ended")
}

#[track_caller]
fn exit_at(record: &Record) -> Duration {
    record.exit_event().expect("it ended").at
}

#[track_caller]
fn closed_at(record: &Record, stream: Stream) -> Duration {
    let closed = |what: &EventKind| matches!(what, EventKind::Closed { stream: s } if *s == stream);
    record
        .events
        .iter()
        .find(|e| closed(&e.kind))
        .expect("it was closed")
        .at
}

// # Subjects that do not end

/// It is over half a second after its timeout, and nothing is left. `$M` is what `sleep` is to be called with.
///
/// On a busy machine a run may be late although the harness is not: then it is tried again. A harness that is late is so
/// each time.
#[track_caller]
fn is_ended_in_time(script: &str, timeout: Duration) -> Record {
    let (mut record, mut took) = is_ended(script, timeout);
    for _ in 0..2 {
        if took > timeout + millis(500) + record.lag.total() {
            (record, took) = is_ended(script, timeout);
        }
    }
    assert_took(&record, took, timeout + millis(500));
    record
}

#[track_caller]
fn is_ended(script: &str, timeout: Duration) -> (Record, Duration) {
    let mark = Mark::new();
    let begun = Instant::now();
    let record = run(&sh(script).env("M", mark.as_str()).timeout(timeout));
    let took = begun.elapsed();
    mark.assert_gone();
    let limit = timeout;
    assert_eq!(
        record.termination,
        Termination::TimedOut { limit },
        "{record:#?}"
    );
    for process in &record.ended_by_harness {
        let path = format!("/proc/{}/cmdline", process.pid);
        let there = fs::read_to_string(path).unwrap_or_default();
        assert!(!there.contains(mark.as_str()), "{process} is still alive");
    }
    (record, took)
}

macro_rules! ended_in_time {
    ($($name:ident: $script:expr;)*) => {
        $(#[test]
        fn $name() {
            is_ended_in_time($script, millis(200));
        })*
    };
}

ended_in_time! {
    a_sleeping_child: "sleep $M & sleep $M";
    a_tree_that_ignores_sigterm: r#"trap "" TERM; sleep $M & sleep $M; sleep $M"#;
    a_shell_that_handles_sigterm_by_going_on: r#"trap : TERM; while :; do sleep $M; done"#;
    a_shell_that_answers_sigterm_with_new_processes:
        r#"trap 'setsid sleep $M & sleep $M & setsid sleep $M >&- 2>&- & exit 0' TERM; while :; do sleep 0.05; done"#;
    a_child_in_another_session: "setsid sleep $M & sleep $M";
    a_daemon_that_holds_the_output: "(setsid sleep $M &) & sleep $M";
    a_daemon_that_holds_nothing: "(setsid sleep $M <&- >&- 2>&- &) & sleep $M";
    a_daemon_that_holds_nothing_ignores_sigterm_and_has_no_environment:
        r#"(trap "" TERM; env -i setsid sleep $M <&- >&- 2>&- &) & sleep $M"#;
    a_subject_that_left_the_group: "exec setsid -w sleep $M";
    stopped_processes: "sleep $M & kill -STOP $!; kill -STOP $$";
    stopped_processes_that_ignore_sigterm: r#"trap "" TERM; sleep $M & kill -STOP $!; kill -STOP $$"#;
    a_subject_that_stops_its_reaper: "kill -STOP $PPID; sleep $M";
    a_subject_that_stops_its_reaper_again_and_again:
        r#"trap "" TERM; while :; do kill -STOP $PPID; sleep 0.01; done"#;
    a_subject_that_asks_its_reaper_to_terminate:
        "for s in HUP INT QUIT TERM USR1 ALRM CHLD PIPE; do kill -$s $PPID; done; sleep $M";
    a_subject_that_is_a_deep_tree:
        r#"f='[ $1 -gt 0 ] && { sh -c "$0" "$0" $(($1-1)); :; } || sleep $M'; sh -c "$f" "$f" 50; :"#;
}

#[test]
fn who_had_to_be_ended_is_named() {
    let record = is_ended_in_time("sleep $M & sleep $M", secs(1));
    let commands: Vec<_> = record.ended_by_harness.iter().map(|p| &p.command).collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    assert!(commands[0].starts_with("sh -c"), "{commands:?}");
    assert!(
        commands[1..].iter().all(|c| c.starts_with("sleep 60.")),
        "{commands:?}"
    );
    assert_eq!(exit_of(&record), Exit::Signal(Signal::TERM));
}

#[test]
fn a_subject_that_ignores_sigterm_is_killed_after_the_grace_period() {
    let record = is_ended_in_time(r#"trap "" TERM; while :; do sleep 0.05; done"#, millis(500));
    assert_eq!(exit_of(&record), Exit::Signal(Signal::KILL));
    let sent: Vec<_> = record
        .events
        .iter()
        .filter_map(|e| match &e.kind {
            EventKind::Signal(sent) => Some((e.at, sent.signal)),
            _ => None,
        })
        .collect();
    let [(term_at, Signal::TERM), (kill_at, Signal::KILL)] = sent[..] else {
        panic!("{sent:?}");
    };
    assert!(kill_at - term_at >= millis(300), "{sent:?}");
}

#[test]
fn a_run_that_is_cancelled_is_over_at_once() {
    let mark = Mark::new();
    let cancel = Cancel::new().unwrap();
    let subject = sh("echo here; sleep $M & sleep $M").env("M", mark.as_str());
    let (record, took) = cancelled_once_it_sleeps(&subject, &mark, &cancel);
    mark.assert_gone();
    assert_took(&record, took, secs(3));
    assert_eq!(record.termination, Termination::Interrupted);
    assert_eq!(texts(&record), ["here"]);
}

#[test]
fn a_run_that_is_cancelled_does_not_wait_for_its_stragglers() {
    let mark = Mark::new();
    let cancel = Cancel::new().unwrap();
    let subject = sh("sleep $M & echo here; exit 5")
        .env("M", mark.as_str())
        .settle(secs(50));
    let (record, took) = cancelled_once_it_sleeps(&subject, &mark, &cancel);
    mark.assert_gone();
    assert_took(&record, took, secs(3));
    assert_eq!(record.termination, Termination::Interrupted);
    assert_eq!(exit_of(&record), Exit::Code(5));
}

/// The record, and how long after the switch was thrown it came.
fn cancelled_once_it_sleeps(subject: &Subject, mark: &Mark, cancel: &Cancel) -> (Record, Duration) {
    thread::scope(|scope| {
        let run = scope.spawn(|| subject.run_cancellable(cancel).unwrap());
        while !mark.processes().iter().any(|p| p.contains(" sleep ")) {
            assert!(!run.is_finished(), "it ended before it slept");
            thread::sleep(millis(10));
        }
        thread::sleep(millis(100));
        let begun = Instant::now();
        cancel.cancel();
        (run.join().unwrap(), begun.elapsed())
    })
}

#[test]
fn limits_may_be_endless_or_nothing() {
    let forever = Duration::MAX;
    let endless = sh("echo x; (sleep 0.3) & exit 2")
        .timeout(forever)
        .grace(forever)
        .settle(forever);
    let record = run(&endless);
    assert_eq!(exit_of(&record), Exit::Code(2));
    assert!(record.survivors.is_empty(), "{record:#?}");

    let mark = Mark::new();
    let nothing = Limits { line: 0, output: 0 };
    let nothing = sh("echo x; sleep $M & sleep $M")
        .env("M", mark.as_str())
        .limits(nothing);
    let nothing = nothing
        .timeout(millis(200))
        .grace(Duration::ZERO)
        .settle(Duration::ZERO);
    let record = run(&nothing);
    mark.assert_gone();
    assert_eq!(
        record.termination,
        Termination::TimedOut { limit: millis(200) }
    );
    assert!(
        record.lines().all(|seen| seen.line.cut_from == Some(1)),
        "{record:#?}"
    );
}

// # Subjects that leave something behind

/// The one survivor.
#[track_caller]
fn survivor(script: &str, streams: Streams) -> (Record, Process) {
    let mark = Mark::new();
    let begun = Instant::now();
    let record = run(&sh(script).env("M", mark.as_str()).streams(streams));
    let took = begun.elapsed();
    mark.assert_gone();
    assert_took(&record, took, secs(3));
    assert_eq!(record.termination, Termination::OnItsOwn);
    assert_eq!(exit_of(&record), Exit::Code(0));
    let [survivor] = &record.survivors[..] else {
        panic!("{record:#?}");
    };
    assert_eq!(survivor.command, format!("sleep {}", mark.as_str()));
    assert!(
        record.findings.contains(&Finding::Survivors { count: 1 }),
        "{record:#?}"
    );
    assert!(record.assert().try_leaves_nothing_behind().is_err());
    let survivor = survivor.clone();
    (record, survivor)
}

#[test]
fn a_grandchild_that_holds_the_output_is_named() {
    let (record, survivor) = survivor("echo bye; sleep $M & exit 0", Streams::Merged);
    assert_eq!(survivor.open_streams, [Stream::Merged]);
    assert!(record.findings.contains(&Finding::StreamHeld {
        stream: Stream::Merged
    }));
    let told = record
        .assert()
        .try_leaves_nothing_behind()
        .unwrap_err()
        .to_string();
    let named = format!("pid {} `sleep {}", survivor.pid, "60.");
    assert!(
        told.contains(&named) && told.contains("holds output"),
        "{told}"
    );
}

#[test]
fn a_grandchild_that_holds_only_stderr_is_named() {
    let (record, survivor) = survivor("sleep $M >&- & exit 0", Streams::Split);
    assert_eq!(survivor.open_streams, [Stream::Stderr]);
    assert!(record.findings.contains(&Finding::StreamHeld {
        stream: Stream::Stderr
    }));
    assert!(!record.findings.contains(&Finding::StreamHeld {
        stream: Stream::Stdout
    }));
    assert!(
        closed_at(&record, Stream::Stdout) <= exit_at(&record) + millis(150) + record.lag.total()
    );
}

#[test]
fn a_grandchild_that_holds_both_streams_is_named() {
    let (_, survivor) = survivor("sleep $M & exit 0", Streams::Split);
    assert_eq!(survivor.open_streams, [Stream::Stdout, Stream::Stderr]);
}

#[test]
fn a_daemon_that_holds_nothing_is_found() {
    let (record, survivor) = survivor(
        "(setsid sleep $M <&- >&- 2>&- &) & wait; exit 0",
        Streams::Merged,
    );
    assert_eq!(survivor.open_streams, []);
    assert!(
        !record
            .findings
            .iter()
            .any(|f| matches!(f, Finding::StreamHeld { .. }))
    );
}

#[test]
fn a_stopped_grandchild_is_found() {
    survivor(
        "sleep $M & until [ \"$(cat /proc/$!/comm)\" = sleep ]; do sleep 0.01; done; kill -STOP $!; exit 0",
        Streams::Merged,
    );
}

#[test]
fn a_grandchild_that_ends_in_time_is_no_survivor() {
    let record = run(&sh("(sleep 0.3; echo late) & echo bye").settle(secs(20)));
    record
        .assert()
        .success()
        .leaves_nothing_behind()
        .log(["bye", "late"]);
    assert!(exit_at(&record) < closed_at(&record, Stream::Merged));
}

#[test]
fn a_grandchild_that_goes_on_writing_is_recorded_and_ended() {
    let mark = Mark::new();
    let script = "(while :; do echo tick; sleep 0.02; done) & echo bye; exit 0";
    let record = run(&sh(script).env("M", mark.as_str()));
    mark.assert_gone();
    let after = |at| at > exit_at(&record);
    assert!(
        record
            .lines()
            .any(|seen| after(seen.at) && seen.line.text() == "tick"),
        "{record:#?}"
    );
    assert!(!record.survivors.is_empty());
}

#[test]
fn a_chain_of_forks_is_caught() {
    let mark = Mark::new();
    // Each link starts the next and ends: 20000 links, far more than there is time for.
    let chain = r#"[ $1 -gt 0 ] && sh -c "$0" "$0" $(($1-1)) & exit 0"#;
    let subject = Subject::new("sh")
        .args(["-c", chain, chain, "20000"])
        .env("M", mark.as_str());
    let begun = Instant::now();
    let record = run(&subject);
    let took = begun.elapsed();
    // One look may miss a link that is just being born.
    for _ in 0..3 {
        mark.assert_gone();
        thread::sleep(millis(20));
    }
    assert_took(&record, took, secs(3));
    assert_eq!(exit_of(&record), Exit::Code(0));
}

#[test]
fn a_subject_that_kills_its_reaper_is_lost_but_not_left() {
    let mark = Mark::new();
    let script = "echo here; setsid sleep $M & sleep $M >&- 2>&- & \
                  env -i setsid sleep $M & setsid sleep $M >&- 2>&- & kill -KILL $PPID; sleep $M";
    let begun = Instant::now();
    let lost = sh(script).env("M", mark.as_str()).run();
    let took = begun.elapsed();
    mark.assert_gone();
    assert!(took < secs(3), "{took:.2?}");
    let error = lost.expect_err("nothing can be known of it");
    assert!(matches!(error, RunError::ReaperLost { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("lost sight of `sh`: its reaper (pid "),
        "{error}"
    );
}

#[test]
fn what_a_lost_reaper_leaves_is_found_whoever_gave_the_directory_for_temporary_files() {
    let mark = Mark::new();
    // What holds no pipe, has left the session and lost its parent is known by the environment alone.
    let script = "(setsid sleep $M <&- >&- 2>&- &); until pgrep -f \"^sleep $M\" >/dev/null; do :; done; kill -KILL $PPID; sleep $M";
    let subject = sh(script).env("M", mark.as_str()).env("TMPDIR", "/tmp");
    for _ in 0..3 {
        let error = subject.run().expect_err("nothing can be known of it");
        assert!(matches!(error, RunError::ReaperLost { .. }), "{error}");
        mark.assert_gone();
    }
}

// # How they end

#[test]
fn a_signal_and_the_code_that_shells_make_of_it_are_kept_apart() {
    for (script, exit) in [
        ("kill -INT $$", Exit::Signal(Signal::INT)),
        ("exit 130", Exit::Code(130)),
        ("kill -TERM $$", Exit::Signal(Signal::TERM)),
        ("sh -c 'kill -TERM $$'; exit $?", Exit::Code(143)),
        ("kill -KILL $$", Exit::Signal(Signal::KILL)),
        ("kill -KILL 0", Exit::Signal(Signal::KILL)),
        (
            "kill -34 $$",
            Exit::Signal(Signal::from_number(34).unwrap()),
        ),
        (
            "kill -64 $$",
            Exit::Signal(Signal::from_number(64).unwrap()),
        ),
        ("exit 0", Exit::Code(0)),
        ("exit 255", Exit::Code(255)),
        ("exec sh -c 'exit 7'", Exit::Code(7)),
        (
            "exec sh -c 'kill -HUP $$'",
            Exit::Signal(Signal::from_number(1).unwrap()),
        ),
    ] {
        let record = run(&sh(script));
        assert_eq!(exit_of(&record), exit, "{script}");
        assert_eq!(record.termination, Termination::OnItsOwn, "{script}");
    }
}

#[test]
fn the_exit_is_stamped_when_it_happens_though_the_output_is_held() {
    let subject = sh("echo x; (sleep 0.6) & exit 0").settle(secs(20));
    let record = run(&subject);
    record.assert().leaves_nothing_behind();
    assert!(
        exit_at(&record) <= millis(300) + record.lag.total(),
        "{record:#?}"
    );
    assert!(
        closed_at(&record, Stream::Merged) >= millis(600),
        "{record:#?}"
    );
}

#[test]
fn the_exit_is_stamped_when_it_happens_though_the_output_was_closed_before() {
    let record = run(&sh("echo x; exec >&- 2>&-; sleep 0.5; exit 4"));
    assert_eq!(exit_of(&record), Exit::Code(4));
    assert!(exit_at(&record) >= millis(500), "{record:#?}");
    let closed = closed_at(&record, Stream::Merged);
    assert!(closed <= millis(300) + record.lag.total(), "{record:#?}");
}

#[test]
fn a_line_before_the_exit_is_stamped_before_it() {
    for _ in 0..20 {
        let record = run(&sh("echo last; exit 3"));
        let line_at = record.lines().next().unwrap().at;
        assert!(line_at <= exit_at(&record), "{record:#?}");
    }
}

// # What they write

fn whole(bytes: &[u8], newline: bool) -> Line {
    Line {
        newline,
        ..Line::new(Stream::Merged, bytes.to_vec())
    }
}

#[test]
fn bytes_are_kept_as_they_are() {
    let record = run(&sh(r"printf 'a\0b\n\377\376\n\r\n\nlast'"));
    let lines: Vec<_> = record.lines().map(|seen| seen.line.clone()).collect();
    let expected = [
        whole(b"a\0b", true),
        whole(b"\xff\xfe", true),
        whole(b"\r", true),
        whole(b"", true),
        whole(b"last", false),
    ];
    assert_eq!(lines, expected);
    assert_eq!(record.findings, [Finding::InvalidUtf8 { event: 1 }]);
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
}

#[test]
fn of_fifty_megabytes_every_byte_is_accounted_for() {
    const LINE: usize = 80;
    let script = format!("yes {} | head -c 50000000", "x".repeat(LINE - 1));
    let record = run(&sh(&script));
    assert_eq!(exit_of(&record), Exit::Code(0));
    let cut = record.findings.iter().find_map(|f| match f {
        Finding::OutputCut(cut) => Some(*cut),
        _ => None,
    });
    let cut = cut.unwrap_or_else(|| panic!("{:?}", record.findings));
    let kept: usize = record
        .lines()
        .map(|seen| seen.line.bytes.as_slice().len() + 1)
        .sum();
    let bytes = kept as u64 + cut.bytes + cut.lines;
    assert_eq!(bytes, 50_000_000);
    assert!(kept <= 16 << 20, "{kept}");
    assert!(record.lines().count() > 10_000);
    assert!(
        record.assert().try_no_line("y").is_err(),
        "what was not kept cannot be judged"
    );
}

#[test]
fn of_a_line_of_ten_megabytes_the_beginning_is_kept_and_the_length_told() {
    let script = "head -c 10000000 /dev/zero | tr '\\0' x; echo; echo next";
    let record = run(&sh(script));
    let lines: Vec<_> = record.lines().map(|seen| seen.line).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].cut_from, Some(10_000_000));
    assert_eq!(lines[0].bytes.as_slice().len(), 1 << 20);
    assert_eq!(lines[1].text(), "next");
    assert_eq!(record.findings, [Finding::LineCut { event: 0 }]);
}

/// The harness under the eyes of the harness: its own time and memory are bounded, whatever the subject writes.
#[track_caller]
fn endless_output_is_bounded(command: &[&str]) {
    let harness = Subject::new(cargo_bin!("exeunt"))
        .args(["run", "--timeout", "500ms", "--"])
        .args(command)
        .timeout(secs(20));
    let begun = Instant::now();
    let record = run(&harness);
    let took = begun.elapsed();
    record.assert().code(124).leaves_nothing_behind();
    assert_took(&record, took, secs(4));
    let output = record.output(Stream::Merged).unwrap();
    // What is shown while it comes is read no faster than it is shown: then the subject is held up, and nothing is cut.
    assert!(
        ["cut", "more output than is kept", "blocked in write"]
            .iter()
            .any(|told| output.contains(told)),
        "{output}"
    );
    let megabytes = record.usage.peak_memory >> 20;
    assert!(megabytes < 200, "{command:?}: {megabytes} MiB");
}

#[test]
fn endless_lines_take_bounded_time_and_memory() {
    endless_output_is_bounded(&["yes"]);
}

#[test]
fn endless_empty_lines_take_bounded_time_and_memory() {
    endless_output_is_bounded(&["yes", ""]);
}

#[test]
fn an_endless_line_takes_bounded_time_and_memory() {
    endless_output_is_bounded(&["cat", "/dev/zero"]);
}

// # What they are given

#[test]
fn the_environment_is_clean() {
    // The harness's own environment is set by a subject around it.
    let script = r#"exec "$0" run --clean-env -- env"#;
    let harness = Subject::new("sh").args(["-c", script, cargo_bin!("exeunt")]);
    let record = run(&harness
        .env("RUST_BACKTRACE", "1")
        .env("PYTHONUNBUFFERED", "1")
        .env("NO_COLOR", "1")
        .env("HOME", "/a/home")
        .env("LC_ALL", "C")
        .env("LC_TIME", "C"));
    let output = record.output(Stream::Merged).unwrap();
    for passed in ["HOME=/a/home", "LC_ALL=C", "LC_TIME=C", "PATH=", "TMPDIR="] {
        assert!(output.contains(passed), "{passed}\n{output}");
    }
    for kept_back in ["RUST_BACKTRACE", "PYTHONUNBUFFERED", "NO_COLOR"] {
        assert!(!output.contains(kept_back), "{kept_back}\n{output}");
    }
}

#[test]
fn what_is_set_and_removed_is_what_the_subject_sees() {
    let subject = Subject::new("env")
        .env("MINE", "a b=c")
        .env_remove("HOME")
        .env_remove("LANG");
    let record = run(&subject);
    let seen: BTreeSet<_> = texts(&record).into_iter().collect();
    assert!(seen.contains("MINE=a b=c"), "{seen:?}");
    assert!(
        !seen
            .iter()
            .any(|v| v.starts_with("HOME=") || v.starts_with("LANG=")),
        "{seen:?}"
    );
    let given = record
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    assert_eq!(seen, given.collect());
}

#[test]
fn signals_that_the_harness_ignores_are_not_ignored_by_the_subject() {
    let script = r#"trap "" INT TERM HUP QUIT USR1 CHLD; exec "$0" run -- sh -c 'kill -INT $$; echo survived'"#;
    let record = run(&Subject::new("sh").args(["-c", script, cargo_bin!("exeunt")]));
    record.assert().code(130);
    let output = record.output(Stream::Merged).unwrap();
    assert!(
        output.contains("killed by SIGINT") && !output.contains("output     survived"),
        "{output}"
    );
}

#[test]
fn no_signal_is_blocked_or_ignored() {
    // std ignores SIGPIPE in this very process; the shell around it ignores some more.
    let script = r#"trap "" INT HUP USR1; exec "$0" run -- cat /proc/self/status"#;
    let record = run(&Subject::new("sh").args(["-c", script, cargo_bin!("exeunt")]));
    let output = record.output(Stream::Merged).unwrap();
    for set in ["SigBlk", "SigIgn", "SigCgt"] {
        assert!(
            output.contains(&format!("{set}: 0000000000000000")),
            "{output}"
        );
    }
}

#[test]
fn no_descriptor_is_passed_on() {
    let script = r#"exec 5</dev/null 9>/dev/null; exec "$0" run -- sh -c 'ls /proc/$$/fd'"#;
    let record = run(&Subject::new("sh").args(["-c", script, cargo_bin!("exeunt")]));
    let output = record.output(Stream::Merged).unwrap();
    let open: Vec<_> = output
        .lines()
        .filter_map(|l| l.split("output").nth(1))
        .map(str::trim)
        .collect();
    assert_eq!(open, ["0", "1", "2"], "{output}");
}

#[test]
fn a_harness_without_standard_streams_gives_its_subject_some() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let script = r#"exec <&- >&- 2>&-; exec "$0" run -- sh -c "exec >$1; ls /proc/\$\$/fd; cat""#;
    let harness = Subject::new("sh")
        .args(["-c", script, cargo_bin!("exeunt")])
        .arg(file.path());
    run(&harness.timeout(secs(10))).assert().success();
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "0\n1\n2\n");
}

#[test]
fn the_scratch_directory_is_fresh_and_goes_with_the_run() {
    let script = r#"echo "$TMPDIR"; ls -A "$TMPDIR"; mkdir "$TMPDIR/d"; echo x >"$TMPDIR/d/f""#;
    let seen: BTreeSet<_> = (0..3)
        .map(|_| {
            let record = run(&sh(script));
            let lines = texts(&record);
            let [directory] = &lines[..] else {
                panic!("it is not empty: {lines:?}");
            };
            assert!(Path::new(directory).is_absolute(), "{directory}");
            assert!(!Path::new(directory).exists(), "{directory} is still there");
            directory.clone()
        })
        .collect();
    assert_eq!(seen.len(), 3, "each run has its own: {seen:?}");
}

#[test]
fn standard_input_is_empty_or_what_was_given() {
    let count = Subject::new("wc").arg("-c");
    run(&count).assert().success().line("0");
    run(&count.clone().stdin("hello")).assert().line("5");
    run(&count.stdin(vec![b'x'; 1 << 20]))
        .assert()
        .line("1048576");
    // A subject that does not read it is not disturbed.
    run(&Subject::new("true").stdin(vec![b'x'; 1 << 20]))
        .assert()
        .success();
    assert_eq!(Stdin::default(), Stdin::Empty);
    // A client of today hands its server a pipe, never a file.
    let kind = sh("[ -p /dev/stdin ] && echo a pipe");
    run(&kind).assert().line("a pipe");
    run(&kind.stdin("hello")).assert().line("a pipe");
}

#[test]
fn there_is_no_terminal() {
    run(&sh(
        "(exec </dev/tty) 2>/dev/null && echo terminal || echo none",
    ))
    .assert()
    .line("none");
}

// # What cannot be started

#[track_caller]
fn error_of(subject: &Subject) -> String {
    format!("{:?}", subject.run().expect_err("it cannot be started"))
}

#[test]
fn a_program_that_is_not_there_is_told_by_name() {
    assert_eq!(
        error_of(&Subject::new("exeunt-no-such-program")),
        "program `exeunt-no-such-program` not found: it is in no directory of PATH"
    );
    assert_eq!(
        error_of(&Subject::new("/no/such/program")),
        "program `/no/such/program` not found: no executable file at this path"
    );
    assert_eq!(
        error_of(&Subject::new("sh").env_remove("PATH")),
        "program `sh` not found: it is in no directory of PATH"
    );
}

#[test]
fn a_file_that_cannot_be_executed_is_told_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        error_of(&Subject::new(path).current_dir(dir.path()))
    };
    let plain = file("plain", "#!/bin/sh\n", 0o644);
    assert!(
        plain.contains("plain` in `") && plain.contains("Permission denied"),
        "{plain}"
    );
    let bare = file("bare", "echo hi\n", 0o755);
    assert!(
        bare.contains("Exec format error") && bare.contains("#!/bin/sh"),
        "{bare}"
    );
    let lost = file("lost", "#!/no/such/interpreter\n", 0o755);
    assert!(
        lost.contains("the script's interpreter is missing"),
        "{lost}"
    );
    let directory = error_of(&Subject::new(dir.path()));
    assert!(directory.contains("Is a directory"), "{directory}");
}

#[test]
fn a_directory_that_is_not_there_is_told_by_name() {
    let told = error_of(&Subject::new("true").current_dir("/no/such/directory"));
    assert!(
        told.contains("in `/no/such/directory`") && told.contains("the directory"),
        "{told}"
    );
}

#[test]
fn an_argument_that_no_program_can_have_is_told() {
    let told = error_of(&Subject::new("echo").arg("a\0b"));
    assert!(told.contains("contains a NUL byte"), "{told}");
}

// # Many at once

#[test]
fn forty_runs_side_by_side_do_not_disturb_one_another() {
    let script = r#"echo "begin $N"; echo "err $N" >&2; sleep 0.2; echo "end $N"; exit $N"#;
    let one = |n: i32| {
        // Every fourth leaves a grandchild that holds its pipe for a while: its own business.
        let holder = if n % 4 == 0 { "(sleep 1.1) & " } else { "" };
        let subject = sh(&format!("{holder}{script}")).env("N", n.to_string());
        (n, run(&subject.streams(Streams::Split).settle(secs(20))))
    };
    let records: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = (0..40).map(|n| scope.spawn(move || one(n))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for (n, record) in records {
        assert_eq!(
            record.output(Stream::Stdout),
            Some(format!("begin {n}\nend {n}\n"))
        );
        assert_eq!(record.output(Stream::Stderr), Some(format!("err {n}\n")));
        record.assert().code(n).leaves_nothing_behind();
        let held = closed_at(&record, Stream::Stdout).saturating_sub(exit_at(&record));
        match n % 4 {
            0 => assert!(held >= millis(600), "{n}: {record:#?}"),
            _ => assert!(held <= millis(400) + record.lag.total(), "{n}: {record:#?}"),
        }
    }
}
