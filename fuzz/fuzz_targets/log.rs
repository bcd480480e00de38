//! Any output, read by any format: nothing panics, and the record survives its JSON.
#![no_main]

#[expect(dead_code, reason = "each target uses one of the two")]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| targets::log(input));
