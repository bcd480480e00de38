//! The stack of a thread, as native code has it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A call on the stack of a thread. The innermost one stands first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Frame {
    /// The function, as its source names it. `None` where neither debug information nor a symbol tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The source file, as the debug information names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The program or library that the code is of, without its directory. `None` for code that no file has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// The address in the module, as `addr2line -e MODULE` takes it; without a module, the address in the process.
    pub address: u64,
}

impl Frame {
    /// A frame in code of which no more is known.
    #[must_use]
    pub fn new(module: Option<String>, address: u64) -> Self {
        Self {
            module,
            address,
            ..Self::default()
        }
    }

    /// The source file and its line, or else the module: `src/worker.rs:12`, `libc.so.6`. `None` where the address says it all.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        self.function.as_ref()?;
        match (&self.file, self.line) {
            (Some(file), Some(line)) => Some(format!("{}:{line}", below_root(file))),
            _ => self.module.clone(),
        }
    }

    /// The function, or else the address: `worker::run`, `server+0x1234`.
    #[must_use]
    pub fn name(&self) -> String {
        match (&self.function, &self.module) {
            (Some(function), _) => function.clone(),
            (None, Some(module)) => format!("{module}+{:#x}", self.address),
            (None, None) => format!("{:#x}", self.address),
        }
    }
}

/// Rust's own sources have the name of a commit in their paths.
fn below_root(file: &str) -> &str {
    let rest = file
        .strip_prefix("/rustc/")
        .and_then(|rest| rest.split_once('/'));
    rest.map_or(file, |(_, rest)| rest)
}

/// `worker::run  src/worker.rs:12`, `pthread_join  libc.so.6`, `server+0x1234`
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        self.place().map_or(Ok(()), |place| write!(f, "  {place}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_tells_as_much_as_is_known() {
        let mut frame = Frame::new(None, 0x1234);
        assert_eq!(frame.to_string(), "0x1234");
        frame.module = Some("server".into());
        assert_eq!(frame.to_string(), "server+0x1234");
        frame.function = Some("run".into());
        assert_eq!(frame.to_string(), "run  server");
        (frame.file, frame.line) = (Some("src/a.rs".into()), Some(7));
        assert_eq!(frame.to_string(), "run  src/a.rs:7");
        frame.file = Some("/rustc/0123abcd/library/std/src/a.rs".into());
        assert_eq!(frame.to_string(), "run  library/std/src/a.rs:7");
    }
}
