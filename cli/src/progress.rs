//! A line that tells what is going on while subjects sleep. Only on a terminal.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use exeunt::outcome::CaseId;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::output::{self, Output};

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
}

impl Progress {
    /// So many cases.
    pub(crate) fn new(total: usize, wanted: bool) -> Self {
        let target = match wanted {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        let now = Arc::new(Mutex::new(Now::default()));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {now}") {
            let now = Arc::clone(&now);
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
        lock(&self.now)
            .running
            .retain(|(running, _)| running != case);
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
            return cut(&self.preparing, room);
        }
        let mut text = format!("{done}/{total}, {} left", total.saturating_sub(done));
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
        cut(&text, room)
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
            preparing: String::new(),
            running: running.collect(),
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
    }
}
