//! `exeunt judge`

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::Instant;

use exeunt::Record;
use exeunt::outcome::{CaseId, Outcome, Status};
use exeunt::record::Origin;
use exeunt::report::Results;
use exeunt::suite::{Case, Suite, Version};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::args::Judge;
use crate::exit_status::ExitStatus;
use crate::files::files;
use crate::kept;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::report::{Report, reporter};
use crate::report_command::tell_unfinished;
use crate::select::load_suite;

pub(crate) fn judge(args: &Judge) -> Result<ExitStatus, Problem> {
    let suite = load_suite(args.suite.as_deref())?;
    let begun = Instant::now();
    let mut outcomes = Vec::new();
    let mut announced = BTreeSet::new();
    for path in &args.files {
        let text = read(path)?;
        for saved in Saved::all(path, &text) {
            let (place, saved) = saved?;
            if let Saved::Begin(begin) = saved {
                announced.extend(begin.cases);
                continue;
            }
            let outcome = outcome(&suite, saved).map_err(|why| format!("{place}: {why}"))?;
            outcomes.extend(outcome);
        }
    }
    if outcomes.is_empty() {
        return Err("there is no record in what was given to judge"
            .to_owned()
            .into());
    }
    let ids: Vec<_> = outcomes.iter().map(|o: &Outcome| o.case.clone()).collect();
    let results = Results::new(suite.path().display().to_string(), ids.clone());
    let mut reporters = files(&args.report.files, &results)?;
    let progress = Progress::none();
    reporters.insert(0, reporter(&args.report, &progress));
    let mut report = Report::begin(reporters, &args.report, &ids);
    outcomes.iter().for_each(|outcome| report.case(outcome));
    let unfinished: Vec<_> = announced.iter().filter(|id| !ids.contains(id)).collect();
    tell_unfinished(&unfinished, &[])?;
    let status = report.end(begun.elapsed())?;
    Ok(status.unless_unfinished(!unfinished.is_empty()))
}

pub(crate) fn read(path: &Path) -> Result<String, Problem> {
    let path = &kept::file(path);
    let text = match path.to_str() {
        Some("-") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        }
        _ => fs::read_to_string(path),
    };
    text.map_err(|error| format!("failed to read {}: {error}", path.display()).into())
}

/// What a file of records has.
enum Saved {
    /// A case of a report.
    Case(Box<SavedCase>),
    /// A record without a report around it.
    Record(Box<Record>),
    /// The cases of a kept run: those that were not over when it was cut off have no outcome in it.
    Begin(Begin),
    /// What says nothing of a case: a summary, an event that the record has too.
    Beside,
}

/// A case as `exeunt test --format json` writes it, as far as it is needed here.
#[derive(Deserialize)]
struct SavedCase {
    scenario: String,
    implementation: String,
    status: Status,
    why: Option<String>,
    #[serde(default)]
    runs: u32,
    record: Option<Record>,
}

/// A case as `exeunt test --save` keeps it.
#[derive(Deserialize)]
struct KeptCase {
    #[serde(flatten)]
    case: SavedCase,
    observed: Option<SavedRun>,
}

impl From<KeptCase> for Box<SavedCase> {
    fn from(kept: KeptCase) -> Self {
        Self::new(SavedCase {
            record: kept.observed.map(|run| run.record),
            ..kept.case
        })
    }
}

/// The first line of a kept run.
#[derive(Deserialize)]
struct Begin {
    cases: Vec<CaseId>,
}

/// The record of `exeunt run --format json`.
#[derive(Deserialize)]
struct SavedRun {
    record: Record,
}

/// What tells which of these an object is.
#[derive(Default, Deserialize)]
struct Kind<'v> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'v, str>>,
    schema: Option<IgnoredAny>,
}

impl<'v> Kind<'v> {
    /// The type, where it is the first key, as in what we write: the rest of a long record need not be looked through for it.
    fn at_once(value: &'v RawValue) -> Option<Self> {
        let after = value.get().strip_prefix(r#"{"type":""#)?;
        let (kind, _) = after.split_once('"')?;
        Some(Self {
            kind: Some(kind.into()),
            schema: None,
        })
    }
}

fn newlines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

impl Saved {
    /// All that is in a text, and where: one object a line, or objects over several lines.
    fn all(path: &Path, text: &str) -> impl Iterator<Item = Result<(String, Self), String>> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        // The line of the last object, and where it begins: records are long, and are not to be counted through again.
        let (mut line, mut counted) = (1, 0);
        std::iter::from_fn(move || {
            let before = values.byte_offset();
            let value = values.next()?;
            let begin = text.len() - text[before..].trim_start().len();
            line += newlines(&text[counted..begin]);
            counted = begin;
            let place = |line| format!("{}:{line}", path.display());
            Some(match value {
                // One that was cut off is to be looked for where it begins.
                Err(error) if error.is_eof() => Err(format!("{}: no record: {error}", place(line))),
                Err(error) => Err(format!("{}: no record: {error}", place(error.line()))),
                Ok(value) => match Self::of(value) {
                    Ok(saved) => Ok((place(line), saved)),
                    Err(why) => Err(format!("{}: {why}", place(line))),
                },
            })
        })
    }

    fn of(value: &RawValue) -> Result<Self, String> {
        fn read<'v, T: Deserialize<'v>>(value: &'v RawValue) -> Result<T, String> {
            serde_json::from_str(value.get()).map_err(|error| format!("no record: {error}"))
        }
        let Kind { kind, schema } = match (Kind::at_once(value), value.get().starts_with('{')) {
            (Some(kind), _) => kind,
            (None, true) => read(value)?,
            (None, false) => Kind::default(),
        };
        match kind.as_deref() {
            Some("case") => Ok(Self::Case(read(value)?)),
            Some("outcome") => Ok(Self::Case(read::<KeptCase>(value)?.into())),
            Some("run") => Ok(Self::Record(Box::new(read::<SavedRun>(value)?.record))),
            Some("begin") => Ok(Self::Begin(read(value)?)),
            Some("summary" | "start" | "event" | "end") => Ok(Self::Beside),
            Some(other) => Err(format!(
                "a `{other}` of another version of exeunt is no record"
            )),
            None if schema.is_some() => Ok(Self::Record(read(value)?)),
            None => Err("no record: it has no `schema`".into()),
        }
    }
}

/// What comes of a saved case now. `None` for what says nothing of one.
fn outcome(suite: &Suite, saved: Saved) -> Result<Option<Outcome>, String> {
    let saved = match saved {
        Saved::Beside | Saved::Begin(_) => return Ok(None),
        Saved::Record(record) => return judged(suite, *record).map(Some),
        Saved::Case(saved) => *saved,
    };
    match saved.record {
        Some(record) => {
            let mut outcome = judged(suite, record)?;
            outcome.runs = saved.runs;
            Ok(Some(outcome))
        }
        None => {
            let origin = Origin::new(saved.scenario, saved.implementation);
            let case = case(suite, &origin)?;
            Ok(Some(Outcome::without_run(&case, saved.status, saved.why)))
        }
    }
}

fn judged(suite: &Suite, record: Record) -> Result<Outcome, String> {
    let origin = record.origin.clone().ok_or(
        "a record of no case: it has no `origin`, as records of `exeunt test` have, so nothing is expected of it",
    )?;
    let version = origin.version.as_deref().map(str::parse::<Version>);
    let version = version.transpose().map_err(|error| error.to_string())?;
    let case = case(suite, &origin)?;
    Ok(Outcome::of(&case, version.as_ref(), record))
}

/// The case of the suite that a record is of, in the version of the record. That of an implementation from the command line is
/// that of the implementation that it is like.
fn case(suite: &Suite, origin: &Origin) -> Result<Case, String> {
    let find = |implementation: &str| {
        let mut cases = suite.cases().iter();
        cases.find(|c| c.scenario == origin.scenario && c.implementation == implementation)
    };
    let found = find(&origin.implementation).or_else(|| find(&origin.like));
    let Origin {
        scenario,
        implementation,
        version,
        ..
    } = origin;
    let found = found.ok_or_else(|| {
        format!(
            "the suite {} has no case `{scenario}/{implementation}`",
            suite.path().display()
        )
    })?;
    let mut case = match version {
        None => found.clone(),
        Some(version) => {
            let parsed: Version = version
                .parse()
                .map_err(|error| format!("version `{version}`: {error}"))?;
            let case = suite.case_for(found, &parsed).map_err(|e| e.to_string())?;
            case.ok_or_else(|| {
                format!("scenario `{scenario}` does not have {implementation} {version}")
            })?
        }
    };
    case.implementation.clone_from(implementation);
    Ok(case)
}
