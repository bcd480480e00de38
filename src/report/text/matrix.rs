//! Scenarios × implementations: what was observed in each cell, and its verdict.

use std::fmt::Write;

use super::case::word;
use super::table::{Styled, Table};
use crate::expect::{Expectation, ExpectedEnd, ExpectedExchange, ExpectedRequest};
use crate::judge::{Judgement, Observed as Seen, Verdict, elapsed};
use crate::outcome::{Observed, Outcome, Status};
use crate::record::{Exchange, Exit, Record, Termination};

/// Outcomes as a table.
#[derive(Debug, Default)]
pub struct Matrix {
    columns: Vec<Column>,
    rows: Vec<(String, Vec<Option<Cell>>)>,
}

#[derive(Debug)]
struct Column {
    name: String,
    version: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Cell {
    status: Status,
    observed: String,
}

/// What of a table is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MatrixOptions {
    /// Only rows whose cells are not all the same.
    pub differing: bool,
    /// The version of each implementation, where it is known.
    pub versions: bool,
    /// The columns of the terminal. A table that is wider is shown in parts.
    pub columns: Option<usize>,
}

impl MatrixOptions {
    /// All rows, without versions, as wide as they are.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only rows whose cells are not all the same.
    #[must_use]
    pub fn differing(self, differing: bool) -> Self {
        Self { differing, ..self }
    }

    /// The version of each implementation in its head.
    #[must_use]
    pub fn versions(self, versions: bool) -> Self {
        Self { versions, ..self }
    }

    /// The columns of the terminal: a table for a terminal that is wider is shown in parts.
    #[must_use]
    pub fn columns(self, columns: Option<usize>) -> Self {
        Self { columns, ..self }
    }
}

impl Matrix {
    /// The table of these outcomes: scenarios and implementations in the order in which they first come.
    #[must_use]
    pub fn of<'o>(outcomes: impl IntoIterator<Item = &'o Outcome>) -> Self {
        let mut matrix = Self::default();
        for outcome in outcomes {
            matrix.add(outcome);
        }
        matrix
    }

    /// Adds an outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        let column = self.column(outcome);
        let row = self.row(&outcome.case.scenario);
        let cells = &mut self.rows[row].1;
        if cells.len() <= column {
            cells.resize(column + 1, None);
        }
        cells[column] = Some(Cell {
            status: outcome.status,
            observed: observed(outcome),
        });
    }

    fn column(&mut self, outcome: &Outcome) -> usize {
        let name = &outcome.case.implementation;
        let column = match self.columns.iter().position(|c| c.name == *name) {
            Some(column) => column,
            None => {
                self.columns.push(Column {
                    name: name.clone(),
                    version: None,
                });
                self.columns.len() - 1
            }
        };
        let version = &mut self.columns[column].version;
        if version.is_none() {
            version.clone_from(&outcome.version);
        }
        column
    }

    fn row(&mut self, scenario: &str) -> usize {
        let found = self.rows.iter().position(|(name, _)| name == scenario);
        found.unwrap_or_else(|| {
            self.rows.push((scenario.to_owned(), Vec::new()));
            self.rows.len() - 1
        })
    }

    /// The heads of the columns, with versions where they are known.
    pub(in crate::report) fn columns(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.columns
            .iter()
            .map(|column| (column.name.as_str(), column.version.as_deref()))
    }

    /// A row for each scenario: a cell's status and text for each column, where there is one.
    pub(in crate::report) fn rows(
        &self,
    ) -> impl Iterator<Item = (&str, Vec<Option<(Status, &str)>>)> {
        let columns = self.columns.len();
        self.rows.iter().map(move |(name, cells)| {
            let cell = |i: usize| cells.get(i)?.as_ref();
            let cells = (0..columns).map(|i| cell(i).map(|c| (c.status, c.observed.as_str())));
            (name.as_str(), cells.collect())
        })
    }

    /// For a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_with(MatrixOptions::default())
    }

    /// For a terminal, with options.
    #[must_use]
    pub fn text_with(&self, options: MatrixOptions) -> String {
        let heads = self.heads(options);
        let rows = self.shown(options).into_iter().map(|(name, cells)| {
            let cell = |i: usize| cells.get(i).and_then(Option::as_ref).map(styled);
            (name.as_str(), (0..heads.len()).map(cell).collect())
        });
        let rows = rows.collect();
        Table::new(heads, rows).text(options.columns)
    }

    /// For a page.
    #[must_use]
    pub fn markdown(&self) -> String {
        self.markdown_with(MatrixOptions::default())
    }

    /// For a page, with options. What held is shown as it was expected, without the last milliseconds, so that the table of
    /// one run is that of the next.
    #[must_use]
    pub fn markdown_with(&self, options: MatrixOptions) -> String {
        let heads = self.heads(options);
        let mut out = String::from("| scenario |");
        for head in &heads {
            let _ = write!(out, " {head} |");
        }
        out.push_str("\n|---|");
        out.push_str(&"---|".repeat(heads.len()));
        out.push('\n');
        for (name, cells) in self.shown(options) {
            let _ = write!(out, "| `{name}` |");
            for i in 0..heads.len() {
                let cell = cells.get(i).and_then(Option::as_ref);
                let text = cell.map_or("–".into(), plain);
                let _ = write!(out, " {} |", text.replace('|', "\\|"));
            }
            out.push('\n');
        }
        out
    }

    fn heads(&self, options: MatrixOptions) -> Vec<String> {
        let head = |column: &Column| match &column.version {
            Some(version) if options.versions => format!("{} {version}", column.name),
            _ => column.name.clone(),
        };
        self.columns.iter().map(head).collect()
    }

    fn shown(&self, options: MatrixOptions) -> Vec<&(String, Vec<Option<Cell>>)> {
        let differs = |cells: &[Option<Cell>]| {
            let mut there = cells.iter().flatten();
            let first = there.next();
            there.any(|cell| Some(cell) != first)
        };
        let rows = self.rows.iter();
        rows.filter(|(_, cells)| !options.differing || differs(cells))
            .collect()
    }
}

fn styled(cell: &Cell) -> Styled {
    Styled {
        style: word(cell.status).0,
        text: plain(cell),
    }
}

fn plain(cell: &Cell) -> String {
    match (cell.status, cell.observed.as_str()) {
        (Status::Held, observed) => observed.into(),
        (status, "") => word(status).1.into(),
        (status, observed) => format!("{}: {observed}", word(status).1),
    }
}

/// Exit, delay, what became of requests and clients, lines missing and lines too many, short enough for a cell.
fn observed(outcome: &Outcome) -> String {
    let Some(Observed { record, judgement }) = &outcome.observed else {
        return String::new();
    };
    let settled = outcome.status.is_expected();
    let mut parts = vec![end(record)];
    parts.extend(delay(record, &outcome.expectation, settled));
    parts.extend(partners(record, &outcome.expectation));
    let wanted = outcome.usual_lines.iter();
    let missing = wanted.filter(|line| record.matching(line).next().is_none());
    parts.extend(lines(missing.count() as u64, "missing"));
    parts.extend(lines(too_many(judgement), "too many"));
    parts.join(", ")
}

fn lines(n: u64, word: &str) -> Option<String> {
    match n {
        0 => None,
        1 => Some(format!("1 line {word}")),
        n => Some(format!("{n} lines {word}")),
    }
}

/// What those saw to whom the subject was to answer: an exit code says nothing of lost work.
fn partners(record: &Record, expectation: &Expectation) -> impl Iterator<Item = String> {
    let requests = expectation.requests.iter();
    let requests = requests.map(|wanted| format!("{} {}", wanted.name, request(record, wanted)));
    let clients = expectation.clients.iter().map(|wanted| {
        let exit = record.client(&wanted.name).and_then(Record::exit);
        let exit = exit.map_or("no end".into(), |exit| match exit {
            Exit::Code(code) => format!("exit {code}"),
            Exit::Signal(signal) => signal.to_string(),
        });
        format!("{} {exit}", wanted.name)
    });
    requests.chain(clients)
}

/// The end of a request. Which of two it is may be left to chance: then it is told as it was expected.
fn request(record: &Record, wanted: &ExpectedRequest) -> String {
    let seen = record.exchanges(&wanted.name).map(|(_, exchange)| exchange);
    let mut told =
        seen.filter(|e| **e != Exchange::Closed || wanted.end == ExpectedExchange::Closed);
    match told.next_back() {
        Some(lost) if wanted.end == ExpectedExchange::Lost && wanted.end.allows(lost) => {
            "lost".into()
        }
        Some(Exchange::Answered(answer)) => answer.status.to_string(),
        Some(Exchange::CutOff { .. }) => "cut off".into(),
        Some(Exchange::Refused { .. }) => "refused".into(),
        Some(Exchange::Closed) => "closed".into(),
        Some(Exchange::Sent { .. }) => "open".into(),
        None => "not sent".into(),
    }
}

/// How many lines came that nothing names.
fn too_many(judgement: &Judgement) -> u64 {
    let checks = judgement.checks.iter();
    let checks = checks.filter(|check| check.verdict == Verdict::Broken);
    checks
        .map(|check| match check.observed {
            Seen::OtherLines { lines, .. } => lines,
            _ => 0,
        })
        .sum()
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

/// The delay of the exit. Where it is as expected, it is shown as it was expected.
fn delay(record: &Record, expectation: &Expectation, settled: bool) -> Option<String> {
    if expectation.end == Some(ExpectedEnd::Hang) {
        return None;
    }
    let delay = expectation.exit_delay()?;
    let seconds = elapsed(record, delay)?;
    Some(match settled {
        true => format!("T {}", delay.bound),
        false => format!("T {seconds:.2} s"),
    })
}
