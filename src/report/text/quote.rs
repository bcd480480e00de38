//! Words as one would type them in a shell.

use std::borrow::Cow;

/// What means itself in a shell, besides letters and digits.
const PLAIN: &str = "+,-./:=@_%";

/// A word as one would type it in a shell, in single quotes where it needs some.
pub(super) fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || PLAIN.contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_shell_would_read_otherwise_are_quoted() {
        for (word, typed) in [
            ("/usr/bin/python3.12", "/usr/bin/python3.12"),
            ("--format=json", "--format=json"),
            ("", "''"),
            ("two words", "'two words'"),
            ("$HOME", "'$HOME'"),
            ("it's", r"'it'\''s'"),
            ("ä", "'ä'"),
        ] {
            assert_eq!(quoted(word), typed);
        }
    }
}
