//! The suite of this repository, one test a case.

fn main() {
    exeunt::libtest::main(concat!(env!("CARGO_MANIFEST_DIR"), "/../exeunt.toml"));
}
