//! Probes and builds: bounded, cancellable, and nothing is left behind.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use exeunt::build::{Prepared, Ready};
use exeunt::stage::Real;
use exeunt::suite::{Suite, SuiteError};
use exeunt::{Cancel, Record, millis, secs};

use super::Written;

fn prepare<'s>(suite: &'s Suite, cancel: Option<&Cancel>) -> Result<Prepared<'s>, SuiteError> {
    let cases: Vec<_> = suite.cases().iter().collect();
    suite.prepare(&cases, &Real, cancel, |_| {})
}

fn error(text: &str) -> String {
    let written = Written::new(text);
    let suite = written.load().unwrap();
    prepare(&suite, None).unwrap_err().to_string()
}

/// A suite of one case, whose implementation has these keys too.
fn one(rest: &str) -> String {
    format!("[[scenario]]\nname = 'one'\n[implementation.x]\n{rest}\n")
}

/// Runs the only case of a suite.
fn run(written: &Written) -> Record {
    let suite = written.load().unwrap();
    let prepared = prepare(&suite, None).unwrap();
    prepared.run(&suite.cases()[0], None).unwrap()
}

fn output(record: &Record) -> String {
    record
        .lines()
        .map(|seen| seen.line.text().into_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_build_that_fails_is_shown_with_what_it_says() {
    let error = error(&one(
        "command = ['true']\nbuild = ['sh', '-c', 'echo out; echo this went wrong >&2; exit 3']",
    ));
    assert!(
        error.contains("implementation `x` could not be built"),
        "{error}"
    );
    assert!(error.contains("exit code 3"), "{error}");
    assert!(error.contains("this went wrong"), "{error}");
    assert!(!error.contains("= help: out"), "{error}");
}

#[test]
fn a_build_that_cannot_be_started_is_an_error() {
    let error = error(&one("command = ['true']\nbuild = ['no-such-builder']"));
    assert!(
        error.contains("program `no-such-builder` not found"),
        "{error}"
    );
}

#[test]
fn a_build_is_bounded_and_its_whole_tree_is_ended() {
    let written = Written::new(&one(
        "command = ['true']\nbuild-timeout = '300ms'\nbuild = ['sh', '-c', 'sleep 73.1 & echo $! > pid; wait']",
    ));
    let suite = written.load().unwrap();
    let error = prepare(&suite, None).unwrap_err().to_string();
    assert!(
        error.contains("still running after 0.3 s, and ended then"),
        "{error}"
    );
    let pid = fs::read_to_string(written.directory.path().join("pid")).unwrap();
    assert!(!is_alive(pid.trim()), "the build's child is still there");
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_build_is_cancelled() {
    let suite = one("command = ['true']\nbuild = ['sleep', '73.2']");
    let written = Written::new(&suite);
    let suite = written.load().unwrap();
    let cancel = Cancel::new().unwrap();
    let started = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(millis(200));
            cancel.cancel();
        });
        let error = prepare(&suite, Some(&cancel)).unwrap_err();
        assert!(error.to_string().contains("interrupted"), "{error}");
    });
    assert!(started.elapsed() < secs(60), "it was not waited for");
}

#[test]
fn one_build_serves_all_that_have_it() {
    let written = Written::new(
        "[[scenario]]\nname = 'one'\n\
         [implementation.a]\ncommand = ['true']\nbuild = ['sh', '-c', 'echo built >> log']\n\
         [implementation.b]\ncommand = ['true']\nbuild = ['sh', '-c', 'echo built >> log']\n\
         [implementation.c]\ncommand = ['true']\nbuild = ['sh', '-c', 'echo {implementation} >> log']\n",
    );
    let suite = written.load().unwrap();
    prepare(&suite, None).unwrap();
    let log = fs::read_to_string(written.directory.path().join("log")).unwrap();
    let mut lines: Vec<_> = log.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["built", "c"]);
}

#[test]
fn only_what_the_cases_need_is_probed_and_built() {
    let written = Written::new(
        "[[scenario]]\nname = 'one'\n\
         [implementation.a]\ncommand = ['true']\nbuild = ['touch', 'a']\n\
         [implementation.b]\ncommand = ['true']\nbuild = ['touch', 'b']\nprobe = ['touch', 'probed']\n",
    );
    let suite = written.load().unwrap();
    let prepared = suite
        .prepare(&[&suite.cases()[0]], &Real, None, |_| {})
        .unwrap();
    assert!(prepared.ready("a").is_some() && prepared.ready("b").is_none());
    let there = |name: &str| written.directory.path().join(name).exists();
    assert!(there("a") && !there("b") && !there("probed"));
}

#[test]
fn a_probe_that_fails_skips_and_one_that_crashes_does_not() {
    let written = Written::new(&one(
        "command = ['true']\nprobe = ['sh', '-c', 'echo not here; exit 1']",
    ));
    let suite = written.load().unwrap();
    let prepared = prepare(&suite, None).unwrap();
    let Some(Ready::Skipped { why }) = prepared.ready("x") else {
        panic!("{prepared:?}")
    };
    assert!(why.contains("exit code 1, \"not here\""), "{why}");
    assert_eq!(prepared.skipped(&suite.cases()[0]).as_ref(), Some(why));

    let crash = error(&one(
        "command = ['true']\nprobe = ['sh', '-c', 'kill -SEGV $$']",
    ));
    assert!(
        crash.contains("implementation `x` is there and does not work"),
        "{crash}"
    );
    assert!(crash.contains("SIGSEGV"), "{crash}");
}

#[test]
fn a_column_that_was_asked_for_must_be_there() {
    let text =
        one("command = ['sh', '-c', 'true', '{scenario}']\nprobe = ['{program}', '-c', 'true']");
    let written = Written::new(&text);
    let mut suite = written.load().unwrap();
    suite
        .set_command("mine", Some("x"), vec!["no-such-shell".into()])
        .unwrap();
    let error = prepare(&suite, None).unwrap_err().to_string();
    assert!(
        error.contains("implementation `mine`, which was asked for, is not there"),
        "{error}"
    );
    assert!(error.contains("no-such-shell"), "{error}");
}

/// What could not even be tried is not said to be missing.
/// Where software is not in a place of the system, a variable tells its place to subject and probe alike.
#[test]
fn the_variables_of_a_probe_have_their_placeholders() {
    let written = Written::new(&one("command = ['sh', '-c', 'echo \"$AT\"']\n\
         probe = ['sh', '-c', 'echo \"1.2 $AT\"']\n\
         env = { AT = '{implementation} at {root}' }"));
    let suite = written.load().unwrap();
    let prepared = prepare(&suite, None).unwrap();
    let told = output(&run(&written));
    assert!(told.starts_with("x at /"), "{told}");
    let Some(Ready::Yes { probe, .. }) = prepared.ready("x") else {
        panic!("{:?}", prepared.ready("x"))
    };
    assert_eq!(probe.as_deref(), Some(format!("1.2 {told}").as_str()));
}

#[test]
fn a_probe_that_cannot_be_executed_does_not_skip() {
    let written = Written::new(&one("command = ['true']\nprobe = ['./probe']"));
    written.file("probe", "no script");
    let suite = written.load().unwrap();
    let error = prepare(&suite, None).unwrap_err().to_string();
    assert!(error.contains("is there and does not work"), "{error}");
}

/// A build needs what its user has set; subjects and probes get a clean environment.
#[test]
fn only_builds_see_the_whole_environment() {
    // Cargo sets it for tests, and a clean environment does not have it.
    let name = "CARGO_MANIFEST_DIR";
    assert!(std::env::var_os(name).is_some());
    let print = format!("['sh', '-c', 'echo \"<${name}>\" > NAME; echo \"<${name}>\"']");
    let written = Written::new(&one(&format!(
        "command = {print}\nprobe = {print}\nbuild = {}",
        print.replace("NAME", "built")
    )));
    let record = run(&written);
    assert_eq!(output(&record), "<>");
    let built = fs::read_to_string(written.directory.path().join("built")).unwrap();
    assert!(built.starts_with("</"), "{built}");
}

/// A program that prints its version, and otherwise a line.
const VERSIONED: &str =
    "#!/bin/sh\n[ \"$1\" = --version ] && echo mine $VERSION && exit\necho ran\n";

#[test]
fn the_version_is_that_of_the_program_and_not_of_what_starts_it() {
    let written = Written::new(
        "[[scenario]]\nname = 'one'\n\
         log = ['ran', { line = 'old', if = 'x<2' }]\n\
         [implementation.x]\n\
         command = ['env', 'A=b', 'nice', './mine', '{scenario}']\n\
         probe = ['sh', '{program}', '--version']\n\
         env = { VERSION = '1.2.3' }\n",
    );
    written.file("mine", VERSIONED);
    let suite = written.load().unwrap();
    let prepared = prepare(&suite, None).unwrap();
    assert_eq!(prepared.version("x").unwrap().to_string(), "1.2.3");
    let case = &suite.cases()[0];
    assert_eq!(
        prepared.plan(case).origin.unwrap().version.as_deref(),
        Some("1.2.3")
    );
    // The case is the one for this version.
    assert_eq!(super::log(prepared.case(case)), ["`ran`", "`old`"]);
    assert_eq!(super::log(case), ["`ran`"]);
}

/// A wrapper that costs time is asked once where the program is, and not run again.
#[test]
fn a_program_is_run_where_it_was_located() {
    let written = Written::new(
        "[[scenario]]\nname = 'one'\nlog = ['ran']\n\
         [implementation.x]\n\
         command = ['env', 'A=b', './shim', '{scenario}']\n\
         locate = ['{program}', '--where']\n\
         probe = ['{program}', '--version']\n\
         env = { VERSION = '1.2.3' }\n",
    );
    written.file("mine", VERSIONED);
    written.file(
        "shim",
        "#!/bin/sh\n[ \"$1\" = --where ] && echo \"$PWD/mine\" && exit\nexit 3\n",
    );
    let suite = written.load().unwrap();
    for program in ["mine", "shim"] {
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(suite.root().join(program), executable).unwrap();
    }
    let prepared = prepare(&suite, None).unwrap();
    assert_eq!(prepared.version("x").unwrap().to_string(), "1.2.3");
    let case = &suite.cases()[0];
    let command = prepared.command(case);
    let mine = suite.root().join("mine");
    assert_eq!(command, ["env", "A=b", mine.to_str().unwrap(), "one"]);
    let record = prepared.run(case, None).unwrap();
    assert_eq!(record.lines().next().unwrap().line.text(), "ran");
}

#[test]
fn what_locates_a_program_must_print_its_path() {
    for (locate, wrong) in [
        ("['echo', 'mine']", "no path of a program: \"mine\""),
        (
            "['echo', '/nowhere/mine']",
            "no path of a program: \"/nowhere/mine\"",
        ),
        ("['true']", "no path of a program: \"\""),
    ] {
        let text = one(&format!("command = ['true']\nlocate = {locate}"));
        let written = Written::new(&text);
        let error = prepare(&written.load().unwrap(), None).unwrap_err();
        assert!(error.to_string().contains(wrong), "{error}");
    }
    let text = one("command = ['true']\nlocate = ['sh', '-c', 'exit 1']");
    let written = Written::new(&text);
    let suite = written.load().unwrap();
    let prepared = prepare(&suite, None).unwrap();
    let why = prepared.skipped(&suite.cases()[0]).unwrap();
    assert!(why.contains("exit code 1"), "{why}");
}

#[test]
fn a_scenario_that_another_version_has_is_skipped() {
    let text = one("command = ['true']\nprobe = ['echo', '1.2']")
        .replace("'one'\n", "'one'\nimplementations = ['x>=2']\n");
    let written = Written::new(&text);
    let suite = written.load().unwrap();
    let prepared = prepare(&suite, None).unwrap();
    let why = prepared.skipped(&suite.cases()[0]).unwrap();
    assert_eq!(why, "the scenario does not have x 1.2.0");
}

#[test]
fn a_version_that_is_needed_and_not_printed_is_an_error() {
    let text = one("command = ['true']\nprobe = ['echo', 'hello']").replace(
        "'one'\n",
        "'one'\ndeviates.x = { why = 'y', version = '<2' }\n",
    );
    let error = error(&text);
    assert!(
        error.contains("the version of implementation `x` is not known"),
        "{error}"
    );
    assert!(error.contains("its probe printed \"hello\""), "{error}");
}

#[test]
fn each_run_gets_a_free_port_and_only_one() {
    let written = Written::new(
        "[[scenario]]\nname = 'one'\nargs = ['{port}']\nenv = { PORT = '{port}' }\nstdin = '{port}'\n\
         [implementation.x]\ncommand = ['sh', '-c', 'echo $PORT $0; cat', ]\n",
    );
    let (first, second) = (output(&run(&written)), output(&run(&written)));
    let ports: Vec<_> = first.split_whitespace().collect();
    assert_eq!(ports.len(), 3, "{first}");
    assert!(ports.iter().all(|port| *port == ports[0]), "{first}");
    assert!(ports[0].parse::<u16>().unwrap() > 0);
    assert_ne!(first, second);
}

#[test]
fn a_subject_gets_what_its_scenario_says() {
    let written = Written::new(
        "[[scenario]]\nname = 'one'\nargs = ['a b', '{scenario}']\nenv = { A = 'x' }\nstdin = 'typed'\ndirectory = 'sub'\n\
         [implementation.x]\ncommand = ['sh', '-c', 'echo $A, $0, $1; pwd; cat']\n",
    );
    fs::create_dir(written.directory.path().join("sub")).unwrap();
    let output = output(&run(&written));
    assert!(output.starts_with("x, a b, one\n"), "{output}");
    assert!(output.ends_with("/sub\ntyped"), "{output}");
}

#[test]
fn a_probe_is_cancelled_and_not_skipped() {
    let written = Written::new(&one("command = ['true']\nprobe = ['sleep', '73.3']"));
    let suite = written.load().unwrap();
    let cancel = Cancel::new().unwrap();
    let started = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            cancel.cancel();
        });
        let error = prepare(&suite, Some(&cancel)).unwrap_err();
        assert!(error.to_string().contains("interrupted"), "{error}");
    });
    assert!(started.elapsed() < secs(60));
}
