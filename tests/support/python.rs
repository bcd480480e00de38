//! Subjects in Python, where it is at hand.

use std::process::Command;

/// Whether there is a Python. Where there is none, that is said.
pub(crate) fn is_here() -> bool {
    let there = Command::new("python3").arg("--version").output();
    let there = there.is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("python3 is not here: not tested");
    }
    there
}
