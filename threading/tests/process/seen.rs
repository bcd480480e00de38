//! What was seen of a subject: its lines, in order, and its end.
//!
//! To be replaced by the `exeunt` harness; the cases only use the assertions at the end of this file.

use std::io::{self, PipeReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Only to tell a hang from a slow machine.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Seen {
    output: String,
    status: ExitStatus,
}

impl Seen {
    /// Runs the command to its end. Both its streams share one pipe, which keeps the order of their lines.
    pub(crate) fn of(mut command: Command) -> Self {
        let (output, writer) = io::pipe().expect("a pipe");
        command.stdin(Stdio::null()).process_group(0);
        command
            .stdout(writer.try_clone().expect("a pipe"))
            .stderr(writer);
        let mut subject = Group(command.spawn().expect("the subject starts"));
        drop(command);
        match in_time(move || read(output)) {
            Some(output) => Self {
                output,
                status: subject.0.wait().expect("a child"),
            },
            None => panic!("the subject, or a process it left behind, hangs"),
        }
    }
}

/// The subject's process group, which does not outlive the test.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        _ = Command::new("kill")
            .args(["-s", "KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        _ = self.0.wait();
    }
}

fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, receive) = channel();
    thread::spawn(move || send.send(work()));
    match receive.recv_timeout(TIMEOUT) {
        Ok(value) => Some(value),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => panic!("the reader panicked"),
    }
}

fn read(mut output: PipeReader) -> String {
    let mut bytes = Vec::new();
    output.read_to_end(&mut bytes).expect("a pipe can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// # Assertions
impl Seen {
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn signal(self, signal: i32) -> Self {
        assert_eq!(self.status.signal(), Some(signal), "{self:#?}");
        self
    }

    /// These lines, no others, in this order.
    #[track_caller]
    pub(crate) fn says<const N: usize>(self, lines: [&str; N]) -> Self {
        let seen: Vec<_> = self.output.lines().collect();
        assert_eq!(seen, lines, "{self:#?}");
        self
    }

    /// These texts, in this order, whatever is between them.
    #[track_caller]
    pub(crate) fn contains<const N: usize>(self, texts: [&str; N]) -> Self {
        let mut rest = self.output.as_str();
        for text in texts {
            let Some((_, after)) = rest.split_once(text) else {
                panic!("no {text:?} in its place: {self:#?}");
            };
            rest = after;
        }
        self
    }

    #[track_caller]
    pub(crate) fn without(self, text: &str) -> Self {
        assert!(!self.output.contains(text), "{text:?}: {self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn count(self, text: &str, times: usize) -> Self {
        assert_eq!(
            self.output.matches(text).count(),
            times,
            "{text:?}: {self:#?}"
        );
        self
    }
}
