//! The processes that were still there: what keeps each alive, what its threads do, and where in their code they are.

use anstyle::Style;

use super::escape::escape;
use super::page::Page;
use super::timeline::{BEHIND, DIM, Drawing, YELLOW};
use crate::record::{Frame, Process, Record, ThreadSeen, ThreadState};

/// So many calls of a stack are shown.
const CALLS: usize = 16;

/// The processes that were still there and were ended, with what kept them alive. Empty if there were none.
#[must_use]
pub fn processes(record: &Record, page: Page) -> String {
    let mut drawing = Drawing::new(record, page);
    drawing.processes();
    drawing.out
}

impl Drawing<'_> {
    pub(super) fn processes(&mut self) {
        let record = self.record;
        for process in &record.survivors {
            self.process(YELLOW, "survivor", process);
        }
        for process in &record.ended_by_harness {
            self.process(DIM, "ended", process);
        }
    }

    fn process(&mut self, style: Style, word: &str, process: &Process) {
        let text = self.shorten(&process.to_string());
        self.row("", style, word, &text);
        // If a process hangs, the first question is which thread waits for what.
        if let Some(sentence) = process.kept_alive_by() {
            for (i, line) in self
                .page
                .wrap(&escape(&sentence), BEHIND)
                .iter()
                .enumerate()
            {
                let word = if i == 0 { "  alive" } else { "" };
                self.row("", style, word, line);
            }
        }
        for (thread, count) in folded(&process.threads) {
            let times = match count {
                1 => String::new(),
                n => format!("{n} × "),
            };
            let text = self.shorten(&format!("{times}{}  {}", thread.name, thread_does(thread)));
            self.row("", DIM, "  thread", &text);
            self.stack(&thread.stack);
        }
    }

    fn stack(&mut self, stack: &[Frame]) {
        for (i, frame) in stack.iter().take(CALLS).enumerate() {
            let word = if i == 0 { "    at" } else { "" };
            let place = frame
                .place()
                .map_or(String::new(), |place| format!("  {}", escape(&place)));
            // Where it is stands behind, and is what one looks for.
            let behind = BEHIND + place.chars().count();
            let name = self.page.shorten(&escape(&frame.name()), behind);
            self.row("", DIM, word, &format!("{name}{place}"));
        }
        let more = stack.len().saturating_sub(CALLS);
        if more > 0 {
            self.row(
                "",
                DIM,
                "",
                &format!("and {more} more calls (the record has them)"),
            );
        }
    }
}

/// The state of a thread, with what it waits for in the place of what such a call usually waits for.
pub(in crate::report) fn thread_does(thread: &ThreadSeen) -> String {
    match (&thread.state, &thread.waits_for) {
        (ThreadState::Blocked { call: Some(call) }, Some(waits)) => {
            format!("blocked in {call}: {waits}")
        }
        (state, _) => state.to_string(),
    }
}

/// Threads with the same name in the same state at the same place, in the order in which they first come, and how many they are.
fn folded(threads: &[ThreadSeen]) -> Vec<(&ThreadSeen, usize)> {
    let mut folded: Vec<(&ThreadSeen, usize)> = Vec::new();
    for thread in threads {
        let same = |(one, _): &&mut (&ThreadSeen, usize)| {
            (&one.name, &one.state, &one.waits_for, &one.stack)
                == (
                    &thread.name,
                    &thread.state,
                    &thread.waits_for,
                    &thread.stack,
                )
        };
        match folded.iter_mut().find(same) {
            Some((_, count)) => *count += 1,
            None => folded.push((thread, 1)),
        }
    }
    folded
}
