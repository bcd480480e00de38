//! Whether the command is one of Node.js, which then can be asked what keeps its event loop alive.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The option by which Node.js writes a report when it gets SIGUSR2.
pub(super) const OPTION: &str = "--report-on-signal";
/// The first version that takes it in `NODE_OPTIONS` without a further option.
const FIRST: (u32, u32) = (12, 17);

/// Whether a program is run by a Node.js that knows the option.
pub(super) fn knows_option(program: &OsStr) -> bool {
    let node = node(program);
    let version = node.and_then(|node| header(&node).or_else(|| asked(&node)));
    version.is_some_and(|version| version >= FIRST)
}

/// The Node.js that runs a program: it is one, or its first line names one.
fn node(program: &OsStr) -> Option<PathBuf> {
    let path = find(program)?;
    if path.file_name()? == "node" {
        return Some(path);
    }
    let mut first = Vec::new();
    File::open(&path)
        .ok()?
        .take(256)
        .read_to_end(&mut first)
        .ok()?;
    let line = first
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    let line = String::from_utf8_lossy(line);
    let named = line
        .split_whitespace()
        .find(|word| Path::new(word).file_name() == Some("node".as_ref()))?;
    find(named.as_ref())
}

fn find(program: &OsStr) -> Option<PathBuf> {
    if program.to_string_lossy().contains('/') {
        return Some(program.into());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// The version by a header that is installed beside it: to start Node.js for it takes long.
fn header(node: &Path) -> Option<(u32, u32)> {
    let real = fs::canonicalize(node).ok()?;
    let header = real.parent()?.parent()?.join("include/node/node_version.h");
    let text = fs::read_to_string(header).ok()?;
    let number = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("#define ")?.strip_prefix(name))?;
        line.trim().parse().ok()
    };
    Some((
        number("NODE_MAJOR_VERSION ")?,
        number("NODE_MINOR_VERSION ")?,
    ))
}

fn asked(node: &Path) -> Option<(u32, u32)> {
    let output = Command::new(node)
        .arg("--version")
        .env_remove("NODE_OPTIONS")
        .output()
        .ok()?;
    version(&String::from_utf8_lossy(&output.stdout))
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.');
    let mut next = || numbers.next()?.parse().ok();
    Some((next()?, next()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(version("v20.11.1\n"), Some((20, 11)));
        assert_eq!(version("20"), None);
        assert!(version("v12.16.3").unwrap() < FIRST && version("v12.17.0").unwrap() >= FIRST);
    }

    #[test]
    fn only_what_node_runs_and_knows_the_option_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        fs::create_dir_all(directory.path().join("old/bin")).unwrap();
        let node = file("node", "#!/bin/sh\necho v18.1.0\n");
        let old = file("old/bin/node", "#!/bin/sh\necho v12.16.0\n");
        let script = |node: &Path| format!("#!{} --flag\n1", node.display());
        let runs = |path: &Path| knows_option(path.as_os_str());
        assert!(runs(&node) && runs(&file("script", &script(&node))));
        assert!(!runs(&old) && !runs(&file("script of old", &script(&old))));
        assert!(!runs(&file("other", "#!/bin/sh\necho v18.1.0\n")));
        // The header is believed first.
        fs::create_dir_all(directory.path().join("old/include/node")).unwrap();
        let text = "#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 1\n";
        fs::write(
            directory.path().join("old/include/node/node_version.h"),
            text,
        )
        .unwrap();
        assert!(runs(&old));
    }
}
