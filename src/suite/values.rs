//! The values of a suite file that need reading: durations, patterns, steps, expectations that differ by implementation.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use jiff::SignedDuration;
use semver::VersionReq;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use toml::Spanned;

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
    let wrong = |why: &str| {
        format!("`{text}` is not a duration{why}: write it as `2s`, `300ms` or `1m 30s`")
    };
    let parsed: SignedDuration =
        text.parse()
            .map_err(|_: jiff::Error| match text.trim().parse::<f64>() {
                Ok(_) => wrong(", its unit is missing"),
                Err(_) => wrong(""),
            })?;
    Duration::try_from(parsed).map_err(|_| wrong(", it is negative"))
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as `\"2s\"`, `\"300ms\"` or `\"1m 30s\"`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                duration(text).map(Span).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

/// A code with which a process can exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExitCode(pub(crate) i32);

impl<'de> Deserialize<'de> for ExitCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = ExitCode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an exit code from 0 to 255")
            }

            fn visit_i64<E: Error>(self, code: i64) -> Result<ExitCode, E> {
                match u8::try_from(code) {
                    Ok(code) => Ok(ExitCode(code.into())),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(code), &self)),
                }
            }
        }
        deserializer.deserialize_i64(Reader)
    }
}

/// A condition on versions, as cargo writes it.
pub(super) fn version_req<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<VersionReq>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |why| format!("`{text}` is not a condition on versions such as `<3.15`: {why}");
    let parsed = text.parse();
    parsed
        .map(Some)
        .map_err(|why: semver::Error| D::Error::custom(wrong(why)))
}

/// A table, or several of which the first that fits counts.
#[derive(Debug, Clone)]
pub(crate) struct OneOrMore<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = OneOrMore<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table, or a list of tables")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Ok(OneOrMore(vec![T::deserialize(
                    MapAccessDeserializer::new(map),
                )?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut tables = Vec::new();
                while let Some(table) = seq.next_element()? {
                    tables.push(table);
                }
                Ok(OneOrMore(tables))
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

/// A value, or one for each implementation and `default` for the others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PerImplementation<T> {
    All(T),
    By(BTreeMap<Spanned<String>, T>),
}

impl<T> PerImplementation<T> {
    /// The value for one implementation. `None` if the table has neither its name nor `default`.
    pub(crate) fn of(&self, implementation: &str) -> Option<&T> {
        match self {
            Self::All(value) => Some(value),
            Self::By(values) => values.get(implementation).or_else(|| values.get("default")),
        }
    }

    /// The implementations that are named.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Spanned<String>> {
        let values = match self {
            Self::All(_) => None,
            Self::By(values) => Some(values),
        };
        let names = values.into_iter().flat_map(BTreeMap::keys);
        names.filter(|name| name.get_ref() != "default")
    }
}

/// For values that are never written as a table.
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

            // No value is one of these: `T` says so better than this could.
            fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(PerImplementation::All)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(PerImplementation::All)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(PerImplementation::By)
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}
