//! `exeunt list`

use std::io::{self, Write};

use exeunt::suite::{Case, KnownDeviation, Place};
use serde::Serialize;

use crate::args::{Format, List};
use crate::exit_status::ExitStatus;
use crate::output;
use crate::problem::Problem;
use crate::select::{load, select};

pub(crate) fn list(args: &List) -> Result<ExitStatus, Problem> {
    let suite = load(&args.selection)?;
    let mut out = match args.format {
        Format::Text => output::stdout(),
        Format::Json => output::stdout().into_data(),
    };
    for case in select(&suite, &args.selection)? {
        match (args.format, args.verbose) {
            (Format::Text, false) => writeln!(out, "{}{}", case.id(), note(case))?,
            (Format::Text, true) => details(&mut out, case)?,
            (Format::Json, _) => writeln!(out, "{}", json(case))?,
        }
    }
    out.flush()?;
    Ok(ExitStatus::Held)
}

fn note(case: &Case) -> &'static str {
    match case.deviations.as_slice() {
        [] => "",
        known if known.iter().all(|d| d.version.is_none()) => "  (a known deviation)",
        _ => "  (a known deviation of some versions)",
    }
}

fn details(out: &mut impl Write, case: &Case) -> io::Result<()> {
    writeln!(out, "{}", case.id())?;
    let deviations = case.deviations.iter().map(deviation);
    let lines = [case.about.clone()].into_iter().chain(deviations);
    for line in lines.filter(|line| !line.is_empty()) {
        writeln!(out, "    {line}")?;
    }
    for source in &case.sources {
        writeln!(out, "    source: {source}")?;
    }
    Ok(())
}

fn deviation(known: &KnownDeviation) -> String {
    let versions = known.version.as_ref();
    let versions = versions.map(|versions| format!(" in {versions}"));
    format!("deviates{}: {}", versions.unwrap_or_default(), known.why)
}

/// A case as programs read it. Further keys may come; those that are there stay.
#[derive(Serialize)]
#[serde(tag = "type", rename = "listed", rename_all = "kebab-case")]
struct Listed<'a> {
    scenario: &'a str,
    implementation: &'a str,
    about: &'a str,
    place: &'a Place,
    sources: &'a [String],
    deviations: Vec<Deviation<'a>>,
    repeat: u32,
    exclusive: bool,
    /// In seconds.
    timeout: Option<f64>,
}

#[derive(Serialize)]
struct Deviation<'a> {
    name: Option<&'a str>,
    version: Option<String>,
    why: &'a str,
}

fn json(case: &Case) -> String {
    let deviations = case.deviations.iter().map(|known| Deviation {
        name: known.name.as_deref(),
        version: known.version.as_ref().map(ToString::to_string),
        why: &known.why,
    });
    let listed = Listed {
        scenario: &case.scenario,
        implementation: &case.implementation,
        about: &case.about,
        place: &case.place,
        sources: &case.sources,
        deviations: deviations.collect(),
        repeat: case.repeat.get(),
        exclusive: case.exclusive,
        timeout: case.bounds.timeout.map(|timeout| timeout.as_secs_f64()),
    };
    // Plain data with string keys: nothing in it can fail to serialise.
    serde_json::to_string(&listed).unwrap_or_default()
}
