//! How busy the machine is right now.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::thread;

/// How many threads of the machine run or are ready to run, this one among them. `None` where the kernel does not tell.
pub(crate) fn runnable() -> Option<usize> {
    of(&fs::read_to_string("/proc/loadavg").ok()?)
}

/// How many processors there are for us.
pub(crate) fn processors() -> usize {
    // Asking reads files of the control groups.
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| thread::available_parallelism().map_or(1, NonZeroUsize::get))
}

/// The number before the slash in `0.20 0.18 0.12 1/80 11206`.
fn of(loadavg: &str) -> Option<usize> {
    loadavg.split(' ').nth(3)?.split('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_runnable_threads_is_found() {
        assert_eq!(of("0.20 0.18 0.12 3/80 11206\n"), Some(3));
        assert_eq!(of(""), None);
        assert_eq!(of("0.20 0.18 0.12 x/80 11206"), None);
    }

    #[test]
    fn this_thread_at_least_is_runnable() {
        assert!(runnable().is_none_or(|n| n >= 1));
    }
}
