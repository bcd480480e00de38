//! A line that tells what is going on while subjects sleep. Only on a terminal.

use std::time::Duration;

use exeunt::suite::Case;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(super) struct Progress {
    bar: ProgressBar,
    running: Vec<String>,
}

impl Progress {
    pub(super) fn new(total: usize, wanted: bool) -> Self {
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

    pub(super) fn tell(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    pub(super) fn begun(&mut self, case: &Case) {
        self.running.push(name(case));
        self.show();
    }

    pub(super) fn ended(&mut self, case: &Case) {
        let name = name(case);
        self.running.retain(|running| *running != name);
        self.bar.inc(1);
        self.show();
    }

    fn show(&self) {
        self.bar.set_message(self.running.join("  "));
    }

    /// Writes to stdout without disturbing the line.
    pub(super) fn print(&self, text: &str) {
        self.bar.suspend(|| anstream::print!("{text}"));
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn name(case: &Case) -> String {
    format!("{}/{}", case.scenario, case.implementation)
}
