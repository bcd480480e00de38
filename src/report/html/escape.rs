//! What a subject wrote, made safe for a page.

use crate::report::text;

/// Text of ours or of a suite as text of a page: nothing in it is markup.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text::escape(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// As [`html`], for a name: a narrow page breaks it between its words.
pub(super) fn name(name: &str) -> String {
    html(name).replace('_', "_<wbr>").replace('-', "-<wbr>")
}

/// As [`html`], for a sentence: a sign stays with its number.
pub(super) fn sentence(text: &str) -> String {
    html(text)
        .replace("± ", "±\u{a0}")
        .replace("(+ ", "(+\u{a0}")
        .replace("(- ", "(-\u{a0}")
}

/// The characters of a line that a page shows.
const LONGEST: usize = 600;

/// As [`html`], for what a subject printed: a long line is shortened.
pub(super) fn line(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => html(&text[..end]) + "…",
        None => html(text),
    }
}

/// The part of an address behind `#`.
pub(super) fn fragment(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_a_browser_would_take_for_markup() {
        assert_eq!(
            html("</script><img src=x onerror='a(\"b\")'>&amp;"),
            "&lt;/script&gt;&lt;img src=x onerror=&#39;a(&quot;b&quot;)&#39;&gt;&amp;amp;"
        );
        assert_eq!(
            html("a\u{0}b\u{1b}[2Jc\u{202e}d"),
            "a\\u{0}b\\u{1b}[2Jc\\u{202e}d"
        );
    }

    #[test]
    fn a_page_breaks_names_and_not_figures() {
        assert_eq!(name("a_b-<c>"), "a_<wbr>b-<wbr>&lt;c&gt;");
        assert_eq!(sentence("2 s (± 0.20 s) <"), "2 s (±\u{a0}0.20 s) &lt;");
    }

    #[test]
    fn a_long_line_is_shortened_at_a_character() {
        let long = "ü".repeat(700);
        assert_eq!(line(&long), format!("{}…", "ü".repeat(600)));
        assert_eq!(line("short"), "short");
    }

    #[test]
    fn an_address_has_no_character_of_its_own_grammar() {
        assert_eq!(fragment("two words/py\"#%"), "two%20words/py%22%23%25");
    }
}
