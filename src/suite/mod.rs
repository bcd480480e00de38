//! Suites: implementations × scenarios, from an `exeunt.toml`.

mod cases;
mod error;
mod file;
mod prepare;
mod values;

use std::path::{Path, PathBuf};

pub use cases::{Case, KnownDeviation};
pub use error::SuiteError;
pub use prepare::{Prepared, Ready};

pub use values::duration;

use error::Source;
use file::File;

/// The name of a suite file.
pub const FILE_NAME: &str = "exeunt.toml";

/// A suite that was read and found sound.
#[derive(Debug)]
pub struct Suite {
    source: Source,
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
    start: Start,
    build: Option<Vec<String>>,
    probe: Option<Vec<String>>,
    environment: Vec<(String, String)>,
    span: std::ops::Range<usize>,
}

/// How subjects are started.
#[derive(Debug, Clone)]
enum Start {
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
        let file: File = toml::from_str(&source.text).map_err(|error| {
            let wrong = SuiteError::new(&source, error.message());
            match error.span() {
                Some(span) => wrong.at(span, ""),
                None => wrong,
            }
        })?;
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

    /// Starts an implementation's subjects by another command. An implementation of a name that the suite does not have is
    /// added: a further column, with the expectations that hold for all.
    ///
    /// # Errors
    /// If the command is not one.
    pub fn set_command(&mut self, name: &str, command: Vec<String>) -> Result<(), SuiteError> {
        let here = SuiteError::new(
            &self.source,
            format!("the command of implementation `{name}` is wrong"),
        );
        cases::check_command(&command).map_err(|why| here.help(why))?;
        match self.implementations.iter_mut().find(|i| i.name == name) {
            Some(known) => {
                known.start = Start::Command(command);
                known.build = None;
                known.probe = None;
            }
            None => self.implementations.push(Implementation {
                name: name.into(),
                about: "from the command line".into(),
                start: Start::Command(command),
                build: None,
                probe: None,
                environment: Vec::new(),
                span: 0..0,
            }),
        }
        self.cases = cases::cases(&self.source, &self.file, &self.implementations)?;
        Ok(())
    }
}
