//! All that execve(2) needs, as one block of bytes that the reaper maps: it may not allocate.
//!
//! The block begins with words of 64 bits, and ends with strings. The words say where the strings begin.

use std::ffi::{OsStr, OsString, c_char};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::record::Signal;

const WORD: usize = 8;
/// The words ahead of the two arrays.
const IGNORED: usize = 0;
const PROGRAM: usize = 1;
const DIRECTORY: usize = 2;
const SCRATCH: usize = 3;
const ARGS: usize = 4;
const VARIABLES: usize = 5;
/// The number of the descriptor on which the subject tells that it is ready; 0 if there is none.
const READY: usize = 6;
/// 1 if the subject gets a parent of its own below the reaper.
const PARENT: usize = 7;
const HEAD: usize = 8;

/// A program, its arguments and environment, ready for the reaper.
pub(crate) struct Exec {
    block: Vec<u8>,
}

/// What a subject gets besides its words.
#[derive(Default)]
pub(crate) struct Given<'a> {
    /// A directory that is to be removed if the harness ends before it can do so.
    pub(crate) scratch: Option<&'a Path>,
    /// Signals that it inherits as ignored.
    pub(crate) ignored: &'a [Signal],
    /// The number of the descriptor on which it tells that it is ready.
    pub(crate) ready: Option<u32>,
    /// Whether it has a parent of its own below the reaper.
    pub(crate) parent: bool,
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// The strings of a block, and where each begins.
struct Strings {
    bytes: Vec<u8>,
    begin: usize,
}

impl Strings {
    fn add(&mut self, text: &OsStr) -> io::Result<u64> {
        if text.as_bytes().contains(&0) {
            let message = format!(
                "`{}` contains a NUL byte",
                text.to_string_lossy().escape_debug()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let place = self.begin + self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
        Ok(place as u64)
    }
}

impl Exec {
    /// `program` is a path; `args` does not include the program's own name, which is `name`.
    pub(crate) fn new<'a>(
        program: &Path,
        name: &OsStr,
        args: &[OsString],
        environment: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
        directory: &Path,
        given: &Given<'_>,
    ) -> io::Result<Self> {
        let variables: Vec<OsString> = environment
            .map(|(key, value)| [key, OsStr::new("="), value].into_iter().collect())
            .collect();
        let words = HEAD + 1 + args.len() + 1 + variables.len() + 1;
        let mut strings = Strings {
            bytes: Vec::new(),
            begin: words * WORD,
        };
        let mut block = vec![0; HEAD];
        block[IGNORED] = given.ignored.iter().fold(0, |set, s| set | bit(s.number()));
        block[READY] = given.ready.unwrap_or(0).into();
        block[PARENT] = given.parent.into();
        block[PROGRAM] = strings.add(program.as_os_str())?;
        block[DIRECTORY] = strings.add(directory.as_os_str())?;
        if let Some(scratch) = given.scratch {
            block[SCRATCH] = strings.add(scratch.as_os_str())?;
        }
        block[ARGS] = 1 + args.len() as u64;
        block[VARIABLES] = variables.len() as u64;
        for arg in [name]
            .into_iter()
            .chain(args.iter().map(OsString::as_os_str))
        {
            block.push(strings.add(arg)?);
        }
        block.push(0);
        for variable in &variables {
            block.push(strings.add(variable)?);
        }
        block.push(0);
        let mut block: Vec<u8> = block.into_iter().flat_map(u64::to_ne_bytes).collect();
        block.append(&mut strings.bytes);
        Ok(Self { block })
    }

    pub(super) fn len(&self) -> usize {
        self.block.len()
    }

    /// The block in a file without a name.
    pub(super) fn file(&self) -> io::Result<OwnedFd> {
        let mut file = File::from(memfd_create(c"exeunt-exec", MFdFlags::MFD_CLOEXEC)?);
        file.write_all(&self.block)?;
        Ok(file.into())
    }
}

/// The block in the memory of the reaper, with pointers in place of distances. No allocation, no panics.
pub(super) struct Mapped {
    base: *mut u64,
    length: usize,
}

impl Mapped {
    /// `None` if it cannot be mapped.
    ///
    /// # Safety
    /// The file holds the block of an [`Exec`] of this length.
    pub(super) unsafe fn new(file: RawFd, length: usize) -> Option<Self> {
        // SAFETY: a new private mapping; the file is as long as its sender says.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE,
                file,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return None;
        }
        let mapped = Self {
            base: base.cast(),
            length,
        };
        for i in HEAD..HEAD + mapped.arrays() {
            // SAFETY: both arrays are within the mapping; only their ends are zero.
            unsafe {
                let word = mapped.base.wrapping_add(i);
                if *word != 0 {
                    *word = (*word).wrapping_add(base as u64);
                }
            }
        }
        Some(mapped)
    }

    fn word(&self, i: usize) -> u64 {
        // SAFETY: the head is within the mapping.
        unsafe { *self.base.wrapping_add(i) }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "counts of what is in memory"
    )]
    fn arrays(&self) -> usize {
        (self.word(ARGS) as usize)
            .wrapping_add(self.word(VARIABLES) as usize)
            .wrapping_add(2)
    }

    #[expect(clippy::cast_possible_truncation, reason = "distances within memory")]
    fn string(&self, i: usize) -> *const c_char {
        match self.word(i) as usize {
            0 => ptr::null(),
            distance => self.base.cast::<c_char>().wrapping_add(distance),
        }
    }

    pub(super) fn ignores(&self, signal: i32) -> bool {
        self.word(IGNORED) & bit(signal) != 0
    }

    /// The number of the descriptor on which the subject tells that it is ready.
    pub(super) fn ready(&self) -> Option<RawFd> {
        RawFd::try_from(self.word(READY)).ok().filter(|n| *n > 0)
    }

    pub(super) fn has_parent(&self) -> bool {
        self.word(PARENT) != 0
    }

    pub(super) fn program(&self) -> *const c_char {
        self.string(PROGRAM)
    }

    pub(super) fn directory(&self) -> *const c_char {
        self.string(DIRECTORY)
    }

    /// Null if there is none.
    pub(super) fn scratch(&self) -> *const c_char {
        self.string(SCRATCH)
    }

    pub(super) fn argv(&self) -> *const *const c_char {
        self.base.wrapping_add(HEAD).cast_const().cast()
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a count of what is in memory"
    )]
    pub(super) fn envp(&self) -> *const *const c_char {
        self.argv()
            .wrapping_add((self.word(ARGS) as usize).wrapping_add(1))
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing of it is used any more.
        unsafe { libc::munmap(self.base.cast(), self.length) };
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::os::fd::AsRawFd;

    use super::*;

    /// # Safety
    /// As `array` promises: strings, and a null at the end.
    unsafe fn texts(mut array: *const *const c_char) -> Vec<String> {
        let mut texts = Vec::new();
        // SAFETY: as promised.
        unsafe {
            while !(*array).is_null() {
                texts.push(CStr::from_ptr(*array).to_str().unwrap().to_owned());
                array = array.add(1);
            }
        }
        texts
    }

    #[test]
    fn what_is_packed_is_what_is_mapped() {
        for (args, variables) in [
            (vec![], vec![]),
            (vec!["", "a b"], vec![("A", "1"), ("B", "")]),
        ] {
            let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
            let exec = Exec::new(
                Path::new("/bin/x"),
                OsStr::new("x"),
                &args,
                variables
                    .iter()
                    .map(|(k, v)| (OsStr::new(k), OsStr::new(v))),
                Path::new("/dir"),
                &Given {
                    ignored: &[Signal::from_kernel(64)],
                    ready: Some(9),
                    parent: true,
                    ..Given::default()
                },
            )
            .unwrap();
            let file = exec.file().unwrap();
            // SAFETY: it is the block; all pointers are used while it is mapped.
            unsafe {
                let mapped = Mapped::new(file.as_raw_fd(), exec.len()).unwrap();
                assert_eq!(CStr::from_ptr(mapped.program()), c"/bin/x");
                assert_eq!(CStr::from_ptr(mapped.directory()), c"/dir");
                assert!(mapped.scratch().is_null());
                assert_eq!((mapped.ready(), mapped.has_parent()), (Some(9), true));
                assert!(mapped.ignores(64) && !mapped.ignores(63));
                let given = args.iter().map(|arg| arg.to_str().unwrap());
                assert!(texts(mapped.argv()).iter().skip(1).eq(given));
                let pairs = variables.iter().map(|(k, v)| format!("{k}={v}"));
                assert_eq!(texts(mapped.envp()), pairs.collect::<Vec<_>>());
            }
        }
    }
}
