//! The lanes of a picture: what lived from when to when.

use std::time::Duration;

use crate::record::{EventKind, Line, Record, Stream};

pub(super) struct Lane {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) from: Duration,
    /// `None`: to the end of the picture.
    pub(super) to: Option<Duration>,
    /// The events that are its first and its last dot.
    pub(super) dots: Option<(usize, usize)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Subject,
    /// A speaker of the log: a thread, mostly.
    Speaker(String),
    /// The lines that no speaker is named in.
    Stream(Stream),
    /// A process that outlived the subject.
    Survivor(u32),
    /// We, who send signals.
    Harness,
}

/// Lanes that fit side by side; further speakers have their stream's.
const MOST: usize = 9;

/// The subject first, then speakers and streams as they first come, survivors, and the harness if it sent anything.
pub(super) fn lanes(record: &Record) -> Vec<Lane> {
    let exit = record.exit_event().map(|seen| seen.at);
    let lane = |name: &str, kind, from, to| Lane {
        name: name.into(),
        kind,
        from,
        to,
        dots: None,
    };
    let mut lanes = vec![lane("subject", Kind::Subject, Duration::ZERO, exit)];
    for (i, event) in record.events.iter().enumerate() {
        let Some(kind) = kind_of(&event.kind) else {
            continue;
        };
        let room = lanes.len() < MOST;
        match lanes.iter_mut().find(|lane| lane.kind == kind) {
            Some(lane) => {
                lane.to = Some(event.at);
                lane.dots = lane.dots.map(|(first, _)| (first, i));
            }
            None if room || matches!(kind, Kind::Stream(_)) => {
                let name = match &kind {
                    Kind::Speaker(name) => name.clone(),
                    Kind::Stream(stream) => stream.to_string(),
                    _ => String::new(),
                };
                lanes.push(Lane {
                    dots: Some((i, i)),
                    ..lane(&name, kind, event.at, Some(event.at))
                });
            }
            None => {}
        }
    }
    let end = exit.unwrap_or_default();
    for process in &record.survivors {
        let name = format!("pid {}", process.pid);
        lanes.push(lane(&name, Kind::Survivor(process.pid), end, None));
    }
    let sends = |event: &crate::record::Event| matches!(event.kind, EventKind::Signal(_));
    if record.events.iter().any(sends) {
        lanes.push(lane("harness", Kind::Harness, Duration::ZERO, None));
    }
    lanes
}

fn kind_of(event: &EventKind) -> Option<Kind> {
    match event {
        EventKind::Line(line) => Some(of_line(line)),
        EventKind::Partial(partial) => Some(Kind::Stream(partial.stream)),
        _ => None,
    }
}

fn of_line(line: &Line) -> Kind {
    match &line.who {
        Some(who) => Kind::Speaker(who.clone()),
        None => Kind::Stream(line.stream),
    }
}

/// The lane that an event is a dot of.
pub(super) fn lane_of(lanes: &[Lane], event: &EventKind) -> Option<usize> {
    let kind = match event {
        EventKind::Exit(_) => Kind::Subject,
        EventKind::Signal(_) => Kind::Harness,
        EventKind::Closed { stream } => Kind::Stream(*stream),
        other => kind_of(other)?,
    };
    lanes.iter().position(|lane| lane.kind == kind)
}
