//! Added to the copy of the library that has the faults in: which of them was asked for.

use std::env;
use std::fs;
use std::sync::OnceLock;

/// Whether `name` is the fault that the variable `EXEUNT_FAULT` asks for, or a file beside the program: a test's subject has
/// a clean environment.
pub(crate) fn is(name: &str) -> bool {
    static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
    let by_file = || {
        let program = env::current_exe().ok()?;
        fs::read_to_string(program.with_extension("fault")).ok()
    };
    let chosen = CHOSEN.get_or_init(|| env::var("EXEUNT_FAULT").ok().or_else(by_file));
    chosen.as_deref() == Some(name)
}
