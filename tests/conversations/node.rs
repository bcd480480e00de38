//! What Node.js tells of itself at the time limit.

use std::fs;
use std::process::Command;
use std::time::Duration;

use exeunt::record::{EventKind, Record, SignalReason};
use exeunt::{Subject, millis, secs};

/// Whether there is a Node.js. Where there is none, that is said.
fn is_here() -> bool {
    let there = Command::new("node").arg("--version").output();
    let there = there.is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("warning: SKIPPED: there is no node");
    }
    there
}

/// A run that is ended at its time limit, and is asked first.
fn asked(subject: Subject, grace: Duration) -> Record {
    let mut plan = subject.timeout(secs(3)).grace(grace).plan().clone();
    plan.bounds.ask = true;
    Subject::from(plan).run().unwrap()
}

fn was_asked(record: &Record) -> bool {
    let asked = |kind: &EventKind| matches!(kind, EventKind::Signal(sent) if sent.reason == SignalReason::AtTimeout);
    record.events.iter().any(|event| asked(&event.kind))
}

#[test]
fn the_handles_that_keep_it_alive_are_told() {
    if !is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let script = "
        require('net').createServer().listen(0, '127.0.0.1');
        setTimeout(() => {}, 600000).unref();
        require('child_process').spawn('sleep', ['50']);
    ";
    let subject = Subject::new("node")
        .args(["-e", script])
        .current_dir(directory.path());
    let record = asked(subject.env("NODE_OPTIONS", "--report-on-signal"), secs(4));
    assert!(was_asked(&record), "{record:#?}");
    let node = &record.ended_by_harness[0];
    let kinds: Vec<_> = node
        .handles
        .iter()
        .map(|handle| handle.kind.as_str())
        .collect();
    assert!(
        kinds.contains(&"tcp") && kinds.contains(&"process"),
        "{:#?}",
        node.handles
    );
    assert!(
        !kinds.contains(&"timer"),
        "it does not keep the loop alive: {:#?}",
        node.handles
    );
    let sentence = node.kept_alive_by().unwrap();
    assert!(sentence.contains("a server at 127.0.0.1:"), "{sentence}");
    let sleep = record
        .ended_by_harness
        .iter()
        .find(|p| p.command == "sleep 50")
        .unwrap();
    assert!(
        sentence.contains(&format!("child process {}", sleep.pid)),
        "{sentence}"
    );
    // Nothing is left where it ran.
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn a_handler_of_its_own_is_left_alone() {
    if !is_here() {
        return;
    }
    let script = "
        process.on('SIGUSR2', () => { console.log('restarts'); process.exit(1) });
        setInterval(() => {}, 1000);
    ";
    let record = asked(Subject::new("node").args(["-e", script]), millis(300));
    assert!(!was_asked(&record), "{record:#?}");
    assert!(record.ended_by_harness[0].handles.is_empty());
}
