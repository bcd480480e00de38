//! The files that the code of a process is from, kept open.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use super::elf::Bytes;
use super::maps::Mapping;
use crate::stage::sys;

/// Files larger than that are not read.
const LARGEST: u64 = 512 << 20;

/// The files of a process, by the start of what is mapped of them.
pub(super) struct Files(HashMap<u64, Code>);

enum Code {
    /// Not read yet.
    File(File),
    Read(Option<Bytes>),
}

impl Files {
    pub(super) fn open(pid: u32, mappings: &[Mapping]) -> Self {
        let code = mappings.iter().filter(|mapping| mapping.is_code);
        let opened = code.filter_map(|mapping| Some((mapping.range.start, open(pid, mapping)?)));
        Self(opened.collect())
    }

    /// What is mapped there, as its file has it.
    pub(super) fn read(&mut self, start: u64) -> Option<Bytes> {
        let code = self.0.get_mut(&start)?;
        if let Code::File(file) = code {
            *code = Code::Read(bytes(file));
        }
        match code {
            Code::Read(bytes) => bytes.clone(),
            Code::File(_) => None,
        }
    }
}

fn open(pid: u32, mapping: &Mapping) -> Option<Code> {
    let range = &mapping.range;
    if mapping.path == "[vdso]" {
        let length = usize::try_from(range.end - range.start).ok()?;
        let copy = sys::memory(pid, range.start, length);
        return Some(Code::Read(copy.map(Bytes::from)));
    }
    if !mapping.path.starts_with('/') {
        return None;
    }
    let paths = [
        format!("/proc/{pid}/root{}", mapping.path),
        // A file that was removed, or that another has replaced.
        format!("/proc/{pid}/exe"),
        format!("/proc/{pid}/map_files/{:x}-{:x}", range.start, range.end),
    ];
    let mut files = paths.iter().filter_map(|path| File::open(path).ok());
    let same = |file: &File| {
        file.metadata()
            .is_ok_and(|data| data.is_file() && data.ino() == mapping.inode)
    };
    files.find(same).map(Code::File)
}

fn bytes(file: &mut File) -> Option<Bytes> {
    let length = file.metadata().ok()?.len();
    if length > LARGEST {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).ok()?);
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes.into())
}
