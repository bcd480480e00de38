//! For readers whose locale has no UTF-8: what we draw with, drawn with ASCII.

use std::env;
use std::fmt::Write;

/// Whether the locale was set, and its characters are not UTF-8.
///
/// A locale that nobody set says nothing: containers and CI servers have none, and show UTF-8.
pub(crate) fn is_wanted() -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let set = names.iter().find_map(|name| {
        let value = env::var(name).ok()?;
        (!value.is_empty()).then_some(value)
    });
    set.is_some_and(|locale| !is_utf8(&locale))
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// The text in ASCII: our signs as similar ones, all others as their numbers.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0'..='\u{7f}' => out.push(c),
            '─' | '–' => out.push('-'),
            '│' => out.push('|'),
            '╭' => out.push('.'),
            '╰' => out.push('`'),
            '┊' | '⋮' => out.push(':'),
            '…' => out.push_str("..."),
            '±' => out.push_str("+-"),
            '≤' => out.push_str("<="),
            '≥' => out.push_str(">="),
            '×' => out.push('x'),
            '→' => out.push_str("->"),
            c => {
                let _ = write!(out, "{}", c.escape_unicode());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales() {
        for locale in ["C.UTF-8", "en_US.utf8", "de_DE.UTF-8@euro"] {
            assert!(is_utf8(locale), "{locale}");
        }
        for locale in ["C", "POSIX", "en_US.ISO-8859-1", "de_DE"] {
            assert!(!is_utf8(locale), "{locale}");
        }
    }

    #[test]
    fn what_is_drawn_is_still_seen() {
        assert_eq!(
            ascii("╭   0.1  Main  ü\n│  ┊ 2 s\n╰─ broken ± 0.2 s…"),
            ".   0.1  Main  \\u{fc}\n|  : 2 s\n`- broken +- 0.2 s..."
        );
    }
}
