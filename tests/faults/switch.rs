//! Added to the copy of the library that has the faults in: which of them was asked for.

use std::sync::OnceLock;

/// Whether `name` is the fault that the variable `EXEUNT_FAULT` asks for.
pub(crate) fn is(name: &str) -> bool {
    static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| std::env::var("EXEUNT_FAULT").ok());
    chosen.as_deref() == Some(name)
}
