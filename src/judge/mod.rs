//! The judge: a pure function from a [`Record`] and an [`Expectation`] to a [`Judgement`].
//!
//! No process, no clock: a saved record is judged the same tomorrow. What came only after the harness had begun to end the
//! subject, or its survivors, is not judged: it is the harness's doing.

mod check;
mod clients;
mod delay;
mod end;
pub mod expect;
mod files;
mod lines;
mod lives;
mod moment;
mod order;
mod own;
mod ready;
mod requests;
mod sequence;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use check::{Check, Doubt, Expected, Observed};

use crate::expect::{Delay, Expectation, Mark, Pattern};
use crate::record::{Record, Stream};

/// What came of an expectation. Ordered from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// What was expected was observed.
    Held,
    /// The observation does not tell: the machine was too slow, or output was cut or buffered.
    Inconclusive,
    /// Something else was observed.
    Broken,
}

/// What came of all parts of an expectation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// One check for each thing that was expected.
    pub checks: Vec<Check>,
}

impl Judgement {
    /// The worst of all checks; held if there are none.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.checks
            .iter()
            .map(|c| c.verdict)
            .max()
            .unwrap_or(Verdict::Held)
    }

    /// The checks that did not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| c.verdict != Verdict::Held)
    }

    /// Whether the verdict is inconclusive for a reason that another, quieter run may not have.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.verdict() == Verdict::Inconclusive && self.failures().all(Check::retryable)
    }
}

/// Judges a record.
///
/// ```
/// use exeunt::expect::{Expectation, ExpectedEnd};
/// use exeunt::judge::{Verdict, judge};
/// use exeunt::record::Exit;
/// use exeunt::{Record, secs};
///
/// let record = Record::new(["worker"]).with(secs(1), "ready").with(secs(2), Exit::Code(3));
/// let judgement = judge(&record, &Expectation::new().log(["ready"]).end(ExpectedEnd::code(0)));
/// assert_eq!(judgement.verdict(), Verdict::Broken);
/// let failures: Vec<_> = judgement.failures().map(ToString::to_string).collect();
/// assert_eq!(failures, ["expected exit code 0, observed exit code 3 after 2.000 s"]);
/// ```
#[must_use]
pub fn judge(record: &Record, expectation: &Expectation) -> Judgement {
    let record = &*own::before_the_end(record);
    let Expectation {
        log,
        present,
        absent,
        counts,
        end,
        delays,
        threads,
        order,
        requests,
        clients,
        files,
        ..
    } = expectation;
    let due = moment::exit_due(record, expectation);
    // An exit that was not the subject's own is mentioned once.
    let told = end.is_some();
    let delays = delays
        .iter()
        .filter(|delay| !(told && delay::is_cut_short(record, delay)));
    let mut checks = Vec::new();
    checks.extend(ready::ready(record));
    checks.extend(ready::other_lines(record));
    checks.extend(end.as_ref().map(|end| end::end(record, end, due)));
    checks.extend(log.iter().flat_map(|log| self::order::log(record, log)));
    checks.extend(present.iter().map(|line| lines::present(record, line)));
    checks.extend(absent.iter().map(|line| lines::absent(record, line)));
    checks.extend(counts.iter().map(|count| lines::count(record, count)));
    checks.extend(delays.map(|delay| delay::delay(record, delay, due)));
    checks.extend(threads.iter().map(|ends| lives::threads(record, ends)));
    checks.extend(requests.iter().flat_map(|r| requests::requests(record, r)));
    checks.extend(files.iter().map(|file| files::file(record, file)));
    checks.extend(clients.iter().flat_map(|c| clients::client(record, c)));
    checks.extend(sequence::order(record, order, told));
    checks.extend(end::survivors(record, expectation));
    checks.extend(end::signals(record));
    Judgement { checks }
}

/// The time that a delay took in a record, in seconds: less than zero if its end came before its beginning. `None` if one
/// of the two never came, or is an exit that was not the subject's own.
///
/// This is the number that checks and reports show.
#[must_use]
pub fn elapsed(record: &Record, delay: &Delay) -> Option<f64> {
    let record = &*own::before_the_end(record);
    match delay::is_cut_short(record, delay) {
        true => None,
        false => moment::elapsed(record, delay),
    }
}

/// When an instant of a run was, since its start. `None` if it never came.
///
/// This is the place that a delay is counted from.
#[must_use]
pub fn instant(record: &Record, mark: &Mark) -> Option<Duration> {
    let record = &*own::before_the_end(record);
    moment::Moment::of(record, mark).map(|moment| moment.at)
}

/// What is not in a record.
#[derive(Clone, Copy)]
enum Absence<'p> {
    /// Such a line.
    Line(&'p Pattern),
    /// Any line.
    AnyLine,
    /// Something that is no line.
    Event,
}

/// Why it is no proof that something is not in the record: it may have been there and not kept, or on a stream that is not
/// known apart, or would have come.
fn doubt_about_absence(record: &Record, absence: Absence<'_>) -> Option<Doubt> {
    let merged = match absence {
        Absence::Line(pattern) => unknown_stream(record, pattern).map(Doubt::Merged),
        _ => None,
    };
    let cut = match absence {
        Absence::Line(_) | Absence::AnyLine => record.is_cut().then_some(Doubt::Cut),
        Absence::Event => None,
    };
    merged.or(cut).or_else(|| end::doubt_at_end(record))
}

/// The stream of a pattern, where the record does not tell its lines from those of others.
fn unknown_stream(record: &Record, pattern: &Pattern) -> Option<Stream> {
    pattern
        .stream
        .filter(|stream| *stream != Stream::Merged && !record.streams.has(*stream))
}
