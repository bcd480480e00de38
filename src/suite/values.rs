//! The values of a suite file that need reading: durations, exit codes, lists, values that differ by implementation.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use toml::Spanned;

use super::duration::parse_duration;
use super::selector::Selector;

/// A duration such as `2s`, `300ms`, `1m 30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as `\"2s\"`, `\"300ms\"` or `\"1m 30s\"`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                parse_duration(text).map(Span).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

/// A duration that bounds something: longer than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit(pub(super) Duration);

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Span::deserialize(deserializer)?.0 {
            Duration::ZERO => Err(D::Error::custom(
                "a limit of nothing: no program could run that short",
            )),
            limit => Ok(Self(limit)),
        }
    }
}

/// A code with which a process can exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExitCode(pub(super) i32);

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

/// A value that is written as a text in its simple form, and as a table otherwise.
pub(super) trait TextOrTable: Sized {
    /// What an error says was expected.
    const EXPECTED: &'static str;
    /// The keys of the table.
    type Table: DeserializeOwned;

    fn from_text(text: &str) -> Result<Self, String>;
    fn from_table(table: Self::Table) -> Result<Self, String>;
}

/// The body of `Deserialize` for a [`TextOrTable`].
pub(super) fn text_or_table<'de, T: TextOrTable, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Reader<T>(PhantomData<T>);
    impl<'de, T: TextOrTable> Visitor<'de> for Reader<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::EXPECTED)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::from_text(text).map_err(E::custom)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            let table = T::Table::deserialize(MapAccessDeserializer::new(map))?;
            T::from_table(table).map_err(A::Error::custom)
        }
    }
    deserializer.deserialize_any(Reader(PhantomData))
}

/// One value, or a list of them.
#[derive(Debug, Clone)]
pub(super) struct OneOrMore<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = OneOrMore<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one, or a list of them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(OneOrMore(vec![T::deserialize(StrDeserializer::new(text))?]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Ok(OneOrMore(vec![T::deserialize(
                    MapAccessDeserializer::new(map),
                )?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(OneOrMore(values))
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

/// Values by implementation, in the order of the file.
#[derive(Debug, Clone)]
pub(super) struct ByName<T>(pub(super) Vec<(Spanned<Selector>, T)>);

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> ByName<T> {
    pub(super) fn selectors(&self) -> impl Iterator<Item = &Spanned<Selector>> {
        self.0.iter().map(|(selector, _)| selector)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByName<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = BTreeMap::<Spanned<String>, T>::deserialize(deserializer)?;
        let read = |(name, value): (Spanned<String>, T)| {
            let selector = name.get_ref().parse().map_err(D::Error::custom)?;
            Ok((Spanned::new(name.span(), selector), value))
        };
        let mut values = table.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        values.sort_by_key(|(name, _)| name.span().start);
        Ok(Self(values))
    }
}

/// A value for all, or one for each implementation and `default` for the others.
#[derive(Debug, Clone)]
pub(super) enum PerImplementation<T> {
    All(T),
    By(ByName<T>),
}

impl<T> PerImplementation<T> {
    pub(super) fn selectors(&self) -> impl Iterator<Item = &Spanned<Selector>> {
        let values = match self {
            Self::All(_) => None,
            Self::By(values) => Some(values),
        };
        values.into_iter().flat_map(ByName::selectors)
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
                T::deserialize(value.into_deserializer()).map(PerImplementation::All)
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
                ByName::deserialize(MapAccessDeserializer::new(map)).map(PerImplementation::By)
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}
