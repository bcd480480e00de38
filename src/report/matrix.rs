//! Scenarios × implementations: what was observed in each cell, and its verdict.

use std::fmt::Write;

use super::case::word;
use crate::expect::{Expectation, ExpectedEnd, Mark, Pattern};
use crate::outcome::{Outcome, Status};
use crate::record::{Exit, Record, Termination};

/// Outcomes as a table.
#[derive(Debug)]
pub struct Matrix {
    columns: Vec<String>,
    rows: Vec<(String, Vec<Option<Cell>>)>,
}

#[derive(Debug, Clone)]
struct Cell {
    status: Status,
    observed: String,
}

impl Matrix {
    /// The table of these outcomes: scenarios and implementations in the order in which they first come.
    #[must_use]
    pub fn of<'o, 's: 'o>(outcomes: impl IntoIterator<Item = &'o Outcome<'s>>) -> Self {
        let mut matrix = Self {
            columns: Vec::new(),
            rows: Vec::new(),
        };
        for outcome in outcomes {
            matrix.add(outcome);
        }
        matrix
    }

    fn add(&mut self, outcome: &Outcome<'_>) {
        let case = outcome.case;
        let column = position(&mut self.columns, &case.implementation);
        let row = match self
            .rows
            .iter()
            .position(|(name, _)| *name == case.scenario)
        {
            Some(row) => row,
            None => {
                self.rows.push((case.scenario.clone(), Vec::new()));
                self.rows.len() - 1
            }
        };
        let cells = &mut self.rows[row].1;
        if cells.len() <= column {
            cells.resize(column + 1, None);
        }
        cells[column] = Some(Cell {
            status: outcome.status,
            observed: observed(outcome),
        });
    }

    /// For a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|i| {
                let cells = self
                    .rows
                    .iter()
                    .filter_map(|(_, cells)| cells.get(i)?.as_ref());
                let widest = cells
                    .map(|cell| plain(cell).chars().count())
                    .max()
                    .unwrap_or(0);
                widest.max(self.columns[i].chars().count())
            })
            .collect();
        let first = self
            .rows
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or(0);
        let mut out = format!("{:first$}", "");
        for (column, width) in self.columns.iter().zip(&widths) {
            let _ = write!(out, "  {column:<width$}");
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        for (name, cells) in &self.rows {
            let mut line = format!("{name:<first$}");
            for (i, width) in widths.iter().enumerate() {
                match cells.get(i).and_then(Option::as_ref) {
                    Some(cell) => {
                        let (style, _) = word(cell.status);
                        let text = plain(cell);
                        let pad = width - text.chars().count();
                        let _ = write!(line, "  {style}{text}{style:#}{:pad$}", "");
                    }
                    None => {
                        let _ = write!(line, "  {:<width$}", "–");
                    }
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// For a page. What held is shown as it was expected, without the last milliseconds, so that the table of one run is that
    /// of the next.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::from("| scenario |");
        for column in &self.columns {
            let _ = write!(out, " {column} |");
        }
        out.push_str("\n|---|");
        out.push_str(&"---|".repeat(self.columns.len()));
        out.push('\n');
        for (name, cells) in &self.rows {
            let _ = write!(out, "| `{name}` |");
            for i in 0..self.columns.len() {
                let text = cells
                    .get(i)
                    .and_then(Option::as_ref)
                    .map_or("–".into(), plain);
                let _ = write!(out, " {} |", text.replace('|', "\\|"));
            }
            out.push('\n');
        }
        out
    }
}

fn position(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|n| n == name).unwrap_or_else(|| {
        names.push(name.into());
        names.len() - 1
    })
}

fn plain(cell: &Cell) -> String {
    match (cell.status, cell.observed.as_str()) {
        (Status::Held, observed) => observed.into(),
        (status, "") => word(status).1.into(),
        (status, observed) => format!("{}: {observed}", word(status).1),
    }
}

/// Exit, delay and missing lines, short enough for a cell.
fn observed(outcome: &Outcome<'_>) -> String {
    let Some((record, _)) = &outcome.observed else {
        return String::new();
    };
    let mut parts = vec![end(record)];
    let expectation = &outcome.case.expectation;
    let settled = outcome.status.is_expected();
    parts.extend(delay(
        record,
        outcome.judged_by().unwrap_or(expectation),
        settled,
    ));
    let missing = missing(record, &outcome.case.usual_lines);
    if missing > 0 {
        let lines = if missing == 1 { "line" } else { "lines" };
        parts.push(format!("{missing} {lines} missing"));
    }
    parts.join(", ")
}

fn end(record: &Record) -> String {
    match (record.termination, record.exit()) {
        (Termination::TimedOut { .. }, _) => "hang".into(),
        (Termination::Interrupted, _) => "interrupted".into(),
        (_, Some(Exit::Code(code))) => code.to_string(),
        (_, Some(Exit::Signal(signal))) => signal.to_string(),
        (_, None) => "no end".into(),
    }
}

/// The time from a line to the exit. Where it is as expected, it is shown as it was expected.
fn delay(record: &Record, expectation: &Expectation, settled: bool) -> Option<String> {
    if record.termination != Termination::OnItsOwn || expectation.end == Some(ExpectedEnd::Hang) {
        return None;
    }
    let delay = expectation.delays.iter().find(|d| d.to == Mark::Exit)?;
    if settled {
        return Some(format!("T {} s", delay.bound.least().as_secs_f64()));
    }
    let from = match &delay.from {
        Mark::Line(pattern, occurrence) => record.find(pattern, *occurrence)?.at,
        _ => return None,
    };
    let exit = record.exit_event()?.at;
    Some(format!(
        "T {:.2} s",
        exit.saturating_sub(from).as_secs_f64()
    ))
}

/// How many of the lines that the scenario usually wants are not there.
fn missing(record: &Record, wanted: &[Pattern]) -> usize {
    let there = |pattern: &Pattern| record.matching(pattern).next().is_some();
    wanted.iter().filter(|pattern| !there(pattern)).count()
}
