//! Suites: implementations × scenarios, from an `exeunt.toml`.

mod actions;
mod case;
mod check;
mod clients;
mod deviations;
mod duration;
mod error;
mod events;
mod expectation;
mod file;
mod implementation;
mod known_streams;
mod lines;
mod names;
pub(crate) mod placeholder;
mod ready;
mod requests;
mod resolve;
mod runs;
mod selector;
mod show;
mod signals;
mod values;
mod version;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use case::{Case, KnownDeviation, Place};
pub use duration::{DurationError, parse_duration};
pub use error::SuiteError;
pub use implementation::Implementation;
pub use version::{Version, VersionError, VersionReq};

pub(crate) use error::Source;
#[cfg(target_os = "linux")]
pub(crate) use implementation::CargoBuild;
pub(crate) use implementation::Start;

use file::File;
use implementation::check_command;
use names::{Files, Part};

use crate::record::Signal;

/// The name of a suite file.
pub const FILE_NAME: &str = "exeunt.toml";

/// How long a build may take, unless the suite says otherwise: 10 minutes.
const BUILD_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(600);

/// A suite that was read and found sound.
#[derive(Debug)]
pub struct Suite {
    files: Files,
    /// The implementations of the files.
    known: Vec<Implementation>,
    /// Those that are run: some may have other commands, or were added.
    implementations: Vec<Implementation>,
    cases: Vec<Case>,
}

impl Suite {
    /// Reads a suite, and the files that it includes.
    ///
    /// # Errors
    /// If a file cannot be read, or if anything in it is wrong. Nothing has been run then.
    pub fn load(path: &Path) -> Result<Self, SuiteError> {
        let main = part(path)?;
        let mut files = Files(vec![main]);
        for path in files.included()? {
            let included = part(&path)?;
            if let Some(suite) = &included.file.suite {
                return Err(SuiteError::new(
                    &included.source,
                    "an included file cannot have `[suite]`",
                )
                .at(
                    suite.span(),
                    "its keys belong into the file that includes this one",
                ));
            }
            files.0.push(included);
        }
        let known = files.implementations()?;
        let implementations = known.clone();
        let cases = resolve::cases(&files, directory(path), &known, &implementations)?;
        Ok(Self {
            files,
            known,
            implementations,
            cases,
        })
    }

    /// The `exeunt.toml` of a directory, or of the nearest parent that has one.
    #[must_use]
    pub fn find(directory: &Path) -> Option<PathBuf> {
        directory
            .ancestors()
            .map(|dir| dir.join(FILE_NAME))
            .find(|path| path.is_file())
    }

    /// Where it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.source().path
    }

    /// The directory of the suite: builds and subjects start there.
    #[must_use]
    pub fn root(&self) -> &Path {
        directory(self.path())
    }

    /// All cases, in the order of the file: scenario by scenario, each with its implementations.
    #[must_use]
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// All implementations, in the order of the file.
    #[must_use]
    pub fn implementations(&self) -> &[Implementation] {
        &self.implementations
    }

    /// A case as it is for a version of its implementation. `None` if the scenario does not have it in this version.
    ///
    /// # Errors
    /// Never for a version that any condition of the suite speaks of: these were all tried when the suite was read.
    pub fn case_for(&self, case: &Case, version: &Version) -> Result<Option<Case>, SuiteError> {
        let mut all = self.implementations.iter();
        match all.find(|i| i.name == case.implementation) {
            Some(implementation) => resolve::at_version(
                &self.files,
                self.root(),
                &self.known,
                implementation,
                &case.scenario,
                version,
            ),
            None => Ok(None),
        }
    }

    /// Whether a case is another one for other versions of its implementation.
    pub(crate) fn hangs_on_version(&self, case: &Case) -> Result<bool, SuiteError> {
        resolve::hangs_on_version(
            &self.files,
            self.root(),
            &self.known,
            &case.scenario,
            &case.like,
        )
    }

    /// The texts of all its files.
    #[cfg(all(feature = "libtest", target_os = "linux"))]
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.files.0.iter().map(|part| part.source.text.as_str())
    }

    pub(crate) fn source(&self) -> &Source {
        &self.files.main().source
    }
}

/// # Columns from outside
impl Suite {
    /// Starts an implementation's subjects by another command.
    ///
    /// A command without `{scenario}` in it is a program to put in the place of the implementation's own, with the same
    /// arguments: another Python, say. An implementation of a name that the suite does not have is added as a further column:
    /// `like` says which implementation it is like, so that what the suite says of that one holds for it too. Without `like`
    /// it is the one whose program has a similar name (`python3.12` is like `python3`), else none.
    ///
    /// # Errors
    /// If the command or the name cannot be one, or if the command has no `{scenario}` and nothing says which
    /// implementation's program it replaces.
    pub fn set_command(
        &mut self,
        name: &str,
        like: Option<&str>,
        command: Vec<String>,
    ) -> Result<(), SuiteError> {
        let wrong = |why: String| {
            let message = format!("the command of implementation `{name}` is wrong");
            SuiteError::new(self.source(), message).help(why)
        };
        implementation::check_name("an implementation", name).map_err(wrong)?;
        check_command(&command).map_err(wrong)?;
        let base = match like {
            Some(like) => Some(
                self.position(like)
                    .ok_or_else(|| wrong(format!("there is no implementation `{like}`")))?,
            ),
            None => self.position(name).or_else(|| self.similar(&command[0])),
        };
        let base = base.map(|i| &self.implementations[i]);
        let added = Implementation {
            name: name.into(),
            like: base.map_or(name.into(), |base| base.like.clone()),
            about: "from the command line".into(),
            requested: true,
            start: Start::Command(replaced(base, command).map_err(|why| wrong(why.into()))?),
            build: None,
            build_timeout: BUILD_TIMEOUT,
            locate: base.and_then(|base| of_program(base.locate.as_ref())),
            probe: base.and_then(|base| of_program(base.probe.as_ref())),
            environment: base
                .map(|base| base.environment.clone())
                .unwrap_or_default(),
            stop_signal: base.map_or(Signal::TERM, |base| base.stop_signal),
            place: None,
        };
        match self.position(name) {
            Some(i) => self.implementations[i] = added,
            None => self.implementations.push(added),
        }
        self.cases = resolve::cases(&self.files, self.root(), &self.known, &self.implementations)?;
        Ok(())
    }

    /// Notes that an implementation was asked for by its name: where it is missing, that is an error and no skip.
    pub fn request(&mut self, name: &str) {
        if let Some(i) = self.position(name) {
            self.implementations[i].requested = true;
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.implementations.iter().position(|i| i.name == name)
    }

    /// The implementation whose program has a similar name, if there is just one.
    fn similar(&self, program: &str) -> Option<usize> {
        let file_name = |program: &str| program.rsplit('/').next().unwrap_or_default().to_owned();
        let ours = file_name(program);
        let is_similar = |i: &Implementation| {
            i.program().is_some_and(|program| {
                let its = file_name(program);
                i.like == i.name && (ours.starts_with(&its) || its.starts_with(&ours))
            })
        };
        let mut similar =
            (0..self.implementations.len()).filter(|i| is_similar(&self.implementations[*i]));
        let found = similar.next()?;
        similar.next().is_none().then_some(found)
    }
}

/// The whole command, where a program was given to put in the place of another's.
fn replaced(
    base: Option<&Implementation>,
    command: Vec<String>,
) -> Result<Vec<String>, &'static str> {
    if command
        .iter()
        .any(|word| placeholder::has(word, "scenario"))
    {
        return Ok(command);
    }
    let base = base.ok_or(
        "it has no `{scenario}` in it, and no implementation's program has a name like this one's: write the \
         whole command, or say which implementation it is like, as NAME:LIKE=PROGRAM",
    )?;
    let (before, after) = base.around_program().ok_or(
        "it has no `{scenario}` in it, and the implementation that it is like is built by cargo: there is no \
         program to replace. Write a whole command, with `{scenario}` in it",
    )?;
    Ok(before
        .iter()
        .chain(&command)
        .chain(after)
        .cloned()
        .collect())
}

impl Files {
    /// The files that the first one includes, in the order in which it names them.
    fn included(&self) -> Result<Vec<PathBuf>, SuiteError> {
        let main = self.main();
        let mut paths = Vec::new();
        for pattern in self.defaults().include.iter().flatten() {
            let wrong = |message: String, label: &str| {
                SuiteError::new(&main.source, message).at(pattern.span(), label)
            };
            let whole = directory(&main.source.path).join(pattern.get_ref());
            let found = glob::glob(&whole.to_string_lossy()).map_err(|error| {
                wrong(
                    format!("this names no files: {}", error.msg),
                    "a wrong pattern",
                )
            })?;
            // What cannot be looked at is no file, and no file at all is an error.
            let found: Vec<_> = found
                .flatten()
                .filter(|path| *path != main.source.path)
                .collect();
            if found.is_empty() {
                return Err(wrong(
                    "there is no such file".into(),
                    "nothing is included by this",
                ));
            }
            paths.extend(found);
        }
        paths.dedup();
        Ok(paths)
    }

    fn implementations(&self) -> Result<Vec<Implementation>, SuiteError> {
        let defaults = self.defaults();
        let build_timeout = defaults
            .build_timeout
            .map_or(BUILD_TIMEOUT, |limit| limit.0);
        let mut all: Vec<Implementation> = Vec::new();
        for part in &self.0 {
            for implementation in implementation::read(&part.source, &part.file, build_timeout)? {
                if all.iter().any(|other| other.name == implementation.name) {
                    let message =
                        format!("two implementations are named `{}`", implementation.name);
                    return Err(implementation.error(&part.source, message, "the second"));
                }
                all.push(implementation);
            }
        }
        match all.is_empty() {
            true => Err(
                SuiteError::new(&self.main().source, "the suite has no implementation")
                    .help("add one: `[implementation.mine]` with `command = [\"./{scenario}\"]`"),
            ),
            false => Ok(all),
        }
    }
}

fn part(path: &Path) -> Result<Part, SuiteError> {
    let source = Source::read(path)?;
    let file: File =
        toml::from_str(&source.text).map_err(|error| SuiteError::unread(&source, &error))?;
    Ok(Part {
        source: Arc::new(source),
        file,
    })
}

/// The directory of a file.
fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Only words that ask the program itself say something of another program.
fn of_program(words: Option<&Vec<String>>) -> Option<Vec<String>> {
    words.filter(|words| words[0] == "{program}").cloned()
}
