//! A stage that starts nothing and answers from a table: for tests of what uses records, and of the order of runs.

use std::collections::HashMap;
use std::sync::Mutex;

use super::{Control, Plan, RunError, Stage};
use crate::record::{Record, Termination};

/// Answers each run with a record that was given beforehand. It starts no process and takes no time.
///
/// ```
/// use exeunt::record::Exit;
/// use exeunt::stage::{Canned, Control, Plan, Stage};
/// use exeunt::{Record, millis};
///
/// let stage = Canned::new().with("worker", [Record::new(["worker"]).with(millis(5), Exit::Code(3))]);
/// let record = stage.run(&Plan::new("worker"), &mut Control::new())?;
/// record.assert().code(3);
/// assert_eq!(stage.runs(), ["worker"]);
/// # Ok::<(), exeunt::RunError>(())
/// ```
#[derive(Debug, Default)]
pub struct Canned {
    answers: HashMap<String, Vec<Record>>,
    runs: Mutex<Vec<String>>,
}

impl Canned {
    /// A stage that knows no program.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers the runs of a program with these records, one after the other; the last one serves for all that follow.
    ///
    /// A program is known by its words, joined with spaces: `python3 join.py`.
    #[must_use]
    pub fn with(
        mut self,
        words: impl Into<String>,
        records: impl IntoIterator<Item = Record>,
    ) -> Self {
        let mut records: Vec<_> = records.into_iter().collect();
        records.reverse();
        self.answers.insert(words.into(), records);
        self
    }

    /// The programs that were run so far, in the order in which the runs began.
    #[must_use]
    pub fn runs(&self) -> Vec<String> {
        self.played().clone()
    }

    fn played(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.runs
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Stage for Canned {
    fn play(&self, plan: &Plan, control: &mut Control<'_>) -> Result<Record, RunError> {
        let words = [&plan.program].into_iter().chain(&plan.args);
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        let words = words.join(" ");
        let times = {
            let mut runs = self.played();
            runs.push(words.clone());
            runs.iter().filter(|run| **run == words).count()
        };
        let records = self.answers.get(&words).filter(|r| !r.is_empty());
        let records = records.ok_or(RunError::NotFound { program: words })?;
        let mut record = records[records.len().saturating_sub(times)].clone();
        if control.switch().is_some_and(super::Cancel::is_cancelled) {
            record.termination = Termination::Interrupted;
        }
        control.tell_start(record.pid);
        record.events.iter().for_each(|event| control.tell(event));
        record.origin.clone_from(&plan.origin);
        record.timeout = plan.bounds.timeout;
        Ok(record)
    }
}
