//! Any text as a suite file: it is a suite or an error that can be shown, never a panic.
#![no_main]

#[expect(dead_code, reason = "each target uses one of the two")]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| targets::suite(input));
