//! A table for a terminal: as wide as its cells, or in parts that fit.

use std::fmt::Write;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::page::{Page, padded};

/// A text with the style that it is shown in.
pub(super) struct Styled {
    pub(super) style: anstyle::Style,
    pub(super) text: String,
}

/// What stands where a row has no cell.
const NOTHING: &str = "–";

/// Between two columns.
const GAP: usize = 2;

/// Heads and rows, all in their final words.
pub(super) struct Table<'a> {
    heads: Vec<String>,
    rows: Vec<(&'a str, Vec<Option<Styled>>)>,
    /// The width of the names of the rows, and that of each column.
    first: usize,
    widths: Vec<usize>,
}

impl<'a> Table<'a> {
    pub(super) fn new(heads: Vec<String>, rows: Vec<(&'a str, Vec<Option<Styled>>)>) -> Self {
        let names = rows.iter().map(|(name, _)| name.width());
        let widths = heads.iter().enumerate().map(|(i, head)| {
            let cells = rows.iter().filter_map(|(_, cells)| cells[i].as_ref());
            let widest = cells.map(|cell| cell.text.width()).max().unwrap_or(0);
            widest.max(head.width())
        });
        Self {
            first: names.max().unwrap_or(0),
            widths: widths.collect(),
            heads,
            rows,
        }
    }

    /// The table. Where it is wider than so many columns, parts of it stand beneath each other; where not even one column fits, each
    /// row is a list.
    pub(super) fn text(&self, columns: Option<usize>) -> String {
        let all = 0..self.heads.len();
        match columns.map(|columns| (columns, self.parts(columns))) {
            None => self.part(all, true),
            Some((columns, None)) => self.lists(columns),
            Some((_, Some(parts))) => {
                let whole = parts.len() == 1;
                let parts = parts.into_iter().map(|part| self.part(part, whole));
                parts.collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// The columns of the parts that fit, if each of them does.
    fn parts(&self, columns: usize) -> Option<Vec<Range<usize>>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        let mut used = 0;
        for (i, width) in self.widths.iter().enumerate() {
            let needed = GAP + width;
            if self.first + needed > columns {
                return None;
            }
            used += needed;
            match parts.last_mut() {
                Some(part) if self.first + used <= columns => part.end = i + 1,
                _ => {
                    parts.push(i..i + 1);
                    used = needed;
                }
            }
        }
        Some(parts)
    }

    /// Some of the columns. Rows that have no cell in them are left out, unless these are all.
    fn part(&self, columns: Range<usize>, whole: bool) -> String {
        let mut head = padded("", self.first);
        for i in columns.clone() {
            let _ = write!(head, "  {}", padded(&self.heads[i], self.widths[i]));
        }
        let mut out = format!("{}\n", head.trim_end());
        let rows = self.rows.iter();
        for (name, cells) in
            rows.filter(|(_, cells)| whole || cells[columns.clone()].iter().any(Option::is_some))
        {
            let mut line = padded(name, self.first);
            for i in columns.clone() {
                let _ = write!(line, "  {}", cell(cells[i].as_ref(), self.widths[i]));
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out
    }

    /// Each row as a list of its cells.
    fn lists(&self, columns: usize) -> String {
        let page = Page::new(columns);
        let heads = self.heads.iter().map(|head| head.width());
        // A cell needs some room, too.
        let head = heads.max().unwrap_or(0).min(page.room(2 * GAP + 12));
        let behind = GAP + head + GAP;
        let mut out = String::new();
        for (name, cells) in &self.rows {
            let _ = writeln!(out, "{}", page.shorten(name, 0));
            let cells = self.heads.iter().zip(cells);
            for (title, cell) in cells.filter_map(|(title, cell)| Some((title, cell.as_ref()?))) {
                let title = page.shorten(title, page.room(head));
                let mut title = padded(&title, head);
                let Styled { style, text } = cell;
                for line in page.wrap(text, behind) {
                    let _ = writeln!(out, "  {title}  {style}{line}{style:#}");
                    title = padded("", head);
                }
            }
        }
        out
    }
}

fn cell(cell: Option<&Styled>, width: usize) -> String {
    let Some(Styled { style, text }) = cell else {
        return padded(NOTHING, width);
    };
    let pad = width.saturating_sub(text.width());
    format!("{style}{text}{style:#}{:pad$}", "")
}
