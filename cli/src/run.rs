//! `exeunt run`

use exeunt::record::{Record, Termination};
use exeunt::{Subject, report};

use super::Problem;
use super::args::{Format, Run};
use super::exit_status::ExitStatus;
use super::interrupt::cancel_on_signals;

pub(super) fn run(args: &Run) -> Result<ExitStatus, Problem> {
    let cancel = cancel_on_signals()?;
    let (program, rest) = args
        .command
        .split_first()
        .ok_or_else(|| "no command to run".to_owned())?;
    let mut subject = Subject::new(program)
        .args(rest)
        .timeout(args.timeout)
        .streams(args.streams)
        .inherit_stdin();
    if !args.clean_env {
        subject = subject.inherit_env();
    }
    let mut record = subject
        .run_cancellable(&cancel)
        .map_err(|error| format!("{error:?}"))?;
    // What was passed on unchanged may be secret, and a report is read by others.
    record
        .environment
        .retain(|name, value| std::env::var(name).as_ref() != Ok(value));
    match args.format {
        Format::Text => anstream::print!("{}", text(&record)),
        Format::Json => anstream::println!("{}", report::json::run(&record)),
    }
    Ok(match record.termination {
        Termination::OnItsOwn => ExitStatus::Held,
        Termination::TimedOut { .. } => ExitStatus::Broken,
        Termination::Interrupted => ExitStatus::Interrupted,
    })
}

fn text(record: &Record) -> String {
    let end = match (record.termination, record.exit()) {
        (Termination::OnItsOwn, Some(exit)) => format!("{exit}: {}", report::explain(exit)),
        (Termination::OnItsOwn, None) => "it could not be ended".into(),
        (Termination::TimedOut { limit }, _) => {
            format!(
                "still running after {} s, and ended with all that descends from it",
                limit.as_secs_f64()
            )
        }
        (Termination::Interrupted, _) => {
            "interrupted, and ended with all that descends from it".into()
        }
    };
    let left = match record.survivors.len() {
        0 => String::new(),
        1 => "; it left a process behind, which was ended".into(),
        n => format!("; it left {n} processes behind, which were ended"),
    };
    let end = format!("{end}{left}");
    let bold = anstyle::Style::new().bold();
    format!("{}\n{bold}{end}{bold:#}\n", report::timeline(record, None))
}
