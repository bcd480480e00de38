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

/// How many processors the machine has.
pub(crate) fn online() -> usize {
    static ONLINE: OnceLock<usize> = OnceLock::new();
    *ONLINE.get_or_init(|| {
        let known = fs::read_to_string("/sys/devices/system/cpu/online");
        known
            .ok()
            .and_then(|list| count(&list))
            .unwrap_or_else(processors)
    })
}

/// How many numbers `0-3,8` names.
fn count(list: &str) -> Option<usize> {
    let ranges = list.trim().split(',').map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let [first, last] = [first, last].map(str::parse::<usize>);
        Some((last.ok()?.checked_sub(first.ok()?)?) + 1)
    });
    ranges.sum()
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
    fn the_processors_of_a_list_are_counted() {
        assert_eq!(count("0-3,8\n"), Some(5));
        assert_eq!(count("0\n"), Some(1));
        assert_eq!(count("3-1"), None);
        assert_eq!(count(""), None);
        assert!(online() >= 1);
    }

    #[test]
    fn this_thread_at_least_is_runnable() {
        assert!(runnable().is_none_or(|n| n >= 1));
    }
}
