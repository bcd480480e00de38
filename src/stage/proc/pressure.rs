//! How long the machine's processes have waited for processors and disks: Pressure Stall Information.

use std::fs;
use std::time::Duration;

/// The time, since the machine's start, in which some process waited. Zero where the kernel does not tell.
pub(crate) fn stalled() -> Duration {
    ["cpu", "io"].into_iter().filter_map(some_total).sum()
}

/// `some avg10=0.00 avg60=0.00 avg300=0.00 total=12345`, in microseconds.
fn some_total(resource: &str) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/pressure/{resource}")).ok()?;
    let some = text.lines().find(|line| line.starts_with("some"))?;
    let (_, total) = some.rsplit_once("total=")?;
    Some(Duration::from_micros(total.trim().parse().ok()?))
}
