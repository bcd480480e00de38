//! A case: a subject, and what is to be seen of it.

use std::process::{ExitCode, Termination};

use exeunt_threading::{self as threading, MainResult};

use crate::seen::Seen;

/// Names the case whose subject this process is.
pub(crate) const SUBJECT: &str = "SUBJECT";

pub(crate) struct Case {
    pub(crate) name: &'static str,
    subject: Subject,
    expect: fn(Seen) -> Seen,
}

type Subject = Box<dyn Fn() -> ExitCode + Send>;

/// A case without a subject yet.
pub(crate) struct Named(&'static str);

pub(crate) fn case(name: &'static str) -> Named {
    Named(name)
}

impl Named {
    /// A subject that uses [`threading::run`], which runs this.
    pub(crate) fn under_run<R: MainResult>(
        self,
        main: impl Fn() -> R + Copy + Send + 'static,
    ) -> Unjudged {
        self.main(move || threading::run(main))
    }

    /// A subject with this as its main.
    pub(crate) fn main<R: Termination>(self, main: impl Fn() -> R + Send + 'static) -> Unjudged {
        Unjudged {
            name: self.0,
            subject: Box::new(move || main().report()),
        }
    }
}

/// A case without an expectation yet.
pub(crate) struct Unjudged {
    name: &'static str,
    subject: Subject,
}

impl Unjudged {
    pub(crate) fn shows(self, expect: fn(Seen) -> Seen) -> Case {
        let Self { name, subject } = self;
        Case {
            name,
            subject,
            expect,
        }
    }
}

impl Case {
    pub(crate) fn run_subject(&self) -> ExitCode {
        (self.subject)()
    }

    pub(crate) fn judge(&self) {
        _ = (self.expect)(Seen::of(self.name));
    }
}
