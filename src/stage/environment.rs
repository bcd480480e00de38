//! The subject's environment, and the search for its program.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
#[cfg(target_os = "linux")]
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use nix::unistd::{AccessFlags, access};

/// The variables that a clean environment takes over from the harness's, besides all whose name begins with `LC_`.
///
/// Others are not passed on, since they have changed verdicts: `PYTHONUNBUFFERED`, `RUST_BACKTRACE`, `NO_COLOR`.
pub const PASSED_ON: [&str; 7] = ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TZ", "USER"];

pub(super) fn clean() -> BTreeMap<OsString, OsString> {
    let passed = |name: &OsStr| {
        let name = name.to_string_lossy();
        PASSED_ON.contains(&name.as_ref()) || name.starts_with("LC_")
    };
    env::vars_os().filter(|(name, _)| passed(name)).collect()
}

/// The path of a program: as it is if it has a slash (a relative one is relative to `directory`), else the first
/// executable file of that name in `path`.
#[cfg(target_os = "linux")]
pub(crate) fn find_program(
    program: &OsStr,
    path: Option<&OsStr>,
    directory: &Path,
) -> Option<PathBuf> {
    let executable = |p: &PathBuf| p.is_file() && access(p, AccessFlags::X_OK).is_ok();
    if program.to_string_lossy().contains('/') {
        let found = directory.join(program);
        return executable(&found).then_some(found);
    }
    env::split_paths(path?)
        .map(|dir| directory.join(dir).join(program))
        .find(executable)
}
