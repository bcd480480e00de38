//! The events of a run, in bounded memory: the beginning and the end are kept, the middle is counted.

use std::collections::VecDeque;
use std::time::Duration;

use super::lines::RawLine;
use crate::record::{Dropped, Event, EventKind, Line, Stream};

/// What a line costs beyond its bytes.
const OVERHEAD: usize = 128;

pub(super) struct Collector {
    head: Vec<Event>,
    head_left: usize,
    tail: VecDeque<Event>,
    tail_limit: usize,
    tail_used: usize,
    dropped: Dropped,
    /// Events that are no lines. They are few and always kept.
    others: Vec<Event>,
}

fn cost(event: &Event) -> usize {
    match &event.kind {
        EventKind::Line(line) => line.bytes.as_slice().len() + OVERHEAD,
        _ => 0,
    }
}

impl Collector {
    pub(super) fn new(limit: usize) -> Self {
        let tail_limit = limit / 4;
        Self {
            head: Vec::new(),
            head_left: limit - tail_limit,
            tail: VecDeque::new(),
            tail_limit,
            tail_used: 0,
            dropped: Dropped::default(),
            others: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, at: Duration, kind: EventKind) {
        self.others.push(Event { at, kind });
    }

    pub(super) fn push_line(&mut self, at: Duration, stream: Stream, raw: RawLine) {
        let RawLine {
            bytes,
            newline,
            cut_from,
        } = raw;
        let line = Line {
            stream,
            bytes: bytes.into(),
            newline,
            cut_from,
            stamp: None,
            who: None,
            message: None,
        };
        let event = Event {
            at,
            kind: EventKind::Line(line),
        };
        let cost = cost(&event);
        if self.tail.is_empty() && self.dropped.lines == 0 && cost <= self.head_left {
            self.head_left -= cost;
            self.head.push(event);
        } else {
            self.push_tail(event, cost);
        }
    }

    fn push_tail(&mut self, event: Event, cost: usize) {
        self.tail.push_back(event);
        self.tail_used += cost;
        // The newest line is kept in any case: it is the one that the end is judged by.
        while self.tail_used > self.tail_limit && self.tail.len() > 1 {
            if let Some(old) = self.tail.pop_front() {
                let freed = self::cost(&old);
                self.tail_used -= freed;
                self.dropped.lines += 1;
                self.dropped.bytes += (freed - OVERHEAD) as u64;
            }
        }
    }

    /// Moves lines that were stamped later to this instant: it has turned out that they were written before it.
    pub(super) fn written_before(&mut self, latest: Duration) {
        let late = |event: &&mut Event| event.at > latest;
        self.tail
            .iter_mut()
            .rev()
            .take_while(late)
            .for_each(|event| event.at = latest);
        self.head
            .iter_mut()
            .rev()
            .take_while(late)
            .for_each(|event| event.at = latest);
    }

    /// All events in the order of time.
    pub(super) fn finish(self) -> Vec<Event> {
        let mut events = self.head;
        if self.dropped.lines > 0 {
            let at = self.tail.front().map_or(Duration::ZERO, |e| e.at);
            events.push(Event {
                at,
                kind: EventKind::Cut(self.dropped),
            });
        }
        events.extend(self.tail);
        events.extend(self.others);
        // Stable: of what has one stamp, lines stand before the exit.
        events.sort_by_key(|e| e.at);
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> RawLine {
        RawLine {
            bytes: text.into(),
            newline: true,
            cut_from: None,
        }
    }

    fn collect(limit: usize, lines: usize) -> Vec<Event> {
        let mut collector = Collector::new(limit);
        for i in 0..lines {
            collector.push_line(
                Duration::from_millis(i as u64),
                Stream::Merged,
                line(&format!("{i:04}")),
            );
        }
        collector.finish()
    }

    fn texts(events: &[Event]) -> Vec<String> {
        let text = |e: &Event| match &e.kind {
            EventKind::Line(l) => l.text().into_owned(),
            EventKind::Cut(d) => format!("cut {} {}", d.lines, d.bytes),
            _ => String::new(),
        };
        events.iter().map(text).collect()
    }

    #[test]
    fn what_fits_is_kept() {
        assert_eq!(collect(4 * (OVERHEAD + 4), 4).len(), 4);
    }

    #[test]
    fn of_what_does_not_fit_the_beginning_and_the_end_are_kept() {
        let events = collect(4 * (OVERHEAD + 4), 100);
        assert_eq!(
            texts(&events),
            ["0000", "0001", "0002", "cut 96 384", "0099"]
        );
    }

    #[test]
    fn lines_do_not_stand_behind_the_end_of_their_only_writer() {
        let mut collector = Collector::new(1000);
        for ms in [1, 5, 6] {
            collector.push_line(Duration::from_millis(ms), Stream::Merged, line("x"));
        }
        collector.written_before(Duration::from_millis(4));
        let at: Vec<_> = collector
            .finish()
            .iter()
            .map(|e| e.at.as_millis())
            .collect();
        assert_eq!(at, [1, 4, 4]);
    }

    #[test]
    fn one_line_above_the_limit_is_kept_alone() {
        let mut collector = Collector::new(8);
        collector.push_line(Duration::ZERO, Stream::Merged, line("a long line indeed"));
        collector.push_line(Duration::ZERO, Stream::Merged, line("another"));
        assert_eq!(texts(&collector.finish()), ["cut 1 18", "another"]);
    }
}
