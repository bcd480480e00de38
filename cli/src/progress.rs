//! A line that tells what is going on while subjects sleep. Only on a terminal.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anstream::stream::RawStream;
use exeunt::outcome::CaseId;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::output::{self, Output};
use crate::rest::{Left, rest};

pub(crate) struct Progress {
    bar: ProgressBar,
    now: Arc<Mutex<Now>>,
}

/// What is going on.
#[derive(Default)]
struct Now {
    /// What is being prepared, before the first case.
    preparing: String,
    /// The cases that run, and since when: the oldest first.
    running: Vec<(CaseId, Instant)>,
    /// The cases that are not over: how long they take if all is as expected, and whether they run alone.
    left: Vec<(CaseId, Duration, bool)>,
    /// Whether the line is drawn in ASCII.
    ascii: bool,
}

impl Progress {
    /// No line: nothing is run.
    pub(crate) fn none() -> Self {
        Self::new(Vec::new(), false)
    }

    /// These cases, each with how long it takes if all is as expected, and whether it runs alone.
    pub(crate) fn new(cases: Vec<(CaseId, Duration, bool)>, wanted: bool) -> Self {
        let total = cases.len();
        let target = match wanted {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        let now = Arc::new(Mutex::new(Now {
            left: cases,
            ascii: crate::ascii::is_wanted(),
            ..Now::default()
        }));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {now}") {
            let now = Arc::clone(&now);
            let style = match lock(&now).ascii {
                true => style.tick_chars("|/-\\ "),
                false => style,
            };
            bar.set_style(style.with_key(
                "now",
                move |state: &ProgressState, out: &mut dyn fmt::Write| {
                    let (done, total) = (state.pos(), state.len().unwrap_or_default());
                    let text = lock(&now).text(done, total, Instant::now(), room());
                    // Where a line cannot be drawn, none is.
                    let _ = out.write_str(&text);
                },
            ));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, now }
    }

    pub(crate) fn tell(&self, text: &str) {
        text.clone_into(&mut lock(&self.now).preparing);
    }

    pub(crate) fn begun(&mut self, case: CaseId) {
        let mut now = lock(&self.now);
        now.preparing.clear();
        now.running.push((case, Instant::now()));
    }

    pub(crate) fn ended(&mut self, case: &CaseId) {
        let mut now = lock(&self.now);
        now.running.retain(|(running, _)| running != case);
        now.left.retain(|(left, ..)| left != case);
        drop(now);
        self.bar.inc(1);
    }

    /// stdout, written to without disturbing the line.
    pub(crate) fn stdout(&self) -> Beside<Output<io::Stdout>> {
        Beside {
            bar: self.bar.clone(),
            stream: output::stdout(),
        }
    }

    /// stderr, written to without disturbing the line.
    pub(crate) fn stderr(&self) -> Beside<Output<io::Stderr>> {
        Beside {
            bar: self.bar.clone(),
            stream: output::stderr(),
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn lock(now: &Mutex<Now>) -> MutexGuard<'_, Now> {
    now.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The columns behind the spinner. The last column is left free: some terminals begin a new line when it is written.
fn room() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    let columns = size.map_or(80, |(width, _)| usize::from(width.0));
    columns.saturating_sub(3)
}

impl Now {
    /// What fits into so many columns: how many cases are done, how many are left, and which have been running for how long.
    fn text(&self, done: u64, total: u64, now: Instant, room: usize) -> String {
        if !self.preparing.is_empty() {
            return self.fit(&self.preparing, room);
        }
        let mut text = format!("{done}/{total}, {} left", total.saturating_sub(done));
        if let Some(seconds) = self.rest(now) {
            text += &format!(" (about {seconds} s)");
        }
        for (i, (case, since)) in self.running.iter().enumerate() {
            let seconds = now.saturating_duration_since(*since).as_secs();
            let before = if i == 0 { ":" } else { "," };
            let case = format!("{before} {case} {seconds} s");
            let others = match self.running.len() - i - 1 {
                0 => String::new(),
                n => format!(", {n} more"),
            };
            if text.chars().count() + case.chars().count() + others.chars().count() > room {
                text += &match i {
                    0 => String::new(),
                    i => format!(", {} more", self.running.len() - i),
                };
                break;
            }
            text += &case;
        }
        self.fit(&text, room)
    }

    /// The seconds until the rest is over, if that is worth telling.
    fn rest(&self, now: Instant) -> Option<u64> {
        let left = self.left.iter().map(|(case, expected, exclusive)| {
            let mut running = self.running.iter();
            let since = running.find(|(running, _)| running == case);
            Left {
                expected: *expected,
                running: since.map(|(_, since)| now.saturating_duration_since(*since)),
                exclusive: *exclusive,
            }
        });
        let left: Vec<_> = left.collect();
        let seconds = rest(&left).as_secs_f64().ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "what is too large saturates"
        )]
        (seconds > 0.0).then_some(seconds as u64)
    }

    fn fit(&self, text: &str, room: usize) -> String {
        let text = cut(text, room);
        match self.ascii {
            true => text.replace('…', "~"),
            false => text,
        }
    }
}

fn cut(text: &str, room: usize) -> String {
    match text.char_indices().nth(room) {
        Some(_) if room == 0 => String::new(),
        Some(_) => text
            .chars()
            .take(room.saturating_sub(1))
            .chain(['…'])
            .collect(),
        None => text.to_owned(),
    }
}

/// A standard stream beside a progress line.
#[derive(Clone)]
pub(crate) struct Beside<S> {
    bar: ProgressBar,
    stream: S,
}

impl Beside<Output<io::Stdout>> {
    /// For programs: byte for byte.
    pub(crate) fn into_data(self) -> Self {
        Self {
            stream: self.stream.into_data(),
            ..self
        }
    }
}

impl<S: RawStream> Beside<Output<S>> {
    /// For people: in ASCII, where their locale has no more.
    pub(crate) fn into_text(self) -> Self {
        Self {
            stream: self.stream.into_text(),
            ..self
        }
    }
}

impl<S: Write> Write for Beside<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stream = &mut self.stream;
        self.bar.suspend(|| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(names: &[(&str, u64)]) -> (Now, Instant) {
        let start = Instant::now();
        let running = names.iter().map(|(name, seconds)| {
            let case = CaseId {
                scenario: (*name).into(),
                implementation: "cpython".into(),
            };
            (case, start + Duration::from_secs(100 - seconds))
        });
        let now = Now {
            running: running.collect(),
            ..Now::default()
        };
        (now, start + Duration::from_secs(100))
    }

    #[test]
    fn what_runs_is_told_with_its_time_and_what_is_left() {
        let (now, at) = running(&[("join", 12), ("daemon", 0)]);
        assert_eq!(
            now.text(3, 9, at, 80),
            "3/9, 6 left: join/cpython 12 s, daemon/cpython 0 s"
        );
        assert_eq!(Now::default().text(9, 9, at, 80), "9/9, 0 left");
    }

    #[test]
    fn when_the_rest_will_be_over_is_told() {
        let (mut now, at) = running(&[("join", 12)]);
        let expected = |name: &str, seconds| {
            let case = CaseId {
                scenario: name.into(),
                implementation: "cpython".into(),
            };
            (case, Duration::from_secs(seconds), false)
        };
        now.left = vec![expected("join", 20), expected("next", 3)];
        assert_eq!(
            now.text(7, 9, at, 80),
            "7/9, 2 left (about 11 s): join/cpython 12 s"
        );
        // One that should be over may be at any time.
        now.left = vec![expected("join", 10)];
        assert_eq!(now.text(8, 9, at, 80), "8/9, 1 left: join/cpython 12 s");
    }

    #[test]
    fn the_line_fits_into_any_width() {
        let names = [
            ("join", 12),
            ("daemon", 3),
            ("a_scenario_with_a_long_name", 0),
        ];
        let (mut now, at) = running(&names);
        assert_eq!(
            now.text(3, 9, at, 58),
            "3/9, 6 left: join/cpython 12 s, daemon/cpython 3 s, 1 more"
        );
        assert_eq!(
            now.text(3, 9, at, 57),
            "3/9, 6 left: join/cpython 12 s, 2 more"
        );
        for room in 0..90 {
            let text = now.text(123, 456, at, room);
            assert!(text.chars().count() <= room, "{room}: {text}");
        }
        now.preparing = "building the package with a very long name with cargo".into();
        assert_eq!(now.text(0, 9, at, 12), "building th…");
        now.ascii = true;
        assert_eq!(now.text(0, 9, at, 12), "building th~");
    }
}
