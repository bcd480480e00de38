//! Why a subject could not be run.

use std::fmt;
use std::io;
use std::path::PathBuf;

#[cfg(target_os = "linux")]
use super::plan::Plan;

/// Why a subject could not be run.
#[non_exhaustive]
pub enum RunError {
    /// There is no such program.
    NotFound {
        /// The program, as the plan names it.
        program: String,
    },
    /// The program is there and could not be executed.
    Exec {
        /// The path that was tried.
        program: PathBuf,
        /// The directory in which the program was to start.
        directory: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The machine did not give what a run needs (processes, descriptors, a scratch directory).
    Setup {
        /// The program, as the plan names it.
        program: String,
        /// The system's error.
        source: io::Error,
    },
    /// The process that guards the subject was killed, so nothing is known of the subject's end.
    ReaperLost {
        /// The program, as the plan names it.
        program: String,
        /// The process id of the reaper.
        reaper: u32,
    },
}

/// Errors of the system, by their numbers on Linux: no other system runs a subject.
mod errno {
    pub(super) const NOT_FOUND: i32 = 2;
    pub(super) const NOT_EXECUTABLE: i32 = 8;
    pub(super) const NO_PROCESS_LEFT: i32 = 11;
    pub(super) const NO_MEMORY: i32 = 12;
    pub(super) const NOT_ALLOWED: i32 = 13;
    pub(super) const NO_DESCRIPTOR_LEFT: i32 = 23;
    pub(super) const NO_DESCRIPTOR_LEFT_HERE: i32 = 24;
}

impl RunError {
    /// Whether the machine was short of processes, descriptors or memory: that may pass, and says nothing of the subject.
    #[must_use]
    pub fn is_shortage(&self) -> bool {
        let Self::Setup { source, .. } = self else {
            return false;
        };
        matches!(
            source.raw_os_error(),
            Some(
                errno::NO_DESCRIPTOR_LEFT
                    | errno::NO_DESCRIPTOR_LEFT_HERE
                    | errno::NO_PROCESS_LEFT
                    | errno::NO_MEMORY
            )
        )
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { program } => {
                let why = match program.contains('/') {
                    true => "no executable file at this path",
                    false => "it is in no directory of PATH",
                };
                write!(f, "program `{program}` not found: {why}")
            }
            Self::Exec {
                program,
                directory,
                source,
            } => {
                let (program, directory) = (program.display(), directory.display());
                let hint = hint(source);
                write!(f, "could not execute `{program}` in `{directory}`{hint}")
            }
            Self::Setup { program, .. } => write!(f, "could not set up a run of `{program}`"),
            Self::ReaperLost { program, reaper } => write!(
                f,
                "lost sight of `{program}`: its reaper (pid {reaper}) was killed from outside"
            ),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Exec { source, .. } | Self::Setup { source, .. } => Some(source),
            Self::NotFound { .. } | Self::ReaperLost { .. } => None,
        }
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
    match error.raw_os_error() {
        Some(errno::NOT_EXECUTABLE) => " (a script needs a first line such as `#!/bin/sh`)",
        Some(errno::NOT_FOUND) => " (the directory or the script's interpreter is missing)",
        Some(errno::NOT_ALLOWED) => {
            " (the file is not marked as executable, or a directory is closed to us)"
        }
        _ => "",
    }
}

/// No such program, or a path to something that is none.
#[cfg(target_os = "linux")]
pub(super) fn not_found(plan: &Plan) -> RunError {
    use nix::errno::Errno;

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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use nix::errno::Errno;

    use super::*;

    #[test]
    fn a_shortage_is_told_by_the_numbers_of_the_system() {
        let error = |errno: Errno| RunError::Setup {
            program: "true".into(),
            source: errno.into(),
        };
        for scarce in [Errno::EMFILE, Errno::ENFILE, Errno::EAGAIN, Errno::ENOMEM] {
            assert!(error(scarce).is_shortage(), "{scarce}");
        }
        assert!(!error(Errno::EACCES).is_shortage());
    }

    #[test]
    fn hints_are_given_by_the_numbers_of_the_system() {
        for (errno, word) in [
            (Errno::ENOEXEC, "#!/bin/sh"),
            (Errno::ENOENT, "interpreter"),
            (Errno::EACCES, "executable"),
        ] {
            assert!(hint(&errno.into()).contains(word), "{errno}");
        }
        assert_eq!(hint(&Errno::EIO.into()), "");
    }
}
