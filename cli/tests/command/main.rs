//! The command, as people and CI use it.

mod files;
#[path = "../../../tests/support/json_schema.rs"]
mod json_schema;
mod judge;
mod kept;
#[path = "../../../tests/support/lines_schema.rs"]
mod lines_schema;
mod list;
mod run;
mod schema;
mod shards;
mod support;
mod test;
mod usage;
