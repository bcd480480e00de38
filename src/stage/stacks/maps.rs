//! What a process has mapped, from proc_pid_maps(5).

use std::fs;
use std::io;
use std::ops::Range;

/// A mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) range: Range<u64>,
    pub(super) is_code: bool,
    /// Where in the file it begins.
    pub(super) offset: u64,
    pub(super) inode: u64,
    /// The path of the file, a name such as `[vdso]`, or nothing.
    pub(super) path: String,
}

/// All that a process has mapped.
pub(super) fn of(pid: u32) -> io::Result<Vec<Mapping>> {
    let text = fs::read(format!("/proc/{pid}/maps"))?;
    Ok(String::from_utf8_lossy(&text)
        .lines()
        .filter_map(mapping)
        .collect())
}

/// The mapping that an address is in.
pub(super) fn around(mappings: &[Mapping], address: u64) -> Option<&Mapping> {
    mappings
        .iter()
        .find(|mapping| mapping.range.contains(&address))
}

fn mapping(line: &str) -> Option<Mapping> {
    let mut rest = line;
    let mut word = || {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after.trim_start();
        word
    };
    let (start, end) = word().split_once('-')?;
    let hexadecimal = |text| u64::from_str_radix(text, 16).ok();
    let is_code = word().contains('x');
    let offset = hexadecimal(word())?;
    let _device = word();
    let inode = word().parse().ok()?;
    Some(Mapping {
        range: hexadecimal(start)?..hexadecimal(end)?,
        is_code,
        offset,
        inode,
        path: rest.to_owned(),
    })
}

impl Mapping {
    /// The file's name without its directory.
    pub(super) fn name(&self) -> Option<String> {
        let path = self.path.strip_suffix(" (deleted)").unwrap_or(&self.path);
        let name = path.rsplit('/').next().unwrap_or(path);
        (!name.is_empty()).then(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whole() {
        let line = "7f12-7f34 r-xp 00001000 08:01 4711                       /usr/lib/a library.so (deleted)";
        let library = mapping(line).unwrap();
        assert_eq!(library.range, 0x7f12..0x7f34);
        assert_eq!(
            (library.is_code, library.offset, library.inode),
            (true, 0x1000, 4711)
        );
        assert_eq!(library.path, "/usr/lib/a library.so (deleted)");
        assert_eq!(library.name().as_deref(), Some("a library.so"));
        let anonymous = mapping("10-20 rw-p 00000000 00:00 0 ").unwrap();
        assert_eq!((anonymous.is_code, anonymous.name()), (false, None));
        assert_eq!(mapping("nothing"), None);
    }

    #[test]
    fn our_own_code_is_mapped() {
        let mappings = of(std::process::id()).unwrap();
        let here = around(&mappings, of as *const () as u64).unwrap();
        assert!(here.is_code && here.path.starts_with('/'), "{here:?}");
    }
}
