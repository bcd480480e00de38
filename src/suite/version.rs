//! Versions of implementations, and conditions on them.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! as_string {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

as_string!(Version);
as_string!(VersionReq);

/// A version of an implementation: three numbers.
///
/// What may follow them (`3.15.0rc1`) is left out: a release candidate behaves as its release.
///
/// ```
/// use exeunt::suite::Version;
/// assert!("3.12.1".parse::<Version>().unwrap() < Version::new(3, 13, 0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(semver::Version);

impl Version {
    /// A version by its numbers.
    #[must_use]
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self(semver::Version::new(major, minor, patch))
    }

    /// Later than all others: what is assumed where the version is not known yet.
    pub(crate) const NEWEST: Self = Self::new(u64::MAX, 0, 0);
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        text.parse().map(Self).map_err(|error| VersionError {
            text: text.into(),
            what: "a version such as `3.12.1`",
            why: error.to_string(),
        })
    }
}

/// A condition on versions, as cargo writes it: `<3.15`, `>=3.9, <3.13`.
///
/// ```
/// use exeunt::suite::{Version, VersionReq};
/// let before: VersionReq = "<3.15".parse().unwrap();
/// assert!(before.matches(&Version::new(3, 14, 2)));
/// assert!(!before.matches(&Version::new(3, 15, 0)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VersionReq(semver::VersionReq);

impl VersionReq {
    /// Whether a version satisfies the condition.
    #[must_use]
    pub fn matches(&self, version: &Version) -> bool {
        self.0.matches(&version.0)
    }

    /// Versions on both sides of every border that the condition draws.
    pub(crate) fn samples(&self) -> impl Iterator<Item = Version> {
        self.0.comparators.iter().flat_map(|comparator| {
            let (major, minor, patch) = (
                comparator.major,
                comparator.minor.unwrap_or(0),
                comparator.patch.unwrap_or(0),
            );
            let borders = [
                (major, minor, patch),
                (major, minor, patch + 1),
                (major, minor + 1, 0),
                (major + 1, 0, 0),
            ];
            borders.into_iter().flat_map(|(major, minor, patch)| {
                [
                    before(major, minor, patch),
                    Version::new(major, minor, patch),
                ]
            })
        })
    }
}

/// The last version before this one, as far as anybody numbers versions.
fn before(major: u64, minor: u64, patch: u64) -> Version {
    const MANY: u64 = 1 << 32;
    match (major, minor, patch) {
        (0, 0, 0) => Version::new(0, 0, 0),
        (major, 0, 0) => Version::new(major - 1, MANY, MANY),
        (major, minor, 0) => Version::new(major, minor - 1, MANY),
        (major, minor, patch) => Version::new(major, minor, patch - 1),
    }
}

impl fmt::Display for VersionReq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for VersionReq {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        text.parse().map(Self).map_err(|error| VersionError {
            text: text.into(),
            what: "a condition on versions such as `<3.15`",
            why: error.to_string(),
        })
    }
}

/// A text that is no version, or no condition on versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionError {
    text: String,
    what: &'static str,
    why: String,
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, what, why } = self;
        write!(f, "`{text}` is not {what}: {why}")
    }
}

impl std::error::Error for VersionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stand_on_both_sides_of_every_border() {
        for (condition, inside, outside) in [
            ("<3.9", (3, 8), (3, 9)),
            (">=3.9, <3.13", (3, 12), (3, 13)),
            ("=3.12", (3, 12), (3, 13)),
            ("^3", (3, 0), (4, 0)),
            ("~3.12", (3, 12), (3, 13)),
            ("<=3.12.3", (3, 12), (3, 13)),
            (">3.12", (3, 13), (3, 12)),
        ] {
            let condition: VersionReq = condition.parse().unwrap();
            let samples: Vec<_> = condition.samples().collect();
            let of = |(major, minor): (u64, u64)| {
                samples
                    .iter()
                    .find(move |v| (v.0.major, v.0.minor) == (major, minor))
            };
            assert!(
                of(inside).is_some_and(|v| condition.matches(v)),
                "{condition}"
            );
            assert!(
                of(outside).is_some_and(|v| !condition.matches(v)),
                "{condition}"
            );
        }
    }

    #[test]
    fn errors_tell_what_is_wanted() {
        let error = "new".parse::<VersionReq>().unwrap_err().to_string();
        assert!(error.starts_with("`new` is not a condition on versions such as `<3.15`: "));
        assert!("3".parse::<Version>().is_err());
    }

    #[test]
    fn the_newest_satisfies_open_conditions_only() {
        let newest = |req: &str| req.parse::<VersionReq>().unwrap().matches(&Version::NEWEST);
        assert!(newest(">=3.9"));
        assert!(!newest("<3.15") && !newest(">=3.9, <3.13") && !newest("^3"));
    }
}
