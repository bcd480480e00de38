//! Programs in C, each for one thing that a process can do.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{LazyLock, Mutex, OnceLock};

use exeunt::{Subject, secs};

type Built = HashMap<String, &'static OnceLock<PathBuf>>;

/// A program of `tests/traced/c`, built once for all tests.
pub(crate) fn built(name: &str, flags: &[&str]) -> PathBuf {
    static ALL: LazyLock<Mutex<Built>> = LazyLock::new(Mutex::default);
    let key = format!("{name}{}", flags.concat());
    let slot = *ALL
        .lock()
        .unwrap()
        .entry(key.clone())
        .or_insert_with(|| Box::leak(Box::default()));
    slot.get_or_init(|| {
        let directory = env!("CARGO_MANIFEST_DIR");
        let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("traced-{key}"));
        // Another process may build it just now.
        let own = out.with_extension(std::process::id().to_string());
        let mut cc = Command::new("cc");
        cc.arg(format!("{directory}/tests/traced/c/{name}.c"))
            .args(["-O1", "-pthread", "-Wall", "-Werror", "-o"])
            .arg(&own)
            .args(flags);
        assert!(cc.status().expect("a C compiler").success(), "{name}");
        std::fs::rename(&own, &out).unwrap();
        out
    })
    .clone()
}

pub(crate) fn program(name: &str) -> Subject {
    Subject::new(built(name, &[])).timeout(secs(20))
}

pub(crate) fn sh(script: &str) -> Subject {
    Subject::new("sh").args(["-c", script]).timeout(secs(20))
}
