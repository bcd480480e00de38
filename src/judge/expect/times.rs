use std::fmt;
use std::ops::{RangeFrom, RangeInclusive};

use serde::{Deserialize, Serialize};

use crate::log::Pattern;

/// How often a line comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Count {
    /// The line.
    pub pattern: Pattern,
    /// How often it comes.
    pub times: Times,
}

impl Count {
    /// This line comes so often.
    #[must_use]
    pub fn new(pattern: impl Into<Pattern>, times: impl Into<Times>) -> Self {
        Self {
            pattern: pattern.into(),
            times: times.into(),
        }
    }
}

/// How often something happens.
///
/// ```
/// use exeunt::expect::Times;
/// assert!(Times::from(3).contains(3));
/// assert!(Times::from(2..).contains(9));
/// assert!(!Times::from(0..=2).contains(3));
/// assert_eq!(Times::from(1..=2).to_string(), "1 to 2 times");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Times {
    /// At least so often.
    pub least: u64,
    /// At most so often; without an upper bound if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
}

impl Times {
    /// Whether this often is within the bounds.
    #[must_use]
    pub fn contains(self, times: u64) -> bool {
        times >= self.least && self.most.is_none_or(|most| times <= most)
    }
}

impl From<u64> for Times {
    fn from(times: u64) -> Self {
        Self::from(times..=times)
    }
}

impl From<RangeInclusive<u64>> for Times {
    fn from(times: RangeInclusive<u64>) -> Self {
        Self {
            least: *times.start(),
            most: Some(*times.end()),
        }
    }
}

impl From<RangeFrom<u64>> for Times {
    fn from(times: RangeFrom<u64>) -> Self {
        Self {
            least: times.start,
            most: None,
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (1, Some(1)) => f.write_str("once"),
            (least, Some(most)) if least == most => write!(f, "{least} times"),
            (0, Some(most)) => write!(f, "at most {most} times"),
            (least, Some(most)) => write!(f, "{least} to {most} times"),
            (1, None) => f.write_str("at least once"),
            (least, None) => write!(f, "at least {least} times"),
        }
    }
}
