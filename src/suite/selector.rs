//! Names in a suite that stand for implementations: one, one in some versions, or a set.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use toml::Spanned;

use super::version::{Version, VersionReq};

/// Names that mean something else, so that neither an implementation nor a set can have them.
pub(super) const RESERVED: [&str; 2] = ["default", "all"];

/// `cpython`, `cpython<3.12`, or the name of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selector {
    pub(super) name: String,
    pub(super) version: Option<VersionReq>,
}

impl Selector {
    /// Whether the condition on the version, if there is one, is satisfied.
    pub(super) fn allows(&self, version: &Version) -> bool {
        self.version
            .as_ref()
            .is_none_or(|wanted| wanted.matches(version))
    }
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let end = text.find(is_operator).unwrap_or(text.len());
        let (name, version) = text.split_at(end);
        let name = name.trim();
        if name.is_empty() {
            return Err(format!("`{text}` names no implementation and no set"));
        }
        let version = match version {
            "" => None,
            condition => Some(condition.parse().map_err(|error| format!("{error}"))?),
        };
        Ok(Self {
            name: name.into(),
            version,
        })
    }
}

fn is_operator(c: char) -> bool {
    matches!(c, '<' | '>' | '=' | '^' | '~')
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.iter().try_for_each(|version| version.fmt(f))
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// What is wrong with the name of an implementation or a set, if anything.
pub(super) fn wrong_name(name: &str) -> Option<String> {
    let odd = |c: char| is_operator(c) || c.is_whitespace() || "/{}:,*".contains(c);
    match name {
        "" => Some("it is empty".into()),
        _ if RESERVED.contains(&name) => Some(format!("`{name}` has a meaning of its own")),
        _ => name.find(odd).map(|i| {
            let c = name[i..].chars().next().unwrap_or_default();
            format!("{c:?} cannot stand in it")
        }),
    }
}

/// One name, or a list of them.
#[derive(Debug, Clone)]
pub(super) struct Selectors(pub(super) Vec<Spanned<Selector>>);

impl<'de> Deserialize<'de> for Selectors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Texts::deserialize(deserializer)?;
        let read = |text: Spanned<String>| {
            let selector = text.get_ref().parse().map_err(D::Error::custom)?;
            Ok(Spanned::new(text.span(), selector))
        };
        texts
            .0
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// One text, or a list of them, each with its place.
pub(super) struct Texts(pub(super) Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Spanned::<OneOrMany>::deserialize(deserializer)?;
        let span = texts.span();
        Ok(Self(match texts.into_inner() {
            OneOrMany::One(text) => vec![Spanned::new(span, text)],
            OneOrMany::Many(texts) => texts,
        }))
    }
}

enum OneOrMany {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or a list of names")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany::Many(texts))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// Where something applies: `if = […]` names all implementations that have it, `unless = […]` those that do not.
#[derive(Debug, Clone, Default)]
pub(super) struct Condition {
    pub(super) only: Option<Selectors>,
    pub(super) unless: Option<Selectors>,
}

impl Condition {
    pub(super) fn selectors(&self) -> impl Iterator<Item = &Spanned<Selector>> {
        self.only
            .iter()
            .chain(&self.unless)
            .flat_map(|list| &list.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_or_without_versions() {
        let read = |text: &str| text.parse::<Selector>().map(|s| s.to_string());
        assert_eq!(read("cpython"), Ok("cpython".into()));
        assert_eq!(read("cpython <3.12"), Ok("cpython<3.12".into()));
        assert_eq!(
            read("cpython>=3.9, <3.13"),
            Ok("cpython>=3.9, <3.13".into())
        );
        assert_eq!(
            read("tokio-spawn_blocking"),
            Ok("tokio-spawn_blocking".into())
        );
        assert!(
            read("<3.12")
                .unwrap_err()
                .contains("names no implementation")
        );
        assert!(
            read("cpython<new")
                .unwrap_err()
                .contains("condition on versions")
        );
    }

    #[test]
    fn names_that_nobody_can_have() {
        for name in ["", "default", "all", "a b", "a<3", "a/b", "a:b", "{a}"] {
            assert!(wrong_name(name).is_some(), "{name}");
        }
        for name in ["py312", "c-pthread_exit", "ü", "3.12"] {
            assert!(wrong_name(name).is_none(), "{name}");
        }
    }
}
