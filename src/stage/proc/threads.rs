//! What the threads of a process are doing, from proc(5).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use nix::libc;

use super::files;
use crate::record::{Signal, ThreadSeen, ThreadState};

/// What the main thread of a process is blocked in: the same text for as long as it has not moved. `None` if it is running.
pub(crate) fn main_thread_blocked(pid: u32) -> Option<String> {
    let task = format!("/proc/{pid}/task/{pid}");
    let status = files::text(&format!("{task}/status")).ok()?;
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    let asleep = field("State:")?.starts_with('S');
    // The count of voluntary switches tells apart two calls that look the same.
    let switches = field("voluntary_ctxt_switches:")?;
    let call = files::text(&format!("{task}/syscall")).unwrap_or_default();
    asleep.then(|| format!("{switches} {call}"))
}

/// Whether a signal was sent to a process, or to one of its threads, and not yet taken.
pub(in crate::stage) fn signal_pending(pid: u32, signal: Signal) -> bool {
    let status = files::text(&format!("/proc/{pid}/status")).unwrap_or_default();
    let sets = ["SigPnd:", "ShdPnd:"].map(|name| signals(&status, name).unwrap_or_default());
    let bit = 1_u64 << (signal.number() - 1);
    (sets[0] | sets[1]) & bit != 0
}

/// A set of signals in the text of a status file.
fn signals(status: &str, name: &str) -> Option<u64> {
    let set = status.lines().find_map(|line| line.strip_prefix(name))?;
    u64::from_str_radix(set.trim(), 16).ok()
}

/// The signal at which the runtime of a process prints the stacks of its threads, if it is one that is known to do so, and if
/// it catches that signal: to others it would be deadly.
pub(in crate::stage) fn dump_signal(pid: u32) -> Option<Signal> {
    let program = super::tree::link(&format!("/proc/{pid}/exe"))?;
    let name = program.rsplit('/').next().unwrap_or_default();
    // A program's own handler of SIGUSR2 would do something else.
    if name == "node" && !reports_on_signal(pid) {
        return None;
    }
    let status = files::text(&format!("/proc/{pid}/status")).ok()?;
    dump_signal_of(name, signals(&status, "SigCgt:")?)
}

/// Whether a Node.js was started with the option to write a report when it gets SIGUSR2.
fn reports_on_signal(pid: u32) -> bool {
    const OPTION: &[u8] = b"--report-on-signal";
    let words = ["cmdline", "environ"]
        .map(|file| files::bytes(&format!("/proc/{pid}/{file}")).unwrap_or_default());
    let [command, environment] = words;
    let mut options = environment
        .split(|byte| *byte == 0)
        .filter(|word| word.starts_with(b"NODE_OPTIONS="));
    let named = |words: &[u8]| words.windows(OPTION.len()).any(|some| some == OPTION);
    named(&command) || options.any(named)
}

fn dump_signal_of(program: &str, caught: u64) -> Option<Signal> {
    let catches = |number: i32| caught & (1 << (number - 1)) != 0;
    let signal = match program {
        name if name.starts_with("python") || name.starts_with("pypy") => libc::SIGABRT,
        "java" => libc::SIGQUIT,
        "node" => libc::SIGUSR2,
        // Go's runtime catches all signals, among them one for its profiler and one for its scheduler.
        _ if catches(libc::SIGURG) && catches(libc::SIGPROF) && catches(libc::SIGSTKFLT) => {
            libc::SIGQUIT
        }
        _ => return None,
    };
    Signal::from_number(signal).filter(|_| catches(signal))
}

/// How long the main thread of a process has been ready to run and had no processor. Zero where the kernel does not tell.
pub(in crate::stage) fn waited(pid: u32) -> Duration {
    let text = files::text(&format!("/proc/{pid}/schedstat"));
    text.ok()
        .and_then(|text| run_delay(&text))
        .unwrap_or_default()
}

/// The second number of a schedstat.
fn run_delay(schedstat: &str) -> Option<Duration> {
    let nanos = schedstat.split_whitespace().nth(1)?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

/// How long this thread has been ready to run and had no processor. Zero where the kernel does not tell.
pub(in crate::stage) fn waited_for_processor() -> Duration {
    thread_local! {
        static SCHEDSTAT: Option<File> = File::open("/proc/thread-self/schedstat").ok();
    }
    let read = |file: &Option<File>| {
        let mut text = [0; 96];
        let n = file.as_ref()?.read_at(&mut text, 0).ok()?;
        run_delay(str::from_utf8(&text[..n]).ok()?)
    };
    SCHEDSTAT.with(read).unwrap_or_default()
}

/// All threads of a process, the main thread first.
pub(crate) fn threads(pid: u32) -> Vec<ThreadSeen> {
    let tasks = files::entries(&format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let mut ids: Vec<u32> = tasks
        .filter_map(|t| t.file_name().to_str()?.parse().ok())
        .collect();
    ids.sort_unstable();
    ids.into_iter().filter_map(|tid| thread(pid, tid)).collect()
}

fn thread(pid: u32, tid: u32) -> Option<ThreadSeen> {
    let read = |file: &str| files::text(&format!("/proc/{pid}/task/{tid}/{file}")).ok();
    let stat = read("stat")?;
    let (name, rest) = (stat.find('(')? + 1, stat.rfind(')')?);
    let state = stat[rest + 1..].trim_start().chars().next()?;
    let state = match state {
        'R' => ThreadState::Running,
        'T' | 't' => ThreadState::Stopped,
        'Z' | 'X' => return None,
        _ => ThreadState::Blocked {
            call: read("syscall").as_deref().and_then(system_call),
        },
    };
    Some(ThreadSeen {
        tid,
        name: stat[name..rest].to_owned(),
        state,
        waits_for: None,
        stack: Vec::new(),
    })
}

/// The name of the call in `/proc/…/syscall`, for those in which programs usually wait.
fn system_call(line: &str) -> Option<String> {
    let number: libc::c_long = line.split_whitespace().next()?.parse().ok()?;
    let known = [
        (libc::SYS_futex, "futex"),
        (libc::SYS_clock_nanosleep, "clock_nanosleep"),
        (libc::SYS_nanosleep, "nanosleep"),
        (libc::SYS_restart_syscall, "restart_syscall"),
        (libc::SYS_wait4, "wait4"),
        (libc::SYS_waitid, "waitid"),
        (libc::SYS_read, "read"),
        (libc::SYS_write, "write"),
        (libc::SYS_ppoll, "ppoll"),
        (libc::SYS_pselect6, "pselect6"),
        (libc::SYS_epoll_pwait, "epoll_pwait"),
        (libc::SYS_accept4, "accept4"),
        (libc::SYS_recvfrom, "recvfrom"),
        (libc::SYS_rt_sigsuspend, "rt_sigsuspend"),
        (libc::SYS_rt_sigtimedwait, "rt_sigtimedwait"),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_poll, "poll"),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_select, "select"),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_epoll_wait, "epoll_wait"),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_pause, "pause"),
    ];
    let name = known
        .iter()
        .find(|(n, _)| *n == number)
        .map(|(_, name)| (*name).to_owned());
    Some(name.unwrap_or_else(|| number.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_runtime_that_catches_the_signal_is_asked() {
        let mask = |signals: &[i32]| signals.iter().fold(0, |mask, n| mask | 1 << (n - 1));
        let asked = |program, caught: &[i32]| {
            dump_signal_of(program, mask(caught)).map(|signal| signal.to_string())
        };
        assert_eq!(
            asked("python3.11", &[libc::SIGABRT, libc::SIGINT]).as_deref(),
            Some("SIGABRT")
        );
        assert_eq!(asked("python3.11", &[libc::SIGINT]), None);
        assert_eq!(asked("node", &[libc::SIGUSR2]).as_deref(), Some("SIGUSR2"));
        assert_eq!(asked("node", &[libc::SIGUSR1]), None);
        assert_eq!(asked("java", &[libc::SIGQUIT]).as_deref(), Some("SIGQUIT"));
        let go = [libc::SIGQUIT, libc::SIGURG, libc::SIGPROF, libc::SIGSTKFLT];
        assert_eq!(asked("server", &go).as_deref(), Some("SIGQUIT"));
        assert_eq!(asked("server", &[libc::SIGQUIT, libc::SIGABRT]), None);
    }
}
