//! The last words of test runners: the lines after which they should end.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

use exeunt::record::Stream;
use regex::Regex;

/// A last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether the runner may go on after it: then any other line takes it back.
    pub(super) may_go_on: bool,
    /// Whether the grace period counts from it, whatever is said afterwards.
    pub(super) is_strict: bool,
}

/// What some bytes of output came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Said {
    pub(super) word: Option<Word>,
    /// Whether there was text in it.
    pub(super) takes_back: bool,
    /// The last whole line that had text.
    pub(super) line: Option<String>,
}

/// Listens for the last word.
pub(super) struct Words {
    own: Option<Regex>,
    streams: HashMap<Stream, Listener>,
}

#[derive(Default)]
struct Listener {
    /// The line that is not ended yet.
    line: Vec<u8>,
    /// The last lines that had text, without colours; the newest is the last.
    before: VecDeque<String>,
}

/// A summary is no longer than that.
const LINE: usize = 4096;
/// So many lines before a summary say whose it is.
const BEFORE: usize = 3;

impl Words {
    pub(super) fn new(own: Option<Regex>) -> Self {
        Self {
            own,
            streams: HashMap::new(),
        }
    }

    /// Takes bytes of a stream.
    pub(super) fn hear(&mut self, stream: Stream, bytes: &[u8]) -> Said {
        let listener = self.streams.entry(stream).or_default();
        let mut said = Said::default();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            listener.add(&rest[..end]);
            rest = &rest[end + 1..];
            let line = listener.take();
            let text = line.trim();
            if text.is_empty() {
                continue;
            }
            said.takes_back = true;
            let word = match &self.own {
                // Some programs end their lines as on Windows: that is no part of the line.
                Some(own) => own
                    .is_match(line.trim_end_matches('\r'))
                    .then_some(Kind::Own),
                None => kind(&line, &listener.before),
            };
            match word {
                Some(kind) => said.word = Some(kind.word(text)),
                None if said.word.as_ref().is_some_and(|word| word.may_go_on) => said.word = None,
                None => {}
            }
            said.line = Some(text.to_owned());
            listener.note(text);
        }
        listener.add(rest);
        said.takes_back |= !rest.trim_ascii().is_empty();
        said
    }
}

impl Listener {
    fn add(&mut self, bytes: &[u8]) {
        let room = LINE.saturating_sub(self.line.len());
        self.line.extend(&bytes[..bytes.len().min(room)]);
    }

    /// The whole line, without colours.
    fn take(&mut self) -> String {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        anstream::adapter::strip_str(&text).to_string()
    }

    fn note(&mut self, text: &str) {
        if self.before.len() == BEFORE {
            self.before.pop_front();
        }
        self.before.push_back(text.to_owned());
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What `--after-line` says.
    Own,
    /// Nothing follows but details.
    Last,
    /// There may be further tests.
    MayGoOn,
}

impl Kind {
    fn word(self, text: &str) -> Word {
        Word {
            text: text.to_owned(),
            may_go_on: self == Self::MayGoOn,
            is_strict: self == Self::Own,
        }
    }
}

/// The summaries of test runners that follow nothing else.
///
/// Sources: `tests/words` has what these print.
const LAST: [&str; 8] = [
    // pytest, also with -q
    r"^(=+ )?(no tests ran|\d+ (passed|failed|errors?|skipped|xfailed|xpassed|deselected|warnings?|rerun)\b.*) in \d+\.\d+s( \(\d+:\d\d:\d\d\))?( =+)?$",
    // jest
    r"^Ran all test suites\b",
    r"^Jest did not exit\b",
    // vitest
    r"^\s*Duration\s+\d+(\.\d+)?m?s \(",
    // mocha
    r"^\s+\d+ passing \(\d+\w+\)$",
    // node --test, by its reporters `spec` and `tap`
    r"^(ℹ|#) duration_ms \d",
    // nextest
    r"^\s+Summary \[\s*\d+\.\d+s\] ",
    // JUnit's console launcher
    r"^\[\s+\d+ tests failed\s+\]$",
];

fn kind(line: &str, before: &VecDeque<String>) -> Option<Kind> {
    static KNOWN: LazyLock<[Regex; LAST.len()]> =
        LazyLock::new(|| LAST.map(|known| Regex::new(known).expect("a regular expression")));
    static CARGO: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^test result: (ok|FAILED)\. \d+ passed; ").expect("a regular expression")
    });
    static UNITTEST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(OK|FAILED|NO TESTS RAN)( \(.*\))?$").expect("a regular expression")
    });
    static RAN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^Ran \d+ tests? in ").expect("a regular expression"));
    let after = |is: &dyn Fn(&str) -> bool| before.iter().any(|line| is(line));
    // A carriage return that redraws a line stands before its last state.
    let line = line.trim_end().rsplit('\r').next().unwrap_or_default();
    if KNOWN.iter().any(|known| known.is_match(line)) {
        return Some(Kind::Last);
    }
    if UNITTEST.is_match(line) && after(&|line| RAN.is_match(line)) {
        return Some(Kind::Last);
    }
    if CARGO.is_match(line) {
        return Some(Kind::MayGoOn);
    }
    // What fails is told once more when all packages are through.
    let last = before.back().map(String::as_str).unwrap_or_default();
    if line == "FAIL"
        && ["ok  \t", "FAIL\t", "?   \t"]
            .iter()
            .any(|go| last.starts_with(go))
    {
        return Some(Kind::MayGoOn);
    }
    // Of one package alone; where there are several, the last of them cannot be told.
    let go = line.starts_with("ok  \t") || line.starts_with("FAIL\t");
    let of_one = before
        .iter()
        .any(|line| line == "PASS" || line == "FAIL" || line.starts_with("exit status "));
    (go && of_one).then_some(Kind::MayGoOn)
}
