//! The requests of a run.

mod answer;
mod connection;

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::run::Run;
use crate::record::{EventKind, Exchange, Finding, RequestSeen};
use crate::stage::plan::Readiness;
use crate::stage::{Plan, Request};
use connection::Connection;

/// How far apart two requests are that ask whether the subject is ready.
const PROBE: Duration = Duration::from_millis(50);
/// How long an answer is waited for until one is asked beside it: a server may lose the first connections. An answer that comes
/// later still counts.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many of them may be under way.
const PROBES: usize = 5;
/// The name of these requests. No request of a plan can have it.
const PROBE_NAME: &str = "";

#[derive(Default)]
pub(super) struct Requests {
    connections: Vec<Connection>,
    /// What asks whether the subject is ready.
    probe: Option<Probe>,
}

struct Probe {
    request: Request,
    status: u16,
    /// Those under way, and when each was begun.
    connections: Vec<(Duration, Connection)>,
    /// When the next one is begun.
    at: Duration,
}

impl Requests {
    pub(super) fn new(plan: &Plan) -> Self {
        let probe = match &plan.ready {
            Some(Readiness::Http { path, status }) => Some(Probe {
                request: Request::get(PROBE_NAME, path),
                status: *status,
                connections: Vec::new(),
                at: Duration::ZERO,
            }),
            _ => None,
        };
        Self {
            connections: Vec::new(),
            probe,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Connection> {
        let probes = self.probe.iter().flat_map(|probe| &probe.connections);
        let probes = probes.map(|(_, connection)| connection);
        self.connections.iter().chain(probes)
    }

    /// What is waited for until it can be read.
    pub(super) fn reads(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.all().filter_map(Connection::reads)
    }

    /// What is waited for until it can be written.
    pub(super) fn writes(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.all().filter_map(Connection::writes)
    }

    /// When to ask again whether the subject is ready.
    pub(super) fn next(&self) -> Option<Duration> {
        let probe = self.probe.as_ref()?;
        (probe.connections.len() < PROBES).then_some(probe.at)
    }
}

impl Probe {
    /// Goes on with those under way. When the one was begun whose answer says that the subject is ready.
    fn proceed(&mut self, now: Duration) -> Option<Duration> {
        let mut ready = None;
        for (asked, connection) in &mut self.connections {
            while let Some(exchange) = connection.proceed() {
                let is_ready =
                    matches!(&exchange, Exchange::Answered(answer) if answer.status == self.status);
                ready = ready.or(is_ready.then_some(*asked));
                if !connection.is_under_way() {
                    self.at = now + PROBE;
                    break;
                }
            }
        }
        self.connections
            .retain(|(_, connection)| connection.is_under_way());
        ready
    }
}

impl Run<'_, '_> {
    /// Sends a request.
    pub(super) fn request(&mut self, request: &Request, at: Duration, late: Duration) {
        let is_same = |known: &Connection| known.name == request.name && known.is_under_way();
        if self.requests.connections.iter().any(is_same) {
            let what = crate::record::EventName::Sent(request.name.clone());
            return self.findings.push(Finding::NotDone { what });
        }
        let seen = |exchange| RequestSeen {
            late,
            ..RequestSeen::new(&request.name, exchange)
        };
        let to = match self.address(request.port) {
            Ok(to) => to,
            Err(why) => return self.push(at, seen(Exchange::Refused { why }).into()),
        };
        match Connection::open(request, to) {
            Ok(mut connection) => {
                connection.late = late;
                self.requests.connections.push(connection);
                self.converse();
            }
            Err(exchange) => self.push(at, seen(exchange).into()),
        }
    }

    /// Goes on with all requests as far as that is possible without waiting.
    pub(super) fn converse(&mut self) {
        self.probe();
        for i in 0..self.requests.connections.len() {
            loop {
                // What is sent is stamped before it is, what is heard after it was.
                let before = self.elapsed();
                let connection = &mut self.requests.connections[i];
                let Some(exchange) = connection.proceed() else {
                    break;
                };
                let seen = RequestSeen {
                    late: std::mem::take(&mut connection.late),
                    ..RequestSeen::new(&connection.name, exchange)
                };
                let sent = matches!(seen.exchange, Exchange::Sent { .. });
                let at = if sent { before } else { self.elapsed() };
                self.hear_exchange(at, seen);
            }
        }
        self.requests.connections.retain(|known| !known.is_over());
    }

    fn hear_exchange(&mut self, at: Duration, seen: RequestSeen) {
        let at = at.min(self.latest());
        let is_sent = matches!(seen.exchange, Exchange::Sent { .. });
        self.push(at, seen.into());
        // Whoever has answered may listen still: that is known only if it is looked for now.
        if !is_sent {
            self.look();
        }
    }

    /// The latest instant at which what is heard now can have been. The loopback may deliver an answer after its sender has
    /// ended; but a subject that has ended, and has left nobody behind, sends no more.
    fn latest(&self) -> Duration {
        match (self.ending, self.exited, self.ended_at) {
            (Some(exit), ..) => exit,
            (None, Some(exited), Some(exit)) if exited.alone => {
                exit.saturating_sub(Duration::from_nanos(1))
            }
            _ => Duration::MAX,
        }
    }

    /// Asks whether the subject is ready.
    fn probe(&mut self) {
        if self.ready.is_done() {
            self.requests.probe = None;
        }
        let now = self.elapsed();
        let is_due = |probe: &Probe| now >= probe.at && probe.connections.len() < PROBES;
        let is_due = self.requests.probe.as_ref().is_some_and(is_due);
        // To find out who listens takes its time.
        let address = is_due.then(|| self.address(None).ok()).flatten();
        let Some(probe) = &mut self.requests.probe else {
            return;
        };
        if is_due {
            let opened = address.and_then(|to| Connection::open(&probe.request, to).ok());
            probe.at = now + if opened.is_some() { PATIENCE } else { PROBE };
            probe
                .connections
                .extend(opened.map(|connection| (now, connection)));
        }
        if let Some(asked) = probe.proceed(now) {
            self.becomes_ready(asked, self.elapsed());
            self.requests.probe = None;
        }
    }

    /// What is still under way when nothing more can come.
    pub(super) fn end_requests(&mut self) {
        self.converse();
        let now = self.elapsed();
        for mut connection in std::mem::take(&mut self.requests.connections) {
            if connection.is_under_way() {
                let exchange = connection.cut_off("the run was over");
                let seen = RequestSeen::new(&connection.name, exchange);
                self.push(now, EventKind::Request(seen));
            }
        }
    }
}
