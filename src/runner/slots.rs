//! How many cases run at a time.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use super::default_jobs;
use crate::record::Clock;
use crate::stage::{processors, runnable};

/// How many cases run side by side.
///
/// Most subjects sleep, and one that sleeps needs no processor. So by default there is no fixed number: further cases are
/// begun while the machine is not busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jobs {
    /// This many.
    Fixed(NonZeroUsize),
    /// As many as the machine bears: so many in any case, and more while no more threads are ready to run than there are
    /// processors, or while the last runs had next to no lag.
    ByLoad {
        /// In any case so many.
        at_least: NonZeroUsize,
        /// Never more than so many.
        at_most: NonZeroUsize,
    },
}

/// Each case that runs takes a thread and some descriptors of the harness.
const AT_MOST: NonZeroUsize = NonZeroUsize::new(256).unwrap();

impl Default for Jobs {
    fn default() -> Self {
        let at_least = default_jobs();
        Self::ByLoad {
            at_least,
            at_most: AT_MOST.max(at_least),
        }
    }
}

impl Jobs {
    /// By default, for cases of which all or most are on this clock.
    ///
    /// A subject on the virtual clock does not sleep: more at a time than there are processors are no faster.
    #[must_use]
    pub fn on(clock: Clock) -> Self {
        match clock {
            Clock::Virtual => Self::ByLoad {
                at_least: NonZeroUsize::MIN.saturating_add(processors()),
                at_most: AT_MOST,
            },
            Clock::Monotonic => Self::default(),
        }
    }
}

impl From<NonZeroUsize> for Jobs {
    fn from(jobs: NonZeroUsize) -> Self {
        Self::Fixed(jobs)
    }
}

/// How long to wait before the machine is looked at again.
pub(super) const LOOK: Duration = Duration::from_millis(3);

/// A lag that no verdict depends on: a quarter of the default slack.
const LITTLE_LAG: Duration = Duration::from_millis(50);
/// A lag that makes delays inconclusive.
const MUCH_LAG: Duration = Duration::from_millis(150);

/// How long to wait before a case is begun while the machine is busy. Many starts at a time would make each other late.
const PACE: Duration = Duration::from_millis(20);

/// Slots for cases, some of them in use.
pub(super) struct Slots {
    jobs: Jobs,
    in_use: usize,
    /// How many slots there are beyond those that there are in any case, since runs had next to no lag.
    extra: usize,
    /// Whether a slot was taken since the machine was last looked at. A case needs a moment until it shows as load.
    unseen: bool,
    /// When there was last one case more than before.
    grown: Option<Instant>,
    /// How many cases have ended in whose place none was begun yet.
    vacant: usize,
}

impl Slots {
    pub(super) fn new(jobs: Jobs) -> Self {
        Self {
            jobs,
            in_use: 0,
            extra: 0,
            unseen: false,
            grown: None,
            vacant: 0,
        }
    }

    pub(super) fn in_use(&self) -> usize {
        self.in_use
    }

    /// Takes a slot, if there is one.
    pub(super) fn take(&mut self) -> bool {
        let busy = || runnable().is_none_or(|threads| threads > processors());
        let paced = self.grown.is_none_or(|at| at.elapsed() >= PACE);
        let free = self.is_free(busy, paced);
        self.in_use += usize::from(free);
        if free && self.vacant > 0 {
            self.vacant -= 1;
            return true;
        }
        self.unseen = free;
        if free {
            self.grown = Some(Instant::now());
        }
        free
    }

    fn is_free(&self, busy: impl Fn() -> bool, paced: bool) -> bool {
        match self.jobs {
            Jobs::Fixed(jobs) => self.in_use < jobs.get(),
            Jobs::ByLoad { at_least, at_most } => {
                let earned = self.in_use < at_least.get() + self.extra;
                // A case that takes the place of one that has ended is no further load.
                let replaces = self.vacant > 0;
                let grows = || !self.unseen && (earned && paced || !busy());
                self.in_use < at_most.get() && (earned && replaces || grows())
            }
        }
    }

    /// Gives a slot back. A run with next to no lag earns two more, one with much lag costs half of those that were earned.
    pub(super) fn give_back(&mut self, lag: Option<Duration>) {
        self.in_use = self.in_use.saturating_sub(1);
        self.vacant += 1;
        self.extra = match lag {
            Some(lag) if lag <= LITTLE_LAG => (self.extra + 2).min(AT_MOST.get()),
            Some(lag) if lag >= MUCH_LAG => self.extra / 2,
            _ => self.extra,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).unwrap()
    }

    #[test]
    fn a_fixed_number_is_just_that() {
        let mut slots = Slots::new(jobs(2).into());
        assert!(slots.take() && slots.take() && !slots.take());
        slots.give_back(Some(Duration::ZERO));
        assert!(slots.take() && !slots.take());
    }

    #[test]
    fn by_load_there_are_more_while_the_machine_is_calm() {
        let by_load = Jobs::ByLoad {
            at_least: jobs(2),
            at_most: jobs(4),
        };
        let slots = |in_use, unseen| Slots {
            jobs: by_load,
            in_use,
            extra: 0,
            unseen,
            grown: None,
            vacant: 0,
        };
        for busy in [true, false] {
            assert!(slots(1, false).is_free(|| busy, true), "in any case");
            assert_eq!(
                slots(1, false).is_free(|| busy, false),
                !busy,
                "not at once"
            );
            assert_eq!(slots(2, false).is_free(|| busy, true), !busy);
            assert!(
                !slots(2, true).is_free(|| busy, true),
                "one after the other"
            );
            assert!(!slots(4, false).is_free(|| busy, true), "never more");
        }
    }

    #[test]
    fn a_case_that_ended_makes_room_at_once() {
        let mut slots = Slots::new(Jobs::ByLoad {
            at_least: jobs(2),
            at_most: jobs(2),
        });
        // Whether the machine is busy or not.
        assert!(slots.take(), "the first");
        assert!(!slots.take(), "not at once");
        for _ in 0..3 {
            slots.give_back(None);
            assert!(slots.take());
        }
        assert!(slots.in_use() < 2 && slots.vacant == 0);
        slots.unseen = false;
        slots.grown = Some(Instant::now());
        let busy = || true;
        assert!(
            !slots.is_free(busy, false),
            "the pace is kept though cases ended"
        );
        assert!(slots.is_free(busy, true));
    }

    #[test]
    fn runs_without_lag_earn_slots_and_runs_with_lag_cost_them() {
        let mut slots = Slots::new(Jobs::ByLoad {
            at_least: jobs(2),
            at_most: jobs(100),
        });
        let free_at = |slots: &Slots, in_use| {
            let slots = Slots { in_use, ..*slots };
            slots.is_free(|| true, true)
        };
        assert!(!free_at(&slots, 2));
        for _ in 0..4 {
            slots.give_back(Some(Duration::from_millis(50)));
        }
        assert!(free_at(&slots, 9) && !free_at(&slots, 10));
        slots.give_back(Some(Duration::from_millis(100)));
        slots.give_back(None);
        assert!(free_at(&slots, 9), "neither little nor much");
        slots.give_back(Some(Duration::from_millis(150)));
        assert!(free_at(&slots, 5) && !free_at(&slots, 6));
    }
}
