//! Why a subject could not be run.

use std::fmt;
use std::io;
use std::path::PathBuf;

use nix::errno::Errno;

use super::plan::Plan;

/// Why a subject could not be run.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// There is no such program.
    #[error("program `{program}` not found: {}", if program.contains('/') {
        "no executable file at this path"
    } else {
        "it is in no directory of PATH"
    })]
    NotFound {
        /// The program, as the plan names it.
        program: String,
    },
    /// The program is there and could not be executed.
    #[error("could not execute `{}` in `{}`{}", program.display(), directory.display(), hint(source))]
    Exec {
        /// The path that was tried.
        program: PathBuf,
        /// The directory in which the program was to start.
        directory: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The machine did not give what a run needs (processes, descriptors, a scratch directory).
    #[error("could not set up a run of `{program}`")]
    Setup {
        /// The program, as the plan names it.
        program: String,
        /// The system's error.
        source: io::Error,
    },
    /// The process that guards the subject was killed, so nothing is known of the subject's end.
    #[error("lost sight of `{program}`: its reaper (pid {reaper}) was killed from outside")]
    ReaperLost {
        /// The program, as the plan names it.
        program: String,
        /// The process id of the reaper.
        reaper: u32,
    },
}

impl RunError {
    /// Whether the machine was short of processes, descriptors or memory: that may pass, and says nothing of the subject.
    #[must_use]
    pub fn is_shortage(&self) -> bool {
        let Self::Setup { source, .. } = self else {
            return false;
        };
        matches!(
            source.raw_os_error().map(Errno::from_raw),
            Some(Errno::EMFILE | Errno::ENFILE | Errno::EAGAIN | Errno::ENOMEM)
        )
    }
}

// A test that returns `Result<(), RunError>` shows this, so it must be readable, and tell the cause.
impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        match std::error::Error::source(self) {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOEXEC) => " (a script needs a first line such as `#!/bin/sh`)",
        Some(Errno::ENOENT) => " (the directory or the script's interpreter is missing)",
        Some(Errno::EACCES) => {
            " (the file is not marked as executable, or a directory is closed to us)"
        }
        _ => "",
    }
}

/// No such program, or a path to something that is none.
pub(super) fn not_found(plan: &Plan) -> RunError {
    let program = plan.program.to_string_lossy().into_owned();
    let path = plan.directory.join(&plan.program);
    if !program.contains('/') || !path.exists() {
        return RunError::NotFound { program };
    }
    let errno = if path.is_dir() {
        Errno::EISDIR
    } else {
        Errno::EACCES
    };
    RunError::Exec {
        program: path,
        directory: plan.directory.clone(),
        source: errno.into(),
    }
}
