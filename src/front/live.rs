//! A subject that runs while a test talks to it.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::log::{LogFormat, Pattern};
#[cfg(feature = "http")]
use crate::record::{Answer, Exchange};
use crate::record::{Bytes, Event, EventKind, EventName, Line, Record, Signal, Stream};
use crate::report;
#[cfg(feature = "http")]
use crate::stage::Request;
use crate::stage::{
    Act, Action, ByPlan, Cancel, Control, Orders, Plan, RunError, Stage, reachable,
};

/// How many events are kept to be waited for. Older lines than these are forgotten here; the record has them.
const KEPT: usize = 100_000;

/// A subject that runs while a test waits for it, talks to it, and sends it signals.
///
/// All methods that wait return at once with an error if the subject ends meanwhile; its timeout bounds them. The standard input
/// is a pipe that stays open until [`close_stdin`](Self::close_stdin). [`wait`](Self::wait) gives the same [`Record`] as
/// [`Subject::run`](crate::Subject::run) does.
///
/// Dropping it ends the subject with all its descendants, also where a test panics.
///
/// ```
/// use exeunt::{Signal, Subject, record::EventName, secs};
///
/// let script = "trap 'echo bye; exit 0' TERM; echo up; while read line; do echo got $line; done; while :; do sleep 0.02; done";
/// let subject = Subject::new("sh").args(["-c", script]).ready("up").timeout(secs(10)).start()?;
/// subject.ready()?;
/// subject.write("hello\n")?;
/// assert_eq!(subject.wait_for("got hello")?.text(), "got hello");
/// subject.close_stdin()?;
/// subject.signal(Signal::TERM)?;
/// let record = subject.wait()?;
/// record.assert().success().line("bye").exits_within(EventName::Signal(Signal::TERM), secs(2));
/// # Ok::<(), exeunt::LiveError>(())
/// ```
#[derive(Debug)]
#[must_use = "dropping it ends the subject"]
pub struct LiveSubject {
    shared: Arc<Shared>,
    command: Vec<String>,
    log: LogFormat,
    has_parent: bool,
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "for requests"))]
    has_port: bool,
    thread: Option<JoinHandle<()>>,
}

/// What the run and its holder share.
#[derive(Debug)]
struct Shared {
    cancel: Cancel,
    orders: Orders,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Zero until the program was executed.
    pid: u32,
    events: VecDeque<Event>,
    /// The result, until it is taken.
    result: Option<Result<Record, RunError>>,
    /// Whether the subject has ended, or the run is over.
    ended: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until something is there. `None` if the subject has ended without it.
    fn wait<T>(&self, mut look: impl FnMut(&State) -> Option<T>) -> Option<T> {
        let mut state = self.state();
        loop {
            if let Some(found) = look(&state) {
                return Some(found);
            }
            if state.ended {
                return None;
            }
            let next = self.changed.wait(state);
            state = next.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn run(&self, plan: &Plan) {
        let mut start = |pid| self.change(|state| state.pid = pid);
        let mut event = |event: &Event| {
            self.change(|state| {
                if state.events.len() == KEPT {
                    state.events.pop_front();
                }
                state.ended |= matches!(event.kind, EventKind::Exit(_));
                state.events.push_back(event.clone());
            });
        };
        let mut control = Control::new()
            .cancel(&self.cancel)
            .orders(&self.orders)
            .on_start(&mut start)
            .on_event(&mut event);
        let result = ByPlan.run(plan, &mut control);
        self.change(|state| {
            state.result = Some(result);
            state.ended = true;
        });
    }
}

impl LiveSubject {
    /// Starts the run of a plan, and returns once the program was executed.
    pub(super) fn start(plan: Plan) -> Result<Self, RunError> {
        let setup = |source| RunError::Setup {
            program: plan.program.to_string_lossy().into_owned(),
            source,
        };
        let shared = Arc::new(Shared {
            cancel: Cancel::new().map_err(setup)?,
            orders: Orders::new().map_err(setup)?,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let words = [&plan.program].into_iter().chain(&plan.args);
        let mut live = Self {
            shared: Arc::clone(&shared),
            command: words
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
            log: plan.log.clone(),
            has_parent: plan.parent,
            has_port: plan.port.is_some(),
            thread: None,
        };
        let thread = std::thread::Builder::new().name("exeunt-live".into());
        let program = plan.program.to_string_lossy().into_owned();
        let thread = thread.spawn(move || shared.run(&plan));
        live.thread = Some(thread.map_err(|source| RunError::Setup { program, source })?);
        let started = |state: &State| (state.pid != 0).then_some(());
        match live.shared.wait(started) {
            Some(()) => Ok(live),
            None => live.finish().and_then(|record| match record.pid {
                0 => Err(RunError::Setup {
                    program: record.command.join(" "),
                    source: std::io::ErrorKind::Interrupted.into(),
                }),
                _ => unreachable!("what was started has told so"),
            }),
        }
    }

    /// The subject's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.shared.state().pid
    }

    /// What has happened so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.shared.state().events.iter().cloned().collect()
    }
}

/// # Waiting
impl LiveSubject {
    /// Waits until the subject is ready, as [`Subject::ready`](crate::Subject::ready) says.
    ///
    /// # Errors
    /// If the subject ends before. The error shows what it printed.
    pub fn ready(&self) -> Result<&Self, LiveError> {
        self.wait_for_event(EventName::Ready).map(|_| self)
    }

    /// Waits for a line. One that has come already counts.
    ///
    /// # Errors
    /// If the subject ends before.
    pub fn wait_for(&self, line: impl Into<Pattern>) -> Result<Line, LiveError> {
        let pattern = line.into();
        // A line that was looked at is not looked at again, however many there are.
        let mut seen = 0;
        let found = self.shared.wait(|state| {
            let new = state.events.iter().skip(seen.min(state.events.len()));
            let found = new.filter_map(|event| self.line(event, &pattern)).next();
            seen = match state.events.len() {
                KEPT => 0,
                n => n,
            };
            found
        });
        found.ok_or_else(|| self.error(format!("a line {pattern}")))
    }

    /// Waits for an event. One that has come already counts.
    ///
    /// # Errors
    /// If the subject ends before.
    pub fn wait_for_event(&self, name: EventName) -> Result<Event, LiveError> {
        let is_meant = |event: &&Event| EventName::of(&event.kind).as_ref() == Some(&name);
        let look = |state: &State| state.events.iter().find(is_meant).cloned();
        self.shared
            .wait(look)
            .ok_or_else(|| self.error(format!("`{name}`")))
    }

    /// Waits until the subject, or a descendant, listens at a TCP port, and gives its address: one that can be connected to. The
    /// port need not be known to the test.
    ///
    /// # Errors
    /// If the subject ends before.
    pub fn address(&self) -> Result<SocketAddr, LiveError> {
        let address = |event: &Event| match &event.kind {
            EventKind::Listens(change) => change.address.parse().ok().map(reachable),
            _ => None,
        };
        let look = |state: &State| state.events.iter().find_map(address);
        let what = || self.error("a TCP port at which it listens".into());
        self.shared.wait(look).ok_or_else(what)
    }

    /// The line of an event, read as one of log, if it matches.
    fn line(&self, event: &Event, pattern: &Pattern) -> Option<Line> {
        let EventKind::Line(line) = &event.kind else {
            return None;
        };
        let mut line = line.clone();
        self.log.read_line(&mut line);
        pattern.matches_line(&line).then_some(line)
    }

    /// Waits until the subject has ended with all its descendants, or its timeout has ended it. Its standard input is closed
    /// first only if [`close_stdin`](Self::close_stdin) was called.
    ///
    /// # Errors
    /// If sight of the subject was lost. However it ended is no error, but in the record.
    pub fn wait(mut self) -> Result<Record, RunError> {
        self.finish()
    }

    fn finish(&mut self) -> Result<Record, RunError> {
        if let Some(thread) = self.thread.take()
            && let Err(panic) = thread.join()
        {
            std::panic::resume_unwind(panic);
        }
        let result = self.shared.state().result.take();
        result.expect("a run that is over has a result, and it is taken once")
    }

    fn error(&self, waited_for: String) -> LiveError {
        self.ended(format!("the subject ended before {waited_for} came"))
    }

    fn ended(&self, what: String) -> LiveError {
        let mut record = Record::new(self.command.clone());
        let state = self.shared.state();
        record.pid = state.pid;
        record.events = state.events.iter().cloned().collect();
        let timeline = crate::report::plain(&report::timeline(&record, None));
        LiveError::Ended { what, timeline }
    }
}

/// What ended a request of a name.
#[cfg(feature = "http")]
fn end_of<'e>(event: &'e Event, name: &str) -> Option<&'e Exchange> {
    let EventKind::Request(seen) = &event.kind else {
        return None;
    };
    let is_end = matches!(
        seen.exchange,
        Exchange::Answered(_) | Exchange::CutOff { .. } | Exchange::Refused { .. }
    );
    (is_end && seen.name == name).then_some(&seen.exchange)
}

/// # Talking
///
/// These methods return when the harness has been told, a moment before it is done.
/// [`wait_for_event`](Self::wait_for_event) waits until it is.
impl LiveSubject {
    /// Sends a signal.
    ///
    /// # Errors
    /// If the subject has ended.
    pub fn signal(&self, signal: Signal) -> Result<&Self, LiveError> {
        self.order(Action::signal(signal).act().clone())
    }

    /// Writes to the standard input. What the subject does not read at once is kept for it.
    ///
    /// # Errors
    /// If the subject has ended.
    pub fn write(&self, bytes: impl Into<Bytes>) -> Result<&Self, LiveError> {
        self.order(Act::Write(bytes.into()))
    }

    /// Closes the standard input, once what was written was taken.
    ///
    /// # Errors
    /// If the subject has ended.
    pub fn close_stdin(&self) -> Result<&Self, LiveError> {
        self.order(Act::CloseStdin)
    }

    /// Closes the harness's end of the standard output: the next write of the subject fails with EPIPE.
    ///
    /// # Errors
    /// If the subject has ended.
    pub fn close_stdout(&self) -> Result<&Self, LiveError> {
        self.order(Act::CloseOutput(Stream::Stdout))
    }

    /// Ends the subject's direct parent. It has one that can be ended if [`Subject::own_parent`](crate::Subject::own_parent)
    /// was called.
    ///
    /// # Errors
    /// If the subject has ended, or has no parent of its own.
    pub fn end_parent(&self) -> Result<&Self, LiveError> {
        match self.has_parent {
            true => self.order(Act::EndParent),
            false => Err(LiveError::NoParent),
        }
    }

    /// Sends a request, and returns while it is under way. It waits first until the subject listens, unless a port was handed
    /// in. What becomes of it are events:
    /// [`Answered`](EventName::Answered) and its like.
    ///
    /// # Errors
    /// If the subject has ended, or the request cannot be sent at all.
    #[cfg(feature = "http")]
    pub fn send(&self, request: Request) -> Result<&Self, LiveError> {
        match request.problem() {
            Some(problem) => Err(LiveError::NoRequest(problem)),
            None if self.has_port => self.order(Act::Request(request)),
            None => {
                self.address()?;
                self.order(Act::Request(request))
            }
        }
    }

    /// Sends a request, and waits for its answer, whatever the status. It waits first as [`send`](Self::send) does.
    ///
    /// # Errors
    /// If the request is cut off or refused, or the subject ends before.
    #[cfg(feature = "http")]
    pub fn request(&self, request: Request) -> Result<Answer, LiveError> {
        let name = request.name.clone();
        let ends = |state: &State| state.events.iter().filter_map(|e| end_of(e, &name)).count();
        let before = ends(&self.shared.state());
        self.send(request)?;
        let nth = |state: &State| {
            let mut ends = state.events.iter().filter_map(|e| end_of(e, &name));
            ends.nth(before).cloned()
        };
        match self.shared.wait(nth) {
            Some(Exchange::Answered(answer)) => Ok(answer),
            Some(exchange) => Err(self.ended(format!("the request `{name}` was {exchange}"))),
            None => Err(self.error(format!("`{name} answered`"))),
        }
    }

    /// Gets a path, and waits for the answer.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    #[cfg(feature = "http")]
    pub fn get(&self, path: &str) -> Result<Answer, LiveError> {
        self.request(Request::get(path, path))
    }

    fn order(&self, act: Act) -> Result<&Self, LiveError> {
        let has_ended = self.shared.state().ended;
        match has_ended {
            true => Err(self.error(format!("`{}`", act.event()))),
            false => {
                self.shared.orders.send(act);
                Ok(self)
            }
        }
    }
}

impl Drop for LiveSubject {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.shared.cancel.cancel();
            // A panic of the run's thread was printed; to go on with it here could abort a test that panics.
            let _ = thread.join();
        }
    }
}

/// Why a live subject did not do what was waited for.
///
/// It shows as its message does, so that a test that returns it is readable.
#[non_exhaustive]
pub enum LiveError {
    /// The subject ended first, or a request was not answered.
    Ended {
        /// What ended before what.
        what: String,
        /// What had happened by then, as text.
        timeline: String,
    },
    /// It has no parent of its own.
    NoParent,
    /// The request cannot be sent to anything.
    NoRequest(String),
    /// The run failed.
    Run(RunError),
}

impl fmt::Display for LiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended { what, timeline } => write!(f, "{what}\n\n{timeline}"),
            Self::NoParent => f.write_str(
                "the subject has no parent that could be ended: call `own_parent()` before `start()`",
            ),
            Self::NoRequest(problem) => f.write_str(problem),
            Self::Run(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for LiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It tells its cause too.
            Self::Run(error) => fmt::Debug::fmt(error, f),
            other => fmt::Display::fmt(other, f),
        }
    }
}

impl std::error::Error for LiveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Run(error) => error.source(),
            _ => None,
        }
    }
}

impl From<RunError> for LiveError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}
