//! Programs that are to have other rights than their user. Under the filter of the virtual clock they get none, and under a tracer that may
//! not trace everything neither: so nothing is judged from such a run, and another is made that is not traced.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use exeunt::record::{Clock, Finding, Record};
use exeunt::{Subject, secs};
use tempfile::TempDir;

use super::support::built;

/// Not root.
const NOBODY: u32 = 65534;
const PROGRAM: &str = "EXEUNT_TEST_RIGHTS";
const UNREAD: &str = "EXEUNT_TEST_RIGHTS_UNREAD";

/// A program that prints whose rights it has, in a directory that all may look into.
struct Rights {
    directory: TempDir,
    program: PathBuf,
}

impl Rights {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        set_permissions(directory.path(), Permissions::from_mode(0o777)).unwrap();
        let program = directory.path().join("rights");
        fs::copy(built("rights", &[]), &program).unwrap();
        set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
        Self { directory, program }
    }

    /// One of root's. `None`, said loudly, where another user does not get root's rights by it.
    fn of_root() -> Option<Self> {
        let rights = Self::new();
        let output = Command::new("setpriv")
            .args(AS_NOBODY)
            .arg(&rights.program)
            .output();
        if output.is_ok_and(|output| output.stdout == b"user 0\n") {
            return Some(rights);
        }
        eprintln!(
            "warning: SKIPPED: set-user-id programs need root, setpriv and a file system that has them"
        );
        None
    }
}

const AS_NOBODY: [&str; 3] = ["--reuid=65534", "--regid=65534", "--clear-groups"];

fn why_not_traced(record: &Record) -> Option<&str> {
    record.findings.iter().find_map(|finding| match finding {
        Finding::NotTraced { why } => Some(why.as_str()),
        _ => None,
    })
}

/// A run that has the rights, since it was not traced in the end.
fn is_run_again(record: &Record) {
    assert_eq!(record.clock, Clock::Monotonic);
    assert_eq!(record.lives, None);
    let why = why_not_traced(record).expect("a finding");
    assert!(why.contains("set-user-id"), "{why}");
    record.assert().success().whole_log(["user 0"]);
}

/// A harness of another user than root, in a process of its own.
fn harness_of_nobody(test: &str, rights: &Rights) {
    let harness = rights.directory.path().join("harness");
    fs::copy(env::current_exe().unwrap(), &harness).unwrap();
    chown(rights.directory.path(), Some(NOBODY), None).unwrap();
    let unread = rights.directory.path().join("unread");
    fs::copy(&rights.program, &unread).unwrap();
    set_permissions(&unread, Permissions::from_mode(0o4711)).unwrap();
    let mut command = Command::new("setpriv");
    command.env(UNREAD, &unread);
    command
        .args(AS_NOBODY)
        .arg(&harness)
        .args(["--exact", test, "--ignored"]);
    command
        .env("TMPDIR", rights.directory.path())
        .env(PROGRAM, &rights.program);
    let output = command.current_dir("/").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn who_is_not_root_cannot_trace_them() {
    if let Some(rights) = Rights::of_root() {
        harness_of_nobody("rights::in_a_harness_that_is_not_root", &rights);
    }
}

#[test]
#[ignore = "run by another, in a harness of its own"]
fn in_a_harness_that_is_not_root() {
    let program = env::var_os(PROGRAM).expect("a set-user-id program");
    let subject = Subject::new(&program).timeout(secs(20));
    // What it is without any tracing.
    subject
        .clone()
        .run()
        .unwrap()
        .assert()
        .whole_log(["user 0"]);
    is_run_again(&subject.clone().lives().run().unwrap());
    let unread = env::var_os(UNREAD).expect("one that may be executed and not read");
    is_run_again(
        &Subject::new(unread)
            .timeout(secs(20))
            .lives()
            .run()
            .unwrap(),
    );
    is_run_again(&subject.clone().lives().clock(Clock::Virtual).run().unwrap());
    // What a test has said to it cannot be said once more.
    let live = subject.clone().lives().start();
    let error = live.and_then(exeunt::LiveSubject::wait).unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    assert!(
        cause.is_some_and(|cause| cause.contains("set-user-id")),
        "{error}"
    );
    // One with an ordinary program is traced.
    let ordinary = Subject::new("true").lives().run().unwrap();
    assert_eq!(why_not_traced(&ordinary), None);
    assert!(ordinary.lives.is_some());
}
