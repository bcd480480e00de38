use std::fmt;

use serde::{Deserialize, Serialize};

/// What has become of a file when the run is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ExpectedFile {
    /// Its path, from the subject's directory.
    pub path: String,
    /// What has become of it.
    pub end: FileEnd,
}

impl ExpectedFile {
    /// This has become of the file.
    #[must_use]
    pub fn new(path: impl Into<String>, end: FileEnd) -> Self {
        let path = path.into();
        Self { path, end }
    }
}

/// What can have become of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileEnd {
    /// It is there, whether the run has made it or not.
    There,
    /// It is there, and is new or was changed during the run.
    Written,
    /// It is not there.
    Absent,
}

impl fmt::Display for FileEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::There => "there",
            Self::Written => "written during the run",
            Self::Absent => "not there",
        })
    }
}
