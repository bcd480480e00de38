//! How long the machine's processes have waited for processors and disks: Pressure Stall Information.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::LazyLock;
use std::time::Duration;

/// Opened once: to open them is most of what a look costs.
static FILES: LazyLock<[Option<File>; 2]> =
    LazyLock::new(|| ["cpu", "io"].map(|name| File::open(format!("/proc/pressure/{name}")).ok()));

/// The time, since the machine's start, in which some process waited. Zero where the kernel does not tell.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Stalled {
    pub(crate) processor: Duration,
    pub(crate) disk: Duration,
}

impl Stalled {
    pub(crate) fn now() -> Self {
        let [processor, disk] = FILES
            .each_ref()
            .map(|file| file.as_ref().and_then(read).unwrap_or_default());
        Self { processor, disk }
    }

    /// What came to it since then.
    pub(crate) fn since(self, then: Self) -> Self {
        Self {
            processor: self.processor.saturating_sub(then.processor),
            disk: self.disk.saturating_sub(then.disk),
        }
    }
}

fn read(file: &File) -> Option<Duration> {
    let mut buffer = [0; 256];
    let length = file.read_at(&mut buffer, 0).ok()?;
    some_total(str::from_utf8(&buffer[..length]).ok()?)
}

/// `some avg10=0.00 avg60=0.00 avg300=0.00 total=12345`, in microseconds.
fn some_total(text: &str) -> Option<Duration> {
    let some = text.lines().find(|line| line.starts_with("some"))?;
    let (_, total) = some.rsplit_once("total=")?;
    Some(Duration::from_micros(total.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_some_is_taken() {
        let text = "some avg10=1.00 avg60=2.00 avg300=0.00 total=12345\n\
                    full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n";
        assert_eq!(some_total(text), Some(Duration::from_micros(12_345)));
        assert_eq!(some_total("full total=99\n"), None);
    }

    #[test]
    fn it_never_goes_back() {
        let before = Stalled::now();
        std::thread::sleep(Duration::from_millis(1));
        let after = Stalled::now();
        assert!(after.processor >= before.processor && after.disk >= before.disk);
    }
}
