//! One run, from the start of its reaper to the last reaped process.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use super::actions::{Actions, Due, LOOK, TAKEN};
use super::clients::Clients;
use super::clock::{Heard, RunClock, Wait};
use super::collect::Collector;
use super::ending::Unseen;
use super::finish::Begun;
use super::http::Requests;
use super::input::Input;
use super::logs::Logs;
use super::looks::Looks;
use super::phase::Phase;
use super::pipe::Pipe;
use super::ready::Ready;
use super::setup::{Place, Setup};
use crate::record::{EventKind, Finding, Process, Record, Signal, Streams, Termination};
use crate::stage::proc::{self, Stalled};
use crate::stage::sys::{Admission, Exited, Message, Reaper};
use crate::stage::{Act, Bounds, Cancel, Control, Plan, RunError, stacks};

const CHUNK: usize = 64 * 1024;
/// How often the start is looked for.
const START_LOOK: Duration = Duration::from_millis(50);

pub(super) struct Run<'a, 'c> {
    pub(super) plan: &'a Plan,
    pub(super) control: &'a mut Control<'c>,
    pub(super) clock: &'a mut dyn RunClock,
    /// The instant that counts as zero: the subject's exec, or our own start until that is known.
    pub(super) zero: Duration,
    pub(super) reaper: Reaper,
    pub(super) pipes: Vec<Pipe>,
    pub(super) input: Input,
    pub(super) ready: Ready,
    pub(super) looks: Looks,
    pub(super) logs: Logs,
    pub(super) requests: Requests,
    pub(super) clients: Clients,
    pub(super) buffer: Vec<u8>,
    pub(super) events: Collector,
    pub(super) actions: Actions<'a>,
    pub(super) phase: Phase,
    /// The plan's bounds, as the subject has extended them.
    pub(super) bounds: Bounds,
    pub(super) termination: Termination,
    /// Zero until the subject's program was executed.
    pub(super) pid: u32,
    /// The process between it and the reaper; 0 if there is none.
    pub(super) parent: u32,
    pub(super) exited: Option<Exited>,
    /// The time of the exit.
    pub(super) ended_at: Option<Duration>,
    /// The time of the exit, while what had come by then is heard.
    pub(super) ending: Option<Duration>,
    pub(super) empty: bool,
    pub(super) survivors: Vec<Process>,
    pub(super) unseen: Unseen,
    pub(super) ended_by_harness: Vec<Process>,
    /// How long, up to the time limit, the process of the tree waited for a processor that waited longest.
    pub(super) starved: Duration,
    pub(super) findings: Vec<Finding>,
    /// The last signal that was handed in, and when it was sent, while the subject may not have taken it.
    untaken: Option<(Signal, Duration)>,
    /// The most by which we were late to look or to act.
    pub(super) late: Duration,
    /// Why it could not be seen which processes there are.
    pub(super) blind: Option<io::Error>,
    pub(super) stacks: Vec<stacks::Copied>,
}

pub(in crate::stage) fn run(
    plan: &Plan,
    control: &mut Control<'_>,
    clock: &mut dyn RunClock,
) -> Result<Record, RunError> {
    let place = Place::of(plan)?;
    // Declared first, dropped last: nothing of the run is left when the next one gets its place.
    let admission = Admission::new();
    let setup = Setup::of(plan, &place, &admission, control.switch(), clock)?;
    let (wall, zero) = setup.asked;
    let mut run = Run {
        plan,
        control,
        clock,
        zero,
        reaper: setup.reaper,
        pipes: setup.pipes,
        input: setup.input,
        ready: setup.ready,
        looks: setup.looks,
        logs: setup.logs,
        requests: Requests::new(plan),
        clients: Clients::new(),
        buffer: vec![0; CHUNK],
        events: Collector::new(plan.limits.output),
        actions: Actions::new(&plan.actions, &plan.log),
        phase: Phase::Running,
        bounds: plan.bounds,
        termination: Termination::OnItsOwn,
        pid: 0,
        parent: 0,
        exited: None,
        ended_at: None,
        ending: None,
        empty: false,
        survivors: Vec::new(),
        unseen: Unseen::default(),
        ended_by_harness: Vec::new(),
        starved: Duration::ZERO,
        findings: Vec::new(),
        untaken: None,
        late: Duration::ZERO,
        blind: None,
        stacks: Vec::new(),
    };
    run.actions.ready_by(plan.ready.as_ref());
    let watched = run.watch();
    if let Some(terminal) = run.control.size() {
        terminal.let_go();
    }
    if let Err(lost) = watched {
        run.clock.give_up();
        if matches!(lost, Lost::Reaper) {
            let pipes: Vec<_> = run.pipes.iter().filter_map(Pipe::fd).collect();
            proc::kill_orphans(run.reaper.pid(), &place.mark, &pipes);
        }
        return Err(lost.explain(plan, &run.reaper, place));
    }
    let begun = Begun {
        wall: match run.clock.wall_at_start() {
            Some(wall) => wall,
            None => wall + run.zero.saturating_sub(zero),
        },
        canary: setup.watch.worst(),
        crowding: setup.watch.crowding(),
        stalled: Stalled::now().since(setup.stalled),
        environment: setup.environment,
        reports: setup.reports,
        directory: place.directory,
    };
    Ok(run.into_record(begun))
}

/// Why a run could not be watched to its end.
enum Lost {
    Io(io::Error),
    Exec(i32),
    Fork(i32),
    Reaper,
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Reaper,
            _ => Self::Io(error),
        }
    }
}

impl Lost {
    fn explain(self, plan: &Plan, reaper: &Reaper, place: Place) -> RunError {
        let program = plan.program.to_string_lossy().into_owned();
        match self {
            Self::Exec(errno) => RunError::Exec {
                program: place.program,
                directory: place.directory,
                source: io::Error::from_raw_os_error(errno),
            },
            Self::Fork(errno) => RunError::Setup {
                program,
                source: io::Error::from_raw_os_error(errno),
            },
            Self::Io(source) => RunError::Setup { program, source },
            Self::Reaper => RunError::ReaperLost {
                program,
                reaper: reaper.pid(),
            },
        }
    }
}

/// # Waiting
impl Run<'_, '_> {
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.now().saturating_sub(self.zero)
    }

    pub(super) fn cancelled(&self) -> Option<&Cancel> {
        self.control.switch().filter(|c| c.is_cancelled())
    }

    /// The signal to hand on, if there is one that is not the usual request to terminate.
    pub(super) fn handed_on(&self) -> Option<Signal> {
        let signal = self.cancelled().and_then(Cancel::signal);
        signal.filter(|signal| *signal != Signal::TERM)
    }

    /// Everything there is to know, until nothing of the subject is left.
    fn watch(&mut self) -> Result<(), Lost> {
        while self.phase != Phase::Over {
            self.wait()?;
            if self.hear_start()? {
                self.write_input();
                self.read_some();
                self.tail_in_time();
                self.hear_all()?;
                self.tell_partials();
                self.hear_ready();
                self.look_in_time();
                self.converse();
                self.hear_clients();
                self.act();
                self.obey();
            }
            self.advance();
            if let Some(error) = self.blind.take() {
                return Err(Lost::Io(error));
            }
        }
        self.read_pipes();
        self.end_logs();
        self.hear_ready();
        self.look();
        self.end_requests();
        self.end_clients()?;
        self.judge_ready();
        self.findings.extend(self.actions.missed());
        let left = self.input.left().into_iter();
        self.findings
            .extend(left.map(|what| Finding::NotDone { what }));
        for i in 0..self.pipes.len() {
            self.end_line(i);
        }
        Ok(())
    }

    /// Sleeps until something happens or must be done.
    fn wait(&mut self) -> io::Result<()> {
        let now = self.elapsed();
        let deadline = self.deadline(now);
        // Before the start is heard nothing is read or written, so nothing of it is waited for.
        let open = self.pipes.iter().filter(|_| self.pid != 0);
        let open = open.filter_map(Pipe::fd);
        let cancel = self.control.switch().and_then(|cancel| match self.phase {
            phase if phase.heeds_kill() => Some(cancel.killed()),
            phase => phase.heeds_cancel().then(|| cancel.as_fd()),
        });
        let expired = self.control.switch().filter(|_| self.acting());
        let expired = expired.map(Cancel::expired);
        // A reaper with nothing left to guard is gone.
        let reaper = (!self.empty).then(|| self.reaper.as_fd());
        let ready = self.ready.fd().filter(|_| self.pid != 0);
        // What may have to wait for a signal to be taken is looked at again, and not woken for.
        let orders = self.control.queue();
        let orders = orders.filter(|_| self.acting() && self.untaken.is_none());
        let orders = orders.map(AsFd::as_fd);
        let others = [reaper, cancel, expired, ready, orders, self.clients.fd()];
        let others = others.into_iter().flatten();
        let requests = self.requests.reads();
        let readable: Vec<BorrowedFd<'_>> = open.chain(others).chain(requests).collect();
        let input = self.input.waits_for().filter(|_| self.pid != 0);
        let writable: Vec<_> = self.requests.writes().chain(input).collect();
        let seen = self.looks.seen().into_iter().chain(self.logs.seen()).min();
        let waited_before = proc::waited_for_processor();
        let wait = Wait {
            readable: &readable,
            writable: &writable,
            until: deadline.map(|deadline| self.zero.saturating_add(deadline)),
            heard: self.heard(),
            seen: seen.filter(|_| self.pid != 0),
            timeout: self.phase == Phase::Running && deadline == self.bounds.timeout,
        };
        self.clock.wait(&wait)?;
        if !self.clock.can_lag() {
            return Ok(());
        }
        let waited = proc::waited_for_processor().saturating_sub(waited_before);
        let overslept = deadline.map(|deadline| self.elapsed().saturating_sub(deadline.max(now)));
        self.late = self.late.max(waited).max(overslept.unwrap_or_default());
        Ok(())
    }

    fn heard(&self) -> Heard {
        match (self.pid, self.exited) {
            (_, _) if self.empty => Heard::Empty,
            (0, _) => Heard::Nothing,
            (_, None) => Heard::Started,
            (_, Some(_)) => Heard::Ended,
        }
    }

    /// When to look again, if nothing happens before.
    fn deadline(&self, now: Duration) -> Option<Duration> {
        let partials = self.pipes.iter().filter_map(Pipe::partial_due).min();
        let phase = match self.phase {
            // The timeout counts from the exec.
            Phase::Running if self.pid == 0 => Some(now + START_LOOK),
            phase => phase.deadline(&self.bounds),
        };
        let acts = self.acting().then(|| self.actions.next_look(now)).flatten();
        let taken = self.untaken.filter(|_| self.acting()).map(|_| now + LOOK);
        let doings = self.clock.doings();
        let look = self.looks.next_after(doings);
        let look = look.filter(|_| self.pid != 0);
        let probe = self.requests.next().filter(|_| self.pid != 0);
        let tail = self.logs.next_after(doings).filter(|_| self.pid != 0);
        [partials, phase, acts, taken, look, tail, probe]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether actions can still be done.
    fn acting(&self) -> bool {
        self.phase == Phase::Running && self.pid != 0
    }
}

/// # What the reaper says
impl Run<'_, '_> {
    /// False until the start was heard. Nothing is read before: lines are stamped from it.
    fn hear_start(&mut self) -> Result<bool, Lost> {
        if self.pid == 0 && !self.hear_next()? {
            // A subject may stop its parent before that has said that there is a subject.
            self.reaper.wake();
        }
        Ok(self.pid != 0)
    }

    fn hear_all(&mut self) -> Result<(), Lost> {
        while self.hear_next()? {}
        Ok(())
    }

    /// False if there is nothing to hear.
    fn hear_next(&mut self) -> Result<bool, Lost> {
        if self.empty {
            return Ok(false);
        }
        match self.reaper.receive()? {
            None => return Ok(false),
            // Whoever holds a subject has heard of it already.
            Some(Message::Held { .. }) => {}
            Some(Message::Started { pid, at, parent }) => {
                (self.pid, self.zero, self.parent) = (pid, self.clock.started(at), parent);
                self.control.tell_start(pid);
                self.hand_out_terminal();
            }
            Some(Message::ExecFailed { errno }) => return Err(Lost::Exec(errno)),
            Some(Message::ForkFailed { errno }) => return Err(Lost::Fork(errno)),
            Some(Message::Exited(exited)) => self.subject_ended(exited),
            Some(Message::Empty) => self.empty = true,
        }
        Ok(true)
    }

    /// Lets the size of the subject's terminal be changed from now on.
    fn hand_out_terminal(&self) {
        let end = self.pipes.first().and_then(Pipe::fd);
        if let (Streams::Terminal, Some(terminal), Some(end)) =
            (self.plan.streams, self.control.size(), end)
        {
            // Where there is no descriptor left, its size stays as it is.
            let _ = terminal.hold(end, self.pid);
            // It may have changed meanwhile.
            terminal.resize();
        }
    }

    fn subject_ended(&mut self, exited: Exited) {
        let at = self.clock.of_reaper(exited.at).saturating_sub(self.zero);
        self.ended_at = Some(at);
        self.ending = Some(at);
        self.read_pipes();
        self.tail();
        self.hear_ready();
        self.converse();
        self.ending = None;
        // What is in the pipes by now was written before the exit, or by a descendant in the moment that it took us to hear
        // of it.
        self.events.written_before(at);
        self.events.heard_before(at);
        for pipe in &mut self.pipes {
            pipe.last = pipe.last.min(at);
        }
        self.push(at, EventKind::Exit(exited.exit));
        self.exited = Some(exited);
        self.empty |= exited.alone;
        self.look();
    }
}

/// # What the harness does
impl Run<'_, '_> {
    /// Does the action whose moment has come.
    fn act(&mut self) {
        if !self.acting() || self.exited.is_some() {
            return;
        }
        let now = self.elapsed();
        let Some(Due { act, late }) = self.actions.next_ready(now, self.pid) else {
            return;
        };
        self.catch_up();
        // To catch up takes its time, too.
        let late = match self.clock.can_lag() {
            true => late.saturating_add(self.elapsed().saturating_sub(now)),
            false => Duration::ZERO,
        };
        self.late = self.late.max(late);
        self.perform(act, late);
        self.looks.still_at(self.elapsed());
    }

    /// Does what is handed in meanwhile.
    fn obey(&mut self) {
        self.look_if_taken();
        let orders = self.control.queue();
        while let Some(act) = orders.and_then(|orders| orders.take_if(|act| self.may_do(act))) {
            if self.acting() && self.exited.is_none() {
                self.catch_up();
                self.perform(&act, Duration::ZERO);
                self.looks.still_at(self.elapsed());
                if let Act::Signal { signal, .. } = act {
                    self.untaken = Some((signal, self.elapsed()));
                }
            }
        }
    }

    /// Whether what was handed in may be done now: the kernel makes one of two signals if the first was not taken yet.
    fn may_do(&mut self, act: &Act) -> bool {
        self.look_if_taken();
        let untaken = self.untaken.map(|(signal, _)| signal);
        !matches!(act, Act::Signal { signal, .. } if untaken == Some(*signal))
    }

    fn look_if_taken(&mut self) {
        let (now, pid) = (self.elapsed(), self.pid);
        self.untaken = self.untaken.filter(|(signal, at)| {
            now < at.saturating_add(TAKEN) && proc::signal_pending(pid, *signal)
        });
    }

    /// Sees and hears, shortly before something is done, what has happened by then. The lines come last, since a look takes its
    /// time: what was written meanwhile would else be taken for what came of it.
    fn catch_up(&mut self) {
        self.converse();
        self.look_before_acting();
        self.hear_ready();
        self.read_pipes();
        // Who says in a line that an answer is on its way has sent it before.
        self.converse();
    }
}
