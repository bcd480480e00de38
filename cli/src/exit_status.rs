//! Exit codes, all in one place.

use std::io;
use std::process::ExitCode;

use exeunt::RunError;
use exeunt::outcome::Summary;
use exeunt::record::{Exit, Record, Termination};

/// The exit codes of the commands that judge.
pub(crate) const JUDGING: &str = "\
Exit codes:
    0  everything held (known deviations and skipped cases included)
    1  something was broken, or could not be started
    2  wrong usage, a wrong suite, a failed build, a missing implementation that was asked for, a report that could not be written
    3  nothing was broken, but something was inconclusive, or has no outcome
    4  nothing was judged, since all was skipped; with `--deny-skipped`: something was skipped
  130  interrupted";

/// The exit codes of `exeunt diff`: those that `git bisect run` understands.
pub(crate) const DIFFING: &str = "\
Exit codes of `exeunt diff`:
    0  nothing changed
    1  something changed
  125  that cannot be told: a case is inconclusive, skipped or missing in one of the runs; or wrong usage";

/// The exit codes of `exeunt run`: those of env(1) and timeout(1), and one more.
pub(crate) const RUNNING: &str = "\
Exit codes of `exeunt run`:
    n  the program's own; 128 + n if signal n killed it
  123  it ended with 0, and left processes behind
  124  it did not end within `--timeout`
  125  `exeunt` failed or was used wrongly, or the report could not be written
  126  the program could not be executed
  127  the program was not found";

/// The exit codes of `exeunt guard`: those of `exeunt run`, and two more.
pub(crate) const GUARDING: &str = "\
Exit codes of `exeunt guard`:
    n  the command's own; 128 + n if signal n killed it
  121  it printed nothing for `--idle`
  122  it was still there `--grace` after its last word
  123  it ended with 0, and left processes behind
  124  it did not end within `--timeout`
  125  `exeunt` failed or was used wrongly, or the output could not be passed on
  126  the command could not be executed
  127  the command was not found";

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    Held,
    Broken,
    Misused,
    Inconclusive,
    NothingJudged,
    Interrupted,
    /// What was run ended so.
    Subject(Exit),
    Silent,
    StillThere,
    LeftBehind,
    TimedOut,
    Failed,
    NotExecutable,
    NotFound,
}

impl ExitStatus {
    /// What is missing is not known to be well.
    pub(crate) fn unless_unfinished(self, unfinished: bool) -> Self {
        match self {
            Self::Held | Self::NothingJudged if unfinished => Self::Inconclusive,
            status => status,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Broken => 1,
            Self::Misused => 2,
            Self::Inconclusive => 3,
            Self::NothingJudged => 4,
            Self::Silent => 121,
            Self::StillThere => 122,
            Self::LeftBehind => 123,
            Self::TimedOut => 124,
            Self::Failed => 125,
            Self::NotExecutable => 126,
            Self::NotFound => 127,
            Self::Interrupted => 130,
            // Codes have eight bits, and there are 64 signals.
            Self::Subject(Exit::Code(code)) => u8::try_from(code).unwrap_or(u8::MAX),
            Self::Subject(Exit::Signal(signal)) => {
                u8::try_from(128 + signal.number()).unwrap_or(u8::MAX)
            }
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

impl From<&Summary> for ExitStatus {
    fn from(summary: &Summary) -> Self {
        let Summary { held, deviates, .. } = *summary;
        match summary {
            Summary {
                interrupted: 1.., ..
            } => Self::Interrupted,
            Summary { broken: 1.., .. } => Self::Broken,
            Summary {
                inconclusive: 1.., ..
            } => Self::Inconclusive,
            Summary { skipped: 1.., .. } if held + deviates == 0 => Self::NothingJudged,
            _ => Self::Held,
        }
    }
}

/// A failure of the subject's own says more than what it left behind.
impl From<&Record> for ExitStatus {
    fn from(record: &Record) -> Self {
        match (record.termination, record.exit()) {
            (Termination::TimedOut { .. }, _) => Self::TimedOut,
            (_, Some(Exit::Code(0))) if !record.survivors.is_empty() => Self::LeftBehind,
            (_, Some(exit)) => Self::Subject(exit),
            // It could not be ended.
            (_, None) => Self::Failed,
        }
    }
}

impl From<&RunError> for ExitStatus {
    fn from(error: &RunError) -> Self {
        match error {
            RunError::NotFound { .. } => Self::NotFound,
            // A script whose interpreter is missing.
            RunError::Exec { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Self::NotFound
            }
            RunError::Exec { .. } => Self::NotExecutable,
            _ => Self::Failed,
        }
    }
}
