//! The suite of this repository, one test a case.

fn main() {
    // A path of this machine would not be found where an archive of the build is run.
    exeunt::libtest::main("../exeunt.toml");
}
