//! Finds the processes of one test among all that run on the machine.

use std::fs;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A duration of about a minute that nobody else sleeps. Where `sleep` is called with it, or where it stands in the
/// environment, a process can be told from all others.
pub(crate) struct Mark(String);

impl Mark {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("60.{:08}{count:04}", process::id()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// All living processes that carry the mark. A zombie has neither command line nor environment, so it is none.
    pub(crate) fn processes(&self) -> Vec<String> {
        let pids = fs::read_dir("/proc").unwrap().flatten();
        pids.filter_map(|entry| {
            let read = |file| fs::read(entry.path().join(file)).unwrap_or_default();
            let (command, environment) = (read("cmdline"), read("environ"));
            let marked = |text: &[u8]| text.windows(self.0.len()).any(|w| w == self.0.as_bytes());
            (marked(&command) || marked(&environment)).then(|| {
                let pid = entry.file_name();
                let command = String::from_utf8_lossy(&command).replace('\0', " ");
                format!("{} {command}", pid.display())
            })
        })
        .collect()
    }

    /// Nothing is left now.
    #[track_caller]
    pub(crate) fn assert_gone(&self) {
        self.assert_gone_within(Duration::ZERO);
    }

    /// Nothing is left, at the latest after this time.
    #[track_caller]
    pub(crate) fn assert_gone_within(&self, limit: Duration) {
        let begun = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            let waited = begun.elapsed();
            assert!(waited <= limit, "still there after {waited:.2?}: {left:#?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
