//! Whether another thread may be in the middle of writing a line.

pub(crate) use system::Writers;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::collections::HashMap;
    use std::ffi::OsString;
    use std::fs::{self, DirEntry};
    use std::io;
    use std::time::Duration;

    use crate::sys;

    /// No line takes so much of a processor to be written.
    const ONE_LINE: Duration = Duration::from_millis(200);

    /// The other threads, each with the processor time that it had used when it was first seen.
    #[derive(Debug, Default)]
    pub(crate) struct Writers(HashMap<OsString, Duration>);

    impl Writers {
        /// False if each other thread sleeps, in something else than a write, or has run for long since it was first
        /// seen: whatever lock it has, it is not about to release that.
        pub(crate) fn may_be_writing(&mut self) -> bool {
            self.look().unwrap_or(true)
        }

        fn look(&mut self) -> io::Result<bool> {
            let me = sys::native_id().to_string();
            for task in fs::read_dir("/proc/self/task")? {
                let task = task?;
                if *task.file_name() != *me && self.may_be_in_a_line(&task)? {
                    return Ok(true);
                }
            }
            // A kernel that tells nothing of others tells nothing of this thread either.
            fs::read_to_string("/proc/thread-self/syscall").map(|_| false)
        }

        fn may_be_in_a_line(&mut self, task: &DirEntry) -> io::Result<bool> {
            match fs::read_to_string(task.path().join("syscall")) {
                Ok(call) => Ok(!sleeps_elsewhere(&call) && !self.has_run_for_long(task)),
                Err(error) if has_ended(&error) => Ok(false),
                Err(error) => Err(error),
            }
        }

        fn has_run_for_long(&mut self, task: &DirEntry) -> bool {
            let used = processor_time(task).unwrap_or_default();
            let before = *self.0.entry(task.file_name()).or_insert(used);
            used.saturating_sub(before) > ONE_LINE
        }
    }

    fn processor_time(task: &DirEntry) -> Option<Duration> {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    }

    fn has_ended(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
    }

    /// The kernel says `running`, or the number of the system call that the thread sleeps in, or -1 if it sleeps outside
    /// of one.
    fn sleeps_elsewhere(call: &str) -> bool {
        const WRITES: [libc::c_long; 2] = [libc::SYS_write, libc::SYS_writev];
        let number = call
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok());
        number.is_some_and(|number: libc::c_long| number >= 0 && !WRITES.contains(&number))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_thread_that_sleeps_outside_of_a_write_is_no_writer() {
            assert!(sleeps_elsewhere(&format!("{} 0x7f 0x0", libc::SYS_futex)));
            assert!(!sleeps_elsewhere(&format!("{} 0x1 0x7f", libc::SYS_write)));
            assert!(!sleeps_elsewhere("running\n"));
            assert!(!sleeps_elsewhere("-1 0x7ffe 0x7f\n"));
            assert!(!sleeps_elsewhere(""));
        }

        #[test]
        fn a_thread_that_runs_on_and_on_is_no_writer() {
            let spins = |task: &DirEntry| {
                let name = fs::read_to_string(task.path().join("comm"));
                name.is_ok_and(|name| name.trim() == "spins")
            };
            let spinner = std::thread::Builder::new().name("spins".to_owned());
            _ = spinner.spawn(|| {
                loop {
                    std::hint::spin_loop()
                }
            });
            let mut writers = Writers::default();
            let task = loop {
                let mut tasks = fs::read_dir("/proc/self/task")
                    .expect("Linux has it")
                    .flatten();
                if let Some(task) = tasks.find(spins) {
                    break task;
                }
            };
            assert!(writers.may_be_in_a_line(&task).expect("it runs"));
            while writers.may_be_in_a_line(&task).expect("it runs") {
                std::thread::sleep(Duration::from_millis(10));
            }
            assert!(processor_time(&task).expect("it runs") > ONE_LINE);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    #[derive(Debug, Default)]
    pub(crate) struct Writers;

    impl Writers {
        /// Not known here.
        pub(crate) fn may_be_writing(&mut self) -> bool {
            true
        }
    }
}
