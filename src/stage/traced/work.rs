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
    /// How much others have worked while a thread waited for a processor that has one by now, at the most.
    pub(super) crowded: u64,
}

/// The shares of the threads when they were asked last.
#[derive(Debug, Default)]
pub(super) struct Shares {
    known: HashMap<Tid, Known>,
    /// Of those that have ended since, by what they had then.
    ended: Vec<(Tid, Share)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    share: Share,
    /// What others have worked since the thread had a processor: that it waited for one is told only when it has it.
    others: u64,
}

impl Shares {
    /// A thread is about to end.
    pub(super) fn ends(&mut self, tid: Tid, now: Share) {
        self.ended.push((tid, now));
    }

    pub(super) fn forget(&mut self, tid: Tid) {
        if self.ended.iter().all(|(ended, _)| *ended != tid) {
            self.known.remove(&tid);
        }
    }

    /// What all have worked since this was asked last, from what those that live have had by now.
    pub(super) fn work(&mut self, living: Vec<(Tid, Share)>) -> Work {
        let ended = std::mem::take(&mut self.ended);
        let since = |known: &HashMap<Tid, Known>, (tid, now): (Tid, Share)| {
            let before = known.get(&tid).copied().unwrap_or_default().share;
            let since = Share {
                worked: now.worked.saturating_sub(before.worked),
                waited: now.waited.saturating_sub(before.waited),
            };
            (tid, now, since)
        };
        let shares = ended.iter().copied().chain(living);
        let shares: Vec<_> = shares.map(|share| since(&self.known, share)).collect();
        let worked = shares.iter().map(|(.., since)| since.worked).sum();
        let mut crowded = 0;
        for (tid, now, since) in shares {
            let known = self.known.entry(tid).or_default();
            known.share = now;
            let others = worked - since.worked;
            known.others += others;
            if since != Share::default() {
                crowded += since.waited.min(known.others);
                // It may wait again already.
                known.others = others;
            }
        }
        for (tid, _) in ended {
            self.known.remove(&tid);
        }
        Work { worked, crowded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(worked: u64, waited: u64) -> Share {
        Share { worked, waited }
    }

    fn of(work: Work) -> (u64, u64) {
        (work.worked, work.crowded)
    }

    fn work<const N: usize>(shares: [Share; N]) -> (u64, u64) {
        of(Shares::default().work((1..).zip(shares).collect()))
    }

    #[test]
    fn a_thread_waits_for_a_processor_only_while_others_work() {
        assert_eq!(work([share(100, 500)]), (100, 0), "alone");
        assert_eq!(work([share(100, 0), share(1, 0)]), (101, 0));
        assert_eq!(work([share(100, 50), share(1, 90)]), (101, 1 + 90));
        assert_eq!(work([]), (0, 0));
    }

    #[test]
    fn that_it_has_waited_is_told_when_it_has_a_processor() {
        let mut shares = Shares::default();
        let mut work = |one, other| of(shares.work(vec![(1, one), (2, other)]));
        assert_eq!(work(share(10, 0), share(10, 0)), (20, 0));
        for at in 2..12 {
            assert_eq!(work(share(10 * at, 0), share(10, 0)), (10, 0));
        }
        assert_eq!(work(share(111, 0), share(12, 95)), (3, 95));
        // What was told is told once, and no longer than others have worked.
        assert_eq!(work(share(121, 0), share(13, 200)), (11, 11));
    }

    #[test]
    fn what_has_ended_counts_once() {
        let mut shares = Shares::default();
        shares.ends(2, share(5, 40));
        shares.forget(2);
        assert_eq!(of(shares.work(vec![(1, share(100, 0))])), (105, 40));
        assert_eq!(of(shares.work(vec![(1, share(130, 7))])), (30, 5));
        shares.forget(1);
        assert_eq!(of(shares.work(vec![(1, share(4, 0))])), (4, 0));
    }
}
