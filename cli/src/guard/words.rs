//! The last words of test runners: the lines after which they should end.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

use exeunt::record::Stream;
use memchr::{memchr, memrchr};
use regex::{Regex, bytes};

/// A last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether the runner may go on after it: then any other line takes it back.
    pub(super) may_go_on: bool,
    /// Whether the grace period counts from it, whatever is said afterwards.
    pub(super) is_strict: bool,
    /// Whether its line may go on. It counts where there is no other word, and until more is said.
    pub(super) is_unfinished: bool,
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
        let own = self.own.as_ref();
        let listener = self.streams.entry(stream).or_default();
        let mut said = Said::default();
        let mut rest = bytes;
        if !listener.line.is_empty()
            && let Some(end) = memchr(b'\n', rest)
        {
            listener.add(&rest[..end]);
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut listener.line);
            listener.line(own, &line, &mut said);
        }
        let whole = memrchr(b'\n', rest).map_or(0, |end| end + 1);
        let (whole, unfinished) = rest.split_at(whole);
        listener.lines(own, whole, &mut said);
        listener.add(unfinished);
        said.takes_back |= !unfinished.trim_ascii().is_empty();
        if said.word.is_none() {
            said.word = listener.unfinished(own);
        }
        said
    }
}

impl Listener {
    fn add(&mut self, bytes: &[u8]) {
        let room = LINE.saturating_sub(self.line.len());
        self.line.extend(&bytes[..bytes.len().min(room)]);
    }

    /// A line that is a last word before its newline has come: perhaps none will.
    fn unfinished(&self, own: Option<&Regex>) -> Option<Word> {
        let shown = shown(&self.line);
        if own.is_none() && !MAY_BE.is_match(shown) {
            return None;
        }
        let line = plain(shown);
        let text = line.trim();
        let is_word = match own {
            Some(own) => own.is_match(&line),
            None => kind(&line, &self.before).is_some(),
        };
        (is_word && !text.is_empty()).then(|| Word {
            text: text.to_owned(),
            may_go_on: true,
            is_strict: false,
            is_unfinished: true,
        })
    }

    /// Takes whole lines, each with its newline.
    fn lines(&mut self, own: Option<&Regex>, whole: &[u8], said: &mut Said) {
        let Some(lines) = whole.strip_suffix(b"\n") else {
            return;
        };
        if own.is_some() || MAY_BE.is_match(whole) {
            lines
                .split(|byte| *byte == b'\n')
                .for_each(|line| self.line(own, line, said));
            return;
        }
        // None of them is a last word, so only the last of them matter, as what stands before one.
        let texts = lines.rsplit(|byte| *byte == b'\n').map(plain);
        let texts: Vec<_> = texts
            .filter(|text| !text.trim().is_empty())
            .take(BEFORE)
            .collect();
        for text in texts.iter().rev() {
            said.other();
            said.line = Some(text.trim().to_owned());
            self.note(text.trim());
        }
    }

    /// Takes a line.
    fn line(&mut self, own: Option<&Regex>, line: &[u8], said: &mut Said) {
        let may_be = own.is_some() || MAY_BE.is_match(line);
        let line = plain(line);
        let text = line.trim();
        if text.is_empty() {
            return;
        }
        let word = match own {
            // Some programs end their lines as on Windows: that is no part of the line.
            Some(own) => own
                .is_match(line.trim_end_matches('\r'))
                .then_some(Kind::Own),
            None => may_be.then(|| kind(&line, &self.before)).flatten(),
        };
        match word {
            Some(kind) => {
                said.takes_back = true;
                said.word = Some(kind.word(text));
            }
            None => said.other(),
        }
        said.line = Some(text.to_owned());
        self.note(text);
    }

    fn note(&mut self, text: &str) {
        if self.before.len() == BEFORE {
            self.before.pop_front();
        }
        self.before.push_back(text.to_owned());
    }
}

/// What is left of a line that is not ended yet, where a progress line was erased or the cursor was moved: what follows that.
fn shown(line: &[u8]) -> &[u8] {
    static MOVES: LazyLock<bytes::Regex> = LazyLock::new(|| {
        bytes::Regex::new(r"(?-u)\x1b\[[0-?]*[@-ln-~]").expect("a regular expression")
    });
    let last = MOVES.find_iter(line).last();
    &line[last.map_or(0, |last| last.end())..]
}

/// The beginning of a line, without colours.
fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(LINE)]);
    anstream::adapter::strip_str(&text).to_string()
}

impl Said {
    /// A line that is no last word.
    fn other(&mut self) {
        self.takes_back = true;
        if self.word.as_ref().is_some_and(|word| word.may_go_on) {
            self.word = None;
        }
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
            is_unfinished: false,
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

/// One of these is in each line that is a last word, whatever its colours: much output is passed over by them at once.
static MAY_BE: LazyLock<bytes::Regex> = LazyLock::new(|| {
    let words = [
        "passed",
        "failed",
        "error",
        "skipped",
        "deselected",
        "warning",
        "rerun",
        "no tests ran",
        "Ran all test suites",
        "Jest did not exit",
        "Duration",
        "passing",
        "duration_ms",
        "Summary",
        "OK",
        "NO TESTS RAN",
        "test result: ",
        "ok  \t",
        "FAIL",
    ];
    bytes::Regex::new(&words.join("|")).expect("a regular expression")
});

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

#[cfg(test)]
mod tests;
