//! A copy of the repository in which a package's source was edited: for deliberate faults, which no source should hold.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde::Deserialize;

/// What makes a fault of sound source.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) edit: Vec<Edit>,
}

/// `find` is in `file` exactly once, and becomes `replace`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    file: String,
    find: String,
    replace: String,
}

/// Reads `[[fault]]` tables.
pub(crate) fn load(path: &Path) -> Vec<Fault> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        fault: Vec<Fault>,
    }
    let text = fs::read_to_string(path).expect("the list of faults is there");
    toml::from_str::<File>(&text)
        .expect("a list of faults")
        .fault
}

/// Makes `copy` a copy of `root` in which the sources of `package` are edited, with `switch` as a module `fault`
/// beside them. Everything else in it is a link. Files that are right already are left alone, so that nothing is built
/// twice.
pub(crate) fn edited_copy(root: &Path, copy: &Path, package: &str, switch: &str, faults: &[Fault]) {
    link_all_but(root, copy, &[package, "target", ".git"]);
    let (from, to) = (root.join(package), copy.join(package));
    link_all_but(&from, &to, &["src"]);
    let mut sources = Sources::read(&from.join("src"));
    for fault in faults {
        let asked = format!("crate::fault::is({:?})", fault.name);
        for edit in &fault.edit {
            sources.apply(&fault.name, edit, &asked);
        }
    }
    sources.append("lib.rs", "\nmod fault;\n");
    sources.0.push(("fault.rs".to_owned(), switch.to_owned()));
    sources.write(&to.join("src"));
}

fn link_all_but(from: &Path, to: &Path, others: &[&str]) {
    fs::create_dir_all(to).expect("a directory can be made");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        if !others.iter().any(|other| entry.file_name() == *other) {
            match symlink(entry.path(), to.join(entry.file_name())) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => panic!("{error}"),
                _ => {}
            }
        }
    }
}

/// Writes a file, unless it is there as it should be. Says whether it did.
pub(crate) fn write(path: &Path, text: &str) -> bool {
    let differs = fs::read_to_string(path).map_or(true, |old| old != text);
    if differs {
        fs::create_dir_all(path.parent().expect("it is below")).expect("a directory");
        fs::write(path, text).expect("a source can be written");
    }
    differs
}

/// The sources of a package: paths below `src`, and texts.
struct Sources(Vec<(String, String)>);

impl Sources {
    fn read(src: &Path) -> Self {
        let mut sources = Vec::new();
        let mut directories = vec![src.to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).expect("a directory") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    let name = path.strip_prefix(src).expect("it is below").to_str();
                    let text = fs::read_to_string(&path).expect("a source");
                    sources.push((name.expect("a readable path").to_owned(), text));
                }
            }
        }
        Self(sources)
    }

    fn text(&mut self, file: &str) -> &mut String {
        let source = self.0.iter_mut().find(|(name, _)| name == file);
        &mut source.unwrap_or_else(|| panic!("no source `{file}`")).1
    }

    fn append(&mut self, file: &str, more: &str) {
        self.text(file).push_str(more);
    }

    fn apply(&mut self, fault: &str, edit: &Edit, asked: &str) {
        let text = self.text(&edit.file);
        let times = text.matches(&edit.find).count();
        assert_eq!(
            times, 1,
            "the fault `{fault}` looks for this in {}, where it should be once:\n{}",
            edit.file, edit.find
        );
        *text = text.replace(&edit.find, &edit.replace.replace("FAULT", asked));
    }

    fn write(&self, src: &Path) {
        for (name, text) in &self.0 {
            write(&src.join(name), text);
        }
    }
}
