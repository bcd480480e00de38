//! Words of sentences.

/// Parts as a sentence lists them: `a, b and c`. `None` if there are none.
pub(crate) fn list(parts: &[String]) -> Option<String> {
    match parts.split_last()? {
        (last, []) => Some(last.clone()),
        (last, rest) => Some(format!("{} and {last}", rest.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_several_has_its_and() {
        let listed =
            |parts: &[&str]| list(&parts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(listed(&[]), None);
        assert_eq!(listed(&["a"]).as_deref(), Some("a"));
        assert_eq!(listed(&["a", "b"]).as_deref(), Some("a and b"));
        assert_eq!(listed(&["a", "b", "c"]).as_deref(), Some("a, b and c"));
    }
}
