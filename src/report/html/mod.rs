//! One page with the timelines of all cases: one file, without a network.
//!
//! It is readable without scripts; with them it can be searched, and keys go to the next case that is not well. Its policy lets a
//! browser run our script and nothing else, so even a mistake in the escaping of what subjects printed would run nothing.

mod band;
mod case;
mod drawing;
mod escape;
mod picture;

use std::collections::HashMap;
use std::fmt::Write;

use super::Results;
use super::results::{Row, kebab};
use super::text::{Matrix, plain, summary};
use crate::outcome::{CaseId, Status};
use escape::{fragment, html as escaped, name as breakable};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// The SHA-256 of the script, in base64: a test tells it.
const SCRIPT_HASH: &str = "Hs1gCtwvWwZ398KAKQ53dhTfRgNI+VzNOUBSpTmgMM8=";

/// The page of a run.
#[must_use]
pub fn html(results: &Results) -> String {
    html_beside(results, None)
}

/// The page of a run. Cases that are not well stand beside the same case of another run, where it has them: broken beside what
/// last held.
#[must_use]
pub fn html_beside(results: &Results, other: Option<&Results>) -> String {
    let rows = results.rows();
    let ids = ids(&rows);
    let mut out = head(results);
    out.push_str(&chips(&rows));
    if results.elapsed.is_none() {
        let missing = results.unfinished().count();
        let _ = write!(
            out,
            "<p class=warn>This run was not over when the page was written: {missing} of {} cases have no outcome.</p>",
            rows.len()
        );
    }
    // A single scenario has nothing to compare.
    if rows.len() > 3 {
        out.push_str(&matrix(&rows, &ids));
    }
    out.push_str("<main>");
    let is_shown = |row: &Row<'_>| !row.is_well();
    let (not_well, well): (Vec<_>, Vec<_>) =
        rows.iter().zip(&ids).partition(|(row, _)| is_shown(row));
    for (title, part) in [("Not well", not_well), ("As expected", well)] {
        if part.is_empty() {
            continue;
        }
        let _ = write!(out, "<h2>{title} <small>{}</small></h2>", part.len());
        for (row, id) in part {
            let beside = other
                .filter(|_| !row.is_well())
                .and_then(|other| other.outcome(row.case));
            out.push_str(&case::case(row, id, beside));
        }
    }
    let _ = writeln!(out, "</main><script>{SCRIPT}</script></body></html>");
    out
}

fn head(results: &Results) -> String {
    let name = escaped(&results.name);
    let seconds = results.elapsed.unwrap_or_default().as_secs_f64();
    let told = escaped(&plain(&summary(&results.summary(), seconds)));
    let when = humantime::format_rfc3339_seconds(results.started);
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8>\
         <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'\">\
         <meta name=viewport content=\"width=device-width,initial-scale=1\"><title>{name}: {told}</title><style>{STYLE}</style></head>\n\
         <body><header><h1>Exeunt <small>{name}</small></h1><p>{told} <small>{when}</small></p></header>"
    )
}

/// How many cases came out how; with scripts, buttons that show only these, and a search.
fn chips(rows: &[Row<'_>]) -> String {
    let mut out = String::from("<nav>");
    for status in case::ORDER {
        let count = rows.iter().filter(|row| row.status() == status).count();
        if count > 0 {
            let word = kebab(status);
            let _ = write!(
                out,
                "<button type=button class=\"chip {word}\" data-status=\"{word}\">{count} {}</button>",
                word.replace('-', " ")
            );
        }
    }
    out.push_str(
        "<input type=search id=filter class=js placeholder=\"scenario/implementation  ( / )\" aria-label=\"show cases whose name has this in it\">\
         <button type=button class=js id=theme title=\"dark or light ( t )\">◐</button>\
         <small class=\"js keys\"><kbd>n</kbd> <kbd>p</kbd> next, previous not well · <kbd>o</kbd> open all · <kbd>/</kbd> search</small></nav>",
    );
    out
}

/// The address of each row: its case, and a number where a case comes more than once.
fn ids(rows: &[Row<'_>]) -> Vec<String> {
    let mut seen: HashMap<&CaseId, usize> = HashMap::new();
    let id = |row: &Row<'_>, n: usize| match n {
        1 => row.case.to_string(),
        n => format!("{}~{n}", row.case),
    };
    rows.iter()
        .map(|row| {
            let n = seen.entry(row.case).or_default();
            *n += 1;
            id(row, *n)
        })
        .collect()
}

fn matrix(rows: &[Row<'_>], ids: &[String]) -> String {
    let outcomes = rows.iter().filter_map(|row| row.outcome);
    let matrix = Matrix::of(outcomes);
    let mut out = String::from("<div class=mx><table><thead><tr><th>");
    for (name, version) in matrix.columns() {
        let version = version.map_or(String::new(), |v| format!("<small>{}</small>", escaped(v)));
        let _ = write!(out, "<th>{}{version}", breakable(name));
    }
    out.push_str("<tbody>");
    let names: Vec<_> = matrix.columns().map(|(name, _)| name.to_owned()).collect();
    for (scenario, cells) in matrix.rows() {
        let _ = write!(out, "<tr><th>{}", breakable(scenario));
        for (cell, implementation) in cells.into_iter().zip(&names) {
            match cell {
                None => out.push_str("<td>"),
                Some((status, observed)) => {
                    let id = format!("{scenario}/{implementation}");
                    out.push_str(&cell_html(status, observed, &id, ids));
                }
            }
        }
    }
    out.push_str("</table></div>");
    out
}

fn cell_html(status: Status, observed: &str, id: &str, ids: &[String]) -> String {
    let word = kebab(Some(status));
    let text = match (status, observed) {
        (_, "") => word.replace('-', " "),
        (_, observed) => observed.to_owned(),
    };
    let href = if ids.iter().any(|known| known == id) {
        fragment(id)
    } else {
        String::new()
    };
    format!(
        "<td class=\"{word}\"><a href=\"#{href}\" title=\"{}\">{}</a>",
        word.replace('-', " "),
        escaped(&text)
    )
}
