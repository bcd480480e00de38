//! Suites: implementations × scenarios, from an `exeunt.toml`.

mod cases;
mod error;
mod file;
mod values;

use std::path::{Path, PathBuf};

pub use crate::build::{Prepared, Ready};
pub use cases::{Case, KnownDeviation};
pub use error::SuiteError;

pub use values::duration;

use error::Source;
use file::File;

/// The name of a suite file.
pub const FILE_NAME: &str = "exeunt.toml";

/// A suite that was read and found sound.
#[derive(Debug)]
pub struct Suite {
    pub(crate) source: Source,
    file: File,
    implementations: Vec<Implementation>,
    cases: Vec<Case>,
}

/// A way to build and start the subjects of scenarios.
#[derive(Debug, Clone)]
pub struct Implementation {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// The implementation whose expectations and deviations hold for it: itself, unless it was added from outside.
    pub like: String,
    pub(crate) start: Start,
    pub(crate) build: Option<Vec<String>>,
    pub(crate) probe: Option<Vec<String>>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) span: std::ops::Range<usize>,
}

/// How subjects are started.
#[derive(Debug, Clone)]
pub(crate) enum Start {
    /// By a command with `{scenario}` in it.
    Command(Vec<String>),
    /// As binaries of a cargo package.
    Cargo { package: String, bin: String },
}

impl Suite {
    /// Reads a suite.
    ///
    /// # Errors
    /// If it cannot be read, or if anything in it is wrong. Nothing has been run then.
    pub fn load(path: &Path) -> Result<Self, SuiteError> {
        Self::parse(Source::read(path)?)
    }

    /// The `exeunt.toml` of a directory, or of the nearest parent that has one.
    #[must_use]
    pub fn find(directory: &Path) -> Option<PathBuf> {
        directory
            .ancestors()
            .map(|dir| dir.join(FILE_NAME))
            .find(|path| path.is_file())
    }

    fn parse(source: Source) -> Result<Self, SuiteError> {
        let file: File =
            toml::from_str(&source.text).map_err(|error| SuiteError::unread(&source, &error))?;
        let implementations = cases::implementations(&source, &file)?;
        let cases = cases::cases(&source, &file, &implementations)?;
        Ok(Self {
            source,
            file,
            implementations,
            cases,
        })
    }

    /// Where it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The directory of the suite: builds and subjects start there.
    #[must_use]
    pub fn root(&self) -> &Path {
        match self.source.path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        }
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

    /// Starts an implementation's subjects by another command.
    ///
    /// A command without `{scenario}` in it is a program to put in the place of the implementation's own, with the same
    /// arguments: another Python, say. An implementation of a name that the suite does not have is added as a further column:
    /// `like` tells which implementation it is like, so that what is said of that one holds for it too. Without `like` it is
    /// the one whose program has a similar name (`python3.12` is like `python3`), else none.
    ///
    /// # Errors
    /// If the command is none, or if it has no `{scenario}` and nothing tells which implementation's program it replaces.
    pub fn set_command(
        &mut self,
        name: &str,
        like: Option<&str>,
        command: Vec<String>,
    ) -> Result<(), SuiteError> {
        let wrong = |why: String| {
            let message = format!("the command of implementation `{name}` is wrong");
            SuiteError::new(&self.source, message).help(why)
        };
        cases::check_command(&command).map_err(wrong)?;
        let find = |name: &str| self.implementations.iter().position(|i| i.name == name);
        let base = match like {
            Some(like) => Some(
                find(like).ok_or_else(|| wrong(format!("there is no implementation `{like}`")))?,
            ),
            None => find(name).or_else(|| self.similar(&command[0])),
        };
        let base = base.map(|i| self.implementations[i].clone());
        let whole = command.iter().any(|word| word.contains("{scenario}"));
        let arguments = match base.as_ref().map(|base| &base.start) {
            _ if whole => &[],
            Some(Start::Command(words)) => &words[1..],
            Some(Start::Cargo { .. }) => {
                return Err(wrong(
                    "it has no `{scenario}` in it, and the implementation that it is like is built by cargo: there is no \
                     program to replace. Write a whole command, with `{scenario}` in it"
                        .into(),
                ));
            }
            None => {
                return Err(wrong(
                    "it has no `{scenario}` in it, and no implementation's program has a name like this one's: write the \
                     whole command, or say which implementation it is like, as NAME:LIKE=PROGRAM"
                        .into(),
                ));
            }
        };
        let start = Start::Command(
            command
                .into_iter()
                .chain(arguments.iter().cloned())
                .collect(),
        );
        let added = Implementation {
            name: name.into(),
            like: base.as_ref().map_or(name.into(), |base| base.like.clone()),
            about: "from the command line".into(),
            start,
            build: None,
            // Only a probe that asks the program itself says something of another program.
            probe: base
                .as_ref()
                .and_then(|base| base.probe.clone())
                .filter(|probe| probe[0] == "{program}"),
            environment: base.map(|base| base.environment).unwrap_or_default(),
            span: 0..0,
        };
        match find(name) {
            Some(i) => self.implementations[i] = added,
            None => self.implementations.push(added),
        }
        self.cases = cases::cases(&self.source, &self.file, &self.implementations)?;
        Ok(())
    }

    /// The implementation whose program has a similar name, if there is just one.
    fn similar(&self, program: &str) -> Option<usize> {
        let file_name = |program: &str| program.rsplit('/').next().unwrap_or_default().to_owned();
        let ours = file_name(program);
        let mut similar = self
            .implementations
            .iter()
            .enumerate()
            .filter(|(_, i)| match &i.start {
                Start::Command(words) => {
                    let its = file_name(&words[0]);
                    i.like == i.name && (ours.starts_with(&its) || its.starts_with(&ours))
                }
                Start::Cargo { .. } => false,
            });
        let (found, _) = similar.next()?;
        similar.next().is_none().then_some(found)
    }
}
