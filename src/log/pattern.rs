//! Which lines are meant.

use std::borrow::Cow;
use std::fmt;

use regex::Regex;

/// Which lines are meant. White space is folded on both sides: `Main : all done` means `Main\t\t:\tall done` too.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// The whole message is this text.
    Text(String),
    /// The message contains this text.
    Contains(String),
    /// The message matches this regular expression somewhere.
    Regex(Regex),
}

pub(crate) fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As [`fold`], for the many messages that need no folding.
fn folded(text: &str) -> Cow<'_, str> {
    let other_space = |c: char| c.is_whitespace() && c != ' ';
    if text.trim() != text || text.contains("  ") || text.contains(other_space) {
        Cow::Owned(fold(text))
    } else {
        Cow::Borrowed(text)
    }
}

impl Pattern {
    /// The whole message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(fold(text))
    }

    /// A part of the message.
    #[must_use]
    pub fn contains(text: &str) -> Self {
        Self::Contains(fold(text))
    }

    /// A regular expression, matched against the folded message.
    ///
    /// # Errors
    /// If it is none.
    pub fn regex(pattern: &str) -> Result<Self, regex::Error> {
        Regex::new(pattern).map(Self::Regex)
    }

    /// Whether a message is meant.
    #[must_use]
    pub fn matches(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message
                .split_whitespace()
                .eq(text.split(' ').filter(|w| !w.is_empty())),
            Self::Contains(text) => folded(message).contains(text.as_str()),
            Self::Regex(regex) => regex.is_match(&folded(message)),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) | (Self::Contains(a), Self::Contains(b)) => a == b,
            (Self::Regex(a), Self::Regex(b)) => a.as_str() == b.as_str(),
            _ => false,
        }
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
        Self::Regex(regex)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "`{text}`"),
            Self::Contains(text) => write!(f, "…`{text}`…"),
            Self::Regex(regex) => write!(f, "/{}/", regex.as_str()),
        }
    }
}
