//! The command, as people and CI use it.

mod files;
mod judge;
mod kept;
mod list;
mod run;
mod shards;
mod support;
mod test;
mod usage;
