//! What of the preparation of a suite is done already.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Ready;
use crate::suite::CargoBuild;

/// What was found out and done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    /// What the probes said, by implementation.
    pub(super) probed: BTreeMap<String, Ready>,
    /// The words of the commands that have built something.
    pub(super) built: BTreeSet<Vec<String>>,
    /// Where cargo put binaries.
    pub(super) binaries: Vec<(CargoBuild, String, PathBuf)>,
}

impl Known {
    /// Where a binary is, if it was built and is still there.
    pub(super) fn binary(&self, build: &CargoBuild, bin: &str) -> Option<&PathBuf> {
        let mut all = self.binaries.iter();
        let found = all.find(|(of, name, path)| of == build && name == bin && path.is_file());
        found.map(|(_, _, path)| path)
    }
}
