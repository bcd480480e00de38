//! The command, as people and CI use it.

mod files;
mod judge;
mod list;
mod run;
mod support;
mod test;
mod usage;
