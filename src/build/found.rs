//! Binaries of cargo packages that were built before: with cargo, or on another machine and brought here in a nextest archive.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::suite::CargoBuild;

/// What is built before the cases run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Builds {
    /// All that a case needs.
    All,
    /// What the `build` commands of the suite make. Cargo's binaries came in an archive.
    #[cfg(feature = "libtest")]
    Commands,
    /// Nothing: all is there.
    Nothing,
}

/// A process that looks for binaries.
pub(super) struct Here<'h> {
    pub(super) root: &'h Path,
    variable: &'h dyn Fn(&str) -> Option<OsString>,
    executable: Option<PathBuf>,
}

impl<'h> Here<'h> {
    pub(super) fn new(root: &'h Path) -> Self {
        Self {
            root,
            variable: &|name| env::var_os(name).filter(|value| !value.is_empty()),
            executable: env::current_exe().ok(),
        }
    }

    /// Where a binary may be, the likeliest place first.
    pub(super) fn places(&self, build: &CargoBuild, bin: &str) -> Vec<PathBuf> {
        let named = self.named(build, bin).into_iter();
        let directories = self.directories(build.profile.as_deref());
        let mut places: Vec<_> = named
            .chain(directories.into_iter().map(|directory| directory.join(bin)))
            .collect();
        let mut seen = Vec::new();
        places.retain(|place| {
            !seen.contains(place) && {
                seen.push(place.clone());
                true
            }
        });
        places
    }

    /// Where a runner says that the binary is. Its variables are those of one package, and say nothing of the profile.
    fn named(&self, build: &CargoBuild, bin: &str) -> Option<PathBuf> {
        let package = (self.variable)("CARGO_PKG_NAME")?;
        if package != build.package.as_str() {
            return None;
        }
        let mut prefixes = ["NEXTEST_BIN_EXE_", "CARGO_BIN_EXE_"].into_iter();
        let path = prefixes.find_map(|prefix| (self.variable)(&format!("{prefix}{bin}")))?;
        let path = PathBuf::from(path);
        let profile = build.profile.as_deref().map(directory_of);
        let is_of_profile = |profile| {
            path.parent()
                .is_some_and(|parent| parent.ends_with(profile))
        };
        profile.is_none_or(is_of_profile).then_some(path)
    }

    /// The directories in which cargo may have put binaries of a profile.
    fn directories(&self, profile: Option<&str>) -> Vec<PathBuf> {
        // A test lies in `target/PROFILE/deps`, and without a wish the binaries are of its own profile.
        if let Some(artifacts) = self.executable.as_deref().and_then(artifacts_of_test) {
            let directory = match profile {
                None => artifacts.to_path_buf(),
                Some(profile) => artifacts.with_file_name(directory_of(profile)),
            };
            return vec![directory];
        }
        let profile = directory_of(profile.unwrap_or("dev"));
        match (self.variable)("CARGO_TARGET_DIR") {
            Some(target) => vec![self.root.join(target).join(profile)],
            None => {
                let root = std::path::absolute(self.root).unwrap_or_else(|_| self.root.into());
                let above = root.ancestors();
                above
                    .map(|path| path.join("target").join(profile))
                    .collect()
            }
        }
    }
}

/// Where cargo puts what is built with a profile.
fn directory_of(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

/// The directory of the binaries beside a test.
fn artifacts_of_test(executable: &Path) -> Option<&Path> {
    let directory = executable.parent()?;
    directory.ends_with("deps").then(|| directory.parent())?
}

#[cfg(feature = "libtest")]
impl Builds {
    /// What this test is to build: nothing if it is told so, and nothing of cargo's if it came in an archive.
    pub(crate) fn of_test() -> Self {
        if env::var_os(NO_BUILD).is_some_and(|value| value == "1") {
            return Self::Nothing;
        }
        let executable = env::current_exe().ok();
        let package = env::current_dir().ok();
        match executable.zip(package) {
            Some((executable, package)) if is_unpacked(&executable, &package) => Self::Commands,
            _ => Self::All,
        }
    }
}

/// The variable by which a test builds nothing.
#[cfg(feature = "libtest")]
const NO_BUILD: &str = "EXEUNT_NO_BUILD";

/// Whether a test lies in an unpacked archive of nextest's. Such a directory has what nextest knows of the binaries in it. One that
/// belongs to the package's own workspace may have been built in since, so it does not count.
#[cfg(feature = "libtest")]
fn is_unpacked(executable: &Path, package: &Path) -> bool {
    let has_metadata =
        |directory: &&Path| directory.join("nextest/binaries-metadata.json").is_file();
    let target = executable.ancestors().find(has_metadata);
    let workspace = target.and_then(Path::parent);
    workspace.is_some_and(|workspace| !package.starts_with(workspace))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(profile: Option<&str>) -> CargoBuild {
        CargoBuild {
            package: "worker".into(),
            profile: profile.map(str::to_owned),
            features: Vec::new(),
        }
    }

    fn places(variables: &[(&str, &str)], executable: &str, profile: Option<&str>) -> Vec<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.into())
        };
        let here = Here {
            root: Path::new("/w/suite"),
            variable: &variable,
            executable: Some(executable.into()),
        };
        let places = here.places(&build(profile), "one-bin").into_iter();
        places.map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn a_command_looks_where_cargo_puts_binaries() {
        let command = "/usr/bin/exeunt";
        assert_eq!(
            places(&[], command, None),
            [
                "/w/suite/target/debug/one-bin",
                "/w/target/debug/one-bin",
                "/target/debug/one-bin"
            ]
        );
        let target = ("CARGO_TARGET_DIR", "/t");
        assert_eq!(places(&[target], command, None), ["/t/debug/one-bin"]);
        for (profile, directory) in [("dev", "debug"), ("bench", "release"), ("dist", "dist")] {
            let expected = format!("/t/{directory}/one-bin");
            assert_eq!(places(&[target], command, Some(profile)), [expected]);
        }
        let relative = ("CARGO_TARGET_DIR", "built");
        assert_eq!(
            places(&[relative], command, None),
            ["/w/suite/built/debug/one-bin"]
        );
    }

    #[test]
    fn a_test_looks_beside_itself() {
        let test = "/x/target/release/deps/suite-1f";
        assert_eq!(places(&[], test, None), ["/x/target/release/one-bin"]);
        assert_eq!(places(&[], test, Some("dev")), ["/x/target/debug/one-bin"]);
    }

    #[test]
    fn what_a_runner_says_counts_for_its_package_and_profile() {
        let test = "/x/target/debug/deps/suite-1f";
        let told = |package| {
            [
                ("CARGO_PKG_NAME", package),
                ("NEXTEST_BIN_EXE_one-bin", "/y/debug/one-bin"),
                ("CARGO_BIN_EXE_one-bin", "/z/debug/one-bin"),
            ]
        };
        let own = "/x/target/debug/one-bin";
        assert_eq!(
            places(&told("worker"), test, None),
            ["/y/debug/one-bin", own]
        );
        assert_eq!(places(&told("worker")[..1], test, None), [own]);
        assert_eq!(places(&told("other"), test, None), [own]);
        assert_eq!(
            places(&told("worker"), test, Some("release")),
            ["/x/target/release/one-bin"]
        );
        let older = [told("worker")[0], told("worker")[2]];
        assert_eq!(places(&older, test, None)[0], "/z/debug/one-bin");
    }

    #[cfg(feature = "libtest")]
    #[test]
    fn an_archive_is_known_by_what_nextest_puts_into_it() {
        let directory = tempfile::tempdir().unwrap();
        let test = directory.path().join("target/debug/deps/suite-1f");
        let elsewhere = Path::new("/w/cli");
        assert!(!is_unpacked(&test, elsewhere));
        let metadata = directory.path().join("target/nextest");
        std::fs::create_dir_all(&metadata).unwrap();
        std::fs::write(metadata.join("binaries-metadata.json"), "{}").unwrap();
        assert!(is_unpacked(&test, elsewhere));
        // In the workspace itself it may be what is left of one.
        assert!(!is_unpacked(&test, &directory.path().join("cli")));
    }
}
