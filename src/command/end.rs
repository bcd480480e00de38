//! Exit codes, all in one place.

use std::process::ExitCode;

use exeunt::runner::Summary;

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Held,
    Broken,
    Misused,
    Inconclusive,
    Interrupted,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Held => 0,
            End::Broken => 1,
            End::Misused => 2,
            End::Inconclusive => 3,
            End::Interrupted => 130,
        })
    }
}

impl From<&Summary> for End {
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
