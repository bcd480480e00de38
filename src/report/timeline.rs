//! One run as people read it: time, speaker, message, and the gap before the exit drawn as what it is.

use std::fmt::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::judge::{Check, Judgement, Verdict};
use crate::record::{Dropped, Event, Line, Record, What};

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// A gap this long is worth a line of its own.
const GAP: Duration = Duration::from_millis(100);
/// Lines that are shown of the beginning and of the end of a long log.
const SHOWN: usize = 40;
/// Characters that are shown of a long message.
const WIDTH: usize = 160;

/// Draws a record, with what broke marked where it broke. Without a judgement nothing is marked.
///
/// The text has ANSI styles; `anstream` takes them out where they are not wanted.
#[must_use]
pub fn timeline(record: &Record, judgement: Option<&Judgement>) -> String {
    let failures: Vec<&Check> = judgement
        .into_iter()
        .flat_map(Judgement::failures)
        .collect();
    let mut drawing = Drawing {
        record,
        failures,
        out: String::new(),
        last: None,
    };
    drawing.draw();
    drawing.out
}

struct Drawing<'a> {
    record: &'a Record,
    failures: Vec<&'a Check>,
    out: String,
    /// The event before, and when.
    last: Option<Duration>,
}

impl Drawing<'_> {
    fn draw(&mut self) {
        let record = self.record;
        self.row(
            "  0.000",
            DIM,
            "start",
            &format!("{}  (pid {})", record.command.join(" "), record.pid),
        );
        self.last = Some(Duration::ZERO);
        let exit = record
            .events
            .iter()
            .position(|e| matches!(e.what, What::Exit(_)));
        let hidden = self.hidden();
        for (i, event) in record.events.iter().enumerate() {
            if hidden.contains(&i) {
                if hidden.start == i {
                    let n = hidden.len();
                    self.row(
                        "",
                        DIM,
                        "⋮",
                        &format!("{n} events are not shown (they are in the JSON report)"),
                    );
                }
                self.last = Some(event.at);
                continue;
            }
            self.event(i, event, exit);
        }
        for process in &record.survivors {
            self.row("", YELLOW, "survivor", &process.to_string());
        }
        for process in &record.ended_by_us {
            self.row("", DIM, "ended", &process.to_string());
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

    /// The middle of a long record.
    fn hidden(&self) -> std::ops::Range<usize> {
        let n = self.record.events.len();
        if n > 2 * SHOWN + 10 {
            SHOWN..n - SHOWN
        } else {
            0..0
        }
    }

    fn event(&mut self, i: usize, event: &Event, exit: Option<usize>) {
        self.gap(event.at, matches!(event.what, What::Exit(_)));
        let time = format!("{:7.3}", event.at.as_secs_f64());
        match &event.what {
            What::Line(line) => self.line(&time, line),
            What::Exit(exit) => {
                let style = if *exit == crate::record::Exit::Code(0) {
                    BOLD
                } else {
                    RED
                };
                let since = self.since_main();
                self.row(&time, style, "exit", &format!("{exit}{since}"));
            }
            What::Signal(sent) => {
                let what = format!("{} to {}: {}", sent.signal, pids(&sent.to), sent.why);
                self.row(&time, YELLOW, "signal", &what);
            }
            // That the streams end with the subject goes without saying.
            What::Closed { stream } if exit.is_none_or(|exit| i < exit) => {
                let early = self
                    .record
                    .exit()
                    .is_some_and(|(at, _)| at > event.at + GAP);
                if early {
                    self.row(
                        &time,
                        YELLOW,
                        "closed",
                        &format!("{stream} was closed while the subject ran"),
                    );
                }
            }
            What::Closed { .. } => {}
            What::Cut(Dropped { lines, bytes }) => {
                self.row(
                    "",
                    YELLOW,
                    "⋮",
                    &format!("{lines} lines ({bytes} bytes) were not kept"),
                );
            }
        }
        self.last = Some(event.at);
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
                "          {DIM}┊ {:.2} s {text}{DIM:#}",
                silent.as_secs_f64()
            );
        }
    }

    /// How long after main's last line this is; main is who spoke first.
    fn since_main(&self) -> String {
        let Some((exit, _)) = self.record.exit() else {
            return String::new();
        };
        let speaker = |line: &Line| split(&line.text()).map(|(speaker, _)| speaker);
        let Some(main) = self.record.lines().find_map(|(.., line)| speaker(line)) else {
            return String::new();
        };
        let last = self
            .record
            .lines()
            .filter(|(_, at, line)| *at <= exit && speaker(line).as_ref() == Some(&main))
            .last();
        last.map_or(String::new(), |(_, at, line)| {
            let (_, text) = split(&line.text()).unwrap_or_default();
            format!(
                ", {:.2} s after {main}'s last line `{}`",
                (exit - at).as_secs_f64(),
                shorten(&text)
            )
        })
    }

    fn line(&mut self, time: &str, line: &Line) {
        let text = line.text();
        let (speaker, message) =
            split(&text).unwrap_or_else(|| (line.stream.to_string(), text.clone()));
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
        let _ = writeln!(
            self.out,
            "        {style}╰─ {word}{style:#}  expected {}",
            check.expected
        );
        let _ = writeln!(
            self.out,
            "           {DIM}{:>w$}{DIM:#}  observed {}",
            "",
            check.observed,
            w = word.len()
        );
    }

    fn row(&mut self, time: &str, style: Style, who: &str, what: &str) {
        let _ = writeln!(
            self.out,
            "  {DIM}{time:>7}{DIM:#}  {style}{who:<10}{style:#} {what}"
        );
    }
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

/// Control characters must not reach the reader's terminal.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
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
