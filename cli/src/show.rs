//! `exeunt show`

use std::io::Write;

use crate::args::Show;
use crate::exit_status::ExitStatus;
use crate::output;
use crate::problem::Problem;
use crate::select::{load, select};

pub(crate) fn show(args: &Show) -> Result<ExitStatus, Problem> {
    let suite = load(&args.selection)?;
    let cases = select(&suite, &args.selection)?;
    let shown: Vec<_> = cases.into_iter().map(|case| case.show()).collect();
    let mut out = output::stdout();
    write!(out, "{}", shown.join("\n"))?;
    out.flush()?;
    Ok(ExitStatus::Held)
}
