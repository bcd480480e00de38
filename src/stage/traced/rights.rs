//! Programs that are to have other rights than whoever executes them: set-user-id, set-group-id, with file capabilities.
//!
//! Under the filter of the virtual clock they get none (`PR_SET_NO_NEW_PRIVS`), and under a tracer only if it may trace everything. So they do something else than
//! without, and nothing can be said of such a run.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use nix::libc;

use crate::stage::sys::trace::{self, Tid};

/// `CAP_SYS_PTRACE`, to trace everything, and `CAP_SYS_ADMIN`, to be stopped where it traces without the loss of its rights.
const NEEDED: u64 = 1 << 19 | 1 << 21;

/// Whether a program keeps its rights under a tracer of ours on the real clock.
pub(super) fn are_kept_on_the_real_clock() -> bool {
    let set = field("self", "CapEff:").and_then(|set| u64::from_str_radix(&set, 16).ok());
    set.is_some_and(|set| set & NEEDED == NEEDED)
}

/// Why a program that a process has just executed may have fewer rights than it would have without us.
pub(super) fn lost(pid: Tid) -> Option<String> {
    let path = format!("/proc/{pid}/exe");
    let file = match fs::metadata(&path) {
        Ok(file) => file,
        // It was killed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        // So it is where it may be executed and not read.
        Err(error) => {
            return Some(format!(
                "whether the program of process {pid} is a set-user-id program cannot be seen: {error}"
            ));
        }
    };
    let other_user = || field(&pid.to_string(), "Uid:") != Some(file.uid().to_string());
    let gains =
        file.mode() & libc::S_ISUID != 0 && other_user() || file.mode() & libc::S_ISGID != 0;
    let capable = || CString::new(path.as_str()).is_ok_and(|path| trace::has_capabilities(&path));
    (gains || capable()).then(|| {
        let name = fs::read_link(&path).unwrap_or_default();
        format!(
            "`{}` is a set-user-id or set-group-id program or has capabilities, and has no such rights while it is traced",
            name.display()
        )
    })
}

/// A field of what proc(5) says of a process: of four ids, that which is in effect.
fn field(pid: &str, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let mut values = line.split_whitespace();
    let first = values.next();
    values.next().or(first).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_process() {
        let user = fs::metadata("/proc/self").unwrap().uid().to_string();
        assert_eq!(field("self", "Uid:"), Some(user));
        assert_eq!(field("self", "CapEff:").map(|set| set.len()), Some(16));
        assert_eq!(field("self", "Nothing:"), None);
    }
}
