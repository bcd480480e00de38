//! `exeunt list`

use std::io::{self, Write};

use exeunt::suite::{Case, KnownDeviation};

use crate::args::List;
use crate::exit_status::ExitStatus;
use crate::output;
use crate::problem::Problem;
use crate::select::{load, select};

pub(crate) fn list(args: &List) -> Result<ExitStatus, Problem> {
    let suite = load(&args.selection)?;
    let mut out = output::stdout();
    for case in select(&suite, &args.selection)? {
        match args.verbose {
            false => writeln!(out, "{}{}", case.id(), note(case))?,
            true => details(&mut out, case)?,
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
