//! The values of a suite file that need reading: durations, patterns, steps, expectations that differ by implementation.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::expect::{Pattern, Step};
use crate::log::LogFormat;

/// A duration such as `2s`, `300ms`, `1m 30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// Reads a duration as suites and the command line write it.
///
/// ```
/// use exeunt::{millis, suite::duration};
/// assert_eq!(duration("1s 500ms"), Ok(millis(1500)));
/// assert!(duration("5").unwrap_err().contains("unit"));
/// ```
///
/// # Errors
/// If it is none, with the reason.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = |why: String| {
        format!("`{text}` is not a duration: {why} (write it as `2s`, `300ms` or `1m 30s`)")
    };
    let parsed: SignedDuration =
        text.parse()
            .map_err(|e: jiff::Error| match text.trim().parse::<f64>() {
                Ok(_) => wrong("the unit is missing".into()),
                Err(_) => wrong(e.to_string()),
            })?;
    Duration::try_from(parsed).map_err(|_| wrong("it is negative".into()))
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        duration(&text).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for LogFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A pattern by its key in a table.
fn pattern_by_key<E: Error>(key: &str, text: &str) -> Option<Result<Pattern, E>> {
    match key {
        "contains" => Some(Ok(Pattern::contains(text))),
        "regex" => Some(Pattern::regex(text).map_err(E::custom)),
        _ => None,
    }
}

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
                let key: String = only_key(&mut map, &["contains", "regex"])?;
                let text: String = map.next_value()?;
                end_of(&mut map, &key)?;
                pattern_by_key(&key, &text)
                    .unwrap_or_else(|| Err(A::Error::unknown_field(&key, &["contains", "regex"])))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

fn only_key<'de, A: MapAccess<'de>>(
    map: &mut A,
    known: &'static [&'static str],
) -> Result<String, A::Error> {
    let key: String = map
        .next_key()?
        .ok_or_else(|| A::Error::custom(format!("an empty table: expected one of {known:?}")))?;
    if known.contains(&key.as_str()) {
        Ok(key)
    } else {
        Err(A::Error::unknown_field(&key, known))
    }
}

fn end_of<'de, A: MapAccess<'de>>(map: &mut A, key: &str) -> Result<(), A::Error> {
    match map.next_key::<String>()? {
        None => Ok(()),
        Some(other) => Err(A::Error::custom(format!(
            "`{other}` beside `{key}`: one of them only"
        ))),
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
                Ok(Sequence(vec![Pattern::deserialize(
                    MapAccessDeserializer::new(map),
                )?]))
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

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const KEYS: &[&str] = &["next", "not", "any-order", "contains", "regex"];
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line, or a table with one of `next`, `not`, `any-order`, `contains`, `regex`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Step, E> {
                Ok(Step::Then(Pattern::text(text)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Step, A::Error> {
                let key = only_key(&mut map, KEYS)?;
                let step = match key.as_str() {
                    "next" => Step::Next(map.next_value()?),
                    "not" => Step::Not(map.next_value()?),
                    "any-order" => {
                        let groups: Vec<Sequence> = map.next_value()?;
                        Step::AnyOrder(groups.into_iter().map(|s| s.0).collect())
                    }
                    other => {
                        let text: String = map.next_value()?;
                        let pattern = pattern_by_key(other, &text);
                        Step::Then(
                            pattern.unwrap_or_else(|| Err(A::Error::unknown_field(other, KEYS)))?,
                        )
                    }
                };
                end_of(&mut map, &key)?;
                Ok(step)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A value, or one for each implementation and `default` for the others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PerImplementation<T> {
    All(T),
    By(BTreeMap<String, T>),
}

impl<T> PerImplementation<T> {
    /// The value for one implementation. `None` if the table has neither its name nor `default`.
    pub(crate) fn of(&self, implementation: &str) -> Option<&T> {
        match self {
            Self::All(value) => Some(value),
            Self::By(values) => values.get(implementation).or_else(|| values.get("default")),
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Self::All(_) => None,
            Self::By(values) => Some(
                values
                    .keys()
                    .map(String::as_str)
                    .filter(|name| *name != "default"),
            ),
        };
        names.into_iter().flatten()
    }
}

/// For values that are written as an integer or a string, never as a table.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for PerImplementation<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = PerImplementation<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, or a table with one for each implementation (and `default` for the others)")
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
                T::deserialize(serde::de::value::I64Deserializer::new(value))
                    .map(PerImplementation::All)
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
                T::deserialize(StrDeserializer::new(value)).map(PerImplementation::All)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(PerImplementation::By)
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}
