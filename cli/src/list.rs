//! `exeunt list`

use std::io::Write;

use exeunt::suite::Case;

use crate::args::List;
use crate::exit_status::ExitStatus;
use crate::output;
use crate::problem::Problem;
use crate::select::{load, select};

pub(crate) fn list(args: &List) -> Result<ExitStatus, Problem> {
    let suite = load(&args.selection)?;
    let mut out = output::stdout();
    for case in select(&suite, &args.selection)? {
        writeln!(out, "{}{}", case.id(), note(case))?;
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
