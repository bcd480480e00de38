//! On which streams the lines of a scenario are known apart.

use std::ops::Range;

use super::error::{Source, SuiteError};
use super::lines::Placed;
use crate::log::Pattern;
use crate::record::{Stream, Streams};

#[derive(Clone, Copy)]
pub(super) struct KnownStreams {
    streams: Streams,
    /// Whether files are tailed.
    files: bool,
}

impl KnownStreams {
    pub(super) fn new(streams: Streams, files: bool) -> Self {
        Self { streams, files }
    }

    /// A pattern, where its stream is known.
    pub(super) fn pattern(self, source: &Source, placed: &Placed) -> Result<Pattern, SuiteError> {
        if let (Some(stream), Some(span)) = (placed.pattern.stream, &placed.stream) {
            self.check(source, stream, span.clone())?;
        }
        Ok(placed.pattern.clone())
    }

    /// An error if the lines of this stream, which is named there, are not known apart.
    pub(super) fn check(
        self,
        source: &Source,
        stream: Stream,
        span: Range<usize>,
    ) -> Result<(), SuiteError> {
        match stream {
            Stream::File if self.files => Ok(()),
            Stream::File => Err(SuiteError::new(
                source,
                "no file is read, so no line comes from one",
            )
            .at(span, "which file?")
            .help("write `logs = [\"FILE\"]` in the scenario")),
            _ if self.streams.has(stream) => Ok(()),
            _ => Err(merged(source, span)),
        }
    }
}

fn merged(source: &Source, span: Range<usize>) -> SuiteError {
    SuiteError::new(
        source,
        "the stream of a line is not known where the streams are merged",
    )
    .at(span, "which stream?")
    .help("write `streams = \"split\"` in the scenario or in `[suite]`, or name no stream")
}
