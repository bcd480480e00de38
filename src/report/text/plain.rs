//! Text without its styles.

/// A text of ours without its styles. Escape sequences of subjects are not among them: they were made visible before.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, style)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = style.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use anstyle::{AnsiColor, Style};

    use super::plain;

    #[test]
    fn styles_are_taken_out_and_nothing_else() {
        let (red, dim) = (AnsiColor::Red.on_default().bold(), Style::new().dimmed());
        let text = format!("{red}a{red:#} \u{256d} m {dim}[m{dim:#}b\n");
        assert_ne!(text, plain(&text));
        assert_eq!(plain(&text), "a \u{256d} m [mb\n");
        assert_eq!(plain(""), "");
        assert_eq!(plain("plain m["), "plain m[");
    }
}
