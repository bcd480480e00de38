//! Patterns and log formats as suites write them: a string, or a table of a few keys.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{LogFormat, Matcher, Pattern, Regex};
use crate::record::Stream;

impl Serialize for LogFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_str().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LogFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Regex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_str().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Regex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let (Matcher::Text(text), None) = (&self.matcher, self.stream) {
            return text.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        match &self.matcher {
            Matcher::Text(text) => map.serialize_entry("line", text)?,
            Matcher::Contains(text) => map.serialize_entry("contains", text)?,
            Matcher::Regex(regex) => map.serialize_entry("regex", regex)?,
        }
        if let Some(stream) = self.stream {
            map.serialize_entry("stream", &stream)?;
        }
        map.end()
    }
}

/// The keys of a table that is a pattern.
pub(crate) const KEYS: &[&str] = &["line", "contains", "regex", "stream"];

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Pattern;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line, `{ contains = \"…\" }` or `{ regex = \"…\" }`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Pattern, E> {
                Ok(Pattern::text(text))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pattern, A::Error> {
                let mut parts = PatternParts::default();
                while let Some(key) = map.next_key_seed(KeyOf(KEYS))? {
                    parts.read(key, &mut map)?;
                }
                parts.finish()
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The keys of a pattern's table, as far as they have been read.
#[derive(Default)]
pub(crate) struct PatternParts {
    matcher: Option<(&'static str, Matcher)>,
    stream: Option<Stream>,
}

impl PatternParts {
    /// Reads the value of one of [`KEYS`].
    pub(crate) fn read<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if key == "stream" {
            self.stream = Some(map.next_value()?);
            return Ok(());
        }
        if let Some((first, _)) = &self.matcher {
            let message = format!("`{key}` beside `{first}`: one of them only");
            return Err(A::Error::custom(message));
        }
        let matcher = match key {
            "line" => Pattern::text(&map.next_value::<String>()?).matcher,
            "contains" => Pattern::contains(&map.next_value::<String>()?).matcher,
            _ => Matcher::Regex(map.next_value()?),
        };
        self.matcher = Some((key, matcher));
        Ok(())
    }

    /// Whether no key has been read yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.matcher.is_none() && self.stream.is_none()
    }

    /// The pattern of these keys.
    pub(crate) fn finish<E: Error>(self) -> Result<Pattern, E> {
        match (self.matcher, self.stream) {
            (Some((_, matcher)), stream) => Ok(Pattern { stream, matcher }),
            (None, Some(_)) => Err(E::custom(
                "`stream` alone is no line: add `line`, `contains` or `regex`",
            )),
            (None, None) => Err(E::custom(
                "an empty table, expected one of `line`, `contains`, `regex` in it",
            )),
        }
    }
}

/// One of these keys. An error points at the key.
pub(crate) struct KeyOf(pub(crate) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KeyOf {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(deserializer)?;
        let known = self.0.iter().find(|known| **known == key);
        known
            .copied()
            .ok_or_else(|| D::Error::unknown_field(&key, self.0))
    }
}
