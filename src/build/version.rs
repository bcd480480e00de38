//! The version that a program prints of itself.

use crate::suite::Version;

/// The first number of the form `1.2` or `1.2.3` in a line.
///
/// What follows the last of the three numbers (`3.15.0rc1`) is left out: a release candidate behaves as its release.
pub(super) fn find(line: &str) -> Option<Version> {
    let starts = line.char_indices().filter(|(i, c)| {
        c.is_ascii_digit() && !line[..*i].ends_with(|c: char| c.is_ascii_digit() || c == '.')
    });
    starts.map(|(i, _)| &line[i..]).find_map(|text| {
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let mut numbers = text[..end].split('.').map(|n| n.parse().ok());
        let (major, minor) = (numbers.next()??, numbers.next()??);
        Some(Version::new(
            major,
            minor,
            numbers.next().flatten().unwrap_or(0),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_print() {
        for (line, expected) in [
            ("Python 3.12.1", Some((3, 12, 1))),
            ("Python 3.15.0rc1+", Some((3, 15, 0))),
            ("v20.20.2", Some((20, 20, 2))),
            ("openjdk version \"17.0.15\" 2025-04-15", Some((17, 0, 15))),
            ("javac 17.0.15", Some((17, 0, 15))),
            ("gcc (Debian 12.2.0-14+deb12u1) 12.2.0", Some((12, 2, 0))),
            ("no number", None),
        ] {
            let expected = expected.map(|(a, b, c)| Version::new(a, b, c));
            assert_eq!(find(line), expected, "{line}");
        }
    }
}
