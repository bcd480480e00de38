//! The command with whole programs. Most of these tests wait, so they are one program.

mod broken;
mod examples;
mod guard;
mod guard_signals;
mod guard_streams;
mod pages;
