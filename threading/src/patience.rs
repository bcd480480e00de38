//! The shutdown's patience: when it tells whom it waits for, and when it asks whether to go on.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{self, Duration};

use crate::record::Record;
use crate::registry::{AtLimit, Limit, Registry};
use crate::sync::{self, Instant};
use crate::unwind::catch;

/// How long a process that reports by default waits before it does.
const LONG: Duration = Duration::from_secs(5);

/// Overrides what the program says: seconds, or 0 for never.
const VARIABLE: &str = "EXEUNT_THREADING_REPORT";

pub(crate) struct Patience<'r> {
    registry: &'r Registry,
    begin: time::Instant,
    report_at: Option<Instant>,
    limit: Option<Limit>,
    limit_at: Option<Instant>,
}

impl<'r> Patience<'r> {
    /// The waiting begins now.
    pub(crate) fn new(registry: &'r Registry) -> Self {
        let limit = registry.replace_limit(None);
        Self {
            registry,
            begin: time::Instant::now(),
            report_at: report_after(registry).and_then(from_now),
            limit_at: limit.as_ref().and_then(|limit| from_now(limit.after)),
            limit,
        }
    }

    /// When there is next something else to do than to wait.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.report_at.into_iter().chain(self.limit_at).min()
    }

    /// Does what is to be done at the deadline. False if nobody is to be waited for any more.
    pub(crate) fn goes_on(&mut self) -> bool {
        if is_due(self.report_at) {
            self.report_at = None;
            report(self.begin.elapsed(), &self.registry.to_wait_for());
        }
        !is_due(self.limit_at) || self.goes_on_beyond_limit()
    }

    fn goes_on_beyond_limit(&mut self) -> bool {
        let threads = self.registry.to_wait_for();
        self.limit_at = None;
        let decision = self
            .limit
            .as_mut()
            .map(|limit| catch(|| (limit.decide)(&threads)));
        match decision {
            Some(Ok(AtLimit::Abandon)) => {
                self.registry.abandon_threads();
                return false;
            }
            Some(Ok(AtLimit::Wait(more))) => self.limit_at = from_now(more),
            // It panicked, which was reported. No thread is lost by that.
            Some(Err(_)) | None => {}
        }
        true
    }
}

fn from_now(delay: Duration) -> Option<Instant> {
    Instant::now().checked_add(delay)
}

fn is_due(moment: Option<Instant>) -> bool {
    moment.is_some_and(|moment| Instant::now() >= moment)
}

fn report_after(registry: &Registry) -> Option<Duration> {
    let by_variable = env::var(VARIABLE).ok().and_then(|text| parse(&text));
    let by_default = || reports_by_default().then_some(LONG);
    by_variable
        .or_else(|| registry.report())
        .unwrap_or_else(by_default)
}

fn parse(text: &str) -> Option<Option<Duration>> {
    let after = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    Some((!after.is_zero()).then_some(after))
}

/// In a debug build, and in a test's program, which Cargo puts into a directory of this name.
fn reports_by_default() -> bool {
    let in_deps = || {
        let program = env::current_exe().ok()?;
        Some(program.parent()?.file_name() == Some(OsStr::new("deps")))
    };
    cfg!(not(exeunt_model)) && (cfg!(debug_assertions) || in_deps() == Some(true))
}

/// Tells on a thread of its own: a daemon may have locked standard error, and nobody may read it.
fn report(waited: Duration, threads: &[Arc<Record>]) {
    let line = line(waited, threads);
    _ = sync::spawn("report", None, move || {
        _ = io::stderr().write_all(line.as_bytes());
    });
}

fn line(waited: Duration, threads: &[Arc<Record>]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<_> = threads
        .iter()
        .take(SHOWN)
        .map(|thread| describe(thread))
        .collect();
    let more = match threads.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!(
        "exeunt-threading: main has ended, and the process has waited {waited:.1?} for its threads to end: {}{more}\n",
        shown.join(", ")
    )
}

fn describe(thread: &Record) -> String {
    let place = thread
        .place
        .map(|place| format!(" at {place}"))
        .unwrap_or_default();
    let age = thread.begin.elapsed();
    format!(
        "`{}` (id {}, started {age:.1?} ago{place})",
        thread.name, thread.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_seconds_and_0_is_never() {
        assert_eq!(parse("2.5"), Some(Some(Duration::from_millis(2500))));
        assert_eq!(parse("0"), Some(None));
        assert_eq!([parse(""), parse("soon"), parse("-1")], [None; 3]);
    }

    #[test]
    fn the_report_is_one_line_with_a_few_threads() {
        let thread = |id| Record::new(id, format!("t{id}"), false, None);
        let threads: Vec<_> = (1..=5).map(thread).collect();
        let line = line(Duration::from_millis(5010), &threads);
        assert!(
            line.starts_with(
                "exeunt-threading: main has ended, and the process has waited 5.0s for"
            )
        );
        assert!(line.contains("`t1` (id 1, started "), "{line}");
        assert!(
            line.ends_with("`t3` (id 3, started 0.0ns ago), and 2 more\n")
                || line.ends_with(" ago), and 2 more\n")
        );
        assert_eq!(line.matches('\n').count(), 1);
    }
}
