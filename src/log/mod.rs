//! From lines to log: which lines carry a time and a message, and whether they came when they were logged.

mod format;
mod notice;
mod pattern;
mod serde;
mod stamp;

pub(crate) use self::serde::{KeyOf, PatternParts};
pub use format::{LogFormat, LogFormatError};
pub(crate) use pattern::fold;
pub use pattern::{InvalidRegex, Matcher, Occurrence, Pattern, Regex};
