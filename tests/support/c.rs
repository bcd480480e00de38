//! Programs in C, for what a shell does too vaguely.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// A program, built with these options by the linker that Rust itself needs. It is gone with the directory.
pub(crate) fn program(source: &str, options: &[&str]) -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("program.c");
    let program = directory.path().join("program");
    std::fs::write(&file, source).unwrap();
    let status = Command::new("cc")
        .args(options)
        .args(["-pthread", "-o"])
        .args([&program, &file])
        .status()
        .expect("cc is there, as Rust needs it");
    assert!(status.success());
    (directory, program)
}
