//! Deliberate faults, one at a time, by which a test suite shows what it would catch.
//!
//! They exist only in a build with `--cfg exeunt_faults`, and are then chosen by the variable `EXEUNT_FAULT`. In every
//! other build [`is`] is a constant `false`, and the code behind it is gone.

/// All faults, each with what goes wrong.
#[cfg(exeunt_faults)]
const FAULTS: [&str; 27] = [
    "daemon_flag_ignored",
    "joins_skipped",
    "only_first_joined",
    "late_threads_forgotten",
    "second_round_skipped",
    "at_exit_in_order_of_registration",
    "at_shutdown_in_order_of_registration",
    "at_exit_before_joins",
    "at_shutdown_after_joins",
    "wait_ends_before_thread_locals",
    "exit_code_lost",
    "failing_at_exit_stops_the_rest",
    "failing_at_shutdown_skips_joins",
    "inheritance_lost",
    "everything_inherits_daemon",
    "timer_is_daemon",
    "cancel_ignored",
    "self_join_deadlocks",
    "torn_lines",
    "output_not_flushed",
    "exit_in_thread_ends_process",
    "failing_thread_sets_code",
    "at_exit_changes_code",
    "failing_main_skips_joins",
    "os_exit_runs_callbacks",
    "late_at_shutdown_accepted",
    "join_ignores_timeout",
];

/// Whether this fault was asked for.
#[cfg(exeunt_faults)]
pub(crate) fn is(name: &str) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        let chosen = std::env::var("EXEUNT_FAULT").ok();
        if let Some(unknown) = chosen.as_deref().filter(|name| !FAULTS.contains(name)) {
            eprintln!("EXEUNT_FAULT: there is no fault `{unknown}`");
            std::process::abort();
        }
        chosen
    });
    debug_assert!(
        FAULTS.contains(&name),
        "`{name}` is not in the list of faults"
    );
    chosen.as_deref() == Some(name)
}

/// Never.
#[cfg(not(exeunt_faults))]
pub(crate) const fn is(_name: &str) -> bool {
    false
}
