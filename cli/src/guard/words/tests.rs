use std::fs;
use std::path::Path;

use super::*;

/// What test runners print, as `tests/programs/guard.rs` has it too.
fn samples() -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/words");
    let files = fs::read_dir(directory).unwrap();
    files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect()
}

fn heard(bytes: &[u8], size: usize) -> (Option<Word>, bool) {
    let mut words = Words::new(None);
    let (mut word, mut takes_back): (Option<Word>, _) = (None, false);
    for piece in bytes.chunks(size) {
        let said = words.hear(Stream::Merged, piece);
        takes_back |= said.takes_back;
        if said.takes_back && word.as_ref().is_some_and(|word| word.may_go_on) {
            word = None;
        }
        let is_held = word.is_some();
        let new = said.word.filter(|word| !(word.is_unfinished && is_held));
        word = new.or(word);
    }
    (word, takes_back)
}

#[test]
fn it_is_the_same_however_the_output_is_cut() {
    for sample in samples() {
        let whole = heard(&sample, usize::MAX);
        assert!(whole.0.is_some(), "{}", String::from_utf8_lossy(&sample));
        // A cut inside of a line that takes a word back has taken it back already.
        for size in [1, 7, 100, 4096] {
            assert_eq!(heard(&sample, size), whole, "by {size} bytes");
        }
    }
}

#[test]
fn what_is_passed_over_is_no_last_word() {
    for line in samples()
        .iter()
        .flat_map(|sample| sample.split(|byte| *byte == b'\n'))
    {
        let before = ["Ran 2 tests in 0.000s", "PASS"].map(str::to_owned).into();
        let is_word = kind(&plain(line), &before).is_some();
        assert!(
            !is_word || MAY_BE.is_match(line),
            "{}",
            String::from_utf8_lossy(line)
        );
    }
}

#[test]
fn a_word_without_its_newline_counts_until_more_is_said() {
    let mut words = Words::new(Some(Regex::new("^done$").unwrap()));
    let mut hear = |text: &str| words.hear(Stream::Merged, text.as_bytes()).word;
    assert_eq!(hear("do"), None);
    let word = hear("ne").unwrap();
    assert!(word.is_unfinished && word.may_go_on && !word.is_strict);
    assert_eq!(hear(" with one\n"), None);
    assert!(hear("done").unwrap().is_unfinished);
    let word = hear("\n").unwrap();
    assert!(!word.is_unfinished && word.is_strict);
    // A whole word counts for more than one that follows it.
    assert!(hear("done\ndone").unwrap().is_strict);
}

#[test]
fn a_known_word_without_its_newline_counts_until_more_is_said() {
    for word in [
        "Ran all test suites.",
        "\x1b[2K2 passed in 0.10s",
        "x\r2 passed in 0.10s\r",
    ] {
        let mut words = Words::new(None);
        let mut hear = |text: &str| words.hear(Stream::Merged, text.as_bytes()).word;
        let unfinished = hear(word).unwrap();
        assert!(unfinished.is_unfinished && unfinished.may_go_on, "{word}");
    }
    // A progress line that is redrawn or erased has taken it back.
    for more in ["\r3 of 4", " of 4", "\x1b[2K\r", "\r\x1b[K", "\x1b[1A"] {
        let mut words = Words::new(None);
        let mut hear = |text: &str| words.hear(Stream::Merged, text.as_bytes());
        assert!(hear("2 passed in 0.10s").word.is_some());
        let said = hear(more);
        assert!(said.word.is_none() && said.takes_back, "{more:?}");
    }
}

#[test]
fn lines_between_that_are_passed_over_count() {
    let mut words = Words::new(None);
    let mut hear = |text: &str| words.hear(Stream::Merged, text.as_bytes());
    assert_eq!(hear("Ran 2 tests in 0.1s\n\n").word, None);
    assert!(hear("OK\n").word.is_some());
    hear("one\ntwo\nthree\n");
    assert_eq!(hear("OK\n").word, None, "too far behind");
    assert!(
        hear("test result: ok. 1 passed; 0\n")
            .word
            .unwrap()
            .may_go_on
    );
    let said = hear("\x1b[1m\x1b[0m\n\n");
    assert!(!said.takes_back, "there is no text in it");
    assert!(hear("more\n").takes_back);
    // Within one piece it is taken back as well.
    assert_eq!(hear("test result: ok. 1 passed; 0\nmore\n").word, None);
}
