//! Where a run stands, and what comes next: no process, no clock.

use std::time::Duration;

use crate::record::SignalReason;
use crate::stage::Bounds;

/// Where a run stands. Times count from the subject's exec.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Phase {
    /// The subject runs, or is about to.
    Running,
    /// The subject was asked to show where it stands, since it reached its timeout.
    Asked { until: Duration },
    /// The subject has ended; its descendants may still end, its streams still close.
    Settling { until: Duration },
    /// An interruption was handed on to the tree, and the subject may end by it.
    HandedOn { until: Duration },
    /// The subject has ended by an interruption that was handed on; its descendants may do so still.
    Parting { until: Duration },
    /// The tree was asked to terminate.
    Grace { until: Duration },
    /// The reaper was told to kill what is left.
    Killing { until: Duration },
    /// Nothing is left, or nothing more can be done.
    Over,
}

/// What is known at a look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) now: Duration,
    /// Whether the subject's program was started.
    pub(super) started: bool,
    /// Whether the subject has ended.
    pub(super) ended: bool,
    /// Whether no process of the tree is left.
    pub(super) empty: bool,
    /// Whether all its streams are closed.
    pub(super) closed: bool,
    pub(super) cancelled: bool,
    /// Whether it was by a signal that is to be handed on, and that is not SIGTERM.
    pub(super) handed_on: bool,
    /// Whether the grace period is to be cut short.
    pub(super) killed: bool,
    /// Whether the run is to end as at its timeout.
    pub(super) expired: bool,
}

/// What must be done now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Order {
    /// Note that the timeout was reached, and send the signal at which the subject shows where it stands.
    Ask,
    /// Hand the interruption on to the whole tree.
    HandOn,
    /// Note why, and ask the whole tree to terminate.
    Terminate(SignalReason),
    /// See what has outlived the subject; what has is asked to terminate.
    Survey,
    /// Kill what is left.
    Kill,
    /// Name what could not be killed.
    GiveUp,
}

/// How long SIGKILL may take to empty a tree before what is left is called unkillable.
pub(super) const KILL_BOUND: Duration = Duration::from_secs(5);

/// The phase that follows, and what must be done on the way into it.
pub(super) fn next(phase: Phase, facts: Facts, bounds: &Bounds) -> (Phase, Option<Order>) {
    let Facts { now, .. } = facts;
    let grace = Phase::Grace {
        until: now.saturating_add(bounds.grace),
    };
    let timed_out = facts.expired || bounds.timeout.is_some_and(|limit| now >= limit);
    match phase {
        Phase::Over => (Phase::Over, None),
        Phase::HandedOn { .. }
        | Phase::Parting { .. }
        | Phase::Grace { .. }
        | Phase::Killing { .. }
            if facts.empty =>
        {
            (Phase::Over, None)
        }
        Phase::Running | Phase::Asked { .. } if facts.cancelled && facts.handed_on => {
            let until = now.saturating_add(bounds.grace);
            (Phase::HandedOn { until }, Some(Order::HandOn))
        }
        Phase::Running | Phase::Asked { .. } | Phase::Settling { .. } if facts.cancelled => {
            (grace, Some(Order::Terminate(SignalReason::Interrupted)))
        }
        Phase::Running | Phase::Asked { .. } if facts.ended => {
            let until = now.saturating_add(bounds.settle);
            next(Phase::Settling { until }, facts, bounds)
        }
        Phase::Running if facts.started && timed_out => match bounds.asks_at_timeout() {
            false => (grace, Some(Order::Terminate(SignalReason::Timeout))),
            true => {
                let until = now.saturating_add(bounds.grace);
                (Phase::Asked { until }, Some(Order::Ask))
            }
        },
        Phase::Asked { until } if now >= until => {
            (grace, Some(Order::Terminate(SignalReason::Timeout)))
        }
        Phase::Settling { .. } if facts.empty && facts.closed => (Phase::Over, None),
        Phase::Settling { until } if now >= until => (grace, Some(Order::Survey)),
        phase if phase.heeds_kill() && facts.killed => kill(now),
        Phase::HandedOn { .. } if facts.ended => {
            let until = now.saturating_add(bounds.settle);
            (Phase::Parting { until }, None)
        }
        // A shell starts what runs in its background with SIGINT ignored.
        Phase::Parting { until } if now >= until => {
            (grace, Some(Order::Terminate(SignalReason::Interrupted)))
        }
        Phase::HandedOn { until } | Phase::Grace { until } if now >= until => kill(now),
        Phase::Killing { until } if now >= until => (Phase::Over, Some(Order::GiveUp)),
        Phase::Running
        | Phase::Asked { .. }
        | Phase::Settling { .. }
        | Phase::HandedOn { .. }
        | Phase::Parting { .. }
        | Phase::Grace { .. }
        | Phase::Killing { .. } => (phase, None),
    }
}

fn kill(now: Duration) -> (Phase, Option<Order>) {
    let until = now + KILL_BOUND;
    (Phase::Killing { until }, Some(Order::Kill))
}

/// The phase after a survey that found nothing to terminate.
pub(super) fn after_survey(now: Duration, empty: bool) -> (Phase, Option<Order>) {
    match empty {
        true => (Phase::Over, None),
        // What holds the streams, or the reaper, is out of sight.
        false => kill(now),
    }
}

impl Phase {
    /// When the phase is over at the latest.
    pub(super) fn deadline(self, bounds: &Bounds) -> Option<Duration> {
        match self {
            Self::Running => bounds.timeout,
            Self::Asked { until }
            | Self::Settling { until }
            | Self::HandedOn { until }
            | Self::Parting { until }
            | Self::Grace { until }
            | Self::Killing { until } => Some(until),
            Self::Over => Some(Duration::ZERO),
        }
    }

    /// The same phase, with an end that does not come before this: the subject has asked for more time to end.
    pub(super) fn extended_to(self, end: Duration) -> Self {
        let mut extended = self;
        if let Self::Grace { until } | Self::HandedOn { until } = &mut extended {
            *until = (*until).max(end);
        }
        extended
    }

    /// The same phase, begun later: what a process may take counts from when it is told, not from when that was decided.
    pub(super) fn later_by(self, late: Duration) -> Self {
        let mut later = self;
        match &mut later {
            Self::Running | Self::Over => {}
            Self::Asked { until }
            | Self::Settling { until }
            | Self::HandedOn { until }
            | Self::Parting { until }
            | Self::Grace { until }
            | Self::Killing { until } => *until = until.saturating_add(late),
        }
        later
    }

    /// Whether an interruption still changes something.
    pub(super) fn heeds_cancel(self) -> bool {
        matches!(
            self,
            Self::Running | Self::Asked { .. } | Self::Settling { .. }
        )
    }

    /// Whether a second interruption cuts it short.
    pub(super) fn heeds_kill(self) -> bool {
        matches!(
            self,
            Self::HandedOn { .. } | Self::Parting { .. } | Self::Grace { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Signal;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn bounds() -> Bounds {
        Bounds {
            timeout: Some(ms(1000)),
            grace: ms(300),
            settle: ms(200),
            ..Bounds::default()
        }
    }

    fn at(now: u64) -> Facts {
        Facts {
            now: ms(now),
            started: true,
            ended: false,
            empty: false,
            closed: false,
            cancelled: false,
            handed_on: false,
            killed: false,
            expired: false,
        }
    }

    #[test]
    fn a_phase_that_begins_late_ends_as_much_later() {
        let grace = Phase::Grace { until: ms(1300) };
        assert_eq!(grace.later_by(ms(7)), Phase::Grace { until: ms(1307) });
        assert_eq!(Phase::Running.later_by(ms(7)), Phase::Running);
        let endless = Phase::Settling {
            until: Duration::MAX,
        };
        assert_eq!(endless.later_by(ms(7)), endless);
    }

    #[test]
    fn only_the_end_of_what_was_asked_to_end_can_be_put_off() {
        let grace = Phase::Grace { until: ms(1300) };
        assert_eq!(
            grace.extended_to(ms(2000)),
            Phase::Grace { until: ms(2000) }
        );
        assert_eq!(grace.extended_to(ms(1000)), grace, "it is never shortened");
        let killing = Phase::Killing { until: ms(6300) };
        assert_eq!(killing.extended_to(ms(9000)), killing);
    }

    #[test]
    fn a_subject_that_does_not_end_is_terminated_then_killed_then_given_up() {
        let step = |phase, now| next(phase, at(now), &bounds());
        assert_eq!(step(Phase::Running, 999), (Phase::Running, None));
        let (phase, order) = step(Phase::Running, 1000);
        assert_eq!(order, Some(Order::Terminate(SignalReason::Timeout)));
        assert_eq!(step(phase, 1299), (phase, None));
        let (phase, order) = step(phase, 1300);
        assert_eq!(order, Some(Order::Kill));
        assert_eq!(step(phase, 6299), (phase, None));
        assert_eq!(step(phase, 6300), (Phase::Over, Some(Order::GiveUp)));
    }

    #[test]
    fn a_subject_that_has_ended_is_not_timed_out_however_late_the_look_is() {
        let facts = Facts {
            ended: true,
            ..at(5000)
        };
        let (phase, order) = next(Phase::Running, facts, &bounds());
        assert_eq!((phase, order), (Phase::Settling { until: ms(5200) }, None));
    }

    #[test]
    fn a_subject_that_was_not_started_yet_has_no_timeout() {
        let facts = Facts {
            started: false,
            ..at(5000)
        };
        assert_eq!(
            next(Phase::Running, facts, &bounds()),
            (Phase::Running, None)
        );
        let facts = Facts {
            cancelled: true,
            ..facts
        };
        let (_, order) = next(Phase::Running, facts, &bounds());
        assert_eq!(order, Some(Order::Terminate(SignalReason::Interrupted)));
    }

    #[test]
    fn a_second_interruption_does_not_wait_for_the_grace_period() {
        let cancelled = Facts {
            cancelled: true,
            ..at(100)
        };
        let (phase, order) = next(Phase::Running, cancelled, &bounds());
        assert_eq!(order, Some(Order::Terminate(SignalReason::Interrupted)));
        assert_eq!(next(phase, cancelled, &bounds()), (phase, None));
        let killed = Facts {
            killed: true,
            ..cancelled
        };
        assert_eq!(next(phase, killed, &bounds()).1, Some(Order::Kill));
    }

    #[test]
    fn what_outlives_an_interruption_that_was_handed_on_is_terminated() {
        let interrupted = |now| Facts {
            cancelled: true,
            handed_on: true,
            ..at(now)
        };
        let (phase, order) = next(Phase::Running, interrupted(100), &bounds());
        assert_eq!(
            (phase, order),
            (Phase::HandedOn { until: ms(400) }, Some(Order::HandOn))
        );
        assert_eq!(next(phase, interrupted(399), &bounds()), (phase, None));
        assert_eq!(
            next(phase, interrupted(400), &bounds()).1,
            Some(Order::Kill)
        );
        let ended = |now| Facts {
            ended: true,
            ..interrupted(now)
        };
        let (phase, order) = next(phase, ended(150), &bounds());
        assert_eq!((phase, order), (Phase::Parting { until: ms(350) }, None));
        let (later, order) = next(phase, ended(350), &bounds());
        assert_eq!(order, Some(Order::Terminate(SignalReason::Interrupted)));
        assert_eq!(later, Phase::Grace { until: ms(650) });
        let gone = Facts {
            empty: true,
            ..ended(200)
        };
        assert_eq!(next(phase, gone, &bounds()), (Phase::Over, None));
        let killed = Facts {
            killed: true,
            ..ended(200)
        };
        assert_eq!(next(phase, killed, &bounds()).1, Some(Order::Kill));
    }

    #[test]
    fn no_timeout_never_comes() {
        let bounds = Bounds {
            timeout: None,
            ..bounds()
        };
        let facts = at(u64::MAX / 2);
        assert_eq!(next(Phase::Running, facts, &bounds), (Phase::Running, None));
    }

    #[test]
    fn a_run_that_was_let_expire_ends_as_at_its_timeout() {
        let expired = Facts {
            expired: true,
            ..at(7)
        };
        let (phase, order) = next(Phase::Running, expired, &bounds());
        assert_eq!(order, Some(Order::Terminate(SignalReason::Timeout)));
        assert_eq!(phase, Phase::Grace { until: ms(307) });
        let ended = Facts {
            ended: true,
            ..expired
        };
        assert_eq!(next(Phase::Running, ended, &bounds()).1, None);
    }

    #[test]
    fn a_subject_is_asked_where_it_stands_before_it_is_terminated() {
        let bounds = Bounds {
            at_timeout: Signal::from_number(6),
            ..bounds()
        };
        let (phase, order) = next(Phase::Running, at(1000), &bounds);
        assert_eq!(order, Some(Order::Ask));
        assert_eq!(next(phase, at(1200), &bounds), (phase, None));
        let (_, order) = next(phase, at(1300), &bounds);
        assert_eq!(order, Some(Order::Terminate(SignalReason::Timeout)));
        let by_itself = Bounds {
            ask: true,
            ..self::bounds()
        };
        let (_, order) = next(Phase::Running, at(1000), &by_itself);
        assert_eq!(order, Some(Order::Ask));
    }

    #[test]
    fn what_is_left_after_the_settling_period_is_looked_for() {
        let settling = Phase::Settling { until: ms(200) };
        let gone = Facts {
            ended: true,
            empty: true,
            closed: true,
            ..at(10)
        };
        assert_eq!(next(settling, gone, &bounds()), (Phase::Over, None));
        let held = Facts {
            closed: false,
            ..gone
        };
        assert_eq!(next(settling, held, &bounds()), (settling, None));
        let late = Facts {
            now: ms(200),
            ..held
        };
        assert_eq!(next(settling, late, &bounds()).1, Some(Order::Survey));
        assert_eq!(after_survey(ms(200), true), (Phase::Over, None));
        assert_eq!(after_survey(ms(200), false).1, Some(Order::Kill));
    }
}
