//! The lanes of a picture: what lived from which event to which. Times would not do: several events may have the same.

use crate::record::{EventKind, Exchange, Line, Record, Stream};

pub(super) struct Lane {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The event with which it begins. `None`: with the picture.
    pub(super) from: Option<usize>,
    /// The event with which it ends. `None`: with the picture.
    pub(super) to: Option<usize>,
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
    /// A thread or process, by its id, as a tracer saw it.
    Task(u32),
    /// Where the tree listens.
    Port(String),
    /// A request of ours.
    Request(String),
    /// A program beside the subject.
    Client(String),
    /// A process that outlived the subject.
    Survivor(u32),
    /// We, who send signals.
    Harness,
}

/// The subject first, then speakers and streams as they first come, survivors, and the harness if it sent anything. Beyond so many lanes,
/// further speakers have their stream's.
pub(super) fn lanes(record: &Record, most: usize) -> Vec<Lane> {
    let exit = record.exit_event().map(|seen| seen.event);
    let lane = |name: &str, kind, from, to| Lane {
        name: name.into(),
        kind,
        from,
        to,
        dots: None,
    };
    let mut lanes = vec![lane("subject", Kind::Subject, None, exit)];
    for (i, event) in record.events.iter().enumerate() {
        let Some(kind) = kind_of(record, &event.kind) else {
            continue;
        };
        let room = lanes.len() < most;
        match lanes.iter_mut().find(|lane| lane.kind == kind) {
            Some(lane) => {
                lane.to = Some(i);
                lane.dots = lane.dots.map(|(first, _)| (first, i));
            }
            None if room || matches!(kind, Kind::Stream(_)) => {
                let name = name(record, &kind);
                lanes.push(Lane {
                    dots: Some((i, i)),
                    ..lane(&name, kind, Some(i), Some(i))
                });
            }
            None => {}
        }
    }
    lanes.iter_mut().for_each(|lane| go_on(record, lane, exit));
    for process in &record.survivors {
        let name = format!("pid {}", process.pid);
        lanes.push(lane(&name, Kind::Survivor(process.pid), exit, None));
    }
    let sends = |event: &crate::record::Event| matches!(event.kind, EventKind::Signal(_));
    if record.events.iter().any(sends) {
        lanes.push(lane("harness", Kind::Harness, None, None));
    }
    lanes
}

/// What began and was not seen to end went on: a request and a client as far as the picture goes, others to the exit.
fn go_on(record: &Record, lane: &mut Lane, exit: Option<usize>) {
    let Some((first, last)) = lane.dots else {
        return;
    };
    let only = record.events.get(first).filter(|_| first == last);
    if !only.is_some_and(|event| begins(&event.kind)) {
        return;
    }
    lane.to = match lane.kind {
        Kind::Request(_) | Kind::Client(_) => None,
        _ => exit.max(lane.to),
    };
}

impl Lane {
    /// Whether something lives at an event, or behind it.
    pub(super) fn lives(&self, event: Option<usize>, behind: bool) -> bool {
        let over = self.to.is_some_and(|to| match behind {
            true => event >= Some(to),
            false => event > Some(to),
        });
        event >= self.from && !over
    }
}

/// Whether something lives on after this event: a request that was refused never lived.
fn begins(event: &EventKind) -> bool {
    match event {
        EventKind::Request(request) => matches!(request.exchange, Exchange::Sent { .. }),
        EventKind::Began(_) | EventKind::Listens(_) | EventKind::ClientStarts { .. } => true,
        _ => false,
    }
}

fn name(record: &Record, kind: &Kind) -> String {
    match kind {
        Kind::Speaker(name) | Kind::Port(name) | Kind::Request(name) | Kind::Client(name) => {
            name.clone()
        }
        Kind::Stream(stream) => stream.to_string(),
        Kind::Task(tid) => task_name(record, *tid),
        _ => String::new(),
    }
}

/// The name that a thread had when it ended, else its id.
fn task_name(record: &Record, tid: u32) -> String {
    let mut ended = record.events.iter().filter_map(|event| match &event.kind {
        EventKind::Ended(ended) if ended.tid == tid => Some(ended.name.clone()),
        _ => None,
    });
    let named = ended.next().filter(|name| !name.is_empty());
    named.unwrap_or_else(|| format!("tid {tid}"))
}

/// What an event is an event of, where it is not the subject or the harness.
pub(super) fn kind_of(record: &Record, event: &EventKind) -> Option<Kind> {
    // The main thread is the subject's lane.
    let task = |tid: u32| (tid != record.pid).then_some(Kind::Task(tid));
    match event {
        EventKind::Line(line) => Some(of_line(line)),
        EventKind::Partial(partial) => Some(Kind::Stream(partial.stream)),
        EventKind::Began(began) => task(began.tid),
        EventKind::Ended(ended) => task(ended.tid),
        EventKind::Listens(change) | EventKind::StopsListening(change) => {
            Some(Kind::Port(change.address.clone()))
        }
        EventKind::Request(request) => Some(Kind::Request(request.name.clone())),
        EventKind::ClientStarts { name } | EventKind::ClientEnds { name, .. } => {
            Some(Kind::Client(name.clone()))
        }
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
pub(super) fn lane_of(record: &Record, lanes: &[Lane], event: &EventKind) -> Option<usize> {
    let kind = match event {
        EventKind::Exit(_) => Kind::Subject,
        EventKind::Signal(_) => Kind::Harness,
        EventKind::Closed { stream } => Kind::Stream(*stream),
        other => kind_of(record, other).unwrap_or(Kind::Subject),
    };
    lanes.iter().position(|lane| lane.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Exit, Listening, RequestSeen};
    use crate::{millis, secs};

    fn request(name: &str, exchange: Exchange) -> EventKind {
        RequestSeen::new(name, exchange).into()
    }

    #[test]
    fn a_lane_goes_on_from_what_begins_and_from_nothing_else() {
        let sent = Exchange::Sent {
            to: "here".into(),
            what: "GET /".into(),
        };
        let record = Record::new(["server"])
            .with(
                millis(1),
                EventKind::Listens(Listening::new("port", millis(0))),
            )
            .with(millis(2), request("open", sent))
            .with(millis(3), request("closed", Exchange::Closed))
            .with(secs(1), Exit::Code(0));
        let lanes = lanes(&record, 9);
        let told: Vec<_> = lanes
            .iter()
            .map(|lane| (lane.name.as_str(), lane.to))
            .collect();
        assert_eq!(
            told,
            [
                ("subject", Some(3)),
                ("port", Some(3)),
                ("open", None),
                ("closed", Some(2)),
            ]
        );
    }

    #[test]
    fn what_comes_at_the_same_time_comes_one_after_the_other() {
        let line = |who: &str| Line {
            who: Some(who.into()),
            ..Line::new(Stream::Merged, "said")
        };
        let record = Record::new(["worker"])
            .with(millis(1), line("first"))
            .with(millis(1), line("second"))
            .with(millis(1), Exit::Code(0));
        let lanes = lanes(&record, 9);
        let alive = |event, behind| {
            let lives = lanes.iter().filter(|lane| lane.lives(event, behind));
            lives.map(|lane| lane.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(alive(None, false), ["subject"]);
        assert_eq!(alive(Some(0), false), ["subject", "first"]);
        assert_eq!(alive(Some(0), true), ["subject"]);
        assert_eq!(alive(Some(1), false), ["subject", "second"]);
        assert_eq!(alive(Some(2), false), ["subject"]);
        assert_eq!(alive(Some(2), true), Vec::<&str>::new());
    }
}
