//! Manual pages and completions, for packages.

use std::fs;
use std::io;
use std::path::Path;

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::args::Args;
use crate::exit_status::ExitStatus;
use crate::problem::Problem;

/// Writes `man1/*.1` and `completions/*` below a directory.
pub(crate) fn generate(directory: &Path) -> Result<ExitStatus, Problem> {
    write(directory)
        .map_err(|error| format!("failed to write to {}: {error}", directory.display()))?;
    Ok(ExitStatus::Held)
}

fn write(directory: &Path) -> io::Result<()> {
    let (man, completions) = (directory.join("man1"), directory.join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    // Each command has a page of its own.
    clap_mangen::generate_to(Args::command(), &man)?;
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut Args::command(), "exeunt", &completions)?;
    }
    Ok(())
}
