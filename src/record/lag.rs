//! How late the machine was, and what the subject used.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::seconds;

/// How late the machine was: what may have moved an observed time, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Lag {
    /// The worst oversleep, during the run, of a thread that only sleeps.
    #[serde(with = "seconds")]
    pub canary: Duration,
    /// How long the subject's main thread was ready to run and had no processor, over the whole run. In a run that reached its
    /// time limit, a descendant that waited longer counts in its place: a server may have waited for its workers.
    #[serde(with = "seconds")]
    pub subject_waited: Duration,
    /// How long, during the run, some process of the machine was ready to run and had no processor, or waited for a disk
    /// (`/proc/pressure`); zero where the kernel does not tell. It may have been a descendant of the subject, or none of ours.
    #[serde(default, with = "seconds")]
    pub pressure: Duration,
    /// How long, of [`pressure`](Self::pressure), some process of the machine waited for a disk, where the subject or a child
    /// that it waited for did read or write one: at most so long has it waited itself. Zero where it did not.
    #[serde(default, with = "seconds")]
    pub disk: Duration,
    /// How long the subject's threads are likely to have waited for a processor, from the processor time that they used and from
    /// how many threads of the machine wanted each processor, on average. So a subject that works waits long on a crowded
    /// machine, and one that sleeps does not. Zero where the kernel does not tell.
    #[serde(default, with = "seconds")]
    pub queued: Duration,
    /// By how much the harness itself was late during the run, at the worst: to look at the subject, or to send a signal.
    #[serde(default, with = "seconds")]
    pub harness: Duration,
}

impl Lag {
    /// By how much the machine may have moved a time of this run.
    ///
    /// All that was measured of the subject and of ourselves counts in full, and so does what it is likely to have waited. Of
    /// the other pressure, which may have been on others, at most half a second counts: on a machine that is always busy, a
    /// program that waits seconds too long is still broken.
    #[must_use]
    pub fn total(&self) -> Duration {
        let others = self.pressure.saturating_sub(self.estimated());
        self.likely()
            .saturating_add(others.min(Duration::from_millis(500)))
    }

    /// What was measured, and what the subject is likely to have waited besides, for a disk and with its other threads.
    #[must_use]
    pub fn likely(&self) -> Duration {
        self.measured().saturating_add(self.estimated())
    }

    /// No longer than some process waited at all.
    fn estimated(&self) -> Duration {
        let queued = self.queued.saturating_sub(self.subject_waited);
        queued.saturating_add(self.disk).min(self.pressure)
    }

    /// What was measured of the subject and of ourselves.
    #[must_use]
    pub fn measured(&self) -> Duration {
        self.canary
            .max(self.harness)
            .saturating_add(self.subject_waited)
    }
}

/// What the subject used, its waited-for children included.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time in user space.
    #[serde(with = "seconds")]
    pub user: Duration,
    /// Processor time in the kernel.
    #[serde(with = "seconds")]
    pub system: Duration,
    /// The largest resident set, in bytes. The kernel counts what was there before the exec too, so this is never less than
    /// what the reaper has resident: two or three MiB, whatever the size of the harness.
    pub peak_memory: u64,
}
