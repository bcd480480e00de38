//! All that execve(2) needs, prepared before the fork: after it nothing may be allocated.

use std::ffi::{CStr, CString, OsStr, OsString, c_char};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use crate::record::Signal;

/// A program, its arguments and environment, as pointers that outlive the fork.
pub(crate) struct Exec {
    program: CString,
    directory: CString,
    argv: Pointers,
    envp: Pointers,
    /// The signals that are ignored.
    ignored: u64,
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// C strings and the null-terminated array that points at them.
struct Pointers {
    _strings: Vec<CString>,
    array: Vec<*const c_char>,
}

impl Pointers {
    fn new(strings: Vec<CString>) -> Self {
        let array = strings
            .iter()
            .map(|s| s.as_ptr())
            .chain([ptr::null()])
            .collect();
        Self {
            _strings: strings,
            array,
        }
    }
}

fn c_string(text: &OsStr) -> io::Result<CString> {
    CString::new(text.as_bytes()).map_err(|_| {
        let message = format!(
            "`{}` contains a NUL byte",
            text.to_string_lossy().escape_debug()
        );
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

impl Exec {
    /// `program` is a path; `args` does not include the program's own name, which is `name`.
    pub(crate) fn new<'a>(
        program: &Path,
        name: &OsStr,
        args: &[OsString],
        environment: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
        directory: &Path,
        ignored: &[Signal],
    ) -> io::Result<Self> {
        let argv = [name]
            .into_iter()
            .chain(args.iter().map(OsString::as_os_str));
        let envp = environment.map(|(key, value)| {
            let mut pair = key.to_owned();
            pair.push("=");
            pair.push(value);
            pair
        });
        Ok(Self {
            program: c_string(program.as_os_str())?,
            directory: c_string(directory.as_os_str())?,
            argv: Pointers::new(argv.map(c_string).collect::<io::Result<_>>()?),
            envp: Pointers::new(
                envp.map(|pair| c_string(&pair))
                    .collect::<io::Result<_>>()?,
            ),
            ignored: ignored.iter().fold(0, |set, s| set | bit(s.number())),
        })
    }

    pub(super) fn ignores(&self, signal: i32) -> bool {
        self.ignored & bit(signal) != 0
    }

    pub(super) fn program(&self) -> &CStr {
        &self.program
    }

    pub(super) fn directory(&self) -> &CStr {
        &self.directory
    }

    pub(super) fn argv(&self) -> *const *const c_char {
        self.argv.array.as_ptr()
    }

    pub(super) fn envp(&self) -> *const *const c_char {
        self.envp.array.as_ptr()
    }
}
