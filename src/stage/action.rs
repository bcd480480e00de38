//! What the harness does while a subject runs, and when: plain data.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::request::Request;
use crate::log::Pattern;
use crate::record::{Bytes, EventName, Signal, Stream, seconds};

/// Something that the harness does to the subject at a moment of the run.
///
/// ```
/// use exeunt::{Signal, Subject, millis, secs, stage::Action};
///
/// let script = "trap 'echo stopping; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
/// let record = Subject::new("sh")
///     .args(["-c", script])
///     .timeout(secs(10))
///     .action(Action::signal(Signal::TERM).on("ready").after(millis(100)))
///     .run()?;
/// record.assert().success().log(["ready", "stopping"]);
/// # Ok::<(), exeunt::RunError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use = "an action does nothing until a plan has it"]
pub struct Action {
    act: Act,
    when: When,
}

/// The deed of an [`Action`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Act {
    /// Sends a signal.
    Signal {
        /// The signal to send.
        signal: Signal,
        /// True: to the subject's whole process group, as a terminal sends Ctrl-C. False: to the subject alone.
        group: bool,
    },
    /// Writes to the subject's standard input. The input then stays open until an action closes it.
    Write(Bytes),
    /// Closes the subject's standard input, once what was to be written was taken.
    CloseStdin,
    /// Closes the harness's end of an output stream: a write of the subject then fails with EPIPE. Where the streams are
    /// merged, that is the one pipe for both.
    CloseOutput(Stream),
    /// Ends the subject's direct parent, so that the subject becomes an orphan. Its streams stay as they are.
    EndParent,
    /// Sends a request to the subject; needs the feature `http`.
    Request(Request),
    /// Starts a program beside the subject.
    Client(Box<Client>),
}

/// The moment of an [`Action`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct When {
    /// The event to wait for.
    pub on: Trigger,
    /// How long to wait after that event, in seconds when serialised.
    #[serde(with = "seconds")]
    pub after: Duration,
    /// True: then wait until the subject's main thread has been blocked in one system call for 50 ms.
    pub blocked: bool,
}

/// An event that an action waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Trigger {
    /// The subject's exec.
    Start,
    /// The n-th line that matches. Bytes that no newline ends, such as a prompt, count once they have stood for 50 ms.
    Line(Pattern, NonZeroU32),
    /// The n-th event of a name.
    Event(EventName, NonZeroU32),
}

impl<P: Into<Pattern>> From<P> for Trigger {
    /// The first line that matches.
    fn from(line: P) -> Self {
        Self::Line(line.into(), NonZeroU32::MIN)
    }
}

impl From<EventName> for Trigger {
    /// The first event of this name.
    fn from(name: EventName) -> Self {
        Self::Event(name, NonZeroU32::MIN)
    }
}

impl Trigger {
    /// The n-th of its kind in place of the first.
    #[must_use]
    pub fn nth(self, n: NonZeroU32) -> Self {
        match self {
            Self::Start => Self::Start,
            Self::Line(line, _) => Self::Line(line, n),
            Self::Event(name, _) => Self::Event(name, n),
        }
    }
}

impl Act {
    /// The event that it makes.
    #[must_use]
    pub fn event(&self) -> EventName {
        match self {
            Self::Signal { signal, .. } => EventName::Signal(*signal),
            Self::Write(_) => EventName::StdinWritten,
            Self::CloseStdin => EventName::StdinClosed,
            Self::CloseOutput(stream) => EventName::OutputClosed(*stream),
            Self::EndParent => EventName::ParentEnds,
            Self::Request(request) => EventName::Sent(request.name.clone()),
            Self::Client(client) => EventName::ClientStarts(client.name.clone()),
        }
    }

    /// Whether it needs a standard input that stays open.
    pub(super) fn needs_stdin(&self) -> bool {
        matches!(self, Self::Write(_) | Self::CloseStdin)
    }
}

impl Action {
    /// Does something as soon as the subject has started. The methods below set a later moment.
    pub fn new(act: Act) -> Self {
        Self {
            act,
            when: When {
                on: Trigger::Start,
                after: Duration::ZERO,
                blocked: false,
            },
        }
    }

    /// Sends a signal to the subject.
    pub fn signal(signal: Signal) -> Self {
        Self::new(Act::Signal {
            signal,
            group: false,
        })
    }

    /// Writes to the subject's standard input, which then stays open until an action closes it. What has no newline at its
    /// end is half a line.
    ///
    /// ```
    /// use exeunt::{Subject, millis, record::EventName, secs, stage::Action};
    ///
    /// let record = Subject::new("cat")
    ///     .timeout(secs(10))
    ///     .action(Action::write("half"))
    ///     .action(Action::write(" a line\n").on(EventName::StdinWritten).after(millis(100)))
    ///     .action(Action::close_stdin().on("half a line"))
    ///     .run()?;
    /// record.assert().success().output("half a line\n").exits_within(EventName::StdinClosed, secs(1));
    /// # Ok::<(), exeunt::RunError>(())
    /// ```
    pub fn write(bytes: impl Into<Bytes>) -> Self {
        Self::new(Act::Write(bytes.into()))
    }

    /// Closes the subject's standard input.
    pub fn close_stdin() -> Self {
        Self::new(Act::CloseStdin)
    }

    /// Closes the harness's end of the subject's standard output; the next write of the subject fails with EPIPE. Where the
    /// streams are merged, standard error is the same pipe.
    pub fn close_stdout() -> Self {
        Self::new(Act::CloseOutput(Stream::Stdout))
    }

    /// Ends the subject's direct parent: a process that does nothing and stands between the reaper and the subject. The
    /// subject becomes an orphan; its standard streams stay as they are, as those of a program behind a wrapper do.
    ///
    /// ```
    /// use exeunt::{Subject, millis, record::EventName, secs, stage::Action};
    ///
    /// let script = "parent=$PPID; while kill -0 $parent 2>/dev/null; do sleep 0.02; done; echo orphan";
    /// let record = Subject::new("sh")
    ///     .args(["-c", script])
    ///     .timeout(secs(10))
    ///     .action(Action::end_parent().after(millis(100)))
    ///     .run()?;
    /// record.assert().success().line("orphan").exits_within(EventName::ParentEnds, secs(1));
    /// # Ok::<(), exeunt::RunError>(())
    /// ```
    pub fn end_parent() -> Self {
        Self::new(Act::EndParent)
    }

    /// Sends a request to the subject. Its answer is an event; needs the feature `http`.
    pub fn request(request: Request) -> Self {
        Self::new(Act::Request(request))
    }

    /// Starts a program beside the subject, as a client of it.
    pub fn client(client: Client) -> Self {
        Self::new(Act::Client(Box::new(client)))
    }

    /// Waits for the first line that matches, or for the first event of a name.
    pub fn on(mut self, trigger: impl Into<Trigger>) -> Self {
        self.when.on = trigger.into();
        self
    }

    /// Waits for the n-th line that matches, or for the n-th event of a name.
    pub fn on_nth(self, n: NonZeroU32, trigger: impl Into<Trigger>) -> Self {
        let trigger = trigger.into().nth(n);
        self.on(trigger)
    }

    /// Waits this long after the start, or after the event.
    pub fn after(mut self, time: Duration) -> Self {
        self.when.after = time;
        self
    }

    /// Waits until the subject's main thread has been blocked in one system call for 50 ms: in a join, for example.
    pub fn when_blocked(mut self) -> Self {
        self.when.blocked = true;
        self
    }

    /// Sends the signal to the subject's whole process group, as a terminal sends Ctrl-C. Of other actions it changes nothing.
    pub fn to_group(mut self) -> Self {
        if let Act::Signal { group, .. } = &mut self.act {
            *group = true;
        }
        self
    }

    /// The deed.
    #[must_use]
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// The moment.
    #[must_use]
    pub fn when(&self) -> &When {
        &self.when
    }
}
