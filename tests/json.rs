//! `docs/json.md` names all that the reports for programs can say, and `docs/lines.schema.json` has its form.

#[path = "support/json_schema.rs"]
mod json_schema;
#[path = "support/lines_schema.rs"]
mod lines_schema;

use std::fs;
use std::path::Path;

use exeunt::judge::judge;
use exeunt::outcome::{Cause, Observed, Outcome, Status};
use exeunt::record::{
    Answer, Began, Bytes, ClientSeen, Dropped, Ended, EventKind, EventName, Exchange, Exit,
    FileSeen, FileState, Finding, Frame, Handle, Line, Listening, Lives, LogFile, LogLines, Origin,
    Partial, Process, RequestSeen, Signal, SignalReason, SignalSent, Stream, TaskEnd, Termination,
    ThreadSeen, ThreadState, WaitsFor,
};
use exeunt::report::{self, Results, Shard};
use exeunt::{LogFormat, Record, millis, secs};
use regex::Regex;
use serde_json::Value;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file")
}

/// The variants of a public enum of a source, as they are serialised.
fn kinds(source: &str, name: &str) -> Vec<String> {
    let begin = source
        .find(&format!("pub enum {name} {{"))
        .expect("the enum");
    let body = &source[begin..];
    let body = &body[..body.find("\n}").expect("its end")];
    let variant = Regex::new(r"(?m)^    ([A-Z]\w*)").expect("a pattern");
    let upper = Regex::new(r"([a-z])([A-Z])").expect("a pattern");
    let names = variant.captures_iter(body);
    let kebab = names.map(|name| upper.replace_all(&name[1], "$1-$2").to_lowercase());
    kebab.collect()
}

/// The names that a page does not have as code.
fn missing(page: &str, names: &[String]) -> Vec<String> {
    let names = names.iter();
    let missing = names.filter(|name| !page.contains(&format!("`{name}`")));
    missing.cloned().collect()
}

#[test]
fn the_page_names_every_kind() {
    let page = read("docs/json.md");
    for (source, name) in [
        ("src/judge/check.rs", "Expected"),
        ("src/judge/check.rs", "Observed"),
        ("src/judge/check.rs", "Doubt"),
        ("src/outcome/cause.rs", "Cause"),
        ("src/outcome.rs", "Status"),
        ("src/outcome.rs", "TestResult"),
    ] {
        let kinds = kinds(&read(source), name);
        assert!(kinds.len() > 4, "{name}: {kinds:?}");
        assert_eq!(missing(&page, &kinds), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_page_names_every_key_of_a_record() {
    let mut record = Record::new(["subject"]);
    record.origin = Some(Origin::new("scenario", "implementation"));
    let json = serde_json::to_value(record).expect("a record serialises");
    let keys: Vec<_> = json
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    assert!(keys.len() > 10, "{keys:?}");
    assert_eq!(missing(&read("docs/json.md"), &keys), Vec::<String>::new());
}

#[test]
fn a_kind_that_the_page_does_not_name_is_found() {
    let source =
        "pub enum Kind {\n    /// One.\n    One,\n    NotTwo {\n        three: u8,\n    },\n}\n";
    let kinds = kinds(source, "Kind");
    assert_eq!(kinds, ["one", "not-two"]);
    assert_eq!(missing("| `one` |", &kinds), ["not-two"]);
}

#[test]
fn the_schema_names_every_kind() {
    let schema = read("docs/lines.schema.json");
    for (source, name) in [
        ("src/judge/check.rs", "Expected"),
        ("src/judge/check.rs", "Observed"),
        ("src/judge/check.rs", "Doubt"),
        ("src/outcome/cause.rs", "Cause"),
        ("src/outcome.rs", "Status"),
        ("src/outcome.rs", "TestResult"),
        ("src/record/conversation.rs", "Exchange"),
        ("src/record/conversation.rs", "FileState"),
        ("src/record/event.rs", "EventKind"),
        ("src/record/event.rs", "SignalReason"),
        ("src/record/exit.rs", "Termination"),
        ("src/record/finding.rs", "Finding"),
        ("src/record/lives.rs", "TaskEnd"),
        ("src/record/process.rs", "ThreadState"),
        ("src/record/waits.rs", "WaitsFor"),
    ] {
        let kinds = kinds(&read(source), name);
        assert!(kinds.len() > 2, "{name}: {kinds:?}");
        let missing: Vec<_> = kinds
            .iter()
            .filter(|kind| !schema.contains(&format!("\"{kind}\"")))
            .collect();
        assert_eq!(missing, Vec::<&String>::new(), "{name}");
    }
}

/// One event of each kind.
fn events() -> Vec<EventKind> {
    let request = |exchange| EventKind::Request(RequestSeen::new("slow", exchange));
    let why = || "reset".to_owned();
    let name = || "probe".to_owned();
    let mut long = Line::new(Stream::Stdout, "12:00:00: Main : cut");
    long.cut_from = Some(1 << 20);
    let mut tailed = Line::new(Stream::File, "12:00:00: Main : all done");
    tailed.file = Some(LogFile::new("app.log", millis(1)));
    vec![
        EventKind::Line(tailed),
        EventKind::ExtendsTimeout { by: secs(1) },
        EventKind::Line(Line::new(Stream::Stdout, "12:00:00: Main : all done")),
        EventKind::Line(Line::new(Stream::Stderr, vec![0xff, 0xfe])),
        EventKind::Line(long),
        EventKind::Partial(Partial::new(Stream::Merged, Bytes::from("name: "))),
        EventKind::Signal(SignalSent {
            signal: Signal::TERM,
            to: vec![1, 2],
            reason: SignalReason::Planned,
        }),
        EventKind::Closed {
            stream: Stream::Stdout,
        },
        EventKind::Cut(Dropped { lines: 1, bytes: 2 }),
        EventKind::Ready { since: millis(3) },
        EventKind::Stopping,
        EventKind::StdinWritten { bytes: 4 },
        EventKind::StdinRefused { bytes: 4 },
        EventKind::StdinClosed,
        EventKind::OutputClosed {
            stream: Stream::Stdout,
        },
        EventKind::Listens(Listening::new("127.0.0.1:80", millis(1))),
        EventKind::StopsListening(Listening::new("127.0.0.1:80", millis(1))),
        request(Exchange::Sent {
            to: "127.0.0.1:80".into(),
            what: "GET /".into(),
        }),
        request(Exchange::Answered(Answer::new(200, "well"))),
        request(Exchange::CutOff {
            received: 3,
            why: why(),
        }),
        request(Exchange::Refused { why: why() }),
        request(Exchange::Closed),
        EventKind::File(FileSeen::new("app.pid", millis(1))),
        EventKind::ClientStarts { name: name() },
        EventKind::ClientEnds {
            name: name(),
            exit: Some(Exit::Code(0)),
        },
        EventKind::ClientEnds {
            name: name(),
            exit: None,
        },
        EventKind::ParentEnds { pid: 7 },
        EventKind::Began(Began::new(1, 2, 1)),
        EventKind::Ended(Ended::new(1, 2, "worker", TaskEnd::Returned)),
        EventKind::Ended(Ended::new(1, 3, "", TaskEnd::Signal(Signal::SEGV))),
        EventKind::Exit(Exit::Signal(Signal::TERM)),
    ]
}

fn findings() -> Vec<Finding> {
    let event = 0;
    let why = || "no rights".to_owned();
    vec![
        Finding::BuffersOutput {
            event,
            late: secs(1),
        },
        Finding::OtherClock { ahead: -3600 },
        Finding::LogUnread {
            file: "app.log".into(),
            why: why(),
        },
        Finding::Survivors { count: 1 },
        Finding::StreamHeld {
            stream: Stream::Stdout,
        },
        Finding::TornLine { event },
        Finding::LineCut { event },
        Finding::OutputCut(Dropped { lines: 1, bytes: 2 }),
        Finding::UnreadTimes {
            event,
            text: "noon".into(),
        },
        Finding::MayBufferOutput {
            event,
            lines: 5,
            silence: secs(2),
        },
        Finding::InvalidUtf8 { event },
        Finding::SignalNotSent {
            signal: Signal::TERM,
        },
        Finding::NotDone {
            what: EventName::StdinClosed,
        },
        Finding::WentOn {
            wanted: "`up`".into(),
            line: "upgrade".into(),
            ready: true,
        },
        Finding::NeverReady { grain: millis(20) },
        Finding::NotTraced {
            why: "no ptrace".into(),
        },
        Finding::NoStacks {
            why: "no symbols".into(),
        },
        Finding::HangsForEver,
        Finding::LivesCut { events: 9 },
        Finding::Unkillable { pids: vec![1] },
    ]
}

fn processes() -> Vec<Process> {
    let mut frame = Frame::new(Some("libc.so.6".into()), 4096);
    let module_alone = frame.clone();
    frame.function = Some("main".into());
    frame.file = Some("main.c".into());
    frame.line = Some(7);
    let frames = vec![frame, module_alone];
    let thread = |state, waits_for| ThreadSeen {
        tid: 1,
        name: "main".into(),
        state,
        waits_for,
        stack: frames.clone(),
    };
    let blocked = |call: Option<&str>| ThreadState::Blocked {
        call: call.map(str::to_owned),
    };
    vec![Process {
        pid: 1,
        command: "sleep 60".into(),
        open_streams: vec![Stream::Stdout],
        handles: vec![Handle::new("Timeout", "a timer")],
        threads: vec![
            thread(ThreadState::Running, None),
            thread(ThreadState::Stopped, Some(WaitsFor::Lock(2))),
            thread(blocked(None), Some(WaitsFor::Descriptors(Vec::new()))),
            thread(blocked(Some("futex")), Some(WaitsFor::Time)),
        ],
    }]
}

/// A record that has all that one can have.
fn full() -> Record {
    let events = events().into_iter().zip(1..);
    let mut record = events.fold(Record::new(["subject", "--all"]), |record, (event, i)| {
        record.with(millis(i), event)
    });
    LogFormat::clock().read(&mut record);
    record.origin = Some(Origin::new("scenario", "implementation"));
    record.environment.insert("A".into(), "b".into());
    record.timeout = Some(secs(2));
    record.termination = Termination::TimedOut { limit: secs(2) };
    record.survivors = processes();
    record.ended_by_harness = processes();
    record.log = LogLines::Matching;
    record.findings = findings();
    record.lives = Some(Lives::default());
    record.flow = Some(millis(1));
    record.files.insert("app.pid".into(), FileState::Written);
    let client = Record::new(["client"]);
    record.clients = vec![
        ClientSeen::new("one", millis(1), Ok(client)),
        ClientSeen::new("two", millis(1), Err("no such file".into())),
    ];
    record
}

fn outcome(status: Status, cause: Option<Cause>, observed: Option<Record>) -> Outcome {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("exeunt.toml");
    let text = r#"
[implementation.implementation]
command = ['x']
[[scenario]]
name = 'scenario'
log = ['Main : all done', 'Main : more', { any-order = ['a', ['b', 'c']] }]
present = ['ready']
absent = ['Main']
exit = { code = 0, after = 'Main : all done', delay = '2s' }
"#;
    fs::write(&path, text).expect("a suite");
    let suite = exeunt::suite::Suite::load(&path).expect("a suite");
    let mut outcome = Outcome::without_run(&suite.cases()[0], status, Some("why".into()));
    outcome.version = Some("1.2.3".into());
    outcome.known_deviation = Some("it is known".into());
    outcome.cause = cause;
    outcome.observed = observed.map(|record| Observed {
        judgement: judge(&record, &outcome.expectation),
        record,
    });
    outcome
}

fn results() -> Results {
    let program = || "subject".to_owned();
    let causes = [
        Cause::Missing,
        Cause::NotInVersion {
            version: "1.2.3".into(),
        },
        Cause::NotFound { program: program() },
        Cause::NotExecutable {
            program: program(),
            errno: Some(13),
        },
        Cause::NotSetUp {
            errno: None,
            shortage: true,
        },
        Cause::ReaperLost { reaper: 4 },
    ];
    let without = causes.map(|cause| outcome(Status::Failed, Some(cause), None));
    let mut results = Results::new("exeunt.toml", [without[0].case.clone()]);
    results.outcomes = without.into();
    results
        .outcomes
        .push(outcome(Status::Broken, None, Some(full())));
    results.shard = Some(Shard {
        number: 1,
        count: 2,
        whole: results.cases.clone(),
    });
    results.elapsed = Some(secs(3));
    results
}

/// All lines that the library writes.
fn lines() -> String {
    let results = results();
    let cases = results.outcomes.iter().map(report::json::case);
    let events = events();
    let events = events
        .into_iter()
        .map(|kind| report::json::event(&exeunt::record::Event::new(millis(1), kind)));
    let others = [
        report::json::start(&["subject".into()], 7),
        report::json::run(&full()),
        report::json::summary(&results.summary(), 1.5),
    ];
    let all = cases.chain(events).chain(others);
    results.to_saved() + &all.collect::<Vec<_>>().join("\n")
}

#[test]
fn all_that_is_written_fits_the_schema() {
    let lines = lines();
    assert_eq!(lines_schema::problems(&lines), Vec::<String>::new());
    // Judged, so that there are checks of some kinds.
    let full = outcome(Status::Broken, None, Some(full()));
    assert!(full.observed.expect("a run").judgement.checks.len() > 6);
}

/// Another type, a key that is not named, and another value of each key.
#[test]
fn what_does_not_fit_the_schema_is_refused() {
    for line in lines().lines().filter(|line| line.len() < 20_000) {
        let value: Value = serde_json::from_str(line).expect("a line of JSON");
        let renamed = line.replacen("\"type\":\"", "\"type\":\"un", 1);
        assert_eq!(lines_schema::problems(&renamed).len(), 1, "{renamed}");
        let mut more = value.clone();
        more["no-such-key"] = 1.into();
        assert_eq!(lines_schema::problems(&more.to_string()).len(), 1, "{more}");
        for key in value.as_object().expect("an object").keys() {
            // A switch may be a switch, and what was expected is an object without a form of its own here.
            let others = [Value::Bool(true), serde_json::json!({ "no-such": "thing" })];
            let refused = others.into_iter().any(|other| {
                let mut line = value.clone();
                line[key] = other;
                !lines_schema::problems(&line.to_string()).is_empty()
            });
            assert!(refused, "{key} may be anything: {line}");
        }
    }
}
