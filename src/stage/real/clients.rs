//! Programs that run beside the subject, outside of its tree: each is a run of its own, on a thread of its own.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use super::Real;
use super::run::Run;
use crate::record::{ClientSeen, EventKind, EventName, Exit, Finding, Record};
use crate::stage::{Cancel, Client, Control, Plan, RunError, Stage, sys};

/// What stands for the address of the subject in the words of a client.
const ADDRESS: &str = "{address}";

pub(super) struct Clients {
    running: Vec<Running>,
    done: Vec<ClientSeen>,
    results: (Sender<Ended>, Receiver<Ended>),
    /// One byte for each result.
    wake: Option<(PipeReader, PipeWriter)>,
}

struct Running {
    name: String,
    cancel: Cancel,
    thread: JoinHandle<()>,
    at: Duration,
    late: Duration,
}

/// The end of a client, as it is heard.
struct ClientEnd {
    name: String,
    exit: Option<Exit>,
    ago: Duration,
    /// When it was started.
    started: Duration,
}

struct Ended {
    name: String,
    result: Result<Record, RunError>,
}

impl Clients {
    pub(super) fn new() -> Self {
        Self {
            running: Vec::new(),
            done: Vec::new(),
            results: channel(),
            wake: None,
        }
    }

    /// What tells that one has ended.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.wake.as_ref().map(|(readable, _)| readable.as_fd())
    }

    /// All that have ended.
    pub(super) fn take(&mut self) -> Vec<ClientSeen> {
        std::mem::take(&mut self.done)
    }

    fn start(
        &mut self,
        name: &str,
        plan: Plan,
        (at, late): (Duration, Duration),
    ) -> io::Result<()> {
        let cancel = Cancel::new()?;
        let wake = match &mut self.wake {
            Some(wake) => wake,
            none => none.insert(io::pipe()?),
        };
        let (mut tell, results) = (wake.1.try_clone()?, self.results.0.clone());
        let (own_name, own_cancel) = (name.to_owned(), cancel.clone());
        let run = move || {
            let result = Real.run(&plan, &mut Control::new().cancel(&own_cancel));
            let name = own_name;
            // Where nobody listens any more, nobody wants to know.
            let _ = results.send(Ended { name, result });
            let _ = tell.write(&[0]);
        };
        let thread = std::thread::Builder::new().name("exeunt-client".into());
        self.running.push(Running {
            name: name.to_owned(),
            cancel,
            thread: thread.spawn(run)?,
            at,
            late,
        });
        Ok(())
    }

    fn is_running(&self, name: &str) -> bool {
        self.running.iter().any(|known| known.name == name)
    }

    /// The next one that has ended: its exit, and how long ago that was by now.
    fn next_ended(&mut self) -> Option<ClientEnd> {
        let Ended { name, result } = self.results.1.try_recv().ok()?;
        if let Some((readable, _)) = &self.wake {
            let _ = (&mut &*readable).read(&mut [0]);
        }
        let place = self.running.iter().position(|known| known.name == name)?;
        let running = self.running.swap_remove(place);
        let _ = running.thread.join();
        let exit = result.as_ref().ok().and_then(Record::exit);
        let ago = result.as_ref().ok().and_then(since_exit);
        let result = result.map_err(|error| format!("{error:?}"));
        self.done.push(ClientSeen {
            late: running.late,
            ..ClientSeen::new(&name, running.at, result)
        });
        Some(ClientEnd {
            name,
            exit,
            ago: ago.unwrap_or_default(),
            started: running.at,
        })
    }
}

impl Run<'_, '_> {
    /// Starts a client.
    pub(super) fn start_client(&mut self, client: &Client, at: Duration, late: Duration) {
        let what = EventName::ClientStarts(client.name.clone());
        let mut plan = client.plan.clone();
        let known = match wants_address(&plan) {
            false => true,
            true => match self.address_of_subject() {
                Some(address) => {
                    put_address(&mut plan, &address.to_string());
                    true
                }
                None => false,
            },
        };
        if !known || self.clients.is_running(&client.name) {
            return self.findings.push(Finding::NotDone { what });
        }
        let name = client.name.clone();
        match self.clients.start(&name, plan, (at, late)) {
            Ok(()) => self.push(at, EventKind::ClientStarts { name }),
            Err(_) => self.findings.push(Finding::NotDone { what }),
        }
    }

    /// Hears which clients have ended.
    pub(super) fn hear_clients(&mut self) {
        while let Some(end) = self.clients.next_ended() {
            // It is heard once the client's own run is over, which waits for what the client has left behind.
            let at = self.elapsed().saturating_sub(end.ago).max(end.started);
            let ClientEnd { name, exit, .. } = end;
            self.push(at, EventKind::ClientEnds { name, exit });
        }
    }

    /// Lets the clients take in what the end of the subject means for them, for as long as its descendants may settle, and longer
    /// on a machine that was late; then ends them.
    pub(super) fn end_clients(&mut self) -> io::Result<()> {
        let patience = self.plan.bounds.settle.saturating_add(self.late * 2);
        let end = self.elapsed().saturating_add(patience);
        while !self.clients.running.is_empty() {
            self.hear_clients();
            let Some(left) = end.checked_sub(self.elapsed()) else {
                break;
            };
            let fds: Vec<_> = self.clients.fd().into_iter().collect();
            if !self.clients.running.is_empty() {
                sys::wait_readable(&fds, left)?;
            }
        }
        for running in &self.clients.running {
            running.cancel.cancel();
        }
        while !self.clients.running.is_empty() {
            let fds: Vec<_> = self.clients.fd().into_iter().collect();
            // Each is bounded: its own grace period, and SIGKILL.
            sys::wait_readable(&fds, Duration::from_secs(1))?;
            self.hear_clients();
        }
        Ok(())
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        // Only where the run itself has failed: nothing is left behind all the same.
        for running in self.running.drain(..) {
            running.cancel.kill();
            let _ = running.thread.join();
        }
    }
}

/// How long ago a client has exited, by the wall clock, which is the only one that its record tells.
fn since_exit(record: &Record) -> Option<Duration> {
    let exit = record.started.checked_add(record.exit_event()?.at)?;
    SystemTime::now().duration_since(exit).ok()
}

fn wants_address(plan: &Plan) -> bool {
    let mut words = plan.args.iter().chain(plan.environment.values());
    words.any(|word| word.to_str().is_some_and(|word| word.contains(ADDRESS)))
}

fn put_address(plan: &mut Plan, address: &str) {
    for word in plan.args.iter_mut().chain(plan.environment.values_mut()) {
        if let Some(text) = word.to_str() {
            *word = text.replace(ADDRESS, address).into();
        }
    }
}
