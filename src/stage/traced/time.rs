//! The virtual time of a run, and what the subject's clocks show of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::libc;

use crate::stage::sys;

pub(super) const SECOND: u64 = 1_000_000_000;

/// In nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    /// Since the start.
    pub(super) now: u64,
    /// What CLOCK_REALTIME showed at the start.
    pub(super) real: u64,
    /// What CLOCK_MONOTONIC showed at the start.
    pub(super) mono: u64,
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Time {
    /// The clocks of a subject that starts now.
    pub(super) fn starting() -> Self {
        let real = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            now: 0,
            real: nanos(real),
            mono: nanos(sys::now()),
        }
    }

    /// The start by the wall clock.
    pub(super) fn wall_at_start(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.real)
    }

    /// What a clock showed at the start. `None` for one that does not show this time: a processor's, a device's.
    pub(super) fn base(&self, clock: i32) -> Option<u64> {
        const TAI: i32 = 11;
        match clock {
            libc::CLOCK_REALTIME
            | libc::CLOCK_REALTIME_COARSE
            | libc::CLOCK_REALTIME_ALARM
            | TAI => Some(self.real),
            libc::CLOCK_MONOTONIC
            | libc::CLOCK_MONOTONIC_RAW
            | libc::CLOCK_MONOTONIC_COARSE
            | libc::CLOCK_BOOTTIME
            | libc::CLOCK_BOOTTIME_ALARM => Some(self.mono),
            _ => None,
        }
    }

    /// When a time that counts from now is over.
    pub(super) fn after(&self, time: u64) -> u64 {
        self.now.saturating_add(time)
    }

    /// When a clock shows this.
    pub(super) fn when(&self, clock: i32, shows: u64) -> Option<u64> {
        Some(shows.saturating_sub(self.base(clock)?))
    }
}

/// A `struct timespec` in nanoseconds. `None` for one that the kernel refuses.
pub(super) fn of_timespec((seconds, nanos): (i64, i64)) -> Option<u64> {
    let nanos = u64::try_from(nanos).ok().filter(|nanos| *nanos < SECOND)?;
    let seconds = u64::try_from(seconds).ok()?;
    Some(seconds.saturating_mul(SECOND).saturating_add(nanos))
}

/// A `struct timeval` in nanoseconds. `None` for one that the kernel refuses.
pub(super) fn of_timeval((seconds, micros): (i64, i64)) -> Option<u64> {
    let seconds = u64::try_from(seconds).ok()?;
    let micros = u64::try_from(micros).ok()?;
    Some(
        seconds
            .saturating_mul(SECOND)
            .saturating_add(micros.saturating_mul(1000)),
    )
}

/// Seconds, and the nanoseconds beyond.
pub(super) fn split(nanos: u64) -> (i64, i64) {
    (
        (nanos / SECOND).cast_signed(),
        (nanos % SECOND).cast_signed(),
    )
}
