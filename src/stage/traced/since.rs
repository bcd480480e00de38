//! For how long a look at a run on the virtual clock has waited, by the real clock.

use std::io;
use std::time::{Duration, Instant};

use super::rest::Look;
use crate::stage::real::Wait;
use crate::stage::sys;

/// How long a look is apart from the next: from the first to the longest.
pub(super) const NAP: Duration = Duration::from_micros(30);
const LONGEST_NAP: Duration = Duration::from_millis(1);

/// Since when something goes on, by the real clock.
pub(super) struct Since {
    pub(super) begun: Instant,
    /// When a tracee had something to tell.
    pub(super) told: Instant,
    /// When it was asked last how much the subject has worked.
    pub(super) worked: Instant,
    /// When something was seen last.
    pub(super) last: Instant,
    /// A thread that stands in a call that is not known.
    pub(super) stands: Option<(Look, Instant)>,
    /// When a deadline came during a flood.
    pub(super) fired: Option<Instant>,
    nap: Duration,
}

impl Since {
    pub(super) fn now() -> Self {
        let now = Instant::now();
        Self {
            begun: now,
            told: now,
            worked: now,
            last: now,
            stands: None,
            fired: None,
            nap: NAP,
        }
    }

    pub(super) fn rests(&mut self) {
        self.last = Instant::now();
        self.nap = NAP;
    }

    pub(super) fn nap(&mut self, wait: &Wait<'_>) -> io::Result<()> {
        let nap = self.nap;
        self.nap = (nap * 5 / 4).min(LONGEST_NAP);
        sys::wait(wait.readable, wait.writable, nap)
    }
}
