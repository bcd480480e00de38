//! What the processes of one nextest run have found out: nextest starts one for each case, and each would probe and build anew.
//!
//! It is kept in a file for each run, suite and set of implementations, in a directory that only this user can write. Another run,
//! a suite that was edited and another `PATH` have another file, so nothing in it is out of date. Whatever is wrong with the file
//! or its directory only means that a process finds out for itself.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::geteuid;

use super::known::Known;
use super::{Builds, Prepared};
use crate::stage::{Cancel, Stage};
use crate::suite::{Case, Suite, SuiteError};

impl Suite {
    /// As [`prepare`](Self::prepare). What another process of the same nextest run has found out is not found out again.
    pub(crate) fn prepare_in_nextest<'s>(
        &'s self,
        cases: &[&Case],
        stage: &'s dyn Stage,
        cancel: Option<&Cancel>,
        builds: Builds,
    ) -> Result<Prepared<'s>, SuiteError> {
        let tools = self.tools(stage, cancel, builds);
        let prepare = |known| self.prepare_knowing(cases, tools, |_| {}, known);
        let shared = env::var("NEXTEST_RUN_ID")
            .ok()
            .filter(|run| is_run_id(run))
            .and_then(|run| Shared::open(&file_name(&run, self, cases)).ok());
        let Some(mut shared) = shared else {
            return Ok(prepare(Known::default())?.0);
        };
        let before = shared.read();
        let (prepared, known) = prepare(before.clone())?;
        if known != before {
            // A process that cannot tell it leaves it to the others to find out.
            let _ = shared.write(&known);
        }
        Ok(prepared)
    }
}

/// Nextest's are UUIDs. What is not like one is no part of a file's name.
fn is_run_id(run: &str) -> bool {
    let like = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    (8..=64).contains(&run.len()) && run.bytes().all(like)
}

fn file_name(run: &str, suite: &Suite, cases: &[&Case]) -> String {
    let implementations: BTreeSet<_> = cases.iter().map(|case| &case.implementation).collect();
    let mut hasher = DefaultHasher::new();
    fs::canonicalize(suite.path()).ok().hash(&mut hasher);
    suite.texts().for_each(|text| text.hash(&mut hasher));
    implementations.hash(&mut hasher);
    env::var_os("PATH").hash(&mut hasher);
    format!("{run}-{:016x}.json", hasher.finish())
}

/// The file of a run, locked: who finds it locked waits for what its owner finds out.
struct Shared {
    file: Flock<File>,
}

impl Shared {
    fn open(name: &str) -> io::Result<Self> {
        let directory = directory(&env::temp_dir())?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(directory.join(name))?;
        let file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
        if file.metadata()?.len() == 0 {
            sweep(&directory);
        }
        Ok(Self { file })
    }

    /// What others have found out; nothing where one was ended while it wrote.
    fn read(&mut self) -> Known {
        let mut text = String::new();
        let read = self.file.read_to_string(&mut text);
        let known = read.ok().and_then(|_| serde_json::from_str(&text).ok());
        known.unwrap_or_default()
    }

    fn write(&mut self, known: &Known) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&serde_json::to_vec(known)?)
    }
}

/// A directory in which nobody else can put anything.
fn directory(parent: &Path) -> io::Result<PathBuf> {
    let user = geteuid().as_raw();
    let path = parent.join(format!("exeunt-nextest-{user}"));
    match DirBuilder::new().mode(0o700).create(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let metadata = fs::symlink_metadata(&path)?;
    let is_ours = metadata.is_dir() && metadata.uid() == user && metadata.mode() & 0o077 == 0;
    match is_ours {
        true => Ok(path),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

/// No run takes longer.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes the files of runs that are long over.
fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        let age = written.ok().and_then(|written| written.elapsed().ok());
        if age.is_some_and(|age| age > A_DAY) {
            // Another process may have removed it.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn only_a_directory_that_nobody_else_can_write_is_trusted() {
        let parent = tempfile::tempdir().unwrap();
        let ours = directory(parent.path()).unwrap();
        assert_eq!(directory(parent.path()).unwrap(), ours, "again");
        let mode = |mode| fs::set_permissions(&ours, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o770);
        directory(parent.path()).unwrap_err();
        mode(0o700);
        directory(parent.path()).unwrap();
        let elsewhere = parent.path().join("elsewhere");
        fs::rename(&ours, &elsewhere).unwrap();
        symlink(&elsewhere, &ours).unwrap();
        directory(parent.path()).unwrap_err();
    }

    #[test]
    fn a_run_id_can_be_part_of_a_file_name() {
        assert!(is_run_id("0a4f7a6e-6d0c-4a0e-9a8e-5f0c5b8a2c11"));
        for other in ["", "../../etc", "run 1", &"a".repeat(65)] {
            assert!(!is_run_id(other), "{other}");
        }
    }

    #[test]
    fn files_of_runs_that_are_over_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, age: Duration| {
            let file = File::create(directory.path().join(name)).unwrap();
            let then = std::time::SystemTime::now() - age;
            file.set_modified(then).unwrap();
        };
        file("old", A_DAY * 2);
        file("new", A_DAY / 2);
        sweep(directory.path());
        let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].as_ref().unwrap().file_name(), "new");
    }
}
