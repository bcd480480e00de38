//! A line that tells what is going on while subjects sleep. Only on a terminal.

use std::io::{self, Write};
use std::time::Duration;

use exeunt::outcome::CaseId;
use exeunt::suite::Case;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) struct Progress {
    bar: ProgressBar,
    running: Vec<String>,
}

impl Progress {
    pub(crate) fn new(total: usize, wanted: bool) -> Self {
        let target = if wanted {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed_precise} {wide_msg}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            bar,
            running: Vec::new(),
        }
    }

    pub(crate) fn tell(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    pub(crate) fn begun(&mut self, case: &Case) {
        self.running.push(case.id().to_string());
        self.show();
    }

    pub(crate) fn ended(&mut self, case: &CaseId) {
        let name = case.to_string();
        self.running.retain(|running| *running != name);
        self.bar.inc(1);
        self.show();
    }

    fn show(&self) {
        self.bar.set_message(self.running.join("  "));
    }

    /// stdout, written to without disturbing the line.
    pub(crate) fn stdout(&self) -> Beside {
        Beside {
            bar: self.bar.clone(),
            stream: Stream::Stdout,
        }
    }

    /// stderr, written to without disturbing the line.
    pub(crate) fn stderr(&self) -> Beside {
        Beside {
            bar: self.bar.clone(),
            stream: Stream::Stderr,
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A standard stream beside a progress line.
#[derive(Clone)]
pub(crate) struct Beside {
    bar: ProgressBar,
    stream: Stream,
}

#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bar.suspend(|| match self.stream {
            Stream::Stdout => anstream::stdout().write(bytes),
            Stream::Stderr => anstream::stderr().write(bytes),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.stream {
            Stream::Stdout => anstream::stdout().flush(),
            Stream::Stderr => anstream::stderr().flush(),
        }
    }
}
