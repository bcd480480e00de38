//! A case: a subject, and what is to be seen of it.

use std::env;
use std::process::{Command, ExitCode, Termination};

use crate::seen::Seen;

/// Names the case whose subject this process is.
pub(crate) const SUBJECT: &str = "SUBJECT";

pub(crate) struct Case {
    pub(crate) name: &'static str,
    subject: Box<dyn Fn() -> ExitCode + Send>,
    expect: fn(Seen) -> Seen,
}

impl Case {
    pub(crate) fn new<R: Termination + 'static>(
        name: &'static str,
        subject: fn() -> R,
        expect: fn(Seen) -> Seen,
    ) -> Self {
        let subject = Box::new(move || subject().report());
        Self {
            name,
            subject,
            expect,
        }
    }

    pub(crate) fn run_subject(&self) -> ExitCode {
        (self.subject)()
    }

    pub(crate) fn judge(&self) {
        let mut command = Command::new(env::current_exe().expect("this binary has a path"));
        command.env_clear().env(SUBJECT, self.name);
        _ = (self.expect)(Seen::of(command));
    }
}
