//! Reports that are files: each format, from outcomes that were made by hand.

mod formats;
mod html;
#[path = "../support/json_schema.rs"]
mod json_schema;
mod kept;
mod written;

use exeunt::outcome::{Outcome, Status};
use exeunt::record::{
    Exit, Finding, Line, Process, Signal, SignalReason, SignalSent, Stream, Termination,
    ThreadSeen, ThreadState,
};
use exeunt::report::Results;
use exeunt::suite::{Case, Suite};
use exeunt::{LogFormat, Record, Streams, millis, secs};

/// What a subject prints to do harm to whoever reads the report.
pub(crate) const HOSTILE: &str = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">]]>&amp;\u{0}\u{1b}[2J\u{202e}";

const SUITE: &str = r#"[implementation.old]
command = ["old"]
[implementation.py]
command = ["py"]

[[scenario]]
name = "waits"
about = "main ends before its thread <b>"
log = ["Main : all done", "Thread 1 : finishing"]
exit = { code = 0, after = "Main : all done", delay = "2s" }
[scenario.deviates.old]
why = "It ends with main."
log = ["Main : all done"]
exit = { code = 0, after = "Main : all done", delay = "0s" }

[[scenario]]
name = "hangs"
log = ["Main : all done"]
exit = { code = 0, after = "Main : all done", within = "500ms" }

[[scenario]]
name = "leaves"
present = ["ready"]
"#;

pub(crate) fn cases() -> Vec<Case> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("exeunt.toml");
    std::fs::write(&path, SUITE).unwrap();
    Suite::load(&path).unwrap().cases().to_vec()
}

pub(crate) fn named(name: &str) -> Case {
    let cases = cases();
    let mut cases = cases.iter();
    cases.find(|c| c.id().to_string() == name).unwrap().clone()
}

fn read(mut record: Record) -> Record {
    LogFormat::clock().read(&mut record);
    record
}

fn done() -> Record {
    Record::new(["worker", "<arg>"]).with(millis(3), "00:00:00: Main : all done")
}

/// A subject whose exit is this long after its main is done.
pub(crate) fn waited(ms: u64) -> Record {
    read(
        done()
            .with(millis(ms), "00:00:02: Thread 1 : finishing")
            .with(millis(ms + 3), Exit::Code(0)),
    )
}

fn process(pid: u32, threads: Vec<ThreadSeen>) -> Process {
    Process {
        pid,
        command: format!("sleep {HOSTILE}"),
        open_streams: vec![Stream::Merged],
        threads,
        handles: Vec::new(),
    }
}

pub(crate) fn held() -> Outcome {
    Outcome::of(&named("waits/py"), None, waited(2000))
}

pub(crate) fn broken() -> Outcome {
    let early = read(done().with(millis(5), Exit::Code(1)));
    Outcome::of(&named("waits/py"), None, early)
}

pub(crate) fn inconclusive() -> Outcome {
    let mut late = waited(2400);
    late.lag.canary = millis(500);
    Outcome::of(&named("waits/py"), None, late)
}

pub(crate) fn deviates() -> Outcome {
    let early = read(done().with(millis(5), Exit::Code(0)));
    Outcome::of(&named("waits/old"), None, early)
}

pub(crate) fn deviates_no_more() -> Outcome {
    Outcome::of(&named("waits/old"), None, waited(2000))
}

pub(crate) fn hung() -> Outcome {
    let thread = |name: &str, call: &str| ThreadSeen {
        tid: 7,
        name: name.into(),
        state: ThreadState::Blocked {
            call: Some(call.into()),
        },
        waits_for: None,
        stack: Vec::new(),
    };
    let term = SignalSent {
        signal: Signal::TERM,
        to: vec![1],
        reason: SignalReason::Timeout,
    };
    let mut record = read(
        done()
            .with(secs(2), term)
            .with(millis(2001), Exit::Signal(Signal::TERM)),
    );
    record.termination = Termination::TimedOut { limit: secs(2) };
    record.ended_by_harness = vec![process(
        1,
        vec![
            thread("MainThread", "futex"),
            thread("sleeper", "clock_nanosleep"),
        ],
    )];
    Outcome::of(&named("hangs/py"), None, record)
}

/// A subject that prints what would be markup, and leaves a process behind.
pub(crate) fn hostile() -> Outcome {
    let mut record = Record::new([HOSTILE])
        .with(millis(1), Line::new(Stream::Stdout, HOSTILE))
        .with(
            millis(2),
            Line::new(Stream::Stderr, vec![0xff, 0xfe, b'<', b'b', b'>']),
        )
        .with(millis(400), Exit::Code(0));
    record.streams = Streams::Split;
    record.survivors = vec![process(99, Vec::new())];
    record.findings = vec![Finding::InvalidUtf8 { event: 1 }];
    Outcome::of(&named("leaves/py"), None, record)
}

pub(crate) fn not_run(status: Status, why: &str) -> Outcome {
    Outcome::without_run(&named("leaves/old"), status, Some(why.into()))
}

/// One of everything, and a case that is not over.
pub(crate) fn everything() -> Results {
    let mut results = Results::new("exeunt.toml", Vec::new());
    results.outcomes = vec![
        held(),
        broken(),
        inconclusive(),
        deviates(),
        deviates_no_more(),
        hung(),
        hostile(),
        not_run(Status::Skipped, "probe `old`: not found"),
        not_run(Status::Failed, "could not start\nNo such file"),
        not_run(Status::Interrupted, "interrupted"),
    ];
    let outcomes = results.outcomes.iter();
    results.cases = outcomes.map(|outcome| outcome.case.clone()).collect();
    results.cases.push(named("hangs/old").id());
    results
}
