//! Is an implementation on this machine, and in which version?

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::command::{Failure, Tools};
use super::{Ready, version};
use crate::secs;
use crate::stage::{RunError, find_program};
use crate::suite::placeholder::{self, expand};
use crate::suite::{Implementation, Suite, SuiteError};

/// How long a probe may take: 20 s.
const TIMEOUT: std::time::Duration = secs(20);

/// Asks an implementation whether it is there.
pub(super) fn probe(
    suite: &Suite,
    implementation: &Implementation,
    tools: Tools<'_, '_>,
) -> Result<Ready, SuiteError> {
    let by_name = implementation.program().unwrap_or("cargo");
    let ask = |asked: &Option<Vec<String>>, program: &str| {
        let expand = |word: &String| expanded(suite, implementation, word, program);
        let words: Vec<_> = asked.as_ref()?.iter().map(expand).collect();
        let variables = implementation.environment.iter();
        let variables = variables.map(|(name, value)| (name.into(), expand(value).into()));
        Some(run(&words, variables, tools).map_err(|failure| (words, failure)))
    };
    let program = match ask(&implementation.locate, by_name).transpose() {
        Ok(path) => path,
        Err((words, failure)) => return missing(suite, implementation, &words, &failure),
    };
    if let Some(path) = program.as_deref() {
        check_located(suite, implementation, path)?;
    }
    let printed = ask(&implementation.probe, program.as_deref().unwrap_or(by_name));
    let printed = match printed.transpose() {
        Ok(line) => line,
        Err((words, failure)) => return missing(suite, implementation, &words, &failure),
    };
    look_for_program(suite, implementation)?;
    Ok(Ready::Yes {
        version: printed.as_deref().and_then(version::find),
        probe: printed,
        program,
    })
}

/// What `locate` prints must be a program by its path: by a name, the wrapper might be found again.
fn check_located(
    suite: &Suite,
    implementation: &Implementation,
    path: &str,
) -> Result<(), SuiteError> {
    if Path::new(path).is_absolute() && is_program(path, suite.root()) {
        return Ok(());
    }
    let name = &implementation.name;
    let message = format!(
        "implementation `{name}`: the first line that its `locate` prints is no path of a program: {path:?}"
    );
    let error = implementation.error(suite.source(), message, "of this implementation");
    Err(error.help(
        "let it print an absolute path, such as `import sys; print(sys.executable)` in Python",
    ))
}

/// A word of a probe, or of what locates a program.
fn expanded(suite: &Suite, implementation: &Implementation, word: &str, program: &str) -> String {
    let root = placeholder::root(suite.root());
    let values = [
        ("program", program),
        ("implementation", &implementation.name),
        ("root", &root),
    ];
    expand(word, &values)
}

/// Runs a probe as the subjects are run, and gives the first line that it prints.
fn run(
    words: &[String],
    variables: impl Iterator<Item = (OsString, OsString)>,
    tools: Tools<'_, '_>,
) -> Result<String, Failure> {
    let mut plan = tools.plan(words);
    plan.bounds.timeout = Some(TIMEOUT);
    plan.environment.extend(variables);
    let record = tools.run(&plan)?;
    let first = record.lines().next();
    Ok(first
        .map(|seen| seen.line.text().into_owned())
        .unwrap_or_default())
}

/// A probe that fails says that the implementation is not there; not so one that crashes, and never one that was asked for.
fn missing(
    suite: &Suite,
    implementation: &Implementation,
    words: &[String],
    failure: &Failure,
) -> Result<Ready, SuiteError> {
    let (how, said) = failure.explain();
    let said = said.and_then(|said| said.lines().next().map(str::to_owned));
    let said = said.map(|line| format!(", {line:?}")).unwrap_or_default();
    let why = format!("probe `{}`: {how}{said}", words.join(" "));
    let name = &implementation.name;
    let wrong = |message: String, help: &str| {
        Err(implementation
            .error(suite.source(), message, "of this implementation")
            .help(help))
    };
    match failure {
        Failure::Interrupted => Err(SuiteError::new(suite.source(), why)),
        Failure::NotStarted(RunError::NotFound { .. }) | Failure::Code(..)
            if implementation.requested =>
        {
            wrong(
                format!("implementation `{name}`, which was asked for, is not there: {why}"),
                "install it, or correct the command",
            )
        }
        Failure::NotStarted(RunError::NotFound { .. }) | Failure::Code(..) => {
            Ok(Ready::Skipped { why })
        }
        Failure::Crashed(..) | Failure::NotStarted(_) => wrong(
            format!("implementation `{name}` is there and does not work: {why}"),
            "repair it, or correct the probe",
        ),
    }
}

/// What cannot be there, told without running anything: the program of the probe is missing.
#[cfg(feature = "libtest")]
pub(crate) fn surely_missing(suite: &Suite, implementation: &Implementation) -> Option<String> {
    let asked = implementation
        .locate
        .as_ref()
        .or(implementation.probe.as_ref())?;
    let program = implementation.program().unwrap_or("cargo");
    let expand = |word: &String| expanded(suite, implementation, word, program);
    let words: Vec<_> = asked.iter().map(expand).collect();
    let missing = !implementation.requested && !is_program(&words[0], suite.root());
    missing.then(|| {
        format!(
            "probe `{}`: program `{}` not found",
            words.join(" "),
            words[0]
        )
    })
}

/// A program that is yet to be built, or differs by scenario, cannot be looked for now.
fn look_for_program(suite: &Suite, implementation: &Implementation) -> Result<(), SuiteError> {
    let fixed = implementation
        .start_word()
        .filter(|program| !program.contains('{') && implementation.build.is_none());
    match fixed.filter(|program| !is_program(program, suite.root())) {
        None => Ok(()),
        Some(program) => {
            let message = format!(
                "implementation `{}`: program `{program}` not found",
                implementation.name
            );
            Err(implementation.error(suite.source(), message, "in this command").help(
                "install it, correct the command, or add a `probe` so that the implementation is skipped where it is missing",
            ))
        }
    }
}

fn is_program(program: &str, root: &Path) -> bool {
    find_program(OsStr::new(program), env::var_os("PATH").as_deref(), root).is_some()
}
