//! Exit codes, all in one place.

use std::process::ExitCode;

use exeunt::outcome::Summary;

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    Held,
    Broken,
    Misused,
    Inconclusive,
    Interrupted,
}

impl From<ExitStatus> for ExitCode {
    fn from(end: ExitStatus) -> Self {
        Self::from(match end {
            ExitStatus::Held => 0,
            ExitStatus::Broken => 1,
            ExitStatus::Misused => 2,
            ExitStatus::Inconclusive => 3,
            ExitStatus::Interrupted => 130,
        })
    }
}

impl From<&Summary> for ExitStatus {
    fn from(summary: &Summary) -> Self {
        match summary {
            Summary {
                interrupted: 1.., ..
            } => Self::Interrupted,
            Summary { broken: 1.., .. } => Self::Broken,
            Summary {
                inconclusive: 1.., ..
            } => Self::Inconclusive,
            _ => Self::Held,
        }
    }
}
