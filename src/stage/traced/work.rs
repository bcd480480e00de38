//! How the threads of the tree share the processors.

use std::collections::HashMap;

use crate::stage::sys::trace::Tid;

/// What a thread had of the processors, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) worked: u64,
    /// It was ready to run, and had no processor.
    pub(super) waited: u64,
}

/// What all threads have worked, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) worked: u64,
    /// How much of it others did while a thread waited for a processor, at the most.
    pub(super) crowded: u64,
}

/// The shares of the threads when they were asked last.
#[derive(Debug, Default)]
pub(super) struct Shares {
    known: HashMap<Tid, Share>,
    /// Of those that have ended since, what they had since then.
    ended: Vec<Share>,
}

impl Shares {
    /// What a thread had since it was asked last.
    pub(super) fn since(&mut self, tid: Tid, now: Share) -> Share {
        let before = self.known.insert(tid, now).unwrap_or_default();
        Share {
            worked: now.worked.saturating_sub(before.worked),
            waited: now.waited.saturating_sub(before.waited),
        }
    }

    /// A thread is about to end.
    pub(super) fn ends(&mut self, tid: Tid, now: Share) {
        let since = self.since(tid, now);
        self.ended.push(since);
    }

    pub(super) fn forget(&mut self, tid: Tid) {
        self.known.remove(&tid);
    }

    /// What all have worked, those that have ended included.
    pub(super) fn work(&mut self, living: Vec<Share>) -> Work {
        let mut shares = living;
        shares.append(&mut self.ended);
        let worked = shares.iter().map(|share| share.worked).sum();
        let crowded = |share: &Share| share.waited.min(worked - share.worked);
        let crowded: u64 = shares.iter().map(crowded).sum();
        Work {
            worked,
            crowded: crowded.min(worked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(worked: u64, waited: u64) -> Share {
        Share { worked, waited }
    }

    fn work<const N: usize>(shares: [Share; N]) -> (u64, u64) {
        let Work { worked, crowded } = Shares::default().work(shares.into());
        (worked, crowded)
    }

    #[test]
    fn a_thread_waits_for_a_processor_only_while_others_work() {
        assert_eq!(work([share(100, 500)]), (100, 0), "alone");
        assert_eq!(work([share(100, 0), share(1, 0)]), (101, 0));
        assert_eq!(work([share(100, 50), share(1, 90)]), (101, 91));
        // Where many wait it is no longer than the clock has moved.
        assert_eq!(
            work([share(10, 90), share(10, 90), share(10, 90)]),
            (30, 30)
        );
        assert_eq!(work([]), (0, 0));
    }

    #[test]
    fn what_has_ended_counts_once() {
        let mut shares = Shares::default();
        let of = |work: Work| (work.worked, work.crowded);
        let living = shares.since(1, share(100, 0));
        shares.ends(2, share(5, 40));
        assert_eq!(of(shares.work(vec![living])), (105, 40));
        let living = shares.since(1, share(130, 7));
        assert_eq!(living, share(30, 7));
        assert_eq!(of(shares.work(vec![living])), (30, 0));
        shares.forget(1);
        assert_eq!(shares.since(1, share(4, 0)), share(4, 0));
    }
}
