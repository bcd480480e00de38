//! Which lines are meant.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::record::{Line, Record, Seen, Stream};

/// Which lines are meant: by their text, and by the stream on which they came.
///
/// White space is folded on both sides: `Main : all done` means `Main\t\t:\tall done` too.
///
/// ```
/// use exeunt::expect::Pattern;
/// use exeunt::record::{Line, Stream};
///
/// let warning = Pattern::contains("warning").on(Stream::Stderr);
/// assert!(warning.matches_line(&Line::new(Stream::Stderr, "a warning: late")));
/// assert!(!warning.matches_line(&Line::new(Stream::Stdout, "a warning: late")));
/// assert!(warning.matches("a warning: late"), "the text alone matches");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pattern {
    /// Only lines of this stream. [`Stream::Stdout`] and [`Stream::Stderr`] can be told apart only in a run with
    /// [`Streams::Split`](crate::Streams::Split); [`Stream::Merged`] here means either of them.
    pub stream: Option<Stream>,
    /// What the text must be.
    pub matcher: Matcher,
}

/// What the text of a line must be.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Matcher {
    /// The whole message is this text.
    Text(String),
    /// The message contains this text.
    Contains(String),
    /// The message matches this regular expression somewhere.
    Regex(Regex),
}

/// A regular expression, in the syntax of the crate `regex`. Two are equal if they are written the same.
#[derive(Debug, Clone)]
pub struct Regex(regex::Regex);

/// A text that is not a regular expression.
#[derive(Debug, Clone)]
pub struct InvalidRegex {
    pattern: String,
    problem: String,
}

impl fmt::Display for InvalidRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pattern, problem } = self;
        write!(f, "`{pattern}` is not a regular expression: {problem}")
    }
}

impl std::error::Error for InvalidRegex {}

impl Regex {
    /// Compiles an expression.
    ///
    /// # Errors
    /// If `pattern` is not a regular expression.
    pub fn new(pattern: &str) -> Result<Self, InvalidRegex> {
        regex::Regex::new(pattern)
            .map(Self)
            .map_err(|error| InvalidRegex {
                pattern: pattern.to_owned(),
                problem: problem(&error),
            })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it matches somewhere in `text`.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// What is wrong with a regular expression, without the drawing that shows where.
pub(super) fn problem(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// Which of several matching lines is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occurrence {
    /// The first.
    #[default]
    First,
    /// The n-th, counted from 1.
    Nth(NonZeroU32),
    /// The last.
    Last,
}

impl fmt::Display for Occurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
            Self::Nth(n) => {
                let suffix = match (n.get() % 100, n.get() % 10) {
                    (11..=13, _) => "th",
                    (_, 1) => "st",
                    (_, 2) => "nd",
                    (_, 3) => "rd",
                    _ => "th",
                };
                write!(f, "{n}{suffix}")
            }
        }
    }
}

impl Occurrence {
    /// The one that is meant of these.
    pub fn of<T>(self, mut all: impl Iterator<Item = T>) -> Option<T> {
        match self {
            Self::First => all.next(),
            Self::Nth(n) => all.nth(n.get() as usize - 1),
            Self::Last => all.last(),
        }
    }
}

pub(crate) fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As [`fold`], for the many messages that need no folding.
fn folded(text: &str) -> Cow<'_, str> {
    match is_folded(text) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(fold(text)),
    }
}

/// Whether folding would change nothing. It is asked of each line for each pattern, mostly in a build without optimisation, so
/// it is one loop over the bytes. Text that is not ASCII may have white space of other kinds: it is folded to find out.
fn is_folded(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut i, mut before) = (0, b' ');
    while i < bytes.len() {
        let byte = bytes[i];
        match byte {
            b' ' if before == b' ' => return false,
            b'\t'..=b'\r' => return false,
            0x80.. => return fold(text) == text,
            _ => {}
        }
        before = byte;
        i += 1;
    }
    before != b' ' || bytes.is_empty()
}

impl Pattern {
    fn new(matcher: Matcher) -> Self {
        Self {
            stream: None,
            matcher,
        }
    }

    /// The whole message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(Matcher::Text(fold(text)))
    }

    /// A part of the message.
    #[must_use]
    pub fn contains(text: &str) -> Self {
        Self::new(Matcher::Contains(fold(text)))
    }

    /// A regular expression, matched against the folded message.
    ///
    /// # Errors
    /// If `pattern` is not a regular expression.
    pub fn regex(pattern: &str) -> Result<Self, InvalidRegex> {
        Regex::new(pattern).map(|regex| Self::new(Matcher::Regex(regex)))
    }

    /// Only lines of this stream.
    #[must_use]
    pub fn on(self, stream: Stream) -> Self {
        Self {
            stream: Some(stream),
            ..self
        }
    }

    /// Whether a text is meant; the stream is not looked at.
    #[must_use]
    pub fn matches(&self, message: &str) -> bool {
        match &self.matcher {
            Matcher::Text(text) if is_folded(text) => *folded(message) == **text,
            Matcher::Text(text) => folded(message) == fold(text),
            Matcher::Contains(text) => folded(message).contains(text.as_str()),
            Matcher::Regex(regex) => regex.is_match(&folded(message)),
        }
    }

    /// Whether a line is meant, by its text and its stream.
    #[must_use]
    pub fn matches_line(&self, line: &Line) -> bool {
        self.is_of(line.stream) && self.matches(&line.text())
    }

    /// Whether lines of a stream can be meant.
    pub(crate) fn is_of(&self, stream: Stream) -> bool {
        match self.stream {
            None => true,
            Some(Stream::Merged) => stream != Stream::File,
            Some(wanted) => wanted == stream,
        }
    }
}

/// # Lines by pattern
impl Record {
    /// All lines that match.
    pub fn matching<'r>(&'r self, pattern: &Pattern) -> impl Iterator<Item = Seen<'r>> {
        self.lines().filter(|seen| pattern.matches_line(seen.line))
    }

    /// The line that is meant, where it came.
    #[must_use]
    pub fn find(&self, pattern: &Pattern, occurrence: Occurrence) -> Option<Seen<'_>> {
        occurrence.of(self.matching(pattern))
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self::text(&text)
    }
}

impl From<Regex> for Pattern {
    fn from(regex: Regex) -> Self {
        Self::new(Matcher::Regex(regex))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.matcher {
            Matcher::Text(text) => write!(f, "`{text}`")?,
            Matcher::Contains(text) => write!(f, "…`{text}`…")?,
            Matcher::Regex(regex) => write!(f, "/{}/", regex.as_str())?,
        }
        match self.stream {
            Some(stream) => write!(f, " on {stream}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_folded_is_not_changed_by_folding() {
        for text in [
            "",
            " ",
            "a",
            " a",
            "a ",
            "a b",
            "a  b",
            "a\tb",
            "a\n",
            "\x0ba",
            "a\x0cb",
            "é b",
            "é  b",
            "é ",
            "a\u{2003}b",
            "a\u{85}",
            "\x1c",
            "\x1f a",
        ] {
            assert_eq!(is_folded(text), fold(text) == text, "{text:?}");
            assert_eq!(folded(text), fold(text), "{text:?}");
        }
    }

    #[test]
    fn a_text_may_be_written_with_any_space() {
        let mut pattern = Pattern::text("a b");
        for message in ["a b", " a\t b", "a\u{2003}b"] {
            assert!(pattern.matches(message), "{message:?}");
        }
        assert!(!pattern.matches("a bc") && !pattern.matches("ab") && !pattern.matches(""));
        pattern.matcher = Matcher::Text("a  b ".into());
        assert!(pattern.matches("a b") && !pattern.matches("a"));
    }
}
