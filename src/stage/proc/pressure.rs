//! How long the machine's processes have waited for processors and disks: Pressure Stall Information.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::LazyLock;
use std::time::Duration;

/// Opened once: to open them is most of what a look costs.
static FILES: LazyLock<[Option<File>; 2]> =
    LazyLock::new(|| ["cpu", "io"].map(|name| File::open(format!("/proc/pressure/{name}")).ok()));

/// The time, since the machine's start, in which some process waited. Zero where the kernel does not tell.
pub(crate) fn stalled() -> Duration {
    FILES.iter().flatten().filter_map(read).sum()
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
        let before = stalled();
        std::thread::sleep(Duration::from_millis(1));
        assert!(stalled() >= before);
    }
}
