//! What a subject wrote, made safe for the reader's terminal.

use std::borrow::Cow;

/// The text with its control characters shown: they must not reach the reader's terminal, nor those that turn the direction
/// of writing or are not seen.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {
                out.extend(c.escape_default());
            }
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// As [`escape`], for what a subject printed: its colours are left out.
pub(crate) fn escape_output(text: &str) -> String {
    escape(&without_colours(text))
}

/// The text without `ESC [ … m`. Other sequences move the cursor or worse, and are worth showing.
fn without_colours(text: &str) -> Cow<'_, str> {
    let mut parts = text.split("\u{1b}[");
    let Some(first) = parts.next().filter(|first| first.len() < text.len()) else {
        return Cow::Borrowed(text);
    };
    let mut out = first.to_owned();
    for part in parts {
        let parameters = part.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'));
        match parameters.and_then(|end| part[end..].strip_prefix('m')) {
            Some(rest) => out.push_str(rest),
            None => {
                out.push_str("\u{1b}[");
                out.push_str(part);
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_left_out_and_other_sequences_shown() {
        for (printed, shown) in [
            ("plain", "plain"),
            ("\u{1b}[32mgreen\u{1b}[0m", "green"),
            ("\u{1b}[1;38;5;4mblue\u{1b}[m!", "blue!"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{1b}[", "\\u{1b}["),
            ("\u{1b}[31", "\\u{1b}[31"),
            ("a\tb\u{202e}", "a b\\u{202e}"),
        ] {
            assert_eq!(escape_output(printed), shown, "{printed:?}");
        }
    }
}
