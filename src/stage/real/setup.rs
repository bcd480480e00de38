//! What a run needs before its subject is started.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use tempfile::TempDir;

use super::input::Input;
use super::pipe::Pipe;
use crate::record::{Stream, Streams};
use crate::stage::RunError;
use crate::stage::environment::find_program;
use crate::stage::error::not_found;
use crate::stage::plan::{Plan, Stdin};
use crate::stage::sys::{self, Ends, Exec};

pub(super) struct Setup {
    /// The path of the program.
    pub(super) program: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) environment: BTreeMap<OsString, OsString>,
    pub(super) scratch: TempDir,
    pub(super) exec: Exec,
    pub(super) pipes: Vec<Pipe>,
    pub(super) input: Option<Input>,
    pub(super) ends: Ends,
}

impl Setup {
    pub(super) fn of(plan: &Plan) -> Result<Self, RunError> {
        let path = plan.environment.get(OsStr::new("PATH"));
        let path = path.map(OsString::as_os_str);
        let program =
            find_program(&plan.program, path, &plan.directory).ok_or_else(|| not_found(plan))?;
        Self::with(plan, program).map_err(|source| RunError::Setup {
            program: plan.program.to_string_lossy().into_owned(),
            source,
        })
    }

    fn with(plan: &Plan, program: PathBuf) -> io::Result<Self> {
        let scratch = tempfile::Builder::new().prefix("exeunt-").tempdir()?;
        let mut environment = plan.environment.clone();
        environment
            .entry("TMPDIR".into())
            .or_insert_with(|| scratch.path().into());
        let directory = std::path::absolute(&plan.directory)?;
        let program = std::path::absolute(program)?;
        let exec = Exec::new(
            &program,
            &plan.program,
            &plan.args,
            environment
                .iter()
                .map(|(k, v)| (k.as_os_str(), v.as_os_str())),
            &directory,
            &plan.ignored_signals,
        )?;
        let (stdin, input) = stdin(&plan.stdin)?;
        let (pipes, stdout, stderr) = outputs(plan)?;
        Ok(Self {
            program,
            directory,
            environment,
            scratch,
            exec,
            pipes,
            input,
            ends: Ends {
                stdin,
                stdout,
                stderr,
            },
        })
    }
}

fn stdin(stdin: &Stdin) -> io::Result<(OwnedFd, Option<Input>)> {
    Ok(match stdin {
        Stdin::Null => (File::open("/dev/null")?.into(), None),
        Stdin::Inherit => (io::stdin().as_fd().try_clone_to_owned()?, None),
        Stdin::Empty => (io::pipe()?.0.into(), None),
        Stdin::Bytes(bytes) => {
            let (end, writer) = sys::input_pipe()?;
            (end, Some(Input::new(writer, bytes.as_slice().to_vec())))
        }
    })
}

/// Our ends, and the subject's stdout and stderr.
fn outputs(plan: &Plan) -> io::Result<(Vec<Pipe>, OwnedFd, OwnedFd)> {
    let pipe = |stream| Pipe::new(stream, plan.limits.line);
    match plan.streams {
        Streams::Merged => {
            let (both, stdout) = pipe(Stream::Merged)?;
            let stderr = stdout.try_clone()?;
            Ok((vec![both], stdout, stderr))
        }
        Streams::Split => {
            let (out, stdout) = pipe(Stream::Stdout)?;
            let (err, stderr) = pipe(Stream::Stderr)?;
            Ok((vec![out, err], stdout, stderr))
        }
    }
}
