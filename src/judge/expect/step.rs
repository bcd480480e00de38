use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::log::{KeyOf, Pattern, PatternParts};

/// The order of a log, in the words of LLVM's FileCheck.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct LogExpectation {
    /// What comes one after the other.
    pub steps: Vec<Step>,
    /// Whether lines may come that no step names.
    #[serde(default)]
    pub others: OtherLines,
}

impl LogExpectation {
    /// These steps, with other lines allowed or not.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = impl Into<Step>>, others: OtherLines) -> Self {
        Self {
            steps: steps.into_iter().map(Into::into).collect(),
            others,
        }
    }
}

/// One step in the order of a log.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// This line comes later than the step before; others may stand between.
    Then(Pattern),
    /// This line comes directly after the line of the step before.
    Next(Pattern),
    /// This line does not come between the step before and the step after.
    Not(Pattern),
    /// All of these sequences come, each in its own order, in any order among each other.
    AnyOrder(Vec<Vec<Pattern>>),
}

impl Step {
    /// The lines that must be there for this step.
    pub fn wanted(&self) -> impl Iterator<Item = &Pattern> {
        let (one, groups) = match self {
            Self::Then(pattern) | Self::Next(pattern) => (Some(pattern), [].as_slice()),
            Self::Not(_) => (None, [].as_slice()),
            Self::AnyOrder(groups) => (None, groups.as_slice()),
        };
        one.into_iter().chain(groups.iter().flatten())
    }
}

impl<P: Into<Pattern>> From<P> for Step {
    fn from(pattern: P) -> Self {
        Self::Then(pattern.into())
    }
}

/// Whether lines may come that no step names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OtherLines {
    /// They break the expectation: a line too many is found, and a line that comes twice.
    #[default]
    Forbidden,
    /// They may stand anywhere.
    Allowed,
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match self {
            Self::Then(pattern) => return pattern.serialize(serializer),
            _ => serializer.serialize_map(Some(1))?,
        };
        match self {
            Self::Then(pattern) => map.serialize_entry("line", pattern)?,
            Self::Next(pattern) => map.serialize_entry("next", pattern)?,
            Self::Not(pattern) => map.serialize_entry("not", pattern)?,
            Self::AnyOrder(groups) => map.serialize_entry("any-order", groups)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a line, or a table with one of `next`, `not`, `any-order`, `line`, `contains`, `regex`",
                )
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Step, E> {
                Ok(Step::Then(Pattern::text(text)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Step, A::Error> {
                read_step(map)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The keys of a table that is a step.
const KEYS: &[&str] = &[
    "next",
    "not",
    "any-order",
    "line",
    "contains",
    "regex",
    "stream",
];

fn read_step<'de, A: MapAccess<'de>>(mut map: A) -> Result<Step, A::Error> {
    let mut parts = PatternParts::default();
    let mut step: Option<(&str, Step)> = None;
    while let Some(key) = map.next_key_seed(KeyOf(KEYS))? {
        if let Some((first, _)) = step {
            let message = format!("`{key}` beside `{first}`: one of them only");
            return Err(A::Error::custom(message));
        }
        let own = match key {
            "next" => Step::Next(map.next_value()?),
            "not" => Step::Not(map.next_value()?),
            "any-order" => {
                let groups: Vec<Sequence> = map.next_value()?;
                Step::AnyOrder(groups.into_iter().map(|group| group.0).collect())
            }
            key => {
                parts.read(key, &mut map)?;
                continue;
            }
        };
        if !parts.is_empty() {
            let message = format!("`{key}` beside a line of its own: one of them only");
            return Err(A::Error::custom(message));
        }
        step = Some((key, own));
    }
    match step {
        Some((_, step)) => Ok(step),
        None if parts.is_empty() => Err(A::Error::custom(
            "an empty table, expected one of `next`, `not`, `any-order`, `line`, `contains`, `regex` in it",
        )),
        None => parts.finish().map(Step::Then),
    }
}

/// One pattern, or several that come in this order.
struct Sequence(Vec<Pattern>);

impl<'de> Deserialize<'de> for Sequence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Sequence;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line, or a list of lines that come in this order")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Sequence, E> {
                Ok(Sequence(vec![Pattern::text(text)]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Sequence, A::Error> {
                let pattern = Pattern::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Sequence(vec![pattern]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Sequence, A::Error> {
                let mut patterns = Vec::new();
                while let Some(pattern) = seq.next_element()? {
                    patterns.push(pattern);
                }
                Ok(Sequence(patterns))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
