//! A picture as HTML: one grid row for each of its rows.

use std::cmp::Ordering;
use std::fmt::Write;
use std::time::Duration;

use super::band::{Band, Zone};
use super::escape::{html, line, sentence};
use super::picture::{Picture, Row, What};
use crate::expect::Expectation;
use crate::judge::{Check, Expected, Judgement, Verdict};
use crate::record::{Event, EventKind, Exit, Line, Record, SignalSent};
use crate::report::lanes::{Kind, lane_of};
use crate::report::text::{command, conversation, message};

/// The picture of a run, with its judgement beside it.
pub(super) fn draw(record: &Record, expectation: &Expectation, judgement: &Judgement) -> String {
    let picture = Picture::of(record, expectation, judgement);
    let mut out = String::new();
    let (lanes, bands) = (picture.lanes.len(), picture.bands.len());
    let _ = write!(
        out,
        "<div class=pic style=\"--l:{lanes};--b:{bands};--h:{}\">{}",
        longest_name(&picture),
        head(&picture)
    );
    for row in &picture.rows {
        out.push_str(&draw_row(&picture, row));
    }
    out.push_str("</div>");
    // What somebody should look at first.
    let mut beneath = picture.beneath.clone();
    beneath.sort_by_key(|check| std::cmp::Reverse(check.verdict));
    let beneath = beneath.into_iter().map(note);
    let more = (picture.more > 0).then(|| {
        format!(
            "<p class=note>and {} more failed expectations</p>",
            picture.more
        )
    });
    let beneath: String = beneath.chain(more).collect();
    if !beneath.is_empty() {
        let _ = write!(out, "<div class=beneath>{beneath}</div>");
    }
    out
}

/// The characters that the heads of the lanes have room for.
fn longest_name(picture: &Picture<'_>) -> usize {
    let names = picture.lanes.iter().map(|lane| lane.name.chars().count());
    names.max().unwrap_or_default().clamp(4, 14)
}

/// The names of the lanes.
fn head(picture: &Picture<'_>) -> String {
    let names = picture.lanes.iter().enumerate().map(|(i, lane)| {
        format!(
            "<b class=\"{}\"><s>{}</s></b>",
            colour(&lane.kind, i),
            html(&lane.name)
        )
    });
    let bands = picture.bands.iter().map(|band| {
        let lag = match band.lag.is_zero() {
            true => String::new(),
            false => format!(
                "; the machine was up to {:.3} s late",
                band.lag.as_secs_f64()
            ),
        };
        format!("<b title=\"{}{lag}\"></b>", html(&band.delay.to_string()))
    });
    format!(
        "<div class=\"r hd\"><time>s</time><i class=ln>{}</i><span class=t></span><i class=bd>{}</i><span class=x>expected</span></div>",
        names.collect::<String>(),
        bands.collect::<String>()
    )
}

/// The colour of a lane.
fn colour(kind: &Kind, i: usize) -> String {
    match kind {
        Kind::Subject => "ks".into(),
        Kind::Survivor(_) => "kv".into(),
        Kind::Harness => "kh".into(),
        _ => format!("k{}", i % 6),
    }
}

fn draw_row(picture: &Picture<'_>, row: &Row<'_>) -> String {
    let (class, text) = text(picture.record, row);
    let height = match row.what {
        What::Silence { until, .. } => {
            format!(
                " style=\"min-height:{}px\"",
                height(until.saturating_sub(row.at))
            )
        }
        _ => String::new(),
    };
    let time = match row.what {
        What::Start | What::Event(_) | What::Edge(_) => format!("{:.3}", row.at.as_secs_f64()),
        _ => String::new(),
    };
    format!(
        "<div class=\"r {class}\"{height}><time>{time}</time><i class=ln>{}</i><span class=t>{text}</span><i class=bd>{}</i><span class=x>{}</span></div>",
        lane_cells(picture, row),
        band_cells(picture, row),
        beside(row),
    )
}

/// Longer silences are higher, but not in proportion: a minute must fit beside a tenth of a second.
fn height(silence: Duration) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 4 and 120"
    )]
    let height = (silence.as_secs_f64().sqrt() * 28.0).clamp(4.0, 120.0) as u32;
    height
}

fn lane_cells(picture: &Picture<'_>, row: &Row<'_>) -> String {
    let event = match row.what {
        What::Event(event) => Some(event),
        _ => None,
    };
    let dot = event.and_then(|event| lane_of(picture.record, &picture.lanes, &event.kind));
    let target = event.and_then(|event| target(picture, &event.kind));
    let mut cells = String::new();
    for (i, lane) in picture.lanes.iter().enumerate() {
        let behind = event.is_none();
        let lives = lane.lives(row.event, behind) && lane.kind != Kind::Harness;
        let mut class = colour(&lane.kind, i);
        if lives {
            class.push_str(" o");
        }
        if dot == Some(i) {
            class.push_str(match lane.kind {
                Kind::Subject if matches!(row.what, What::Event(event) if is_exit(event)) => " d z",
                _ => " d",
            });
            let is = |end: usize| event.is_some() && row.event == Some(end);
            class.push_str(lane.dots.filter(|dots| is(dots.0)).map_or("", |_| " f"));
            class.push_str(lane.dots.filter(|dots| is(dots.1)).map_or("", |_| " e"));
        }
        class.push_str(match target.map(|target| i.cmp(&target)) {
            Some(Ordering::Equal) => " a",
            Some(Ordering::Greater) => " h",
            _ => "",
        });
        let _ = write!(cells, "<b class=\"{class}\"></b>");
    }
    cells
}

/// The lane that a signal goes to: the first of the processes that got it.
fn target(picture: &Picture<'_>, event: &EventKind) -> Option<usize> {
    let EventKind::Signal(sent) = event else {
        return None;
    };
    let gets = |kind: &Kind| match kind {
        Kind::Subject => sent.to.contains(&picture.record.pid),
        Kind::Survivor(pid) => sent.to.contains(pid),
        _ => false,
    };
    let found = picture.lanes.iter().position(|lane| gets(&lane.kind));
    Some(found.unwrap_or(0))
}

fn band_cells(picture: &Picture<'_>, row: &Row<'_>) -> String {
    let (from, to) = match row.what {
        What::Silence { until, .. } => (row.at, until),
        _ => (row.at, row.at),
    };
    let cell = |band: &Band| {
        let zone = match band.zone(from, to) {
            Zone::Held => "s",
            Zone::Lag => "g",
            Zone::Outside => "",
        };
        let hit = match row.what {
            What::Event(event) => is_of(picture.record, band, event),
            _ => false,
        };
        let hit = match hit {
            true => verdict(band.verdict),
            false => "",
        };
        format!("<b class=\"{zone} {hit}\"></b>")
    };
    picture.bands.iter().map(cell).collect()
}

/// Whether an event is the one that is to fall into a band.
fn is_of(record: &Record, band: &Band, event: &Event) -> bool {
    band.event.is_some_and(|i| is_event(record, i, event))
}

fn is_exit(event: &Event) -> bool {
    matches!(event.kind, EventKind::Exit(_))
}

/// Whether an event of the record is the one with this index.
fn is_event(record: &Record, i: usize, event: &Event) -> bool {
    let its = record.events.get(i);
    its.is_some_and(|its| std::ptr::eq(its, event))
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "held",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Broken => "broken",
    }
}

/// The kind of a row, and what stands in it.
fn text(record: &Record, row: &Row<'_>) -> (&'static str, String) {
    match &row.what {
        What::Start => (
            "st",
            format!(
                "<em>start</em> <code>{}</code> <small>pid {}</small>",
                line(&command(&record.command)),
                record.pid
            ),
        ),
        What::Event(event) => event_text(record, event),
        What::Silence {
            whole: Some(whole), ..
        } => {
            // After the exit nothing can be heard.
            let over = record.exit_event().is_some_and(|exit| row.at >= exit.at);
            let told = (!over).then(|| format!("{:.2} s of silence", whole.as_secs_f64()));
            ("si", told.unwrap_or_default())
        }
        What::Silence { .. } => ("si", String::new()),
        What::Edge(_) => ("ed", String::new()),
        What::Missing => ("mi", "<small>nothing here</small>".into()),
        What::Hidden(events) => (
            "si",
            format!("{events} events are not shown (the record has them)"),
        ),
    }
}

fn event_text(record: &Record, event: &Event) -> (&'static str, String) {
    match &event.kind {
        EventKind::Line(said) => ("li", line_text(record, event.at, said)),
        EventKind::Partial(partial) => (
            "si",
            format!(
                "<em>{}</em> {} (so far)",
                partial.stream,
                line(&partial.bytes.to_text())
            ),
        ),
        EventKind::Exit(exit) => {
            let class = if *exit == Exit::Code(0) {
                "ex"
            } else {
                "ex bad"
            };
            (
                class,
                format!("<em>exit</em> <b>{}</b>", html(&exit.to_string())),
            )
        }
        EventKind::Signal(sent) => ("sg", signal_text(sent)),
        EventKind::Closed { stream } => {
            ("sg", format!("{stream} was closed while the subject ran"))
        }
        EventKind::Began(began) => ("si", html(&began.to_string())),
        EventKind::Ended(ended) => ("si", line(&ended.to_string())),
        EventKind::Cut(dropped) => (
            "sg",
            format!(
                "{} lines ({} bytes) were not kept",
                dropped.lines, dropped.bytes
            ),
        ),
        other => {
            let (word, what) = conversation::row(other);
            ("sg", format!("<em>{}</em> {}", html(word), line(&what)))
        }
    }
}

fn line_text(record: &Record, at: Duration, said: &Line) -> String {
    let speaker = match &said.who {
        Some(who) => line(who),
        None => said.stream.to_string(),
    };
    let mut text = format!("<em>{speaker}</em> {}", line(&message(said)));
    if let Some(length) = said.cut_from {
        let _ = write!(text, " <small>(cut; {length} bytes)</small>");
    }
    if !said.newline {
        text.push_str(" <small>(no newline)</small>");
    }
    if let Some(exit) = record.exit_event().filter(|exit| at > exit.at) {
        let late = (at - exit.at).as_secs_f64();
        let _ = write!(text, " <small>(+{late:.2} s after the exit)</small>");
    }
    text
}

fn signal_text(sent: &SignalSent) -> String {
    let pids: Vec<_> = sent.to.iter().take(8).map(u32::to_string).collect();
    let more = if sent.to.len() > 8 { ", …" } else { "" };
    format!(
        "<em>signal</em> <b>{}</b> to pid {}{more}: {}",
        html(&sent.signal.to_string()),
        pids.join(", "),
        html(&sent.reason.to_string())
    )
}

/// What is expected at a row.
fn beside(row: &Row<'_>) -> String {
    match row.what {
        What::Edge(name) => format!("<small>{name}</small>"),
        _ => row.checks.iter().map(|check| note(check)).collect(),
    }
}

/// A check as a note: what held in a word, what did not in a sentence.
fn note(check: &Check) -> String {
    let (sign, class) = match check.verdict {
        Verdict::Held => ("✓", "held"),
        Verdict::Inconclusive => ("?", "inconclusive"),
        Verdict::Broken => ("✗", "broken"),
    };
    let text = match (check.verdict, &check.expected) {
        (Verdict::Held, Expected::LineAfter { line: pattern, .. }) => {
            sentence(&pattern.to_string())
        }
        (Verdict::Held, expected) => sentence(&expected.to_string()),
        (_, expected) => format!(
            "expected {}<br>observed {}",
            sentence(&expected.to_string()),
            sentence(&check.observation())
        ),
    };
    format!("<p class=\"note {class}\"><b>{sign}</b> {text}</p>")
}
