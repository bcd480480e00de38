//! One run as people read it: time, speaker, message, and the gap before the exit drawn as what it is.

use std::fmt::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::judge::{Check, Judgement, Verdict};
use crate::record::{Dropped, Event, EventKind, Line, Record, Termination};

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();

const NO_BRACKET: &str = "  ";
/// A gap this long is worth a line of its own.
const GAP: Duration = Duration::from_millis(100);
/// Lines that are shown of the beginning and of the end of a long log.
const SHOWN: usize = 40;
/// Things that did not hold, of which each is marked. Who has thousands of them has one.
const FAILURES: usize = 20;
/// Characters that are shown of a long message.
const WIDTH: usize = 160;

/// Draws a record, with what broke marked where it broke. Without a judgement nothing is marked.
///
/// The text has ANSI styles; `anstream` takes them out where they are not wanted.
#[must_use]
pub fn timeline(record: &Record, judgement: Option<&Judgement>) -> String {
    let all = || judgement.into_iter().flat_map(Judgement::failures);
    let failures: Vec<&Check> = all().take(FAILURES).collect();
    let mut drawing = Drawing {
        record,
        failures,
        out: String::new(),
        last: None,
        last_main_line: LastMainLine::of(record),
        gutter: NO_BRACKET,
    };
    drawing.draw();
    let more = all().count().saturating_sub(FAILURES);
    if more > 0 {
        let text = format!("{more} more of what was expected is not so");
        drawing.row("", RED, "⋮", &text);
    }
    drawing.out
}

struct Drawing<'a> {
    record: &'a Record,
    failures: Vec<&'a Check>,
    out: String,
    /// When the event before was.
    last: Option<Duration>,
    /// Main's last line, if the subject ended by itself after it.
    last_main_line: Option<LastMainLine>,
    /// What stands at the left of a row: the bracket from main's last line to the exit.
    gutter: &'static str,
}

/// The line with which main took its leave. Main is who is called so, else who spoke first.
struct LastMainLine {
    event: usize,
    main: String,
    text: String,
    /// How long after it the process ended.
    before_exit: Duration,
}

impl LastMainLine {
    fn of(record: &Record) -> Option<Self> {
        let exit = record
            .exit_event()
            .map(|seen| seen.at)
            .filter(|_| record.termination == Termination::OnItsOwn)?;
        let said = |line: &Line| split(&line.text());
        let speakers = || record.lines().filter_map(|seen| Some(said(seen.line)?.0));
        let main = speakers()
            .find(|speaker| speaker.eq_ignore_ascii_case("main"))
            .or_else(|| speakers().next())?;
        let by_main = record.lines().filter_map(|seen| {
            let (speaker, text) = said(seen.line)?;
            (seen.at <= exit && speaker == main).then_some((seen.event, seen.at, text))
        });
        let (event, at, text) = by_main.last()?;
        Some(Self {
            event,
            main,
            text,
            before_exit: exit - at,
        })
    }
}

impl Drawing<'_> {
    fn draw(&mut self) {
        let record = self.record;
        let command = format!("{}  (pid {})", command(&record.command), record.pid);
        self.row("  0.000", DIM, "start", &command);
        self.last = Some(Duration::ZERO);
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
            self.event(i, event, exit);
        }
        for process in &record.survivors {
            self.row("", YELLOW, "survivor", &shorten(&process.to_string()));
        }
        for process in &record.ended_by_harness {
            self.row("", DIM, "ended", &shorten(&process.to_string()));
            // Of a process that hangs, who waits for what is the first question.
            for thread in &process.threads {
                let text = format!("{}  {}", thread.name, thread.state);
                self.row("", DIM, "  thread", &escape(&text));
            }
        }
        for finding in &record.findings {
            self.row("", YELLOW, "finding", &finding.to_string());
        }
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
            exit.is_some_and(|exit| exit.at > event.at + GAP)
        };
        let early = exit.is_none_or(|exit| i < exit) && ran_on();
        matches!(event.kind, EventKind::Closed { .. }) && !early
    }

    fn event(&mut self, i: usize, event: &Event, exit: Option<usize>) {
        if self.goes_without_saying(i, event, exit) {
            return;
        }
        self.gap(event.at, matches!(event.kind, EventKind::Exit(_)));
        self.move_bracket(i, &event.kind);
        let time = format!("{:7.3}", event.at.as_secs_f64());
        match &event.kind {
            EventKind::Line(line) => self.line(&time, line),
            EventKind::Exit(exit) => {
                let style = if *exit == crate::record::Exit::Code(0) {
                    BOLD
                } else {
                    RED
                };
                let since = self.since_farewell();
                self.row(&time, style, "exit", &format!("{exit}{since}"));
            }
            EventKind::Partial(partial) => {
                let text = format!("{} (so far)", shorten(&partial.bytes.to_text()));
                self.row(&time, DIM, &partial.stream.to_string(), &text);
            }
            EventKind::Signal(sent) => {
                let what = format!("{} to {}: {}", sent.signal, pids(&sent.to), sent.reason);
                self.row(&time, YELLOW, "signal", &what);
            }
            EventKind::Closed { stream } => {
                let what = format!("{stream} was closed while the subject ran");
                self.row(&time, YELLOW, "closed", &what);
            }
            EventKind::Cut(Dropped { lines, bytes }) => {
                self.row(
                    "",
                    YELLOW,
                    "⋮",
                    &format!("{lines} lines ({bytes} bytes) were not kept"),
                );
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
                let text = shorten(text);
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

    fn line(&mut self, time: &str, line: &Line) {
        let text = line.text();
        let (speaker, message) =
            split(&text).unwrap_or_else(|| (line.stream.to_string(), text.clone().into_owned()));
        let mut message = shorten(&message);
        if let Some(length) = line.cut_from {
            let _ = write!(message, " {YELLOW}… (cut; {length} bytes){YELLOW:#}");
        }
        if !line.newline {
            let _ = write!(message, " {YELLOW}(no newline){YELLOW:#}");
        }
        self.row(time, Style::new(), &speaker, &message);
    }

    fn failure(&mut self, check: &Check) {
        let (style, word) = match check.verdict {
            Verdict::Broken => (RED, "broken"),
            _ => (YELLOW, "inconclusive"),
        };
        let gutter = self.gutter;
        let _ = writeln!(
            self.out,
            "{DIM}{gutter}{DIM:#}      {style}╰─ {word}{style:#}  expected {}",
            escape(&check.expected)
        );
        let _ = writeln!(
            self.out,
            "{DIM}{gutter}{DIM:#}         {:w$}  observed {}",
            "",
            escape(&check.observed),
            w = word.len()
        );
    }

    fn row(&mut self, time: &str, style: Style, who: &str, what: &str) {
        let _ = writeln!(
            self.out,
            "{DIM}{}{time:>7}{DIM:#}  {style}{who:<10}{style:#} {what}",
            self.gutter
        );
    }
}

/// As one would type it.
fn command(words: &[String]) -> String {
    let quoted = words.iter().map(|word| {
        // Only a NUL cannot be typed.
        let quoted = shlex::try_quote(word).unwrap_or(word.into());
        quoted.into_owned()
    });
    shorten(&quoted.collect::<Vec<_>>().join(" "))
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

/// `Main : all done` is said by Main.
fn split(text: &str) -> Option<(String, String)> {
    let (speaker, message) = text.split_once(':')?;
    let plausible = !speaker.trim().is_empty()
        && speaker.len() <= 24
        && speaker.ends_with(char::is_whitespace)
        && message.starts_with(char::is_whitespace);
    plausible.then(|| (escape(speaker.trim()), message.trim().to_owned()))
}

/// Control characters must not reach the reader's terminal, nor those that turn the direction of writing or are not seen.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {
                out.extend(c.escape_default());
            }
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", escape(&text[..end])),
        None => escape(text),
    }
}
