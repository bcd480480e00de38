//! GitHub Actions: annotations at the scenario's line of the suite, and a summary of the step.

use std::fmt::Write;

use super::Results;
use super::results::{Row, UNFINISHED, plain_timeline, sentence};
use super::text::{Matrix, MatrixOptions, plain, summary, word};
use crate::outcome::Status;

/// The bytes that a summary may have: GitHub drops one of more than 1 MiB.
const ROOM: usize = 1_000_000;

/// An annotation for each case that somebody should look at: workflow commands, one a line.
#[must_use]
pub fn annotations(results: &Results) -> String {
    let rows = results.rows();
    let rows = rows.iter().filter(|row| !row.is_well());
    rows.map(annotation).collect()
}

fn annotation(row: &Row<'_>) -> String {
    let level = match row.status() {
        Some(Status::Broken | Status::DeviatesNoMore | Status::Failed) => "error",
        _ => "warning",
    };
    let place = row.outcome.and_then(|outcome| outcome.place.as_ref());
    let place = place.map_or(String::new(), |place| {
        let file = property(&place.file);
        format!("file={file},line={},", place.line)
    });
    let title = property(&format!("{} {}", row.case, status(row)));
    format!("::{level} {place}title={title}::{}\n", data(&told(row)))
}

fn status(row: &Row<'_>) -> &'static str {
    row.status().map_or("unfinished", |status| word(status).1)
}

fn told(row: &Row<'_>) -> String {
    match row.outcome {
        None => UNFINISHED.into(),
        Some(outcome) => sentence(outcome).unwrap_or_else(|| status(row).into()),
    }
}

/// The text of a workflow command: a new line would end it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value among the properties of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The summary of a step: the counts, the timelines of what is not well, and the matrix.
#[must_use]
pub fn step_summary(results: &Results) -> String {
    let mut out = String::from("## Exeunt\n\n");
    let seconds = results.elapsed.unwrap_or_default().as_secs_f64();
    let _ = writeln!(out, "{}\n", plain(&summary(&results.summary(), seconds)));
    let unfinished = results.unfinished().count();
    if unfinished > 0 {
        let _ = writeln!(
            out,
            "**{unfinished} cases were not over when this was written.**\n"
        );
    }
    let matrix = matrix(results);
    let rows = results.rows();
    let not_well: Vec<_> = rows.iter().filter(|row| !row.is_well()).collect();
    for (i, row) in not_well.iter().enumerate() {
        let part = details(row);
        if out.len() + part.len() + matrix.len() + 200 > ROOM {
            let _ = writeln!(
                out,
                "{} more cases have no room here.\n",
                not_well.len() - i
            );
            break;
        }
        out.push_str(&part);
    }
    if out.len() + matrix.len() < ROOM {
        out.push_str(&matrix);
    }
    out
}

fn matrix(results: &Results) -> String {
    let rows = results.rows();
    let outcomes: Vec<_> = rows.iter().filter_map(|row| row.outcome).collect();
    let table = Matrix::of(outcomes).markdown_with(MatrixOptions::new().versions(true));
    format!(
        "<details><summary>All cases</summary>\n\n{}\n</details>\n",
        markdown(&table)
    )
}

/// A case that is folded up, with its timeline.
fn details(row: &Row<'_>) -> String {
    let timeline = row.outcome.and_then(plain_timeline).unwrap_or_default();
    format!(
        "<details><summary><b>{}</b> <code>{}</code>: {}</summary>\n\n<pre>{}</pre>\n\n</details>\n\n",
        status(row),
        html(&row.case.to_string()),
        html(&told(row)).replace('\n', " "),
        // An empty line would end the block.
        html(&timeline).replace("\n\n", "\n"),
    )
}

/// A table in which names cannot be taken for markup.
fn markdown(table: &str) -> String {
    table.replace('<', "&lt;")
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
