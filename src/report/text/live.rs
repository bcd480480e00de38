//! A timeline that grows while its run goes on.

use std::time::Duration;

use super::escape::escape_output;
use super::page::Page;
use super::timeline::{Drawing, GAP, LastMainLine, message};
use crate::log::LogFormat;
use crate::record::{Event, EventKind, Line, Record, SignalReason};

/// Draws a run as [`timeline`](super::timeline) does, row by row as its events come.
///
/// What is known at the end only is drawn then, or not at all: no bracket opens at the main thread's last line, since nobody
/// knows yet that it is the last.
///
/// ```
/// use exeunt::record::{Event, Exit};
/// use exeunt::report::{Live, Page};
/// use exeunt::{LogFormat, Record, millis};
///
/// let mut live = Live::new(LogFormat::default(), Page::default());
/// print!("{}", live.start(["sh", "-c", "echo bye"], 4711));
/// print!("{}", live.event(&Event::new(millis(3), "bye")));
/// print!("{}", live.event(&Event::new(millis(4), Exit::Code(0))));
/// print!("{}", live.end(&Record::new(["sh"])));
/// ```
#[derive(Debug)]
pub struct Live {
    log: LogFormat,
    page: Page,
    /// What rows refer to: the command, and the exit once it is known.
    known: Record,
    last: Option<Duration>,
    main: Option<MainLine>,
    /// Whether the harness ended the subject.
    ended_by_harness: bool,
    /// Streams that were closed, and perhaps by the exit only.
    closed: Vec<Event>,
}

/// The last line so far of the main thread.
#[derive(Debug)]
struct MainLine {
    main: String,
    text: String,
    at: Duration,
}

impl Live {
    /// A run of which nothing is known yet, whose subject writes its log in this format.
    #[must_use]
    pub fn new(log: LogFormat, page: Page) -> Self {
        Self {
            log,
            page,
            known: Record::new(Vec::<String>::new()),
            last: None,
            main: None,
            ended_by_harness: false,
            closed: Vec::new(),
        }
    }

    /// The row of the start.
    #[must_use]
    pub fn start(
        &mut self,
        command: impl IntoIterator<Item = impl Into<String>>,
        pid: u32,
    ) -> String {
        self.known.command = command.into_iter().map(Into::into).collect();
        self.known.pid = pid;
        self.draw(|drawing| drawing.start())
    }

    /// The rows of an event: before it the silence, where there was one.
    #[must_use]
    pub fn event(&mut self, event: &Event) -> String {
        let mut event = event.clone();
        match &mut event.kind {
            EventKind::Closed { .. } => {
                if self.known.exit().is_none() {
                    self.closed.push(event);
                }
                return String::new();
            }
            EventKind::Began(_) => return String::new(),
            EventKind::Ended(ended) if !super::timeline::is_of_interest(ended) => {
                return String::new();
            }
            EventKind::Line(line) => self.heard(event.at, line),
            EventKind::Signal(sent) => {
                use SignalReason::{AtTimeout, Interrupted, Timeout};
                self.ended_by_harness |= matches!(sent.reason, Timeout | AtTimeout | Interrupted);
            }
            EventKind::Exit(exit) => self.known = self.known.clone().with(event.at, *exit),
            _ => {}
        }
        let closed = self.closed_before(&event);
        self.draw(|drawing| {
            for event in closed.iter().chain([&event]) {
                drawing.event(0, event);
            }
        })
    }

    /// What is known at the end only: processes that were left behind or ended, and findings.
    #[must_use]
    pub fn end(&mut self, record: &Record) -> String {
        let mut drawing = Drawing::new(record, self.page);
        drawing.afterwards();
        drawing.out
    }

    fn draw(&mut self, rows: impl FnOnce(&mut Drawing<'_>)) -> String {
        let mut drawing = Drawing::new(&self.known, self.page);
        drawing.last = self.last;
        drawing.last_main_line = self.last_main_line();
        rows(&mut drawing);
        self.last = drawing.last;
        drawing.out
    }

    /// Reads a line as one of log, and notes whether it is the main thread's: that of the speaker called main, else of the
    /// first.
    fn heard(&mut self, at: Duration, line: &mut Line) {
        self.log.read_line(line);
        let Some(who) = &line.who else {
            return;
        };
        let is_main = who.eq_ignore_ascii_case("main");
        let is_known = |known: &MainLine| known.main == *who;
        if is_main || self.main.as_ref().is_none_or(is_known) {
            self.main = Some(MainLine {
                main: who.clone(),
                text: message(line),
                at,
            });
        }
    }

    /// For the row of the exit.
    fn last_main_line(&self) -> Option<LastMainLine> {
        let exit = self.known.exit_event()?;
        let said = self.main.as_ref().filter(|_| !self.ended_by_harness)?;
        Some(LastMainLine {
            // No row opens the bracket.
            event: usize::MAX,
            main: escape_output(&said.main),
            text: said.text.clone(),
            before_exit: exit.at.saturating_sub(said.at),
        })
    }

    /// The streams that were surely not closed by the exit, now that this event is known. Of the others, those that are still
    /// to be told stay.
    fn closed_before(&mut self, event: &Event) -> Vec<Event> {
        let closed = std::mem::take(&mut self.closed);
        let (early, others) = closed
            .into_iter()
            .partition(|closed| event.at > closed.at + GAP);
        if !matches!(event.kind, EventKind::Exit(_)) {
            self.closed = others;
        }
        early
    }
}
