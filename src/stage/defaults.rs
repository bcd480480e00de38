//! The bounds of a run, unless a plan says otherwise.

use std::time::Duration;

/// How long a subject may run: 60 s.
pub const TIMEOUT: Duration = Duration::from_secs(60);
/// How long a tree may take to heed the request to terminate before SIGKILL: 300 ms.
pub const GRACE: Duration = Duration::from_millis(300);
/// How long after the subject's exit its descendants may still end, and its streams still close: 200 ms.
pub const SETTLE: Duration = Duration::from_millis(200);
/// The longest line that is kept whole: 1 MiB.
pub const LINE: usize = 1 << 20;
/// How much output is kept in all: 16 MiB.
pub const OUTPUT: usize = 16 << 20;
