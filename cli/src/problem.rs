//! Why a command could not do its work.

use std::io::{self, Write};

use exeunt::RunError;
use exeunt::suite::SuiteError;

use crate::exit_status::ExitStatus;

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Problem {
    Suite(SuiteError),
    Run(RunError),
    /// The report could not be written.
    Report(io::Error),
    Other(String),
}

impl Problem {
    /// Says so on stderr. Where even that fails, the exit code has to do.
    pub(crate) fn tell(&self) {
        let _ = writeln!(anstream::stderr(), "{}", self.styled());
    }

    /// The exit status that tells it, where it has one of its own.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        match self {
            Self::Run(error) => Some(ExitStatus::from(error)),
            Self::Suite(_) | Self::Report(_) | Self::Other(_) => None,
        }
    }

    fn styled(&self) -> String {
        let text = match self {
            Self::Suite(error) => return error.styled(),
            // Its `Debug` has the cause too.
            Self::Run(error) => format!("{error:?}"),
            Self::Report(error) => format!("failed to write the report: {error}"),
            Self::Other(text) => text.clone(),
        };
        let style = anstyle::AnsiColor::Red.on_default().bold();
        format!("{style}error{style:#}: {text}")
    }
}

impl From<SuiteError> for Problem {
    fn from(error: SuiteError) -> Self {
        Self::Suite(error)
    }
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

/// Nothing but reports is written.
impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Report(error)
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}
