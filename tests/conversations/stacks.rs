//! Stacks in native code, of real programs that were still there at the time limit, or outlived their parent.

use crate::c;

use std::env;
use std::process::Command;
use std::thread;
use std::time::Duration;

use exeunt::record::{Exit, Finding, Frame, Process, Record, Stream, Termination};
use exeunt::{Subject, report, secs};

const PROGRAM: &str = r#"
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int never;

__attribute__((noinline)) void waits_inside(void) {
    while (!never)
        pause();
    puts("never");
}

__attribute__((noinline)) void waits_outside(void) {
    char room[300];
    snprintf(room, sizeof room, "%d", never);
    waits_inside();
    puts(room);
}

static void *works(void *unused) {
    waits_outside();
    return unused;
}

/* A child that traces its parent, so that nobody else can. */
static void be_traced(void) {
    int said[2];
    char byte;
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    pipe(said);
    if (!fork()) {
        ptrace(PTRACE_SEIZE, getppid(), 0, 0);
        write(said[1], "x", 1);
        for (;;)
            pause();
    }
    read(said[0], &byte, 1);
}

int main(int argc, char **argv) {
    const char *what = argv[argc - 1];
    pthread_t threads[3];
    if (!strcmp(what, "traced"))
        be_traced();
    if (!strcmp(what, "survives") && fork())
        return 0;
    if (!strcmp(what, "threads")) {
        for (int i = 0; i < 3; i++) {
            pthread_create(&threads[i], NULL, works, NULL);
            pthread_setname_np(threads[i], "worker");
        }
        pthread_join(threads[0], NULL);
    }
    puts("ready");
    fflush(stdout);
    waits_outside();
}
"#;

/// A run that is ended at its time limit.
fn ended(subject: Subject) -> Record {
    let record = subject.timeout(secs(2)).stacks().run().unwrap();
    assert!(matches!(record.termination, Termination::TimedOut { .. }));
    record
}

fn functions(stack: &[Frame]) -> Vec<&str> {
    stack
        .iter()
        .filter_map(|frame| frame.function.as_deref())
        .collect()
}

/// Whether these functions stand on the stack, each called by the next one.
fn has(stack: &[Frame], wanted: &[&str]) -> bool {
    let functions = functions(stack);
    functions
        .windows(wanted.len())
        .any(|some| some.iter().zip(wanted).all(|(is, want)| is.ends_with(want)))
}

fn missing(record: &Record) -> Vec<&str> {
    let why = record.findings.iter().filter_map(|finding| match finding {
        Finding::NoStacks { why } => Some(why.as_str()),
        _ => None,
    });
    why.collect()
}

fn main_stack(process: &Process) -> &[Frame] {
    &process.threads[0].stack
}

const CALLS: [&str; 3] = ["waits_inside", "waits_outside", "main"];

#[test]
fn the_functions_of_a_program_in_c() {
    let flags: [&[&str]; 3] = [
        &["-g"],
        // The usual build of a distribution: optimised, and the names of its symbols alone.
        &["-O2"],
        &["-O2", "-fomit-frame-pointer", "-g"],
    ];
    thread::scope(|scope| {
        for flags in flags {
            scope.spawn(move || {
                let (_directory, program) = c::program(PROGRAM, flags);
                let record = ended(Subject::new(&program).arg("alone"));
                assert_eq!(missing(&record), [""; 0], "{flags:?}");
                let stack = main_stack(&record.ended_by_harness[0]);
                assert!(has(stack, &CALLS), "{flags:?}: {stack:#?}");
                let inside = stack
                    .iter()
                    .find(|f| f.function.as_deref() == Some("waits_inside"))
                    .unwrap();
                let line = flags.contains(&"-g").then_some(16);
                assert_eq!(inside.line, line, "{flags:?}: {inside:?}");
                assert_eq!(inside.module.as_deref(), Some("program"));
            });
        }
    });
}

#[test]
fn of_a_stripped_program_addresses_and_modules_are_told() {
    let (_directory, program) = c::program(PROGRAM, &["-O2"]);
    // Where the functions are, for this test alone.
    let symbols = Command::new("nm").arg(&program).output().unwrap();
    let symbols = String::from_utf8(symbols.stdout).unwrap();
    let address = |name: &str| {
        let line = symbols
            .lines()
            .find(|line| line.ends_with(&format!(" {name}")))
            .unwrap();
        u64::from_str_radix(line.split(' ').next().unwrap(), 16).unwrap()
    };
    let status = Command::new("strip").arg(&program).status().unwrap();
    assert!(status.success());
    let record = ended(Subject::new(&program).arg("alone"));
    let stack = main_stack(&record.ended_by_harness[0]);
    let own: Vec<_> = stack
        .iter()
        .filter(|frame| frame.module.as_deref() == Some("program"))
        .collect();
    // Compilers place them as they are written, each some dozens of bytes long.
    for (frame, name) in own.iter().zip(CALLS) {
        assert_eq!(frame.function, None, "a name was guessed: {stack:#?}");
        let behind = frame.address.wrapping_sub(address(name));
        assert!(behind < 256, "{name}: {stack:#?}");
    }
    assert!(own.len() >= 3, "{stack:#?}");
    let text = anstream::adapter::strip_str(&report::timeline(&record, None)).to_string();
    assert!(
        text.contains(&format!("program+{:#x}", own[0].address)),
        "{text}"
    );
}

/// What the next test runs: this very test program is a program in Rust.
#[test]
#[ignore = "a subject of another test"]
fn waits_in_rust() {
    #[inline(never)]
    fn waits_for_nobody() {
        loop {
            thread::park_timeout(Duration::from_secs(3600));
        }
    }
    let worker = thread::Builder::new().name("worker".into());
    worker.spawn(waits_for_nobody).unwrap().join().unwrap();
}

#[test]
fn the_functions_of_a_program_in_rust() {
    let this = env::current_exe().unwrap();
    let subject = Subject::new(this).args([
        "--ignored",
        "--exact",
        "stacks::waits_in_rust",
        "--nocapture",
    ]);
    let record = ended(subject);
    assert_eq!(missing(&record), [""; 0]);
    let threads = &record.ended_by_harness[0].threads;
    let worker = &threads
        .iter()
        .find(|thread| thread.name == "worker")
        .unwrap()
        .stack;
    let calls = functions(worker);
    let at = calls
        .iter()
        .position(|name| name.ends_with("waits_in_rust::waits_for_nobody"));
    let at = at.unwrap_or_else(|| panic!("{calls:#?}"));
    assert!(
        calls[..at].iter().any(|name| name.contains("park_timeout")),
        "{calls:#?}"
    );
    let frame = worker
        .iter()
        .find(|f| f.function.as_deref() == Some(calls[at]))
        .unwrap();
    assert!(
        frame.file.as_deref().unwrap().ends_with("stacks.rs"),
        "{frame:?}"
    );
    // Whether a single test has a thread of its own is up to libtest.
    let is_test = |name: &&str| name.ends_with("waits_in_rust");
    assert!(
        threads
            .iter()
            .any(|thread| functions(&thread.stack).iter().any(is_test)),
        "{threads:#?}"
    );
}

#[test]
fn equal_stacks_are_told_once() {
    let (_directory, program) = c::program(PROGRAM, &["-g"]);
    let record = ended(Subject::new(&program).arg("threads"));
    let workers: Vec<_> = record.ended_by_harness[0]
        .threads
        .iter()
        .filter(|t| t.name == "worker")
        .collect();
    assert_eq!(workers.len(), 3);
    assert!(
        workers
            .iter()
            .all(|worker| has(&worker.stack, &["waits_inside", "waits_outside", "works"]))
    );
    let text = anstream::adapter::strip_str(&report::timeline(&record, None)).to_string();
    assert!(text.contains("3 × worker"), "{text}");
    assert_eq!(text.matches("waits_inside  ").count(), 1, "{text}");
    // The record keeps them.
    let saved = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&saved).unwrap(), record);
}

#[test]
fn of_what_outlives_its_parent() {
    let (_directory, program) = c::program(PROGRAM, &["-g"]);
    let record = Subject::new(&program)
        .arg("survives")
        .timeout(secs(20))
        .stacks()
        .run()
        .unwrap();
    assert!(
        has(main_stack(&record.survivors[0]), &CALLS),
        "{:#?}",
        record.survivors
    );
}

#[test]
fn where_it_is_denied_that_is_said_and_no_more() {
    let (_directory, program) = c::program(PROGRAM, &["-g"]);
    let subject = || Subject::new(&program).arg("traced");
    let record = ended(subject());
    let [why] = missing(&record)[..] else {
        panic!("{:#?}", record.findings);
    };
    assert!(why.contains("not permitted"), "{why}");
    let parent = record
        .ended_by_harness
        .iter()
        .find(|p| p.pid == record.pid)
        .unwrap();
    assert_eq!(main_stack(parent), []);
    // The verdict is the one that there is without stacks.
    let without = subject().timeout(secs(2)).run().unwrap();
    record.assert().hangs();
    without.assert().hangs();
}

#[test]
fn nobody_is_left_stopped_or_disturbed() {
    let (_directory, program) = c::program(SLEEPS, &["-g"]);
    let subject = Subject::new(&program)
        .stacks()
        .timeout(secs(1))
        .grace(secs(10));
    let record = subject.run().unwrap();
    // It ends by its own handler, so it was not left stopped, and no sleep was cut short.
    assert_eq!(record.exit(), Some(Exit::Code(5)), "{record:#?}");
    assert_eq!(record.output(Stream::Merged).as_deref(), Some(""));
    let threads = &record.ended_by_harness[0].threads;
    assert_eq!(threads.len(), 9);
    // On a busy machine one may not have stopped in time.
    let seen: Vec<_> = threads
        .iter()
        .filter(|thread| !thread.stack.is_empty())
        .collect();
    assert!(
        !seen.is_empty() && seen.iter().all(|thread| has(&thread.stack, &["sleeps"])),
        "{threads:#?}"
    );
}

const SLEEPS: &str = r#"
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static void ends(int signal) {
    (void)signal;
    _exit(5);
}

static void *sleeps(void *unused) {
    struct timespec time = {.tv_sec = 30};
    if (nanosleep(&time, NULL))
        write(1, "disturbed\n", 10);
    return unused;
}

int main(void) {
    pthread_t thread;
    signal(SIGTERM, ends);
    for (int i = 0; i < 8; i++)
        pthread_create(&thread, NULL, sleeps, NULL);
    sleeps(NULL);
}
"#;

#[test]
fn an_interpreter_has_calls_of_its_own_only() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("warning: SKIPPED: there is no python3");
        return;
    }
    let subject = Subject::new("python3").args(["-c", "import time; time.sleep(60)"]);
    let record = ended(subject.inherit_env());
    let python = record
        .ended_by_harness
        .iter()
        .find(|p| p.command.contains("time.sleep"));
    assert_eq!(main_stack(python.unwrap()), []);
    assert_eq!(missing(&record), [""; 0]);
}
