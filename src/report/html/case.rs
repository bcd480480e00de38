//! One case on the page.

use std::fmt::Write;

use super::drawing::draw;
use super::escape::{fragment, html, line};
use crate::outcome::{Observed, Outcome, Status};
use crate::record::{Frame, Process, Record};
use crate::report::results::{Row, UNFINISHED, kebab};
use crate::report::text::{self, observation};

/// A case, folded up unless somebody should look at it. `id` is its address; `beside` the same case of another run.
pub(super) fn case(row: &Row<'_>, id: &str, beside: Option<&Outcome>) -> String {
    let open = if row.is_well() { "" } else { " open" };
    let status = kebab(row.status());
    let class = if row.is_well() { "well" } else { "not-well" };
    let mut out = format!(
        "<details class=\"c {status} {class}\" id=\"{}\"{open}><summary><span class=\"w {status}\">{}</span> <b>{}</b><span class=sl>/</span><b>{}</b>",
        html(id),
        status.replace('-', " "),
        html(&row.case.scenario),
        html(&row.case.implementation),
    );
    let _ = write!(
        out,
        " {}<a class=li href=\"#{}\" title=\"a link to this case\">#</a></summary>",
        short(row),
        fragment(id)
    );
    match row.outcome {
        None => {
            let _ = write!(out, "<p>{UNFINISHED}</p>");
        }
        Some(outcome) => out.push_str(&body(outcome, beside)),
    }
    out.push_str("</details>\n");
    out
}

/// What stands in the line of a case.
fn short(row: &Row<'_>) -> String {
    let Some(outcome) = row.outcome else {
        return String::new();
    };
    let version = outcome.version.as_deref().map_or(String::new(), |version| {
        format!("<small>{}</small> ", html(version))
    });
    let said = match (&outcome.observed, &outcome.why) {
        (Some(observed), _) => observation(&outcome.expectation, &observed.record),
        (None, Some(why)) => why.lines().next().unwrap_or_default().to_owned(),
        (None, None) => "not run".into(),
    };
    format!("{version}<span class=ob>{}</span> ", line(&said))
}

fn body(outcome: &Outcome, beside: Option<&Outcome>) -> String {
    let mut out = String::new();
    if !outcome.about.is_empty() {
        let _ = write!(out, "<p class=about>{}</p>", html(&outcome.about));
    }
    if let Some(reason) = text::reason(outcome) {
        let _ = write!(
            out,
            "<p class=reason>{}</p>",
            html(&reason).replace('\n', "<br>")
        );
    }
    let theirs = beside.and_then(|other| Some((other, other.observed.as_ref()?)));
    match (&outcome.observed, theirs) {
        (None, _) => {}
        (Some(observed), None) => out.push_str(&run(outcome, observed)),
        (Some(observed), Some((other, theirs))) => {
            let _ = write!(
                out,
                "<div class=two><div><h4>this run: {}</h4>{}</div><div><h4>the run beside it: {}</h4>{}</div></div>",
                kebab(Some(outcome.status)),
                run(outcome, observed),
                kebab(Some(other.status)),
                run(other, theirs)
            );
        }
    }
    out
}

fn run(outcome: &Outcome, observed: &Observed) -> String {
    let Observed { record, judgement } = observed;
    let mut out = draw(record, &outcome.expectation, judgement);
    out.push_str(&processes("outlived the subject", "bad", &record.survivors));
    out.push_str(&processes(
        "ended by the harness",
        "",
        &record.ended_by_harness,
    ));
    for finding in &record.findings {
        let _ = write!(
            out,
            "<p class=finding><b>finding</b> {}</p>",
            html(&finding.to_string())
        );
    }
    out.push_str(&details(outcome, record));
    out
}

/// Processes with their threads: if one hangs, the first question is which thread waits for what.
fn processes(what: &str, class: &str, processes: &[Process]) -> String {
    let mut out = String::new();
    for process in processes {
        let _ = write!(
            out,
            "<div class=\"proc {class}\"><b>{what}</b> {}",
            html(&process.to_string())
        );
        if let Some(sentence) = process.kept_alive_by() {
            let _ = write!(out, "<p>{}</p>", html(&sentence));
        }
        if !process.threads.is_empty() {
            out.push_str("<table>");
            for thread in process.threads.iter().take(64) {
                let _ = write!(
                    out,
                    "<tr><td>{}<td>{}<td>{}",
                    thread.tid,
                    html(&thread.name),
                    html(&text::thread_does(thread))
                );
                out.push_str(&stack(&thread.stack));
            }
            out.push_str("</table>");
        }
        out.push_str("</div>");
    }
    out
}

/// A stack, folded away behind its innermost call.
fn stack(frames: &[Frame]) -> String {
    let Some(first) = frames.first() else {
        return String::new();
    };
    let calls: String = frames
        .iter()
        .map(|frame| html(&frame.to_string()) + "\n")
        .collect();
    format!(
        "<details><summary>at {}</summary><pre>{calls}</pre></details>",
        html(&first.to_string())
    )
}

/// What else the record says.
fn details(outcome: &Outcome, record: &Record) -> String {
    let lag = record.lag;
    let ms = |time: std::time::Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let mut facts = vec![
        ("directory", line(&record.directory.to_string_lossy())),
        (
            "lag",
            format!(
                "{} (sleeper {}, subject waited {}, disk {}, queued {}, pressure {}, harness {})",
                ms(lag.total()),
                ms(lag.canary),
                ms(lag.subject_waited),
                ms(lag.disk),
                ms(lag.queued),
                ms(lag.pressure),
                ms(lag.harness)
            ),
        ),
        (
            "used",
            format!(
                "{} user, {} system, {:.1} MiB",
                ms(record.usage.user),
                ms(record.usage.system),
                mebibytes(record.usage.peak_memory)
            ),
        ),
    ];
    if let Some(timeout) = record.timeout {
        facts.insert(1, ("timeout", format!("{} s", timeout.as_secs_f64())));
    }
    if outcome.runs > 1 {
        facts.insert(
            0,
            (
                "runs",
                format!("{}, of which this is the last", outcome.runs),
            ),
        );
    }
    if let Some(place) = &outcome.place {
        facts.insert(
            0,
            ("suite", format!("{}:{}", html(&place.file), place.line)),
        );
    }
    let rows = facts
        .iter()
        .map(|(name, value)| format!("<dt>{name}<dd>{value}"));
    format!("<dl>{}</dl>", rows.collect::<String>())
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// The order in which statuses are told of: what somebody should look at first.
pub(super) const ORDER: [Option<Status>; 9] = [
    Some(Status::Broken),
    Some(Status::DeviatesNoMore),
    Some(Status::Failed),
    Some(Status::Inconclusive),
    Some(Status::Interrupted),
    None,
    Some(Status::Skipped),
    Some(Status::Deviates),
    Some(Status::Held),
];
