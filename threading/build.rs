//! Only here because `links` asks for a build script, and `links` sees to it that no program has two versions of this
//! library: each would hook into the process's end, and neither would know the other's threads.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
