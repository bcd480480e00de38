//! The virtual clock: what moves it, and what happens at which time of it.
//!
//! It flows with the time that the subject works, and jumps to the next deadline when all its threads wait. What the harness
//! does at a time is one of the deadlines. While the harness acts, the clock stands still, since one thread does both.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use super::outside;
use super::rest::Look;
use super::since::{NAP, Since};
use super::time::{Time, nanos};
use super::tracer::Tracer;
use super::work::Work;
use crate::record::{Clock, Finding, Process, Record, ThreadState, WaitsFor};
use crate::stage::real::{Heard, RunClock, Wait};
use crate::stage::sys::trace::Punctual;
use crate::stage::sys::{self, Hold};

/// By how much a jump goes beyond a deadline: a program that looks at the clock when it wakes must find that it was reached.
const BEYOND: u64 = 50_000;
/// By how much the work of others may go beyond a deadline before it is kept while they work.
const LATE: u64 = 1_000_000;
/// How long, by the real clock, what must happen may take: the reaper's word, the rest of a subject that does not work.
const PATIENCE: Duration = Duration::from_secs(20);
/// How far apart two questions are how much the subject has worked, while it works.
const BETWEEN: Duration = Duration::from_millis(1);
/// How long a thread whose deadline has come may take to wake before a flood is read on.
const TO_WAKE: Duration = Duration::from_millis(5);
/// How far apart a flood is read: each look at the threads takes time too.
const GULP: Duration = Duration::from_micros(100);
/// How many bytes of a flood are read before it is looked at the threads again, which may stand still until then.
const A_FEW: usize = 16 * 1024;
/// How many times at which the subject did something are remembered: some seconds of its work.
const REMEMBERED: usize = 10_000;
/// How long a thread may stand in a call that is not known.
const STANDS: Duration = Duration::from_secs(1);

/// What moves the clock beside the jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Flow {
    /// The time that the subject's threads work.
    #[default]
    Work,
    /// Nothing.
    Frozen,
}

/// How it is found out that all threads wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Collect {
    #[default]
    Twice,
    /// Wrongly: for the test that shows how wrong.
    #[cfg(test)]
    Once,
}

#[derive(Debug, Default)]
pub(super) struct VirtualClock {
    flow: Flow,
    collect: Collect,
    tracer: Tracer,
    /// How far the clock was moved by what is no deadline: the work of the subject, and the step beyond each deadline.
    flowed: u64,
    /// How much of it the clock moved while a thread waited for a processor.
    crowded: u64,
    /// The most by which the subject had worked on before it was looked at again, or beyond a deadline.
    late: u64,
    /// How often the subject was seen to have done something.
    doings: u64,
    /// Since when that number was which, for as far back as anybody asks.
    began: VecDeque<(u64, u64)>,
    /// Whether the harness was let look at what that was.
    looks: bool,
    /// What the network had done when nothing was on its way by it.
    quiet: String,
    /// When something was read last while the subject worked.
    read: Option<Instant>,
    /// Whether nothing was left that could happen when the timeout was reached.
    hangs: bool,
}

/// What may be done now.
enum Next {
    /// Look again, after a while.
    Nap,
    /// Look again, after a moment in which there may be something to read.
    Pause,
    /// Look again, at once.
    Again,
    /// The harness acts.
    Harness,
}

impl VirtualClock {
    pub(super) fn new(flow: Flow) -> Self {
        Self {
            flow,
            ..Self::default()
        }
    }

    #[cfg(test)]
    pub(super) fn collecting(collect: Collect, flow: Flow) -> Self {
        Self {
            collect,
            flow,
            ..Self::default()
        }
    }

    /// Why the run says nothing.
    pub(super) fn taint(&mut self) -> Option<String> {
        self.tracer.taint.take()
    }

    /// Whether it is not to be traced on the real clock either.
    pub(super) fn untraceable(&self) -> bool {
        self.tracer.untraceable
    }

    fn time(&self) -> &Time {
        &self.tracer.time
    }

    /// The next thing that may be done.
    fn next(&mut self, wait: &Wait<'_>, since: &mut Since) -> io::Result<Next> {
        if self.tracer.drain() {
            self.did();
            since.told = Instant::now();
            since.rests();
        }
        if self.tracer.taint.is_some() {
            return Err(io::Error::other("the virtual clock does not hold"));
        }
        if sys::is_ready(wait.readable, wait.writable)? {
            return Ok(self.readable(wait, since));
        }
        if self.is_held(wait.heard) {
            return match since.begun.elapsed() > PATIENCE {
                true => Err(io::ErrorKind::TimedOut.into()),
                false => Ok(Next::Nap),
            };
        }
        if since.worked.elapsed() >= BETWEEN {
            since.worked = Instant::now();
            if self.work() {
                since.last = since.worked;
            }
        }
        if self.overdue() {
            return Ok(Next::Again);
        }
        if let Some(until) = wait.until.filter(|until| self.now() >= *until) {
            let over = self.time().now.saturating_sub(nanos(until));
            self.late = self.late.max(if over > LATE { over } else { 0 });
            return Ok(Next::Harness);
        }
        match self.is_at_rest(since) {
            true => self.at_rest(wait),
            false => self.impatient(since).map(|()| Next::Nap),
        }
    }

    /// There is something to read. A flood must not keep deadlines from coming.
    fn readable(&mut self, wait: &Wait<'_>, since: &mut Since) -> Next {
        if self.is_held(wait.heard) {
            return Next::Harness;
        }
        // What it has worked up to here, it has worked before that.
        self.work();
        if self.overdue() {
            since.fired = Some(Instant::now());
        }
        let wakes = since.fired.is_some_and(|at| at.elapsed() < TO_WAKE) && self.tracer.is_firing();
        if wakes || self.read.is_some_and(|at| at.elapsed() < GULP) {
            return Next::Pause;
        }
        self.read = Some(Instant::now());
        Next::Harness
    }

    /// Whether something is about to be heard that happened at this very time.
    fn is_held(&self, heard: Heard) -> bool {
        match heard {
            Heard::Nothing => true,
            Heard::Started if self.tracer.subject_is_gone() => true,
            Heard::Started | Heard::Ended => self.tracer.is_empty(),
            Heard::Empty => false,
        }
    }

    /// Lets the earliest deadline come if others have worked beyond it. True if there was one.
    fn overdue(&mut self) -> bool {
        let now = self.time().now;
        let earliest = self.tracer.earliest();
        let over = earliest.map_or(0, |deadline| now.saturating_sub(deadline));
        if over <= LATE {
            return false;
        }
        self.late = self.late.max(over);
        self.tracer.fire(false)
    }

    /// Moves the clock by what was worked since the last look. True if that was something.
    fn work(&mut self) -> bool {
        let Work { worked, crowded } = self.tracer.work();
        if worked > 0 {
            // It began after the last look.
            self.did();
        }
        if worked > 0 && self.flow == Flow::Work {
            // Whatever happened meanwhile is seen only now.
            if worked > LATE {
                self.late = self.late.max(worked);
            }
            self.flowed += worked;
            self.crowded += crowded;
            self.tracer.set(self.time().after(worked));
        }
        worked > 0
    }

    /// The subject has done something.
    fn did(&mut self) {
        self.doings += 1;
        let now = self.time().now;
        if self.began.back().is_none_or(|(_, at)| *at < now) {
            self.began.push_back((self.doings, now));
        }
        if self.began.len() > REMEMBERED {
            self.began.pop_front();
        }
        self.looks = false;
    }

    /// Whether every thread waits, and nothing is on its way.
    fn is_at_rest(&mut self, since: &mut Since) -> bool {
        let first = self.tracer.look(false);
        match &first {
            // Between the looks: what was on its way and has come since has woken a thread, which the second sees.
            Look::Waiting(_, network) if self.is_in_flight(network) => return false,
            Look::Waiting(..) => {}
            Look::Moving => {
                since.stands = None;
                return false;
            }
            Look::Unknown(..) => {
                let look = self.tracer.look(true);
                return self.stands(look, since);
            }
        }
        let second = match self.collect {
            Collect::Twice => self.tracer.look(true),
            #[cfg(test)]
            Collect::Once => return matches!(self.tracer.look(true), Look::Waiting(..)),
        };
        first == second && !self.tracer.drain()
    }

    /// A thread stands in a call that is not known: for a while it may be one that ends by itself.
    fn stands(&mut self, look: Look, since: &mut Since) -> bool {
        match &since.stands {
            _ if look == Look::Moving => since.stands = None,
            Some((before, at)) if *before == look => {
                if let (true, Look::Unknown(tid, _, call)) = (at.elapsed() > STANDS, &look) {
                    self.tracer.taint(format!(
                        "thread {tid} waits in a call (`{call}`) that something outside of its tree may end"
                    ));
                }
            }
            _ => since.stands = Some((look, Instant::now())),
        }
        false
    }

    /// All wait: what was written is read first, then the earliest deadline comes.
    fn at_rest(&mut self, wait: &Wait<'_>) -> io::Result<Next> {
        if sys::is_ready(wait.readable, wait.writable)? {
            return Ok(Next::Harness);
        }
        if let Some(outside) = self
            .tracer
            .processes()
            .into_iter()
            .find_map(outside::open_to_outside)
        {
            self.tracer.taint(outside);
            return Ok(Next::Again);
        }
        self.work();
        // There may be something new to look at first.
        if wait.seen.is_some_and(|seen| seen != self.doings) && !self.looks {
            self.looks = true;
            return Ok(Next::Harness);
        }
        let until = wait.until.map(nanos);
        match (self.tracer.earliest(), until) {
            (Some(deadline), until) if until.is_none_or(|until| deadline <= until) => {
                self.jump(deadline.saturating_add(BEYOND));
                self.flowed += BEYOND;
                self.tracer.fire(true);
                Ok(Next::Again)
            }
            (timer, Some(until)) => {
                self.hangs |= wait.timeout && timer.is_none();
                self.jump(until);
                Ok(Next::Harness)
            }
            // Nothing will ever happen, and nobody waits for a time: whoever runs plans sets a timeout.
            (_, None) => Ok(Next::Nap),
        }
    }

    /// Whether bytes are on their way by TCP. To see that takes long, so not where no packet has come since it was seen last.
    fn is_in_flight(&mut self, network: &str) -> bool {
        if !self.tracer.net || network == self.quiet {
            return false;
        }
        if outside::is_in_flight(&self.tracer.processes()) {
            return true;
        }
        network.clone_into(&mut self.quiet);
        false
    }

    fn jump(&mut self, to: u64) {
        self.tracer.set(to.max(self.time().now));
    }

    /// A subject that neither works nor rests will not move the clock.
    fn impatient(&mut self, since: &Since) -> io::Result<()> {
        let frozen = self.flow == Flow::Frozen && since.told.elapsed() > PATIENCE;
        if frozen || since.last.elapsed() > PATIENCE {
            let seconds = PATIENCE.as_secs();
            self.tracer.taint(format!(
                "for {seconds} s its threads neither worked nor all waited"
            ));
        }
        Ok(())
    }
}

impl RunClock for VirtualClock {
    fn hold(&self) -> Hold {
        Hold::Filtered
    }

    fn held(&mut self, pid: u32) -> io::Result<()> {
        self.tracer = Tracer::default();
        self.tracer.seize(pid.cast_signed());
        Ok(())
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.time().now)
    }

    fn of_reaper(&self, _: Duration) -> Duration {
        self.now()
    }

    fn wait(&mut self, wait: &Wait<'_>) -> io::Result<()> {
        let _punctual = Punctual::begin();
        let mut since = Since::now();
        loop {
            match self.next(wait, &mut since)? {
                Next::Nap => since.nap(wait)?,
                Next::Pause => sys::wait(&[], &[], NAP)?,
                Next::Again => since.rests(),
                Next::Harness => return Ok(()),
            }
        }
    }

    fn reads_at_once(&self) -> Option<usize> {
        Some(A_FEW)
    }

    fn doings(&self) -> Option<u64> {
        Some(self.doings)
    }

    fn unchanged_until(&self, doings: u64) -> Option<Duration> {
        if doings == self.doings {
            return Some(self.now());
        }
        let next = self
            .began
            .iter()
            .rev()
            .find(|(number, _)| *number <= doings + 1);
        next.map(|(_, at)| Duration::from_nanos(*at))
    }

    fn can_lag(&self) -> bool {
        false
    }

    fn wall_at_start(&self) -> Option<SystemTime> {
        Some(self.time().wall_at_start())
    }

    /// A sleep was made a wait for a signal.
    fn explain(&self, processes: &mut [Process]) {
        let threads = processes
            .iter_mut()
            .flat_map(|process| &mut process.threads);
        for thread in threads {
            if let Some(call) = self.tracer.sleeps(thread.tid.cast_signed()) {
                thread.waits_for = Some(WaitsFor::Time);
                thread.state = ThreadState::Blocked {
                    call: Some(call.into()),
                };
            }
        }
    }

    fn finish(&mut self, record: &mut Record) {
        record.clock = Clock::Virtual;
        record.flow = Some(Duration::from_nanos(self.flowed));
        record.lag.subject_waited = Duration::from_nanos(self.crowded.min(self.flowed));
        record.lag.harness = Duration::from_nanos(self.late);
        if self.hangs {
            record.findings.push(Finding::HangsForEver);
        }
        self.tracer.take_book().write(record, Duration::ZERO);
    }

    fn give_up(&mut self) {
        self.tracer.give_up();
    }
}
