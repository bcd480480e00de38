//! Scratch directories, one for each reaper, kept for the next run as long as no subject touches them.

use std::env;
use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{self, Path, PathBuf};

use nix::unistd::mkdtemp;

/// A directory. Dropping it does not remove it: its reaper does so in the end.
pub(super) struct Scratch {
    path: PathBuf,
    fresh: Trace,
    /// Whether its reaper knows it.
    pub(super) known: bool,
}

/// What changes when something is made in a directory, or the directory is changed itself.
#[derive(PartialEq)]
struct Trace {
    identity: (u64, u64),
    mode: u32,
    changed: (i64, i64),
}

impl Trace {
    fn of(path: &Path) -> io::Result<Self> {
        let data: Metadata = fs::symlink_metadata(path)?;
        Ok(Self {
            identity: (data.dev(), data.ino()),
            mode: data.mode(),
            changed: (data.ctime(), data.ctime_nsec()),
        })
    }
}

/// The directory for temporary files. Absolute, since the harness may change its own directory.
fn place() -> io::Result<PathBuf> {
    path::absolute(env::temp_dir())
}

impl Scratch {
    pub(super) fn new() -> io::Result<Self> {
        // Only its owner may look into it: mkdtemp(3).
        let path = mkdtemp(&place()?.join("exeunt-XXXXXX"))?;
        Ok(Self {
            fresh: Trace::of(&path)?,
            path,
            known: false,
        })
    }

    /// The same path again, after its reaper has removed it.
    pub(super) fn again(self) -> io::Result<Self> {
        if let Err(error) = DirBuilder::new().mode(0o700).create(&self.path)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error);
        }
        Ok(Self {
            fresh: Trace::of(&self.path)?,
            known: false,
            ..self
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the directory for temporary files has not changed since.
    pub(super) fn is_where_new_ones_are(&self) -> bool {
        place().is_ok_and(|place| self.path.parent() == Some(&place))
    }

    /// Whether the next run can have it.
    ///
    /// A change in the same tick of the kernel's clock as the last one leaves no trace, so it is looked into as well.
    pub(super) fn is_as_it_was(&self) -> bool {
        let is_empty = || fs::read_dir(&self.path).is_ok_and(|mut dir| dir.next().is_none());
        self.known && Trace::of(&self.path).is_ok_and(|now| now == self.fresh) && is_empty()
    }

    /// False if something of it is left.
    pub(super) fn remove(self) -> bool {
        // Most are empty, and this needs no descriptor.
        if fs::remove_dir(&self.path).is_err() && fs::remove_dir_all(&self.path).is_err() {
            // A subject may have closed it to itself, or made it a file.
            let _ = fs::set_permissions(&self.path, Permissions::from_mode(0o700));
            let _ = fs::remove_file(&self.path).or_else(|_| fs::remove_dir_all(&self.path));
        }
        fs::symlink_metadata(&self.path).is_err()
    }
}
