//! One run as people read it: time, speaker, message, and the gap before the exit drawn as what it is.

use std::fmt::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::conversation;
use super::escape::{escape, escape_output};
use super::page::Page;
use super::plain::plain;
use super::quote::quoted;
use crate::judge::{Check, Judgement, Verdict};
use crate::record::{Dropped, Ended, Event, EventKind, Line, Record, TaskEnd, Termination};

pub(super) const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();

const NO_BRACKET: &str = "  ";
/// A gap this long is worth a line of its own.
pub(super) const GAP: Duration = Duration::from_millis(100);
/// Lines that are shown of the beginning and of the end of a long log.
const SHOWN: usize = 40;
/// Failed checks that are marked. Thousands usually have one cause.
const FAILURES: usize = 20;
/// The columns before a message: gutter, time, speaker.
pub(super) const BEHIND: usize = 22;

/// Draws a record, with what broke marked where it broke. Without a judgement nothing is marked.
///
/// The text has ANSI styles; `anstream` takes them out where they are not wanted.
#[must_use]
pub fn timeline(record: &Record, judgement: Option<&Judgement>) -> String {
    timeline_on(record, judgement, Page::default())
}

/// As [`timeline`], fitted to a page.
#[must_use]
pub fn timeline_on(record: &Record, judgement: Option<&Judgement>, page: Page) -> String {
    let all = || judgement.into_iter().flat_map(Judgement::failures);
    let failures: Vec<&Check> = all().take(FAILURES).collect();
    let mut drawing = Drawing {
        failures,
        last_main_line: LastMainLine::of(record),
        ..Drawing::new(record, page)
    };
    drawing.draw();
    let more = all().count().saturating_sub(FAILURES);
    if more > 0 {
        let text = format!("and {more} more failed expectations");
        drawing.row("", RED, "⋮", &text);
    }
    drawing.out
}

pub(super) struct Drawing<'a> {
    pub(super) record: &'a Record,
    pub(super) page: Page,
    failures: Vec<&'a Check>,
    pub(super) out: String,
    /// When the event before was.
    pub(super) last: Option<Duration>,
    /// Main's last line, if the subject ended by itself after it.
    pub(super) last_main_line: Option<LastMainLine>,
    /// What stands at the left of a row: the bracket from main's last line to the exit.
    gutter: &'static str,
}

/// The last line of the main thread: of the speaker called main, else of the first. Only a log whose format names speakers
/// has one.
pub(super) struct LastMainLine {
    pub(super) event: usize,
    pub(super) main: String,
    pub(super) text: String,
    /// How long after it the process ended.
    pub(super) before_exit: Duration,
}

impl LastMainLine {
    fn of(record: &Record) -> Option<Self> {
        let exit = record
            .exit_event()
            .map(|seen| seen.at)
            .filter(|_| record.termination == Termination::OnItsOwn)?;
        let speakers = || record.lines().filter_map(|seen| seen.line.who.as_deref());
        let main = speakers()
            .find(|speaker| speaker.eq_ignore_ascii_case("main"))
            .or_else(|| speakers().next())?;
        let by_main = record
            .lines()
            .filter(|seen| seen.at <= exit && seen.line.who.as_deref() == Some(main));
        let last = by_main.last()?;
        Some(Self {
            event: last.event,
            main: escape_output(main),
            text: message(last.line),
            before_exit: exit - last.at,
        })
    }
}

impl<'a> Drawing<'a> {
    pub(super) fn new(record: &'a Record, page: Page) -> Self {
        Self {
            record,
            page,
            failures: Vec::new(),
            out: String::new(),
            last: None,
            last_main_line: None,
            gutter: NO_BRACKET,
        }
    }
}

impl Drawing<'_> {
    fn draw(&mut self) {
        let record = self.record;
        self.start();
        let exit = record.exit_event().map(|seen| seen.event);
        let middle = self.middle();
        let mut hidden = 0;
        for (i, event) in record.events.iter().enumerate() {
            if middle.contains(&i) && !self.failures.iter().any(|c| c.event == Some(i)) {
                hidden += 1;
                self.last = Some(event.at);
                continue;
            }
            self.hide(std::mem::take(&mut hidden));
            if !self.goes_without_saying(i, event, exit) {
                self.event(i, event);
            }
        }
        self.afterwards();
        let unplaced: Vec<_> = self
            .failures
            .iter()
            .filter(|c| c.event.is_none())
            .copied()
            .collect();
        for check in unplaced {
            self.failure(check);
        }
    }

    pub(super) fn start(&mut self) {
        let pid = format!("  (pid {})", self.record.pid);
        let command = command(&self.record.command);
        let command = match self.page.room(BEHIND + pid.len()) {
            // The process is told with its name elsewhere.
            0..20 => self.page.shorten(&command, BEHIND),
            _ => self.page.shorten(&command, BEHIND + pid.len()) + &pid,
        };
        self.row("  0.000", DIM, "start", &command);
        self.last = Some(Duration::ZERO);
    }

    /// What is known at the end of the run only.
    pub(super) fn afterwards(&mut self) {
        let record = self.record;
        self.processes();
        for finding in &record.findings {
            for (i, line) in self
                .page
                .wrap(&finding.to_string(), BEHIND)
                .iter()
                .enumerate()
            {
                let word = if i == 0 { "finding" } else { "" };
                self.row("", YELLOW, word, line);
            }
        }
    }

    pub(super) fn shorten(&self, text: &str) -> String {
        self.page.shorten(&escape(text), BEHIND)
    }

    /// The middle of a long record: of it, only events at which something did not hold are shown.
    fn middle(&self) -> std::ops::Range<usize> {
        let n = self.record.events.len();
        if n > 2 * SHOWN + 10 {
            SHOWN..n - SHOWN
        } else {
            0..0
        }
    }

    fn hide(&mut self, events: usize) {
        let are = if events == 1 {
            "event is"
        } else {
            "events are"
        };
        if events > 0 {
            let text = format!("{events} {are} not shown (the record has them)");
            self.row("", DIM, "⋮", &text);
        }
    }

    /// That the streams end with the subject goes without saying.
    fn goes_without_saying(&self, i: usize, event: &Event, exit: Option<usize>) -> bool {
        let ran_on = || {
            let exit = self.record.exit_event();
            exit.is_some_and(|exit| exit.at.saturating_sub(event.at) > GAP)
        };
        let early = exit.is_none_or(|exit| i < exit) && ran_on();
        match &event.kind {
            EventKind::Closed { .. } => !early,
            EventKind::Began(_) => true,
            EventKind::Ended(ended) => !is_of_interest(ended),
            _ => false,
        }
    }

    pub(super) fn event(&mut self, i: usize, event: &Event) {
        self.gap(event.at, matches!(event.kind, EventKind::Exit(_)));
        self.move_bracket(i, &event.kind);
        let time = format!("{:7.3}", event.at.as_secs_f64());
        match &event.kind {
            EventKind::Line(line) => self.line(&time, event.at, line),
            EventKind::Exit(exit) => {
                let style = if *exit == crate::record::Exit::Code(0) {
                    BOLD
                } else {
                    RED
                };
                let since = self.since_farewell();
                self.sentence(&time, style, "exit", &format!("{exit}{since}"));
            }
            EventKind::Partial(partial) => {
                let text = format!(
                    "{} (so far)",
                    self.page
                        .shorten(&escape_output(&partial.bytes.to_text()), BEHIND)
                );
                self.row(&time, DIM, &partial.stream.to_string(), &text);
            }
            EventKind::Signal(sent) => {
                let what = format!("{} to {}: {}", sent.signal, pids(&sent.to), sent.reason);
                self.sentence(&time, YELLOW, "signal", &what);
            }
            EventKind::Closed { stream } => {
                let what = format!("{stream} was closed while the subject ran");
                self.row(&time, YELLOW, "closed", &what);
            }
            EventKind::Began(began) => self.row(&time, DIM, "began", &began.to_string()),
            EventKind::Ended(ended) => {
                self.row(&time, DIM, "ended", &escape_output(&ended.to_string()));
            }
            EventKind::Cut(Dropped { lines, bytes }) => {
                self.row(
                    "",
                    YELLOW,
                    "⋮",
                    &match lines {
                        1 => format!("1 line ({bytes} bytes) was not kept"),
                        n => format!("{n} lines ({bytes} bytes) were not kept"),
                    },
                );
            }
            other => {
                let (word, what) = conversation::row(other);
                self.sentence(&time, YELLOW, word, &what);
            }
        }
        self.last = Some(event.at);
        self.gutter = match self.gutter {
            "╭ " | "│ " => "│ ",
            _ => NO_BRACKET,
        };
        let here: Vec<_> = self
            .failures
            .iter()
            .filter(|c| c.event == Some(i))
            .copied()
            .collect();
        for check in here {
            self.failure(check);
        }
    }

    /// Silence is what most of these programs are about, so it is drawn.
    fn gap(&mut self, at: Duration, before_exit: bool) {
        let silent = at.saturating_sub(self.last.unwrap_or(at));
        if silent >= GAP {
            let text = if before_exit {
                "of silence, then the end"
            } else {
                "of silence"
            };
            let _ = writeln!(
                self.out,
                "{DIM}{}        ┊ {:.2} s {text}{DIM:#}",
                self.gutter,
                silent.as_secs_f64()
            );
        }
    }

    /// How long after main's last line the exit is.
    fn since_farewell(&self) -> String {
        self.last_main_line
            .as_ref()
            .map_or(String::new(), |last_main_line| {
                let LastMainLine {
                    main,
                    text,
                    before_exit,
                    ..
                } = last_main_line;
                let text = self.page.shorten(text, BEHIND + 40);
                format!(
                    ", {:.2} s after {main}'s last line `{text}`",
                    before_exit.as_secs_f64()
                )
            })
    }

    /// The bracket opens at main's last line and closes at the exit, if there is time between them.
    fn move_bracket(&mut self, i: usize, what: &EventKind) {
        let last_main_line = self
            .last_main_line
            .as_ref()
            .filter(|f| f.before_exit >= GAP);
        self.gutter = match (self.gutter, what) {
            _ if last_main_line.is_some_and(|f| f.event == i) => "╭ ",
            ("│ ", EventKind::Exit(_)) => "╰ ",
            (gutter, _) => gutter,
        };
    }

    fn line(&mut self, time: &str, at: Duration, line: &Line) {
        let speaker = match &line.who {
            Some(who) => escape_output(who),
            None => source(line),
        };
        let mut notes = String::new();
        if let Some(length) = line.cut_from {
            let _ = write!(notes, " {YELLOW}… (cut; {length} bytes){YELLOW:#}");
        }
        if !line.newline {
            let _ = write!(notes, " {YELLOW}(no newline){YELLOW:#}");
        }
        let exit = self.record.exit_event();
        if let Some(exit) = exit.filter(|exit| at > exit.at) {
            let late = (at - exit.at).as_secs_f64();
            let _ = write!(notes, " {YELLOW}(+{late:.2} s after the exit){YELLOW:#}");
        }
        let notes_width = plain(&notes).chars().count();
        let message = self.page.shorten(&message(line), BEHIND + notes_width);
        self.row(time, Style::new(), &speaker, &format!("{message}{notes}"));
    }

    fn failure(&mut self, check: &Check) {
        let (style, word) = match check.verdict {
            Verdict::Broken => (RED, "broken"),
            _ => (YELLOW, "inconclusive"),
        };
        let gutter = self.gutter;
        let behind = 13 + word.len();
        let parts = [
            format!("expected {}", check.expected),
            format!("observed {}", check.observation()),
        ];
        for (i, part) in parts.iter().enumerate() {
            for (j, line) in self
                .page
                .wrap(&escape_output(part), behind)
                .iter()
                .enumerate()
            {
                let _ = match (i, j) {
                    (0, 0) => writeln!(
                        self.out,
                        "{DIM}{gutter}{DIM:#}      {style}╰─ {word}{style:#}  {line}"
                    ),
                    _ => writeln!(
                        self.out,
                        "{DIM}{gutter}{DIM:#}         {:w$}  {line}",
                        "",
                        w = word.len()
                    ),
                };
            }
        }
    }

    /// A row whose text goes on in further rows where the page is narrow.
    fn sentence(&mut self, time: &str, style: Style, who: &str, what: &str) {
        for (i, line) in self.page.wrap(what, BEHIND).iter().enumerate() {
            match i {
                0 => self.row(time, style, who, line),
                _ => self.row("", style, "", line),
            }
        }
    }

    pub(super) fn row(&mut self, time: &str, style: Style, who: &str, what: &str) {
        let _ = writeln!(
            self.out,
            "{DIM}{}{time:>7}{DIM:#}  {style}{who:<10}{style:#} {what}",
            self.gutter
        );
    }
}

/// As one would type it.
pub(in crate::report) fn command(words: &[String]) -> String {
    let quoted = words.iter().map(|word| quoted(word));
    escape(&quoted.collect::<Vec<_>>().join(" "))
}

fn pids(pids: &[u32]) -> String {
    match pids {
        [one] => format!("pid {one}"),
        several => format!(
            "pids {}",
            several
                .iter()
                .map(u32::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// The stream that a line came on, or the file.
pub(in crate::report) fn source(line: &Line) -> String {
    match &line.file {
        Some(file) => escape(&file.path),
        None => line.stream.to_string(),
    }
}

/// What a line says, without its speaker, who stands before it.
pub(in crate::report) fn message(line: &Line) -> String {
    let text = line.text();
    let said = line.who.as_ref().and_then(|who| {
        let rest = text.trim_start().strip_prefix(who.as_str())?;
        Some(rest.trim_start().trim_start_matches(':').trim())
    });
    escape_output(said.unwrap_or(&text))
}

/// Whether the end of a thread is worth a row: that threads return and processes exit goes without saying.
pub(in crate::report) fn is_of_interest(ended: &Ended) -> bool {
    matches!(ended.end, TaskEnd::Killed | TaskEnd::Signal(_)) && ended.pid != ended.tid
}
