//! `exeunt list`

use exeunt::suite::{Case, Suite};

use super::args::{List, Selection};
use super::exit_status::ExitStatus;
use super::{Problem, load};

pub(super) fn list(args: &List) -> Result<ExitStatus, Problem> {
    let suite = load(&args.selection)?;
    for case in select(&suite, &args.selection)? {
        let note = match case.deviations.as_slice() {
            [] => "",
            known if known.iter().all(|d| d.version.is_none()) => "  (a known deviation)",
            _ => "  (a known deviation of some versions)",
        };
        anstream::println!("{}/{}{note}", case.scenario, case.implementation);
    }
    Ok(ExitStatus::Held)
}

/// The cases that were asked for. None at all is a mistake, not a success.
pub(super) fn select<'s>(
    suite: &'s Suite,
    selection: &Selection,
) -> Result<Vec<&'s Case>, Problem> {
    let scenarios: Vec<_> = suite.cases().iter().map(|c| c.scenario.as_str()).collect();
    let implementations: Vec<_> = suite
        .implementations()
        .iter()
        .map(|i| i.name.as_str())
        .collect();
    known("scenario", &selection.scenario, &scenarios)?;
    known(
        "implementation",
        &selection.implementation,
        &implementations,
    )?;
    let among = |names: &[String], name: &String| names.is_empty() || names.contains(name);
    // A column that was added is wanted, whichever others are.
    let added = |case: &Case| {
        let mut columns = selection.implementation_command.iter();
        columns.any(|column| column.name == case.implementation)
    };
    let filtered = |case: &Case| {
        let name = format!("{}/{}", case.scenario, case.implementation);
        selection.filter.is_empty()
            || selection
                .filter
                .iter()
                .any(|part| name.contains(part.as_str()))
    };
    let cases: Vec<_> = suite
        .cases()
        .iter()
        .filter(|c| {
            among(&selection.scenario, &c.scenario)
                && (among(&selection.implementation, &c.implementation) || added(c))
        })
        .filter(|c| filtered(c))
        .collect();
    match cases.is_empty() {
        false => Ok(cases),
        true => Err(Problem::Other(format!(
            "no case of {} matches {}\n`exeunt list` shows what there is; `exeunt --help` the commands",
            suite.path().display(),
            wish(selection)
        ))),
    }
}

fn wish(selection: &Selection) -> String {
    let quoted = |names: &[String]| {
        names
            .iter()
            .map(|n| format!("`{n}`"))
            .collect::<Vec<_>>()
            .join(" or ")
    };
    let parts = [
        ("", &selection.filter),
        ("scenario ", &selection.scenario),
        ("implementation ", &selection.implementation),
    ];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    parts
        .map(|(what, names)| format!("{what}{}", quoted(names)))
        .collect::<Vec<_>>()
        .join(" and ")
}

/// A name that is asked for by its whole must be there.
fn known(what: &str, asked: &[String], there: &[&str]) -> Result<(), Problem> {
    match asked.iter().find(|name| !there.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let mut there = there.to_vec();
            there.dedup();
            Err(Problem::Other(format!(
                "there is no {what} `{name}`; there are: {}",
                there.join(", ")
            )))
        }
    }
}
