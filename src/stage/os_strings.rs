//! Texts of the system, for serde's `with`: strings where they are UTF-8, else arrays of bytes.

use std::ffi::OsString;

use crate::record::Bytes;

fn to_bytes(text: &OsString) -> Bytes {
    text.as_encoded_bytes().to_vec().into()
}

#[cfg(unix)]
fn from_bytes(bytes: &Bytes) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.as_slice().to_vec())
}

/// Elsewhere a text of the system has no such bytes; what is not UTF-8 is replaced, as where it is shown.
#[cfg(not(unix))]
fn from_bytes(bytes: &Bytes) -> OsString {
    String::from_utf8_lossy(bytes.as_slice())
        .into_owned()
        .into()
}

pub(super) mod one {
    use super::{Bytes, OsString, from_bytes, to_bytes};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(text: &OsString, to: S) -> Result<S::Ok, S::Error> {
        to_bytes(text).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<OsString, D::Error> {
        Bytes::deserialize(from).map(|bytes| from_bytes(&bytes))
    }
}

pub(super) mod list {
    use super::{Bytes, OsString, from_bytes, to_bytes};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(texts: &[OsString], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(texts.iter().map(to_bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<OsString>, D::Error> {
        let texts = Vec::<Bytes>::deserialize(from)?;
        Ok(texts.iter().map(from_bytes).collect())
    }
}

/// A list of pairs: a key that is not UTF-8 could be no key of a JSON object.
pub(super) mod map {
    use super::{Bytes, OsString, from_bytes, to_bytes};
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeMap;

    pub(crate) fn serialize<S: Serializer>(
        map: &BTreeMap<OsString, OsString>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map.iter().map(|(k, v)| (to_bytes(k), to_bytes(v))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<OsString, OsString>, D::Error> {
        let pairs = Vec::<(Bytes, Bytes)>::deserialize(from)?;
        let pairs = pairs.iter();
        Ok(pairs.map(|(k, v)| (from_bytes(k), from_bytes(v))).collect())
    }
}
