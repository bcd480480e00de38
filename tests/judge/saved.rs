//! A record that was saved is the same record.

use exeunt::expect::Expectation;
use exeunt::judge::judge;
use exeunt::record::{
    Dropped, EventKind, Exit, Finding, Handle, Line, Process, Signal, SignalReason, SignalSent,
    Stream, Termination, ThreadSeen, ThreadState, WaitsFor,
};
use exeunt::{LogFormat, Record, Streams, millis, secs};

use super::hand::{among, any_order, cut, hung, only, said, then};

fn saved(record: &Record) -> Record {
    let json = serde_json::to_string(record).unwrap();
    serde_json::from_str(&json).unwrap()
}

/// One of everything.
fn everything() -> Record {
    let mut torn = Line::new(Stream::Stderr, b"torn \xff\xfe\x00".to_vec());
    torn.newline = false;
    torn.cut_from = Some(1 << 40);
    let killed = SignalSent {
        signal: Signal::from_number(34).unwrap(),
        to: vec![2, 3],
        reason: SignalReason::GraceOver,
    };
    let mut record = Record::new(["subject", "tab\tnewline\n", "ü\u{1b}"])
        .with(
            std::time::Duration::from_nanos(123_456_789),
            "00:00:00: ä\tb",
        )
        .with(millis(1), "")
        .with(millis(2), Line::new(Stream::Stdout, "[1, 2]"))
        .with(millis(3), torn)
        .with(millis(4), Dropped { lines: 5, bytes: 6 })
        .with(
            millis(5),
            EventKind::Closed {
                stream: Stream::Stdout,
            },
        )
        .with(millis(6), killed)
        .with(
            secs(100_000) + std::time::Duration::from_nanos(1),
            Exit::Signal(Signal::KILL),
        );
    record.streams = Streams::Split;
    record.environment.insert("NAME".into(), "value".into());
    record.termination = Termination::TimedOut {
        limit: millis(10_500),
    };
    record.utc_offset = -3600;
    let process = Process {
        pid: 9,
        command: "[kworker]".into(),
        open_streams: vec![Stream::Merged],
        threads: vec![ThreadSeen {
            tid: 9,
            name: "main".into(),
            state: ThreadState::Blocked {
                call: Some("futex".into()),
            },
            waits_for: Some(WaitsFor::Lock(9)),
            stack: Vec::new(),
        }],
        handles: vec![Handle::new("timer", "a timer")],
    };
    record.survivors = vec![process.clone()];
    record.ended_by_harness = vec![process];
    record.lag.canary = millis(7);
    record.usage.peak_memory = u64::MAX;
    LogFormat::default().read(&mut record);
    record.findings.extend([
        Finding::BuffersOutput {
            event: 1,
            late: millis(1300),
        },
        Finding::OtherClock { ahead: -3600 },
        Finding::Survivors { count: 1 },
        Finding::StreamHeld {
            stream: Stream::Stdout,
        },
        Finding::TornLine { event: 2 },
        Finding::LineCut { event: 3 },
        Finding::OutputCut(Dropped { lines: 1, bytes: 2 }),
        Finding::InvalidUtf8 { event: 4 },
        Finding::Unkillable { pids: vec![1, 2] },
    ]);
    record
}

#[test]
fn everything_in_it_comes_back() {
    let record = everything();
    assert_eq!(saved(&record), record);
    for exit in [Exit::Code(0), Exit::Code(255), Exit::Signal(Signal::INT)] {
        let record = Record::new(["subject"]).with(secs(1), exit);
        assert_eq!(saved(&record), record);
    }
}

#[test]
fn it_is_judged_the_same() {
    let expectations = [
        Expectation::default(),
        only([then("a"), any_order(["b", "c, d"])]),
        among([then("first"), then("middle"), then("last")]),
    ];
    for record in [
        everything(),
        said(["a", "c", "d", "b"]),
        said(["b"]),
        cut(),
        hung(),
    ] {
        for expectation in &expectations {
            assert_eq!(
                judge(&saved(&record), expectation),
                judge(&record, expectation)
            );
        }
    }
}

#[test]
fn a_judgement_comes_back() {
    let judgement = judge(&said(["x"]), &only([then("a")]));
    let json = serde_json::to_string(&judgement).unwrap();
    assert_eq!(
        serde_json::from_str::<exeunt::judge::Judgement>(&json).unwrap(),
        judgement
    );
}

#[test]
fn the_json_is_readable() {
    let mut record = said(["a"]).with(millis(15), Line::new(Stream::Merged, vec![0xff]));
    record.termination = Termination::TimedOut { limit: secs(2) };
    let json: serde_json::Value = serde_json::to_value(&record).unwrap();
    let expected = serde_json::json!([
        {
            "at": 0.01, "event": "line", "stream": "merged", "bytes": "00:00:00: a", "newline": true,
            "stamp": { "time_of_day": 0.0, "grain": 1.0 }, "message": "a",
        },
        { "at": 0.015, "event": "line", "stream": "merged", "bytes": [255], "newline": true },
        { "at": 0.02, "event": "exit", "code": 0 },
    ]);
    assert_eq!(json["events"], expected);
    assert_eq!(
        json["termination"],
        serde_json::json!({ "timed-out": { "limit": 2.0 } })
    );
}

#[test]
fn nonsense_is_refused() {
    let good = serde_json::to_value(said(["a"])).unwrap();
    let with = |path: &str, value: serde_json::Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        serde_json::from_value::<Record>(bad)
    };
    assert!(with("/events/0/at", (-1.0).into()).is_err());
    assert!(with("/events/0/event", "jump".into()).is_err());
    assert!(with("/streams", "both".into()).is_err());
    assert!(with("/events/0/at", 0.5.into()).is_ok());
}
