//! Words with placeholders in braces, such as `{scenario}`.

use std::path::Path;

use crate::record::words;

/// What a subject's words and texts can contain.
pub(super) const SUBJECT: &[&str] = &["scenario", "implementation", "root", "port"];
/// What can stand in the name of a binary.
pub(super) const BINARY: &[&str] = &["scenario", "implementation"];
/// What can stand in a directory.
pub(super) const DIRECTORY: &[&str] = &["scenario", "implementation", "root"];
/// What a build can contain: it is run once, whatever the scenario.
pub(super) const BUILD: &[&str] = &["implementation", "root"];
/// What a probe can contain.
pub(super) const PROBE: &[&str] = &["program", "implementation", "root"];

/// Checks that every name in braces is one of these.
pub(super) fn check(word: &str, known: &[&str]) -> Result<(), String> {
    match names(word).find(|(_, name)| !known.contains(name)) {
        Some((_, name)) => Err(format!(
            "`{{{name}}}` is no placeholder here: there are {} (braces that are meant as such need a space: `{{ {name} }}`)",
            list(known)
        )),
        None => Ok(()),
    }
}

fn list(known: &[&str]) -> String {
    let known: Vec<_> = known.iter().map(|name| format!("`{{{name}}}`")).collect();
    words::list(&known).unwrap_or_default()
}

/// The directory of a suite, as words name it: whatever directory a process starts in, it leads there.
pub(crate) fn root(directory: &Path) -> String {
    let absolute = std::path::absolute(directory);
    let path = absolute.as_deref().unwrap_or(directory);
    path.to_string_lossy().into_owned()
}

/// Puts values in the place of names. What a value contains is not looked at again.
pub(crate) fn expand(word: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = 0;
    for (start, name) in names(word) {
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            out.push_str(&word[rest..start]);
            out.push_str(value);
            rest = start + name.len() + 2;
        }
    }
    out.push_str(&word[rest..]);
    out
}

/// Whether a name is in a word.
pub(crate) fn has(word: &str, name: &str) -> bool {
    names(word).any(|(_, found)| found == name)
}

/// What stands in braces and looks like a name, with the place of the brace. Not so the `${name}` of a shell.
fn names(word: &str) -> impl Iterator<Item = (usize, &str)> {
    let opened = word.match_indices('{').map(|(i, _)| i);
    let opened = opened.filter(|i| !word[..*i].ends_with('$'));
    let names = opened.filter_map(|i| Some((i, word[i + 1..].split_once('}')?.0)));
    names.filter(|(_, name)| is_name(name))
}

/// Whether this can stand in braces.
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-' || c == '_';
    !name.is_empty() && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_place_of_names_once() {
        let values = [("scenario", "{root}"), ("root", "/r")];
        let expanded = |word| expand(word, &values);
        assert_eq!(expanded("{root}/{scenario}.py"), "/r/{root}.py");
        assert_eq!(
            expanded("{port} ${root} { root }"),
            "{port} ${root} { root }"
        );
        assert_eq!(expanded("plain"), "plain");
        assert!(has("a{port}", "port") && !has("a${port}", "port"));
    }

    #[test]
    fn an_unknown_name_is_told_with_those_that_there_are() {
        let error = check("{scenaro}.py", BUILD).unwrap_err();
        assert!(
            error.starts_with(
                "`{scenaro}` is no placeholder here: there are `{implementation}` and `{root}` ("
            ),
            "{error}"
        );
        assert!(check("{}{ print }${name}{HOME}{", &[]).is_ok());
    }
}
