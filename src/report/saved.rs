//! Runs that are kept: what was run, each outcome as its case ends, and that the run came to its end. One JSON object a line.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{Reporter, Results};
use crate::outcome::{CaseId, Outcome, Summary};

/// The version of the shape of a kept run.
pub const SAVED_SCHEMA: u32 = 1;

/// One line of a kept run. A line is as long as its record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line {
    Begin(Begin),
    Outcome(Box<Outcome>),
    End {
        /// How long the run took.
        seconds: f64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Begin {
    schema: u32,
    name: String,
    /// Seconds since 1970.
    started: f64,
    cases: Vec<CaseId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
}

/// Which part of a bigger run a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its number, counted from 1.
    pub number: usize,
    /// How many there are.
    pub count: usize,
    /// The cases of all shards together: those of a shard that is missing are missed.
    pub whole: Vec<CaseId>,
}

/// Keeps a run: writes a line as each case ends.
#[derive(Debug)]
pub struct Save<W> {
    out: W,
}

impl<W: Write> Save<W> {
    /// Writes to `out` what is to be run.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin(mut out: W, results: &Results) -> io::Result<Self> {
        let started = results.started.duration_since(UNIX_EPOCH);
        let begin = Line::Begin(Begin {
            schema: SAVED_SCHEMA,
            name: results.name.clone(),
            started: started.unwrap_or_default().as_secs_f64(),
            cases: results.cases.clone(),
            shard: results.shard.clone(),
        });
        write(&mut out, &begin)?;
        Ok(Self { out })
    }
}

fn write(out: &mut impl Write, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    // At once: a kill leaves whole lines.
    out.write_all(text.as_bytes())
}

impl<W: Write> Reporter for Save<W> {
    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        write(&mut self.out, &Line::Outcome(Box::new(outcome.clone())))
    }

    fn end(&mut self, _: &Summary, elapsed: Duration) -> io::Result<()> {
        let seconds = elapsed.as_secs_f64();
        write(&mut self.out, &Line::End { seconds })?;
        self.out.flush()
    }
}

/// A kept run that cannot be read: in which line, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedError {
    line: usize,
    why: String,
}

impl fmt::Display for SavedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for SavedError {}

/// # Kept
impl Results {
    /// This run, as a text that [`from_saved`](Self::from_saved) reads.
    #[must_use]
    pub fn to_saved(&self) -> String {
        let mut out = Vec::new();
        // It is written to memory.
        let _ = self.save(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    fn save(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let mut save = Save::begin(out, self)?;
        self.outcomes
            .iter()
            .try_for_each(|outcome| save.case(outcome))?;
        match self.elapsed {
            Some(elapsed) => save.end(&self.summary(), elapsed),
            None => Ok(()),
        }
    }

    /// Reads a kept run. One whose harness was killed is not over, and its last line may be torn.
    ///
    /// # Errors
    /// If it is none, or one of another version.
    pub fn from_saved(text: &str) -> Result<Self, SavedError> {
        let mut lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.is_empty());
        let wrong = |i: usize, why: String| SavedError { line: i + 1, why };
        let (first, line) = lines.next().ok_or(wrong(0, "it is empty".into()))?;
        let begin = begin(line).map_err(|why| wrong(first, why))?;
        let mut results = Self {
            started: UNIX_EPOCH + Duration::try_from_secs_f64(begin.started).unwrap_or_default(),
            shard: begin.shard,
            ..Self::new(begin.name, begin.cases)
        };
        let mut lines = lines.peekable();
        while let Some((i, line)) = lines.next() {
            match serde_json::from_str(line) {
                Ok(Line::Outcome(outcome)) => results.outcomes.push(*outcome),
                Ok(Line::End { seconds }) => {
                    let elapsed = Duration::try_from_secs_f64(seconds);
                    results.elapsed = Some(elapsed.map_err(|e| wrong(i, e.to_string()))?);
                }
                Ok(Line::Begin(_)) => return Err(wrong(i, "another run begins".into())),
                // The harness was killed while it wrote.
                Err(_) if lines.peek().is_none() && !text.ends_with('\n') => {}
                Err(error) => return Err(wrong(i, format!("no outcome: {error}"))),
            }
        }
        Ok(results)
    }

    /// Several runs as one: the shards of a run, say.
    ///
    /// All outcomes are kept, those of the same case too. A shard that is missing leaves its cases without an outcome; the whole is
    /// over if all are. Without any run it is empty.
    #[must_use]
    pub fn merged(runs: impl IntoIterator<Item = Self>) -> Self {
        let mut runs = runs.into_iter();
        let Some(mut whole) = runs.next() else {
            return Self::new("", []);
        };
        whole.cases = all_cases(&whole);
        for run in runs {
            let more = all_cases(&run);
            let known: std::collections::HashSet<_> = whole.cases.iter().cloned().collect();
            whole
                .cases
                .extend(more.into_iter().filter(|case| !known.contains(case)));
            whole.started = whole.started.min(run.started);
            whole.elapsed = whole.elapsed.zip(run.elapsed).map(|(a, b)| a + b);
            whole.outcomes.extend(run.outcomes);
        }
        whole.shard = None;
        whole
    }
}

/// The cases of a run, or of all shards if it is one.
fn all_cases(run: &Results) -> Vec<CaseId> {
    let shard = run.shard.as_ref();
    shard.map_or(&run.cases, |shard| &shard.whole).clone()
}

fn begin(line: &str) -> Result<Begin, String> {
    let other = |schema: &serde_json::Value| {
        format!(
            "a kept run of schema {schema}, and this version of exeunt reads schema {SAVED_SCHEMA} only: run the cases again"
        )
    };
    let value: serde_json::Value =
        serde_json::from_str(line).map_err(|error| format!("no kept run: {error}"))?;
    if value["type"] != "begin" {
        return Err("no kept run, as `exeunt test --save` writes it".into());
    }
    if value["schema"] != SAVED_SCHEMA {
        return Err(other(&value["schema"]));
    }
    match serde_json::from_value(value) {
        Ok(Line::Begin(begin)) => Ok(begin),
        Ok(_) => Err("no kept run".into()),
        Err(error) => Err(format!("no kept run: {error}")),
    }
}
