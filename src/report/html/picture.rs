//! A run as a picture: rows in the order of time, lanes from top to bottom, and the expectation beside them.
//!
//! This is data; `drawing` makes HTML of it. Rows are as high as what stands in them, so the picture fits any width; a silence is
//! higher the longer it is, and the edges of what is expected are rows too, so that a band begins and ends where it should.

use std::time::Duration;

use super::band::Band;
use super::lanes::{Lane, lanes};
use crate::expect::Expectation;
use crate::judge::{Check, Expected, Judgement, Verdict};
use crate::record::{Event, EventKind, Record};
use crate::report::text::is_of_interest;

/// A gap this long is a row of its own.
const GAP: Duration = Duration::from_millis(100);
/// Events that are shown of the beginning and of the end of a long record.
const SHOWN: usize = 40;
/// Threads and processes that have rows of their own.
const TASKS: usize = 8;
/// Delays that are drawn.
const BANDS: usize = 3;
/// Failed checks that are shown. Thousands usually have one cause.
const FAILURES: usize = 60;

pub(super) struct Picture<'r> {
    pub(super) record: &'r Record,
    pub(super) lanes: Vec<Lane>,
    pub(super) bands: Vec<Band>,
    pub(super) rows: Vec<Row<'r>>,
    /// The checks that have no place in time.
    pub(super) beneath: Vec<&'r Check>,
    /// How many failed checks are not shown.
    pub(super) more: usize,
    /// The event that was drawn last.
    last: Option<usize>,
}

pub(super) struct Row<'r> {
    /// When it is. A silence is from here on.
    pub(super) at: Duration,
    /// The event that it is, or that it comes behind.
    pub(super) event: Option<usize>,
    pub(super) what: What<'r>,
    pub(super) checks: Vec<&'r Check>,
}

pub(super) enum What<'r> {
    Start,
    Event(&'r Event),
    /// Nothing happened from here to there. `whole` is told in the first part of a silence that edges cut.
    Silence {
        until: Duration,
        whole: Option<Duration>,
    },
    /// An edge of what is expected.
    Edge(&'static str),
    /// Something that did not come.
    Missing,
    /// So many events are not shown.
    Hidden(usize),
}

impl<'r> Picture<'r> {
    pub(super) fn of(
        record: &'r Record,
        expectation: &Expectation,
        judgement: &'r Judgement,
    ) -> Self {
        let delays = expectation.delays.iter();
        let bands = delays.filter_map(|delay| Band::of(record, delay, &judgement.checks));
        let bands: Vec<_> = bands.take(BANDS).collect();
        let placed = Placed::of(record, judgement);
        let mut picture = Self {
            record,
            lanes: lanes(record),
            bands,
            rows: Vec::new(),
            beneath: placed.beneath.clone(),
            more: placed.more,
            last: None,
        };
        picture.draw(&placed);
        picture
    }

    fn draw(&mut self, placed: &Placed<'r>) {
        self.push(Duration::ZERO, What::Start, Vec::new());
        self.missing(Duration::ZERO, placed.after(None));
        let edges = self.edges();
        let mut edges = edges.into_iter().peekable();
        let mut last = Duration::ZERO;
        let middle = self.middle();
        let mut hidden = 0;
        for (i, event) in self.record.events.iter().enumerate() {
            if goes_without_saying(self.record, event) {
                continue;
            }
            let checks = placed.at(i);
            if middle.contains(&i) && checks.iter().all(|c| c.verdict == Verdict::Held) {
                hidden += 1;
                last = event.at;
                self.last = Some(i);
                continue;
            }
            self.hide(last, std::mem::take(&mut hidden));
            let before: Vec<_> =
                std::iter::from_fn(|| edges.next_if(|(at, _)| *at < event.at)).collect();
            self.time_passes(last, event.at, before);
            self.last = Some(i);
            self.push(event.at, What::Event(event), checks);
            self.missing(event.at, placed.after(Some(i)));
            last = event.at;
        }
        self.hide(last, hidden);
        let rest: Vec<_> = edges.collect();
        if let Some((end, _)) = rest.last().copied() {
            self.time_passes(last, end, rest);
        }
    }

    fn push(&mut self, at: Duration, what: What<'r>, checks: Vec<&'r Check>) {
        let event = self.last;
        self.rows.push(Row {
            at,
            event,
            what,
            checks,
        });
    }

    fn missing(&mut self, at: Duration, checks: Vec<&'r Check>) {
        for check in checks {
            self.push(at, What::Missing, vec![check]);
        }
    }

    fn hide(&mut self, at: Duration, events: usize) {
        if events > 0 {
            self.push(at, What::Hidden(events), Vec::new());
        }
    }

    /// The rows between two events: silence, cut by edges.
    fn time_passes(&mut self, from: Duration, to: Duration, edges: Vec<(Duration, &'static str)>) {
        let silent = to.saturating_sub(from);
        let mut whole = (silent >= GAP).then_some(silent);
        let mut last = from;
        for (at, name) in edges {
            let at = at.max(from);
            self.silence(last, at, silent, &mut whole);
            self.push(at, What::Edge(name), Vec::new());
            last = at;
        }
        self.silence(last, to, silent, &mut whole);
    }

    fn silence(
        &mut self,
        from: Duration,
        to: Duration,
        silent: Duration,
        whole: &mut Option<Duration>,
    ) {
        if to > from && silent >= GAP {
            let whole = whole.take();
            self.push(from, What::Silence { until: to, whole }, Vec::new());
        }
    }

    /// The instants at which what is expected begins or ends, in the order of time.
    fn edges(&self) -> Vec<(Duration, &'static str)> {
        let mut edges: Vec<_> = self.bands.iter().flat_map(Band::edges).collect();
        edges.sort_by_key(|(at, _)| *at);
        edges
    }

    fn middle(&self) -> std::ops::Range<usize> {
        let n = self.record.events.len();
        match n > 2 * SHOWN + 10 {
            true => SHOWN..n - SHOWN,
            false => 0..0,
        }
    }
}

/// That the streams end with the subject goes without saying, and that many threads come and go.
fn goes_without_saying(record: &Record, event: &Event) -> bool {
    let exit = record.exit_event();
    let early = exit.is_some_and(|exit| exit.at.saturating_sub(event.at) > GAP);
    match &event.kind {
        EventKind::Closed { .. } => !early,
        // Of many threads only those that ended in an unusual way.
        EventKind::Began(_) => tasks(record) > TASKS,
        EventKind::Ended(ended) => tasks(record) > TASKS && !is_of_interest(ended),
        _ => false,
    }
}

/// The threads and processes that a tracer saw begin.
fn tasks(record: &Record) -> usize {
    let began = |event: &&Event| matches!(event.kind, EventKind::Began(_));
    record.events.iter().filter(began).count()
}

/// The checks of a judgement by the event at which they show.
struct Placed<'r> {
    /// Event, whether behind it, check.
    placed: Vec<(Option<usize>, bool, &'r Check)>,
    beneath: Vec<&'r Check>,
    more: usize,
}

impl<'r> Placed<'r> {
    fn of(record: &Record, judgement: &'r Judgement) -> Self {
        let exit = record.exit_event().map(|seen| seen.event);
        let mut all = Self {
            placed: Vec::new(),
            beneath: Vec::new(),
            more: 0,
        };
        let (mut last, mut failures) = (None, 0);
        for check in &judgement.checks {
            if check.verdict != Verdict::Held {
                failures += 1;
                if failures > FAILURES {
                    all.more += 1;
                    continue;
                }
            }
            let end = exit.filter(|_| matches!(check.expected, Expected::End(_)));
            match check.event.or(end) {
                Some(event) => {
                    all.placed.push((Some(event), false, check));
                    if is_of_order(check) {
                        last = Some(event);
                    }
                }
                // A line that did not come is shown where it should have come.
                None if is_of_order(check) && check.verdict != Verdict::Held => {
                    all.placed.push((last, true, check));
                }
                None => all.beneath.push(check),
            }
        }
        all
    }

    fn at(&self, event: usize) -> Vec<&'r Check> {
        self.find(Some(event), false)
    }

    fn after(&self, event: Option<usize>) -> Vec<&'r Check> {
        self.find(event, true)
    }

    fn find(&self, event: Option<usize>, behind: bool) -> Vec<&'r Check> {
        let here = self
            .placed
            .iter()
            .filter(|(e, b, _)| (*e, *b) == (event, behind));
        here.map(|(.., check)| *check).collect()
    }
}

/// Whether a check is of a step in the order of the log.
fn is_of_order(check: &Check) -> bool {
    matches!(check.expected, Expected::LineAfter { .. })
}
