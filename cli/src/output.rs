//! Where reports are written to.

use std::io::{self, Write};

use anstream::stream::{AsLockedWrite, RawStream};
use exeunt::report::Page;

/// stdout or stderr, with colours where they are wanted.
///
/// When the reader goes away, as `head` does, nobody wants the rest: it is dropped in silence.
pub(crate) struct Output<S: RawStream> {
    stream: anstream::AutoStream<S>,
    open: bool,
    /// Whether what is not ASCII is replaced.
    ascii: bool,
    /// Whether it is written as it is.
    data: bool,
}

pub(crate) fn stdout() -> Output<io::Stdout> {
    Output {
        stream: anstream::stdout(),
        open: true,
        ascii: false,
        data: false,
    }
}

pub(crate) fn stderr() -> Output<io::Stderr> {
    Output {
        stream: anstream::stderr(),
        open: true,
        ascii: false,
        data: false,
    }
}

impl Clone for Output<io::Stdout> {
    fn clone(&self) -> Self {
        let other = Self {
            open: self.open,
            ascii: self.ascii,
            data: self.data,
            ..stdout()
        };
        match self.data {
            true => other.into_data(),
            false => other,
        }
    }
}

impl Output<io::Stdout> {
    /// For programs: byte for byte. What fits a text to a terminal takes control characters out of it, those in a string of JSON too.
    pub(crate) fn into_data(self) -> Self {
        Self {
            stream: anstream::AutoStream::always_ansi(io::stdout()),
            ascii: false,
            data: true,
            ..self
        }
    }
}

impl<S: RawStream> Output<S> {
    /// For people: in ASCII, where their locale has no more.
    pub(crate) fn into_text(self) -> Self {
        Self {
            ascii: crate::ascii::is_wanted(),
            ..self
        }
    }
}

impl<S: RawStream + AsLockedWrite> Output<S> {
    fn unless_closed<T>(&mut self, done: io::Result<T>, dropped: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.open = false;
                Ok(dropped)
            }
            done => done,
        }
    }
}

impl<S: RawStream + AsLockedWrite> Write for Output<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.open {
            return Ok(bytes.len());
        }
        let written = match str::from_utf8(bytes) {
            // What is written comes in whole texts.
            Ok(text) if self.ascii => {
                let text = crate::ascii::ascii(text);
                self.stream.write_all(text.as_bytes()).map(|()| bytes.len())
            }
            _ => self.stream.write(bytes),
        };
        self.unless_closed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.open {
            return Ok(());
        }
        let flushed = self.stream.flush();
        self.unless_closed(flushed, ())
    }
}

/// The page that text on stdout is fitted to: as wide as the terminal, if it is one.
pub(crate) fn page() -> Page {
    columns().map_or_else(Page::default, Page::new)
}

/// The columns of the terminal that stdout is, if it is one.
pub(crate) fn columns() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    // What a text is cut by takes two columns more in ASCII.
    let more = if crate::ascii::is_wanted() { 2 } else { 0 };
    Some(usize::from(width.0).saturating_sub(more))
}
