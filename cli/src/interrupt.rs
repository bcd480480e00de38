//! Ctrl-C and its kin.

use std::thread;

use exeunt::Cancel;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Problem;

/// A switch that the first SIGINT, SIGTERM or SIGHUP throws: the runs end their subjects and what is known is reported.
/// The second ends the harness at once; the reapers end the subjects all the same.
pub(super) fn cancel_on_signals() -> Result<Cancel, Problem> {
    let problem = |error| format!("could not watch for signals: {error}");
    let cancel = Cancel::new().map_err(problem)?;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(problem)?;
    let cancelled = cancel.clone();
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for _ in signals.forever() {
                if cancelled.is_cancelled() {
                    signal_hook::low_level::exit(130);
                }
                cancelled.cancel();
            }
        })
        .map_err(problem)?;
    Ok(cancel)
}
