//! When the subject is ready, as the plan's readiness says.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use super::run::Run;
use crate::record::{EventKind, Finding};
use crate::stage::Plan;
use crate::stage::plan::Readiness;
use crate::stage::sys;

/// The longest message to `NOTIFY_SOCKET` that is read.
const MESSAGE: usize = 4096;

/// How it is heard that the subject is ready.
pub(super) struct Ready {
    /// Whether it is ready, or never has to be.
    done: bool,
    way: Way,
}

enum Way {
    /// By a line, or by a look.
    Other,
    /// Messages to `NOTIFY_SOCKET`.
    Socket(UnixDatagram),
    /// A newline on a descriptor. `None` once it is closed.
    Pipe(Option<io::PipeReader>),
}

/// What the subject has told of itself.
#[derive(Default)]
struct Heard {
    ready: bool,
    /// It is about to end.
    stopping: bool,
    /// It asks for so much time.
    extended: Option<Duration>,
}

impl Heard {
    /// A line of a message, as sd_notify(3) has them.
    fn line(&mut self, line: &str) {
        self.ready |= line == "READY=1";
        self.stopping |= line == "STOPPING=1";
        let micros = line
            .strip_prefix("EXTEND_TIMEOUT_USEC=")
            .and_then(|text| text.parse().ok());
        self.extended = micros.map(Duration::from_micros).or(self.extended);
    }
}

/// What the subject gets for it.
#[derive(Default)]
pub(super) struct Given {
    /// The value of `NOTIFY_SOCKET`.
    pub(super) socket: Option<String>,
    /// A descriptor, and the number that it has for the subject.
    pub(super) descriptor: Option<(OwnedFd, u32)>,
}

impl Ready {
    /// `mark` names the run.
    pub(super) fn new(plan: &Plan, mark: &str) -> io::Result<(Self, Given)> {
        let mut given = Given::default();
        let way = match plan.ready {
            Some(Readiness::Notify) => {
                let name = format!("exeunt-{mark}");
                let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
                socket.set_nonblocking(true)?;
                given.socket = Some(format!("@{name}"));
                Way::Socket(socket)
            }
            Some(Readiness::Descriptor(number)) => {
                let (ours, theirs) = sys::pipe()?;
                given.descriptor = Some((theirs, number));
                Way::Pipe(Some(ours.into()))
            }
            _ => Way::Other,
        };
        let done = plan.ready.is_none();
        Ok((Self { done, way }, given))
    }

    /// What tells of it.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.way {
            Way::Socket(socket) => Some(socket.as_fd()),
            Way::Pipe(pipe) => pipe.as_ref().map(AsFd::as_fd),
            Way::Other => None,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// What was told since.
    fn hear(&mut self) -> Heard {
        let mut heard = Heard::default();
        let mut buffer = [0; MESSAGE];
        match &mut self.way {
            Way::Other => {}
            Way::Socket(socket) => {
                while let Ok(n) = socket.recv(&mut buffer) {
                    let text = String::from_utf8_lossy(&buffer[..n]);
                    text.lines().for_each(|line| heard.line(line));
                }
            }
            Way::Pipe(pipe) => {
                while let Some(reader) = pipe {
                    match reader.read(&mut buffer) {
                        Ok(0) => *pipe = None,
                        Ok(n) => heard.ready |= buffer[..n].contains(&b'\n'),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(_) => break,
                    }
                }
            }
        }
        heard
    }
}

impl Run<'_, '_> {
    /// Hears what the subject says of itself.
    pub(super) fn hear_ready(&mut self) {
        let heard = self.ready.hear();
        let line = self.actions.take_ready_line();
        // What is heard of a subject that has just ended was said before.
        let latest = self.ending.unwrap_or(Duration::MAX);
        let now = self.elapsed().min(latest);
        if let Some(at) = line.map(|at| at.min(latest)) {
            self.becomes_ready(at, at);
        }
        if heard.ready {
            self.becomes_ready(now, now);
        }
        if heard.stopping {
            self.push(now, EventKind::Stopping);
        }
        if let Some(by) = heard.extended {
            self.extend_timeout(now.saturating_add(by));
            self.push(now, EventKind::ExtendsTimeout { by });
        }
    }

    pub(super) fn becomes_ready(&mut self, since: Duration, at: Duration) {
        if !self.ready.done {
            self.ready.done = true;
            self.push(at, EventKind::Ready { since });
        }
    }

    /// What the end shows.
    pub(super) fn judge_ready(&mut self) {
        if !self.ready.is_done() {
            let grain = match self.plan.ready {
                Some(Readiness::Listening | Readiness::File(_)) => self.looks.gap,
                _ => Duration::ZERO,
            };
            self.findings.push(Finding::NeverReady { grain });
        }
    }
}
