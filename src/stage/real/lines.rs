//! From chunks of bytes to lines, in bounded memory.

use std::mem;

use memchr::{memchr, memrchr};

use crate::record::{Line, Stream};
use crate::stage::Framing;

/// Splits one stream into lines.
pub(super) struct Lines {
    limit: usize,
    framing: Framing,
    place: Place,
    partial: Vec<u8>,
    /// The length of the line so far, what was not kept included.
    length: u64,
}

/// Where in a stream of messages the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a line: the first of a header, or none of a message.
    Line,
    /// In the rest of the header of a message that is so long.
    Header(u64),
    /// In a message, so far from its end.
    Message(u64),
}

/// A line as it came off a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawLine {
    pub(super) bytes: Vec<u8>,
    pub(super) newline: bool,
    /// The whole length, if it was cut.
    pub(super) cut_from: Option<u64>,
}

/// What a chunk has completed.
pub(super) enum Piece<'a> {
    Line(RawLine),
    /// Whole lines with their newlines.
    Block(&'a [u8]),
}

impl RawLine {
    pub(super) fn into_line(self, stream: Stream) -> Line {
        Line {
            newline: self.newline,
            cut_from: self.cut_from,
            ..Line::new(stream, self.bytes)
        }
    }
}

impl Lines {
    pub(super) fn new(limit: usize, framing: Framing) -> Self {
        Self {
            limit,
            framing,
            place: Place::Line,
            partial: Vec::new(),
            length: 0,
        }
    }

    /// Takes a chunk and gives out the lines that it completes: one by one, or those that lie within the chunk together.
    pub(super) fn push(&mut self, mut chunk: &[u8], blocks: bool, mut give: impl FnMut(Piece<'_>)) {
        while self.framing == Framing::ContentLength && !chunk.is_empty() {
            let (line, rest) = self.next(chunk);
            line.into_iter().for_each(|line| give(Piece::Line(line)));
            chunk = rest;
        }
        while let Some(end) = memchr(b'\n', chunk) {
            // No line of a block is longer than the block.
            if blocks && self.length == 0 && chunk.len() <= self.limit {
                let (block, rest) = chunk.split_at(memrchr(b'\n', chunk).unwrap_or(end) + 1);
                give(Piece::Block(block));
                chunk = rest;
                break;
            }
            self.keep(&chunk[..end]);
            give(Piece::Line(self.take(true)));
            chunk = &chunk[end + 1..];
        }
        self.keep(chunk);
    }

    /// The next line or message, if it is whole, and what follows.
    fn next<'c>(&mut self, chunk: &'c [u8]) -> (Option<RawLine>, &'c [u8]) {
        if let Place::Message(left) = self.place {
            let here = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
            let (message, rest) = chunk.split_at(here);
            self.keep(message);
            return (self.in_message(left - here as u64), rest);
        }
        let Some(end) = memchr(b'\n', chunk) else {
            self.keep(chunk);
            return (None, &[]);
        };
        self.keep(&chunk[..end]);
        let line = self.take(true);
        (self.after_line(line), &chunk[end + 1..])
    }

    /// The message, if no more is left.
    fn in_message(&mut self, left: u64) -> Option<RawLine> {
        self.place = match left {
            0 => Place::Line,
            left => Place::Message(left),
        };
        (left == 0).then(|| self.take(true))
    }

    /// The line, if it is none of a header.
    fn after_line(&mut self, line: RawLine) -> Option<RawLine> {
        match (self.place, Framing::length(&line.bytes)) {
            (Place::Header(length), _) if line.bytes.trim_ascii().is_empty() => {
                self.in_message(length)
            }
            (Place::Header(_), _) => None,
            (_, Some(length)) => {
                self.place = Place::Header(length);
                None
            }
            (_, None) => Some(line),
        }
    }

    /// What was kept of what came after the last newline; of messages, what has come of one.
    pub(super) fn unfinished(&self) -> &[u8] {
        match (self.framing, self.place) {
            (Framing::ContentLength, Place::Line | Place::Header(_)) => &[],
            _ => &self.partial,
        }
    }

    /// Gives out what came after the last newline.
    pub(super) fn rest(&mut self) -> Option<RawLine> {
        (self.length > 0).then(|| self.take(false))
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self
            .limit
            .saturating_sub(self.partial.len())
            .min(bytes.len());
        self.partial.extend_from_slice(&bytes[..room]);
        self.length += bytes.len() as u64;
    }

    fn take(&mut self, newline: bool) -> RawLine {
        let length = mem::take(&mut self.length);
        let bytes = mem::take(&mut self.partial);
        let cut_from = (bytes.len() as u64 != length).then_some(length);
        RawLine {
            bytes,
            newline,
            cut_from,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(limit: usize, chunks: &[&str]) -> Vec<(String, bool, Option<u64>)> {
        let one_by_one = split_by(false, limit, chunks);
        assert_eq!(split_by(true, limit, chunks), one_by_one, "by blocks");
        one_by_one
    }

    fn split_by(blocks: bool, limit: usize, chunks: &[&str]) -> Vec<(String, bool, Option<u64>)> {
        let mut lines = Lines::new(limit, Framing::Lines);
        let mut out = Vec::new();
        let whole = |bytes: &[u8]| RawLine {
            bytes: bytes.to_vec(),
            newline: true,
            cut_from: None,
        };
        for chunk in chunks {
            lines.push(chunk.as_bytes(), blocks, |piece| match piece {
                Piece::Line(line) => out.push(line),
                Piece::Block(block) => {
                    assert!(blocks);
                    let block = block.strip_suffix(b"\n").expect("whole lines");
                    out.extend(block.split(|byte| *byte == b'\n').map(whole));
                }
            });
        }
        out.extend(lines.rest());
        out.into_iter()
            .map(|l| (String::from_utf8(l.bytes).unwrap(), l.newline, l.cut_from))
            .collect()
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut_into_chunks() {
        let whole = split(99, &["one\n\ntwo\nthree"]);
        assert_eq!(
            whole,
            [("one", true), ("", true), ("two", true), ("three", false)].map(|(t, n)| (
                t.to_owned(),
                n,
                None
            ))
        );
        assert_eq!(split(99, &["o", "ne\n", "\ntwo", "\nthr", "ee"]), whole);
    }

    #[test]
    fn a_long_line_is_cut_and_its_length_told() {
        assert_eq!(
            split(3, &["ab", "cde", "f\nxyz\n"]),
            [
                ("abc".to_owned(), true, Some(6)),
                ("xyz".to_owned(), true, None)
            ]
        );
    }

    fn messages(limit: usize, chunks: &[&str]) -> Vec<(String, bool, Option<u64>)> {
        let mut lines = Lines::new(limit, Framing::ContentLength);
        let mut out = Vec::new();
        for chunk in chunks {
            lines.push(chunk.as_bytes(), true, |piece| match piece {
                Piece::Line(line) => out.push(line),
                Piece::Block(_) => panic!("a block of messages"),
            });
        }
        out.extend(lines.rest());
        out.into_iter()
            .map(|l| (String::from_utf8(l.bytes).unwrap(), l.newline, l.cut_from))
            .collect()
    }

    #[test]
    fn a_message_is_whole_when_its_last_byte_has_come() {
        let stream = "a log line\nContent-Length: 5\r\nContent-Type: x\r\n\r\n{\n\r\n}\
                      content-length: 0\r\n\r\nContent-Length: 2\r\n\r\n[]Content-Length: 9\r\n\r\nhalf";
        let whole = messages(99, &[stream]);
        let expected = [
            ("a log line", true),
            ("{\n\r\n}", true),
            ("", true),
            ("[]", true),
            ("half", false),
        ];
        assert_eq!(
            whole,
            expected.map(|(text, ended)| (text.to_owned(), ended, None))
        );
        let bytes: Vec<_> = stream.split_inclusive(|_| true).collect();
        assert_eq!(messages(99, &bytes), whole, "byte by byte");
        // A message ends without a newline behind it.
        let mut lines = Lines::new(99, Framing::ContentLength);
        let mut given = 0;
        lines.push(b"Content-Length: 2\r\n\r\n[]", false, |_| given += 1);
        assert_eq!((given, lines.unfinished()), (1, &b""[..]));
    }

    #[test]
    fn a_long_message_is_cut_and_its_length_told() {
        assert_eq!(
            messages(3, &["Content-Length: 4\r\n\r\nabcd"]),
            // A header that is longer than the limit is none.
            [
                ("Con".to_owned(), true, Some(18)),
                ("\r".to_owned(), true, None),
                ("abc".to_owned(), false, Some(4))
            ]
        );
        let header = "Content-Length: 22\r\n\r\n";
        assert_eq!(
            messages(20, &[header, "0123456789abcdefghijkl"]),
            [("0123456789abcdefghij".to_owned(), true, Some(22))]
        );
    }

    #[test]
    fn nothing_after_the_last_newline_is_no_line() {
        assert_eq!(split(9, &["a\n"]), [("a".to_owned(), true, None)]);
        assert_eq!(split(9, &[]), []);
    }
}
