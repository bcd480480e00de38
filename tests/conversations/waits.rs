//! What keeps a process alive: told of real programs that were still there at the time limit.

use crate::c;

use std::thread;

use exeunt::record::{Record, Termination, WaitsFor};
use exeunt::{Subject, report, secs};

const PROGRAM: &str = r#"
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, two = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;

static void *sleeps(void *unused) {
    sleep(60);
    return unused;
}

static void *one_then_two(void *unused) {
    pthread_mutex_lock(&one);
    pthread_barrier_wait(&both);
    pthread_mutex_lock(&two);
    return unused;
}

static void *two_then_one(void *unused) {
    pthread_mutex_lock(&two);
    pthread_barrier_wait(&both);
    pthread_mutex_lock(&one);
    return unused;
}

static pthread_t start(const char *name, void *(*run)(void *)) {
    pthread_t thread;
    pthread_create(&thread, NULL, run, NULL);
    pthread_setname_np(thread, name);
    return thread;
}

static int listening(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bind(fd, (struct sockaddr *)&address, sizeof address);
    listen(fd, 1);
    return fd;
}

int main(int argc, char **argv) {
    const char *what = argv[argc - 1];
    pthread_barrier_init(&both, NULL, 2);
    puts("ready");
    fflush(stdout);
    if (!strcmp(what, "join")) {
        pthread_join(start("sleeper", sleeps), NULL);
    } else if (!strcmp(what, "gone")) {
        start("sleeper", sleeps);
        pthread_exit(NULL);
    } else if (!strcmp(what, "deadlock")) {
        start("first", one_then_two);
        pthread_join(start("second", two_then_one), NULL);
    } else if (!strcmp(what, "itself")) {
        pthread_mutex_lock(&one);
        pthread_mutex_lock(&one);
    } else if (!strcmp(what, "accept")) {
        accept(listening(), NULL, NULL);
    } else if (!strcmp(what, "poll")) {
        struct pollfd polled[2] = {{.fd = -1}, {.fd = listening(), .events = POLLIN}};
        poll(polled, 2, -1);
    } else {
        /* A lock that is free again and again: no thread is stuck in it. */
        for (;;) {
            pthread_mutex_lock(&one);
            pthread_mutex_unlock(&one);
            usleep(1000);
        }
    }
}
"#;

/// A run that was ended at its time limit.
fn ended(subject: Subject) -> Record {
    let record = subject.timeout(secs(2)).run().unwrap();
    assert!(matches!(record.termination, Termination::TimedOut { .. }));
    record
}

/// What keeps each process alive, numbers taken out.
fn alive(record: &Record) -> Vec<String> {
    let sentences = record
        .ended_by_harness
        .iter()
        .filter_map(|p| p.kept_alive_by());
    let number = regex::Regex::new(r"\b\d{2,}\b").unwrap();
    sentences
        .map(|sentence| number.replace_all(&sentence, "N").into_owned())
        .collect()
}

#[test]
fn main_and_its_threads() {
    let (_directory, program) = c::program(PROGRAM, &[]);
    let cases = [
        ("join", "its main thread joins `sleeper` (N), which sleeps"),
        (
            "gone",
            "its main thread has ended, and `sleeper` (N) goes on",
        ),
        (
            "itself",
            "deadlock: `program` (N) waits for a lock of itself",
        ),
        (
            "accept",
            "its main thread waits for descriptor 3, socket N.0.0.1:N, listening",
        ),
        (
            "poll",
            "its main thread waits for descriptor 3, socket N.0.0.1:N, listening",
        ),
        ("free", "its main thread sleeps"),
    ];
    thread::scope(|scope| {
        for (what, expected) in cases {
            let subject = Subject::new(&program).arg(what);
            scope.spawn(move || {
                let alive = alive(&ended(subject));
                // A thread that wakes now and then may be seen awake, or between the two.
                let awakes = alive.is_empty() || alive == ["its main thread runs"];
                let awake = what == "free" && awakes;
                assert!(awake || alive == [expected], "{what}: {alive:?}");
            });
        }
    });
}

#[test]
fn a_deadlock_is_named() {
    let (_directory, program) = c::program(PROGRAM, &[]);
    let record = ended(Subject::new(&program).arg("deadlock"));
    let [process] = record.ended_by_harness.as_slice() else {
        panic!("{record:?}");
    };
    let mut circle: Vec<_> = process
        .deadlock()
        .unwrap()
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    circle.sort_unstable();
    assert_eq!(circle, ["first", "second"]);
    let text = anstream::adapter::strip_str(&report::timeline(&record, None)).to_string();
    assert!(text.contains("  alive    deadlock: `"), "{text}");
    // Main only waits for one of them.
    let main = process
        .threads
        .iter()
        .find(|thread| thread.tid == process.pid)
        .unwrap();
    assert!(
        matches!(main.waits_for, Some(WaitsFor::Thread(_))),
        "{main:?}"
    );
}

#[test]
fn who_holds_the_pipe_that_is_read() {
    let record = ended(Subject::new("sh").args(["-c", "sleep 60 | cat; true"]));
    let mut alive = alive(&record);
    alive.sort_unstable();
    assert_eq!(
        alive,
        [
            "its main thread sleeps",
            "its main thread waits for a child process",
            "its main thread waits for descriptor 0, a pipe held by pid N sleep",
        ]
    );
}

#[test]
fn what_outlives_the_subject_is_explained_too() {
    let record = Subject::new("sh")
        .args(["-c", "sleep 60 & exit 0"])
        .timeout(secs(20))
        .run()
        .unwrap();
    let sentence = record.survivors[0].kept_alive_by();
    assert_eq!(sentence.as_deref(), Some("its main thread sleeps"));
}
