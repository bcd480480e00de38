//! The end of a long output: what a subject printed last is kept, what came before is counted.
//!
//! Most of a flood is dropped, so it is not even split into lines: whole blocks are kept, and only those that are left in the
//! end are split.

use std::collections::VecDeque;
use std::time::Duration;

use memchr::{memchr_iter, memrchr};

use super::collect::{OVERHEAD, cost};
use super::lines::RawLine;
use crate::record::{Dropped, Event, Stream};

pub(super) struct Tail {
    limit: usize,
    pieces: VecDeque<Piece>,
    /// The cost of all pieces.
    used: usize,
    dropped: Dropped,
}

enum Piece {
    Line(Event),
    Block(Block),
}

/// Whole lines, each with its newline.
struct Block {
    at: Duration,
    stream: Stream,
    bytes: Vec<u8>,
    lines: usize,
}

impl Block {
    /// The last line, taken off.
    fn pop(&mut self) -> Option<Event> {
        self.bytes.pop()?;
        let begin = memrchr(b'\n', &self.bytes).map_or(0, |newline| newline + 1);
        let raw = RawLine {
            bytes: self.bytes.split_off(begin),
            newline: true,
            cut_from: None,
        };
        self.lines -= 1;
        Some(Event::new(self.at, raw.into_line(self.stream)))
    }
}

impl Piece {
    /// The cost of its lines.
    fn cost(&self) -> usize {
        match self {
            Self::Line(event) => cost(event),
            Self::Block(block) => block.bytes.len() - block.lines + block.lines * OVERHEAD,
        }
    }

    fn lines(&self) -> usize {
        match self {
            Self::Line(_) => 1,
            Self::Block(block) => block.lines,
        }
    }

    fn at(&mut self) -> &mut Duration {
        match self {
            Self::Line(event) => &mut event.at,
            Self::Block(block) => &mut block.at,
        }
    }
}

impl Tail {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            pieces: VecDeque::new(),
            used: 0,
            dropped: Dropped::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn push_line(&mut self, line: Event) {
        self.push(Piece::Line(line));
    }

    /// Adds whole lines that came together.
    pub(super) fn push_block(&mut self, at: Duration, stream: Stream, bytes: &[u8]) {
        self.push(Piece::Block(Block {
            at,
            stream,
            bytes: bytes.to_vec(),
            lines: memchr_iter(b'\n', bytes).count(),
        }));
    }

    fn push(&mut self, piece: Piece) {
        self.used += piece.cost();
        self.pieces.push_back(piece);
        // A piece of which some lines may be kept stays whole.
        while let Some(cost) = self.pieces.front().map(Piece::cost)
            && self.used - cost >= self.limit
            && self.pieces.len() > 1
        {
            let front = self.pieces.pop_front();
            self.used -= cost;
            front
                .iter()
                .for_each(|piece| drop_piece(&mut self.dropped, piece));
        }
    }

    /// As [`Collector::written_before`](super::collect::Collector::written_before).
    pub(super) fn written_before(&mut self, latest: Duration) {
        let pieces = self.pieces.iter_mut().rev().map(Piece::at);
        pieces
            .take_while(|at| **at > latest)
            .for_each(|at| *at = latest);
    }

    /// The last lines that fit, and what had to go. The newest line is kept in any case: the end is judged by it.
    pub(super) fn finish(mut self) -> (Dropped, Vec<Event>) {
        let mut kept = Vec::new();
        let mut left = self.limit;
        while let Some(line) = self.pop() {
            match left.checked_sub(cost(&line)) {
                Some(rest) => left = rest,
                None if kept.is_empty() => left = 0,
                None => {
                    drop_piece(&mut self.dropped, &Piece::Line(line));
                    break;
                }
            }
            kept.push(line);
        }
        for piece in &self.pieces {
            drop_piece(&mut self.dropped, piece);
        }
        kept.reverse();
        (self.dropped, kept)
    }

    fn pop(&mut self) -> Option<Event> {
        loop {
            match self.pieces.back_mut()? {
                Piece::Block(block) => match block.pop() {
                    Some(line) => return Some(line),
                    None => drop(self.pieces.pop_back()),
                },
                Piece::Line(_) => match self.pieces.pop_back()? {
                    Piece::Line(event) => return Some(event),
                    Piece::Block(_) => {}
                },
            }
        }
    }
}

fn drop_piece(dropped: &mut Dropped, piece: &Piece) {
    let lines = piece.lines();
    dropped.lines += lines as u64;
    dropped.bytes += (piece.cost() - lines * OVERHEAD) as u64;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(events: &[Event]) -> Vec<String> {
        let text = |event: &Event| match &event.kind {
            crate::record::EventKind::Line(line) => line.text().into_owned(),
            other => panic!("{other:?}"),
        };
        events.iter().map(text).collect()
    }

    /// What is kept of these blocks, taken whole or line by line.
    fn kept(limit: usize, blocks: &[&str], whole: bool) -> (Dropped, Vec<String>) {
        let mut tail = Tail::new(limit);
        for block in blocks {
            if whole {
                tail.push_block(Duration::ZERO, Stream::Merged, block.as_bytes());
                continue;
            }
            for line in block.split_terminator('\n') {
                let raw = RawLine {
                    bytes: line.into(),
                    newline: true,
                    cut_from: None,
                };
                tail.push_line(Event::new(Duration::ZERO, raw.into_line(Stream::Merged)));
            }
        }
        let (dropped, kept) = tail.finish();
        (dropped, texts(&kept))
    }

    #[test]
    fn of_blocks_the_same_is_kept_as_of_their_lines() {
        let blocks = ["a\nbb\n", "\n\n", "ccc\n", "d\ne\nf\n", "the last\n"];
        for limit in 0..8 * (OVERHEAD + 8) {
            let by_line = kept(limit, &blocks, false);
            assert_eq!(kept(limit, &blocks, true), by_line, "{limit}");
            assert_eq!(by_line.0.lines as usize + by_line.1.len(), 9, "{limit}");
            assert_eq!(by_line.1.last().map(String::as_str), Some("the last"));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut tail = Tail::new(100 * OVERHEAD);
        let block = "0123456789abcde\n".repeat(50);
        for _ in 0..1000 {
            tail.push_block(Duration::ZERO, Stream::Merged, block.as_bytes());
        }
        assert!(tail.pieces.len() <= 4, "{}", tail.pieces.len());
        let (dropped, kept) = tail.finish();
        assert_eq!(dropped.lines as usize + kept.len(), 50_000);
        assert_eq!(dropped.bytes, dropped.lines * 15);
    }
}
