//! The events of a run, in bounded memory: the beginning and the end are kept, the middle is counted.

use std::time::Duration;

use super::lines::RawLine;
use super::tail::Tail;
use crate::record::{Event, EventKind, Exchange, Stream};

/// What a line costs beyond its bytes.
pub(super) const OVERHEAD: usize = 128;

pub(super) struct Collector {
    head: Vec<Event>,
    head_left: usize,
    tail: Tail,
    /// Events that are no lines. They are few and always kept.
    others: Vec<Event>,
}

pub(super) fn cost(event: &Event) -> usize {
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
            tail: Tail::new(tail_limit),
            others: Vec::new(),
        }
    }

    /// Adds an event that is no line.
    pub(super) fn push(&mut self, event: Event) {
        self.others.push(event);
    }

    pub(super) fn push_line(&mut self, at: Duration, stream: Stream, raw: RawLine) {
        self.push_line_event(Event::new(at, raw.into_line(stream)));
    }

    pub(super) fn push_line_event(&mut self, event: Event) {
        let cost = cost(&event);
        if self.tail.is_empty() && cost <= self.head_left {
            self.head_left -= cost;
            self.head.push(event);
        } else {
            self.tail.push_line(event);
        }
    }

    /// Whether there is more output than is kept, so that whole lines can be added together.
    pub(super) fn takes_blocks(&self) -> bool {
        !self.tail.is_empty()
    }

    pub(super) fn push_block(&mut self, at: Duration, stream: Stream, bytes: &[u8]) {
        self.tail.push_block(at, stream, bytes);
    }

    /// Moves lines that were stamped later to this instant: it has turned out that they were written before it.
    pub(super) fn written_before(&mut self, latest: Duration) {
        let late = |event: &&mut Event| event.at > latest;
        self.tail.written_before(latest);
        self.head
            .iter_mut()
            .rev()
            .take_while(late)
            .for_each(|event| event.at = latest);
    }

    /// The same of what became of requests, and of what the subject has told of itself: connections and sockets are heard a
    /// moment after the reaper has stamped the exit.
    pub(super) fn heard_before(&mut self, latest: Duration) {
        let late = self.others.iter_mut().rev();
        for event in late.take_while(|event| event.at > latest) {
            let is_heard = match &mut event.kind {
                EventKind::Request(request) => !matches!(request.exchange, Exchange::Sent { .. }),
                // What is looked for may have come after it.
                EventKind::Ready { since } if *since == event.at => {
                    *since = latest;
                    true
                }
                EventKind::Stopping | EventKind::ExtendsTimeout { .. } => true,
                _ => false,
            };
            if is_heard {
                event.at = latest;
            }
        }
    }

    /// All events in the order of time.
    pub(super) fn finish(self) -> Vec<Event> {
        let mut events = self.head;
        let (dropped, tail) = self.tail.finish();
        if dropped.lines > 0 {
            let at = tail.first().map_or(Duration::ZERO, |e| e.at);
            events.push(Event {
                at,
                kind: EventKind::Cut(dropped),
            });
        }
        events.extend(tail);
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
    fn an_answer_does_not_stand_behind_the_end_of_its_sender() {
        use crate::record::{Answer, Exit, RequestSeen};
        let mut collector = Collector::new(1000);
        let ms = Duration::from_millis;
        let to = String::new();
        let sent = Exchange::Sent {
            to: to.clone(),
            what: to,
        };
        let answered = Exchange::Answered(Answer::new(200, ""));
        for (at, exchange) in [(1, sent.clone()), (5, sent), (6, answered)] {
            collector.push(Event::new(ms(at), RequestSeen::new("a", exchange)));
        }
        collector.heard_before(ms(4));
        collector.push(Event::new(ms(4), Exit::Code(0)));
        let events = collector.finish();
        let at: Vec<_> = events.iter().map(|e| e.at.as_millis()).collect();
        assert_eq!(at, [1, 4, 4, 5]);
        assert!(
            matches!(events[1].kind, EventKind::Request(_)),
            "{events:?}"
        );
    }

    #[test]
    fn one_line_above_the_limit_is_kept_alone() {
        let mut collector = Collector::new(8);
        collector.push_line(Duration::ZERO, Stream::Merged, line("a long line indeed"));
        collector.push_line(Duration::ZERO, Stream::Merged, line("another"));
        assert_eq!(texts(&collector.finish()), ["cut 1 18", "another"]);
    }
}
