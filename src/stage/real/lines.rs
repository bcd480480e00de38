//! From chunks of bytes to lines, in bounded memory.

use std::mem;

use memchr::{memchr, memrchr};

use crate::record::{Line, Stream};

/// Splits one stream into lines.
pub(super) struct Lines {
    limit: usize,
    partial: Vec<u8>,
    /// The length of the line so far, what was not kept included.
    length: u64,
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
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            partial: Vec::new(),
            length: 0,
        }
    }

    /// Takes a chunk and gives out the lines that it completes: one by one, or those that lie within the chunk together.
    pub(super) fn push(&mut self, mut chunk: &[u8], blocks: bool, mut give: impl FnMut(Piece<'_>)) {
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

    /// What was kept of what came after the last newline.
    pub(super) fn unfinished(&self) -> &[u8] {
        &self.partial
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
        let mut lines = Lines::new(limit);
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

    #[test]
    fn nothing_after_the_last_newline_is_no_line() {
        assert_eq!(split(9, &["a\n"]), [("a".to_owned(), true, None)]);
        assert_eq!(split(9, &[]), []);
    }
}
