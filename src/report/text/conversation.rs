//! The rows of a timeline for what harness and subject do to one another.

use super::escape::escape;
use crate::record::{EventKind, Exchange};

/// What stands in the column of the speaker, and behind it.
pub(in crate::report) fn row(kind: &EventKind) -> (&'static str, String) {
    let bytes = |n: u64| match n {
        1 => "1 byte".to_owned(),
        n => format!("{n} bytes"),
    };
    match kind {
        EventKind::Ready { .. } => ("ready", "the subject is ready".into()),
        EventKind::Stopping => (
            "stopping",
            "the subject says that it is about to end".into(),
        ),
        EventKind::ExtendsTimeout { by } => (
            "timeout",
            format!("the subject asks for {} s more", by.as_secs_f64()),
        ),
        EventKind::StdinWritten { bytes: n } => ("stdin", format!("{} written", bytes(*n))),
        EventKind::StdinRefused { bytes: n } => (
            "stdin",
            format!("{} not taken: the subject has closed it", bytes(*n)),
        ),
        EventKind::StdinClosed => ("stdin", "closed by the harness".into()),
        EventKind::OutputClosed { stream } => (
            "closed",
            format!("{stream}, by the harness: a write of the subject fails"),
        ),
        EventKind::Listens(change) => ("listens", escape(&change.address)),
        EventKind::StopsListening(change) => {
            ("listens", format!("no more on {}", escape(&change.address)))
        }
        EventKind::Request(request) => {
            let name = escape(&request.name);
            let what = match &request.exchange {
                Exchange::Closed => format!("{name}: {}", request.exchange),
                other => format!("{name} {other}"),
            };
            ("request", escape(&what))
        }
        EventKind::ClientStarts { name } => ("client", format!("{} starts", escape(name))),
        EventKind::ClientEnds { name, exit } => {
            let how = match exit {
                Some(exit) => exit.to_string(),
                None => "it could not be run, or its end was not seen".into(),
            };
            ("client", format!("{} ends: {how}", escape(name)))
        }
        EventKind::File(file) => ("file", format!("{} is there", escape(&file.path))),
        EventKind::ParentEnds { pid } => (
            "parent",
            format!("pid {pid} was ended: the subject is an orphan"),
        ),
        other => ("", format!("{other:?}")),
    }
}
