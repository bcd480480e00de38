//! The trace event format that Perfetto (`ui.perfetto.dev`) and `chrome://tracing` open: where the time of a run of cases went.
//!
//! A case is a process of the trace, at the time at which it really ran, so that what ran side by side stands side by side. Its lanes:
//! the subject, each speaker of its log, threads that a tracer saw, ports, requests, clients, the harness with its signals, and each
//! process that outlived the subject.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::Results;
use super::lanes::{Kind, kind_of, lanes};
use super::results::{Row, kebab, sentence};
use super::text::{command, conversation, escape_output, message, source};
use crate::record::{Event, EventKind, Record};

/// The trace of a run.
#[must_use]
pub fn trace(results: &Results) -> String {
    let rows = results.rows();
    let records = rows.iter().filter_map(record);
    let zero = records.map(|record| record.started).min();
    let zero = zero.unwrap_or(results.started);
    let mut events = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        if let Some(record) = record(row) {
            Lanes::new(i + 1, record, zero).draw(row, &mut events);
        }
    }
    let mut trace = json!({
        "displayTimeUnit": "ms",
        "otherData": { "suite": results.name, "over": results.elapsed.is_some().to_string() },
    });
    // Moved in: within `json!` each of them would be copied.
    trace["traceEvents"] = Value::Array(events);
    format!("{trace}\n")
}

fn record<'r>(row: &Row<'r>) -> Option<&'r Record> {
    row.outcome?
        .observed
        .as_ref()
        .map(|observed| &observed.record)
}

/// The subject's lane; the harness has the next one.
const SUBJECT: usize = 1;
const HARNESS: usize = 2;

/// The lanes of one case.
struct Lanes<'r> {
    pid: usize,
    record: &'r Record,
    /// The case's start on the clock of the trace.
    begin: Duration,
    end: Duration,
    names: Vec<String>,
}

impl<'r> Lanes<'r> {
    fn new(pid: usize, record: &'r Record, zero: SystemTime) -> Self {
        let end = record
            .events
            .last()
            .map_or(Duration::ZERO, |event| event.at);
        Self {
            pid,
            record,
            begin: record.started.duration_since(zero).unwrap_or_default(),
            end,
            names: vec!["subject".into(), "harness".into()],
        }
    }

    fn draw(mut self, row: &Row<'_>, out: &mut Vec<Value>) {
        let exit = self.record.exit_event().map_or(self.end, |seen| seen.at);
        let told = row.outcome.and_then(sentence);
        out.push(json!({
            "ph": "X", "pid": self.pid, "tid": SUBJECT, "ts": self.micros(Duration::ZERO), "dur": micros(exit),
            "name": command(&self.record.command), "cat": "process",
            "args": { "status": kebab(row.status()), "told": told, "pid": self.record.pid },
        }));
        self.bars(out);
        for event in &self.record.events {
            self.event(event, out);
        }
        for process in &self.record.survivors {
            let tid = self.lane(format!("survivor {}", process.pid));
            let dur = micros(self.end.saturating_sub(exit)).max(1);
            out.push(json!({
                "ph": "X", "pid": self.pid, "tid": tid, "ts": self.micros(exit), "dur": dur,
                "name": escape_output(&process.command), "cat": "survivor", "cname": "terrible",
            }));
        }
        self.name_lanes(row, out);
    }

    /// A bar for each that lived, and was not drawn already.
    fn bars(&mut self, out: &mut Vec<Value>) {
        for lane in lanes(self.record, usize::MAX) {
            let (Some(category), Some(from)) = (category(&lane.kind), lane.from) else {
                continue;
            };
            let at = |event: usize| self.record.events.get(event).map(|event| event.at);
            let from = at(from).unwrap_or_default();
            let to = lane.to.and_then(at).unwrap_or(self.end);
            let tid = self.lane(lane_name(&lane.kind));
            out.push(json!({
                "ph": "X", "pid": self.pid, "tid": tid, "ts": self.micros(from),
                "dur": micros(to.saturating_sub(from)).max(1), "name": escape_output(&lane.name), "cat": category,
            }));
        }
    }

    fn event(&mut self, event: &Event, out: &mut Vec<Value>) {
        let (tid, name) = match &event.kind {
            EventKind::Line(line) => match &line.who {
                Some(who) => (self.lane(escape_output(who)), message(line)),
                None => (self.lane(source(line)), message(line)),
            },
            EventKind::Signal(sent) => (HARNESS, format!("{}: {}", sent.signal, sent.reason)),
            EventKind::Exit(exit) => (SUBJECT, exit.to_string()),
            EventKind::Closed { stream } => (SUBJECT, format!("{stream} closed")),
            EventKind::Began(began) => (self.lane(task(began.tid)), began.to_string()),
            EventKind::Ended(ended) => {
                let name = escape_output(&ended.to_string());
                (self.lane(task(ended.tid)), name)
            }
            EventKind::Partial(_) | EventKind::Cut(_) => return,
            other => {
                let (word, what) = conversation::row(other);
                let lane = kind_of(self.record, other).map(|kind| lane_name(&kind));
                let lane = lane.map_or(HARNESS, |name| self.lane(name));
                (lane, format!("{word}: {what}"))
            }
        };
        out.push(json!({
            "ph": "i", "s": "t", "pid": self.pid, "tid": tid, "ts": self.micros(event.at), "name": name, "cat": "event",
        }));
    }

    fn name_lanes(&self, row: &Row<'_>, out: &mut Vec<Value>) {
        let meta = |tid: usize, what: &str, name: &str| json!({ "ph": "M", "pid": self.pid, "tid": tid, "name": what, "args": { "name": name } });
        let name = format!("{} ({})", row.case, kebab(row.status()));
        out.push(meta(0, "process_name", &name));
        let lanes = self.names.iter().enumerate();
        out.extend(lanes.map(|(i, name)| meta(i + 1, "thread_name", name)));
    }

    /// The number of a lane, which is made if there is none of this name.
    fn lane(&mut self, name: String) -> usize {
        let found = self.names.iter().position(|known| *known == name);
        found.map_or_else(
            || {
                self.names.push(name);
                self.names.len()
            },
            |i| i + 1,
        )
    }

    fn micros(&self, at: Duration) -> u64 {
        micros(self.begin + at)
    }
}

/// The lane of a thread or process that the tracing stage saw.
fn task(tid: u32) -> String {
    format!("task {tid}")
}

/// What a bar is of. What has none is drawn otherwise, or only has events.
fn category(kind: &Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Speaker(_) => "speaker",
        Kind::Task(_) => "thread",
        Kind::Port(_) => "port",
        Kind::Request(_) => "request",
        Kind::Client(_) => "client",
        Kind::Subject | Kind::Harness | Kind::Stream(_) | Kind::Survivor(_) => return None,
    })
}

fn lane_name(kind: &Kind) -> String {
    match kind {
        Kind::Speaker(who) => escape_output(who),
        Kind::Task(tid) => task(*tid),
        Kind::Port(address) => format!("port {}", escape_output(address)),
        Kind::Request(name) => format!("request {}", escape_output(name)),
        Kind::Client(name) => format!("client {}", escape_output(name)),
        Kind::Stream(stream) => stream.to_string(),
        Kind::Survivor(pid) => format!("survivor {pid}"),
        Kind::Subject => "subject".into(),
        Kind::Harness => "harness".into(),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
