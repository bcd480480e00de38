//! Durations as suites and the command line write them.

use std::fmt;
use std::time::Duration;

/// Reads a duration such as `2s`, `300ms` or `1m 30s`.
///
/// ```
/// use std::time::Duration;
/// use exeunt::suite::parse_duration;
/// assert_eq!(parse_duration("1s 500ms"), Ok(Duration::from_millis(1500)));
/// assert!(parse_duration("5").unwrap_err().to_string().contains("unit"));
/// ```
///
/// # Errors
/// If the text is not a duration; the error says what is wrong with it.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let wrong = |why| DurationError {
        text: text.into(),
        why,
    };
    let text = text.trim();
    if text.starts_with('-') {
        return Err(wrong(", it is negative"));
    }
    if text.parse::<f64>().is_ok() {
        return Err(wrong(", its unit is missing"));
    }
    humantime::parse_duration(text).map_err(|_| wrong(""))
}

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationError {
    text: String,
    why: &'static str,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, why } = self;
        write!(
            f,
            "`{text}` is not a duration{why}: write it as `2s`, `300ms` or `1m 30s`"
        )
    }
}

impl std::error::Error for DurationError {}

/// A duration as [`parse_duration`] reads it.
pub(crate) fn show(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_texts_that_are_none() {
        for (text, millis) in [("0s", 0), ("2s", 2000), ("300ms", 300), ("1m 30s", 90_000)] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for (text, why) in [
            ("5", "its unit is missing"),
            ("2.5", "its unit is missing"),
            ("0", "its unit is missing"),
            ("-5s", "it is negative"),
            ("soon", "duration: write"),
            ("", "duration: write"),
            ("1 parsec", "duration: write"),
            ("99999999999999999999s", "duration: write"),
        ] {
            let error = parse_duration(text).map_err(|error| error.to_string());
            assert!(
                error.as_ref().is_err_and(|error| error.contains(why)),
                "{text}: {error:?}"
            );
        }
    }
}
