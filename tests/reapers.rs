//! What a run takes of the process that it is started from, and what it leaves there. Each in a process of its own.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use exeunt::record::Exit;
use exeunt::{Record, Subject, millis, secs};
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

const ALONE: &str = "EXEUNT_TEST_ALONE";

/// Runs this test once more in a process of its own, by this shell command, whose `"$@"` is the test. True in there.
fn is_alone(test: &str, shell: &str) -> bool {
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", shell, "sh"])
        .arg(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads", "1"]);
    let output = command
        .env(ALONE, "")
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // The reaper hears of the end of its harness, and cleans up then.
    let begun = Instant::now();
    while !entries(scratch.path()).is_empty() && begun.elapsed() < secs(20) {
        thread::sleep(millis(5));
    }
    assert_eq!(entries(scratch.path()), [""; 0], "left behind");
    false
}

fn entries(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().flatten();
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

fn sh(script: &str) -> Subject {
    Subject::new("sh").args(["-c", script])
}

fn line(script: &str) -> String {
    let record = sh(script).run().unwrap();
    let seen = record.lines().next().expect("it says something");
    seen.line.text().into_owned()
}

/// The reaper of a run.
fn reaper() -> String {
    line("echo $PPID")
}

/// Waits until a process is in one of these states of proc_pid_stat(5); one that is not there is in the last.
fn wait_for_state(pid: &str, states: &[char]) {
    let begun = Instant::now();
    loop {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or(") X".into());
        if states
            .iter()
            .any(|state| stat.contains(&format!(") {state}")))
        {
            return;
        }
        assert!(begun.elapsed() < secs(20), "{stat}");
        thread::sleep(millis(5));
    }
}

/// Sends a signal; not to a process that has ended meanwhile.
fn send(signal: Signal, pid: &str) {
    let sent = kill(Pid::from_raw(pid.parse().unwrap()), signal);
    assert!(matches!(sent, Ok(()) | Err(nix::Error::ESRCH)), "{sent:?}");
}

#[test]
fn a_reaper_is_used_again_unless_it_is_gone() {
    if !is_alone("a_reaper_is_used_again_unless_it_is_gone", r#"exec "$@""#) {
        return;
    }
    // On a busy machine more time may pass between two runs than a reaper waits for the next.
    let often = |once: &dyn Fn() -> Option<String>| (0..10).find_map(|_| once());
    let used_again = || {
        let first = reaper();
        (reaper() == first).then_some(first)
    };
    let first = often(&used_again).expect("a reaper that is used again");
    // It ends by itself when it has nothing to do.
    wait_for_state(&first, &['Z', 'X']);
    let second = reaper();
    assert_ne!(second, first);
    send(Signal::SIGKILL, &second);
    let third = reaper();
    assert_ne!(third, second);
    // One that was stopped is not used again, though it goes on.
    let stopped = || {
        let third = reaper();
        send(Signal::SIGSTOP, &third);
        wait_for_state(&third, &['T', 'Z', 'X']);
        send(Signal::SIGCONT, &third);
        (reaper() == third).then_some(third)
    };
    let third = often(&stopped).expect("a reaper that was stopped and goes on");
    assert_ne!(reaper(), third);
}

#[test]
fn a_run_that_meets_a_reaper_at_its_end_has_another() {
    if !is_alone(
        "a_run_that_meets_a_reaper_at_its_end_has_another",
        r#"exec "$@""#,
    ) {
        return;
    }
    // A reaper ends after a second without a run. Steps of 0.5 ms around that.
    let meets = |step| {
        reaper();
        thread::sleep(millis(995) + step * secs(1) / 2000);
        line("echo here; [ -d \"$TMPDIR\" ] || echo no")
    };
    for _ in 0..3 {
        thread::scope(|scope| {
            let runs: Vec<_> = (0..20)
                .map(|step| scope.spawn(move || meets(step)))
                .collect();
            for run in runs {
                assert_eq!(run.join().unwrap(), "here");
            }
        });
    }
}

#[test]
fn a_tests_own_wait_sees_no_reaper() {
    if !is_alone("a_tests_own_wait_sees_no_reaper", r#"exec "$@""#) {
        return;
    }
    reaper();
    let waited = waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG));
    assert_eq!(waited, Err(Errno::ECHILD));
}

#[test]
fn a_subject_inherits_what_the_harness_has_now() {
    if !is_alone(
        "a_subject_inherits_what_the_harness_has_now",
        r#"exec "$@""#,
    ) {
        return;
    }
    umask(Mode::from_bits_truncate(0o022));
    assert_eq!(line("umask"), "0022");
    umask(Mode::from_bits_truncate(0o077));
    assert_eq!(line("umask"), "0077");
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 123, hard).unwrap();
    assert_eq!(line("ulimit -n"), "123");
    // What a subject does to its reaper does not reach the next subject.
    line("prlimit --pid $PPID --nofile=99:; echo done");
    assert_eq!(line("ulimit -n"), "123");
}

#[test]
fn the_peak_of_a_subjects_memory_is_its_own() {
    if !is_alone("the_peak_of_a_subjects_memory_is_its_own", r#"exec "$@""#) {
        return;
    }
    let large = vec![1_u8; 300 << 20];
    let small: Vec<_> = (0..50_000_u64).map(|i| vec![i; 128]).collect();
    let peak = |script| sh(script).run().unwrap().usage.peak_memory >> 20;
    for _ in 0..3 {
        let small = peak("exit 0");
        assert!((1..12).contains(&small), "{small} MiB");
    }
    let used = peak("x=$(head -c 40000000 /dev/zero | tr '\\0' x); exit 0");
    assert!((40..250).contains(&used), "{used} MiB");
    black_box((large, small));
}

#[test]
fn a_scratch_directory_is_kept_only_while_it_is_as_it_was() {
    if !is_alone(
        "a_scratch_directory_is_kept_only_while_it_is_as_it_was",
        r#"exec "$@""#,
    ) {
        return;
    }
    let first = line("echo $TMPDIR");
    let mode = fs::metadata(&first).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(line("echo $TMPDIR"), first);
    let mut last = first;
    for touch in [
        "touch $TMPDIR/x",
        "touch $TMPDIR/x; rm $TMPDIR/x",
        "chmod 755 $TMPDIR",
        "mkdir -p $TMPDIR/a/b; chmod 0 $TMPDIR/a $TMPDIR",
        "rmdir $TMPDIR",
        "rmdir $TMPDIR; echo >$TMPDIR",
    ] {
        // Not in the same tick of the kernel's clock as the making.
        thread::sleep(millis(20));
        assert_eq!(line(&format!("echo $TMPDIR; {touch}")), last, "{touch}");
        let next = line("echo $TMPDIR; ls -lA $TMPDIR");
        assert_ne!(next, last, "{touch}");
        assert!(!Path::new(&last).exists(), "{touch}");
        last = next;
    }
}

// # Descriptors

const SIDE_BY_SIDE: usize = 60;

#[test]
fn runs_wait_for_descriptors() {
    if !is_alone("runs_wait_for_descriptors", r#"ulimit -n 64; exec "$@""#) {
        return;
    }
    let one = || {
        sh("sleep 0.1; echo here; (sleep 0.05) & exit 3")
            .run()
            .unwrap()
    };
    let records: Vec<Record> = thread::scope(|scope| {
        let runs: Vec<_> = (0..SIDE_BY_SIDE).map(|_| scope.spawn(one)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for record in records {
        assert_eq!(record.exit(), Some(Exit::Code(3)));
        record.assert().line("here").leaves_nothing_behind();
    }
}

#[test]
fn without_another_run_to_wait_for_the_limit_is_told() {
    if !is_alone(
        "without_another_run_to_wait_for_the_limit_is_told",
        r#"ulimit -n 40; exec "$@""#,
    ) {
        return;
    }
    let mut held: Vec<File> = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        held.push(file);
    }
    // With some left, it fails at each step of the setting up in turn.
    let mut failures = 0;
    let record = loop {
        match sh("echo here").run() {
            Ok(record) => break record,
            Err(error) => {
                failures += 1;
                let told = error.source().expect("the limit is its source").to_string();
                assert!(told.contains("40 descriptors: raise `ulimit -n`"), "{told}");
                held.pop().expect("it needs fewer than these");
            }
        }
    };
    assert!(failures >= 4, "{failures}");
    record.assert().line("here").leaves_nothing_behind();
}

#[test]
fn without_proc_nothing_is_run() {
    const NO_PROC: &str =
        r#"exec unshare -rm sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$@""#;
    // Where a container allows no namespaces of its own, there is no way to take /proc away.
    let allowed = || Command::new("unshare").args(["-rm", "true"]).status();
    if env::var_os(ALONE).is_none() && !allowed().is_ok_and(|status| status.success()) {
        return;
    }
    if !is_alone("without_proc_nothing_is_run", NO_PROC) {
        return;
    }
    let error = sh("echo here").run().expect_err("there is no /proc");
    let told = error.source().expect("a reason").to_string();
    assert!(told.contains("without /proc: mount it"), "{told}");
}
