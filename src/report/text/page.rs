//! How wide a text may be.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The page that a text is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    width: usize,
}

impl Default for Page {
    /// 183 columns: a message of 160 behind its time and its speaker.
    fn default() -> Self {
        Self { width: 183 }
    }
}

impl Page {
    /// The narrowest page that text is fitted to.
    const NARROWEST: usize = 36;

    /// A page of so many columns, but at least 36.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            width: columns.max(Self::NARROWEST),
        }
    }

    /// What is left of the page behind so many columns.
    #[cfg(feature = "suite")]
    pub(super) fn behind(self, columns: usize) -> Self {
        Self {
            width: self.width.saturating_sub(columns),
        }
    }

    /// Whether so many columns are more than there are.
    #[cfg(feature = "suite")]
    pub(super) fn is_narrower_than(self, columns: usize) -> bool {
        self.width < columns
    }

    /// What stands at the left of everything beneath the line of a case: on a narrow page nearly nothing.
    #[cfg(feature = "suite")]
    pub(super) fn indent(self) -> usize {
        match self.is_narrower_than(60) {
            true => 0,
            false => 12,
        }
    }

    /// The columns behind so many.
    pub(super) fn room(self, behind: usize) -> usize {
        self.width.saturating_sub(behind)
    }

    /// A text shortened to what fits behind so many columns.
    pub(super) fn shorten(self, text: &str, behind: usize) -> String {
        let room = self.room(behind).max(12);
        if text.width() <= room {
            return text.to_owned();
        }
        let mut used = 0;
        let kept = text.chars().take_while(|c| {
            used += c.width().unwrap_or(0);
            used < room
        });
        kept.chain(['…']).collect()
    }

    /// A sentence in lines that fit behind so many columns. A word that is longer than a line is cut.
    pub(super) fn wrap(self, text: &str, behind: usize) -> Vec<String> {
        let room = self.room(behind).max(12);
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let Some(line) = lines.last_mut() else {
                break;
            };
            let needed = line.width() + usize::from(!line.is_empty()) + word.width();
            if line.is_empty() {
                line.push_str(word);
            } else if needed <= room {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
        lines
            .iter()
            .map(|line| self.shorten(line, behind))
            .collect()
    }
}

/// A text with blanks behind it, up to so many columns.
#[cfg(feature = "suite")]
pub(super) fn padded(text: &str, columns: usize) -> String {
    let pad = columns.saturating_sub(text.width());
    format!("{text}{:pad$}", "")
}
