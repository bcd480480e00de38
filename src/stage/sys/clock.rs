//! The clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::libc;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

/// The time on the monotonic clock that all stamps of a run share, the reaper's included.
pub(crate) fn now() -> Duration {
    let t = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap_or(TimeSpec::new(0, 0));
    Duration::from(t)
}

/// By how many seconds local time was, or is, ahead of UTC.
///
/// By the C library, which has read the rules of the time zone once and keeps them.
pub(crate) fn utc_offset(time: SystemTime) -> i32 {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let seconds = libc::time_t::try_from(seconds).unwrap_or(libc::time_t::MAX);
    // SAFETY: zeroed `tm` is valid, and both pointers are to live locals. localtime_r(3) takes the C library's own lock;
    // it reads `TZ` as std does not guard it, which is why `std::env::set_var` is unsafe.
    let offset = unsafe {
        let mut local: libc::tm = std::mem::zeroed();
        libc::localtime_r(&raw const seconds, &raw mut local);
        local.tm_gmtoff
    };
    i32::try_from(offset).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_is_within_a_day_of_utc_and_in_whole_quarters() {
        let offset = utc_offset(SystemTime::now());
        assert!(offset.abs() <= 14 * 3600, "{offset}");
        assert_eq!(offset % 900, 0);
    }
}
