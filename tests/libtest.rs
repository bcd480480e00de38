//! `exeunt::libtest` as cargo and nextest use it: this program is the suite's test binary too, when a variable names a suite.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Arguments, Trial};
use tempfile::TempDir;

const SUITE: &str = "EXEUNT_TEST_SUITE_FILE";

fn main() {
    match std::env::var_os(SUITE) {
        Some(suite) => exeunt::libtest::main(PathBuf::from(suite)),
        None => {
            let tests: &[(&str, fn())] = &[
                ("listing_runs_nothing", listing_runs_nothing),
                (
                    "what_cannot_be_there_is_listed_as_ignored",
                    what_cannot_be_there_is_listed_as_ignored,
                ),
                (
                    "a_case_prepares_only_its_own_implementation",
                    a_case_prepares_only_its_own_implementation,
                ),
                (
                    "a_skipped_case_is_ignored_under_cargo_test",
                    a_skipped_case_is_ignored_under_cargo_test,
                ),
                (
                    "a_case_found_missing_when_run_fails_under_nextest",
                    a_case_found_missing_when_run_fails_under_nextest,
                ),
                ("a_filter_may_have_colons", a_filter_may_have_colons),
                ("a_broken_case_fails", a_broken_case_fails),
                (
                    "processes_of_one_nextest_run_probe_and_build_once",
                    processes_of_one_nextest_run_probe_and_build_once,
                ),
                (
                    "what_another_user_can_write_is_not_believed",
                    what_another_user_can_write_is_not_believed,
                ),
                (
                    "an_exclusive_case_is_alone_among_processes",
                    an_exclusive_case_is_alone_among_processes,
                ),
                (
                    "what_came_in_an_archive_is_run",
                    what_came_in_an_archive_is_run,
                ),
                (
                    "what_an_archive_lacks_is_named",
                    what_an_archive_lacks_is_named,
                ),
                ("nothing_is_built_if_so_told", nothing_is_built_if_so_told),
            ];
            let trials = tests.iter().map(|(name, test)| {
                Trial::test(*name, || {
                    test();
                    Ok(())
                })
            });
            libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit()
        }
    }
}

/// A suite whose probes and builds leave a file behind.
struct Suite(TempDir);

/// `good` is there and built; `absent`'s probe is no program; `refused`'s probe fails; `wrong` ends with 1.
const TEXT: &str = "
[implementation.good]
command = ['true', '{scenario}']
probe = ['touch', 'probed-good']
build = ['touch', 'built-good']
[implementation.absent]
command = ['true']
probe = ['no-such-program']
[implementation.refused]
command = ['true']
probe = ['sh', '-c', 'touch probed-refused; echo not today; exit 1']
build = ['touch', 'built-refused']
[implementation.wrong]
command = ['false']
probe = ['touch', 'probed-wrong']
[[scenario]]
name = 'one'
";

impl Suite {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("exeunt.toml"), text).unwrap();
        Self(directory)
    }

    /// The test binary of this suite.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(args)
            .env(SUITE, self.0.path().join("exeunt.toml"))
            .env_remove("NEXTEST")
            .env_remove("NEXTEST_RUN_ID")
            .env_remove("EXEUNT_ALLOW_SKIPPED");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn has(&self, file: &str) -> bool {
        self.0.path().join(file).exists()
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn listing_runs_nothing() {
    let suite = Suite::new(TEXT);
    let output = suite.run(&["--list", "--format", "terse"]);
    assert!(output.status.success());
    let mut lines: Vec<_> = stdout(&output).lines().map(str::to_owned).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "one/absent: test",
            "one/good: test",
            "one/refused: test",
            "one/wrong: test"
        ]
    );
    let files = fs::read_dir(suite.0.path()).unwrap().count();
    assert_eq!(files, 1, "only the suite is there");
}

/// As nextest asks: all tests, then those that are ignored.
fn what_cannot_be_there_is_listed_as_ignored() {
    let suite = Suite::new(TEXT);
    let output = suite.run(&["--list", "--format", "terse", "--ignored"]);
    assert_eq!(stdout(&output), "one/absent: test\n");
}

/// As nextest runs each test.
fn a_case_prepares_only_its_own_implementation() {
    let suite = Suite::new(TEXT);
    let output = suite
        .command(&["--exact", "one/good", "--nocapture"])
        .env("NEXTEST", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(suite.has("probed-good") && suite.has("built-good"));
    assert!(
        !suite.has("probed-refused") && !suite.has("probed-wrong") && !suite.has("built-refused")
    );
}

fn a_skipped_case_is_ignored_under_cargo_test() {
    let suite = Suite::new(TEXT);
    let output = suite.run(&["--skip", "wrong"]);
    assert!(output.status.success(), "{output:?}");
    let out = stdout(&output);
    assert!(
        out.contains("one/refused") && out.contains("not today"),
        "{out}"
    );
    assert!(out.contains("1 passed; 0 failed; 2 ignored"), "{out}");
    assert!(!suite.has("built-refused"));
}

fn a_case_found_missing_when_run_fails_under_nextest() {
    let suite = Suite::new(TEXT);
    let mut command = suite.command(&["--exact", "one/refused", "--nocapture"]);
    let output = command.env("NEXTEST", "1").output().unwrap();
    assert!(!output.status.success());
    let out = stdout(&output);
    assert!(
        out.contains("skipped: probe") && out.contains("not today"),
        "{out}"
    );
    let allowed = command.env("EXEUNT_ALLOW_SKIPPED", "1").output().unwrap();
    assert!(allowed.status.success(), "{allowed:?}");
}

fn a_filter_may_have_colons() {
    let suite = Suite::new(TEXT);
    let out = stdout(&suite.run(&["one::good"]));
    assert!(
        out.contains("one/good") && out.contains("1 passed; 0 failed"),
        "{out}"
    );
}

fn a_broken_case_fails() {
    let suite = Suite::new(TEXT);
    let output = suite.run(&["one/wrong"]);
    assert!(!output.status.success());
    assert!(stdout(&output).contains("exit code 1"), "{output:?}");
}

/// A suite whose probe and build count how often they are run. What `TMPDIR` names is below it.
const COUNTING: &str = "
[implementation.a]
command = ['true', '{scenario}']
probe = ['sh', '-c', 'echo 1 >> probed; echo 1.2.3']
build = ['sh', '-c', 'echo 1 >> built']
[[scenario]]
name = 'one'
[[scenario]]
name = 'two'
[[scenario]]
name = 'three'
";

fn counting() -> Suite {
    let suite = Suite::new(COUNTING);
    fs::create_dir(suite.0.path().join("tmp")).unwrap();
    suite
}

/// Runs a case as nextest does, and says how often was probed and built by then.
#[track_caller]
fn counted(suite: &Suite, cases: &[&str], run: &str) -> [usize; 2] {
    let children: Vec<_> = cases
        .iter()
        .map(|case| {
            let mut command = suite.command(&["--exact", case, "--nocapture"]);
            command
                .env("NEXTEST", "1")
                .env("NEXTEST_RUN_ID", run)
                .env("TMPDIR", suite.0.path().join("tmp"));
            command.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    ["probed", "built"].map(|file| {
        let text = fs::read_to_string(suite.0.path().join(file)).unwrap();
        text.lines().count()
    })
}

const RUN: &str = "0a4f7a6e-6d0c-4a0e-9a8e-5f0c5b8a2c11";

fn processes_of_one_nextest_run_probe_and_build_once() {
    let suite = counting();
    let all = ["one/a", "two/a", "three/a"];
    assert_eq!(counted(&suite, &all, RUN), [1, 1], "side by side");
    assert_eq!(counted(&suite, &all[..1], RUN), [1, 1], "later");
    let other = RUN.replace('0', "1");
    assert_eq!(counted(&suite, &all[..1], &other), [2, 2], "another run");
    assert_eq!(counted(&suite, &all[..1], "../x"), [3, 3], "no run at all");
    let edited = COUNTING.replace("1.2.3", "1.2.4");
    fs::write(suite.0.path().join("exeunt.toml"), edited).unwrap();
    assert_eq!(counted(&suite, &all[..1], RUN), [4, 4], "another suite");
}

fn what_another_user_can_write_is_not_believed() {
    let suite = counting();
    assert_eq!(counted(&suite, &["one/a"], RUN), [1, 1]);
    let mut entries = fs::read_dir(suite.0.path().join("tmp")).unwrap();
    let directory = entries.next().unwrap().unwrap().path();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(counted(&suite, &["one/a"], RUN), [2, 2]);
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(counted(&suite, &["one/a"], RUN), [2, 2]);
    // One was ended while it wrote.
    let mut files = fs::read_dir(&directory).unwrap();
    fs::write(files.next().unwrap().unwrap().path(), "{\"probed\"").unwrap();
    assert_eq!(counted(&suite, &["one/a"], RUN), [3, 3]);
}

/// Two processes, as under nextest, each with an exclusive case: their subjects never run at the same time.
fn an_exclusive_case_is_alone_among_processes() {
    let suite = Suite::new(
        "[implementation.a]\ncommand = ['sh', '-c', 'mkdir busy || exit 9; sleep 0.3; rmdir busy', '{scenario}']\n\
         [[scenario]]\nname = 'one'\nexclusive = true\n\
         [[scenario]]\nname = 'two'\nexclusive = true\n",
    );
    let children =
        ["one/a", "two/a"].map(|case| suite.command(&["--exact", case]).spawn().unwrap());
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert!(!Path::new(&suite.0.path().join("busy")).exists());
}

/// A binary of cargo's that only an archive has, beside a build of the suite's own.
const ARCHIVED: &str = "
[implementation.worker]
cargo = { package = 'no-such-package', bin = 'worker-{scenario}' }
[implementation.script]
command = ['true', '{scenario}']
build = ['touch', 'built-script']
[[scenario]]
name = 'one'
[[scenario]]
name = 'two'
implementations = ['worker']
";

/// A suite, and this test with `worker-one` where nextest puts what an archive has.
struct Archived {
    suite: Suite,
    target: TempDir,
}

impl Archived {
    fn new() -> Self {
        let target = tempfile::tempdir().unwrap();
        let at = |path: &str| target.path().join(path);
        fs::create_dir_all(at("target/debug/deps")).unwrap();
        fs::create_dir_all(at("target/nextest")).unwrap();
        fs::write(at("target/nextest/binaries-metadata.json"), "{}").unwrap();
        let test = std::env::current_exe().unwrap();
        fs::copy(test, at("target/debug/deps/suite-1f")).unwrap();
        fs::copy("/bin/true", at("target/debug/worker-one")).unwrap();
        Self {
            suite: Suite::new(ARCHIVED),
            target,
        }
    }

    /// As nextest runs it on a machine without cargo.
    fn command(&self, args: &[&str]) -> Command {
        let at = self.suite.0.path();
        let mut command = Command::new(self.target.path().join("target/debug/deps/suite-1f"));
        command
            .args(args)
            .current_dir(at)
            .env(SUITE, "exeunt.toml")
            .env("NEXTEST", "1")
            .env("CARGO", "/nowhere/cargo")
            .env_remove("NEXTEST_RUN_ID")
            .env_remove("EXEUNT_NO_BUILD");
        command
    }

    fn forget_metadata(&self) {
        fs::remove_dir_all(self.target.path().join("target/nextest")).unwrap();
    }
}

/// What `build` commands make is not in an archive, so it is built.
fn what_came_in_an_archive_is_run() {
    let archived = Archived::new();
    let output = archived.command(&["one"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(stdout(&output).contains("2 passed; 0 failed"), "{output:?}");
    assert!(archived.suite.has("built-script"));
    // Without what makes it an archive, cargo is asked.
    archived.forget_metadata();
    let output = archived.command(&["one"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("/nowhere/cargo"),
        "{said}"
    );
}

fn what_an_archive_lacks_is_named() {
    let archived = Archived::new();
    let output = archived.command(&["two"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success()
            && said.contains("binary `worker-two` of package `no-such-package` is not there")
            && said.contains("target/debug/worker-two")
            && said.contains("cargo build --package no-such-package --bin worker-two"),
        "{said}"
    );
}

fn nothing_is_built_if_so_told() {
    let archived = Archived::new();
    archived.forget_metadata();
    for nextest in [true, false] {
        let mut command = archived.command(&["one"]);
        command.env("EXEUNT_NO_BUILD", "1");
        if !nextest {
            command.env_remove("NEXTEST");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(!archived.suite.has("built-script"));
    }
}
