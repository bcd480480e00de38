//! Which cases googletest's runners ask for: `GTEST_FILTER`.

/// Patterns with `*` and `?`; colons stand between them, and those behind a `-` are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GtestFilter {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl GtestFilter {
    pub(crate) fn new(text: &str) -> Self {
        let (wanted, unwanted) = text.split_once('-').unwrap_or((text, ""));
        let patterns = |text: &str| -> Vec<String> {
            let patterns = text.split(':').filter(|pattern| !pattern.is_empty());
            patterns.map(str::to_owned).collect()
        };
        Self {
            wanted: patterns(wanted),
            unwanted: patterns(unwanted),
        }
    }

    /// Whether a case is asked for. Its name is `scenario.implementation`, as googletest has suites and tests, or
    /// `scenario/implementation`, as we have it.
    pub(crate) fn matches(&self, scenario: &str, implementation: &str) -> bool {
        let names = ['.', '/'].map(|between| format!("{scenario}{between}{implementation}"));
        let any = |patterns: &[String]| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| {
                names
                    .iter()
                    .any(|name| fits(pattern.as_bytes(), name.as_bytes()))
            })
        };
        (self.wanted.is_empty() || any(&self.wanted)) && !any(&self.unwanted)
    }
}

/// Whether a whole name is as a pattern says.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if fits(rest, name) => true,
        (Some((b'*', _)), Some((_, shorter))) => fits(pattern, shorter),
        (Some((b'?', pattern)), Some((_, name))) => fits(pattern, name),
        (Some((a, pattern)), Some((b, name))) if a == b => fits(pattern, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_googletest_s_manual_has_it() {
        let asked = |filter: &str| -> Vec<&str> {
            let filter = GtestFilter::new(filter);
            let names = ["bye.one", "bye.two", "code.one", "code.two"];
            let is_asked = |name: &&str| {
                let (scenario, implementation) = name.split_once('.').unwrap();
                filter.matches(scenario, implementation)
            };
            names.into_iter().filter(is_asked).collect()
        };
        assert_eq!(asked("*").len(), 4);
        assert_eq!(asked("").len(), 4);
        assert_eq!(asked("bye.*"), ["bye.one", "bye.two"]);
        assert_eq!(asked("bye/one:code.t?o"), ["bye.one", "code.two"]);
        assert_eq!(asked("bye.*-bye.one"), ["bye.two"]);
        assert_eq!(asked("-*.one"), ["bye.two", "code.two"]);
        // A pattern is of a whole name.
        assert_eq!(asked("bye"), Vec::<&str>::new());
    }
}
